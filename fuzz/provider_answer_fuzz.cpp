// Whatever a provider answers, preparing and closing a room end in a value or a failure of our own,
// and a room that counts as prepared can be entered by a link to that provider alone.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/random.hpp"
#include "providers/error.hpp"
#include "providers/registry.hpp"

namespace {

// The input: two bytes of status, one that says where a Retry-After ends, that field, then the
// body.
class answering_client final : public http::client {
 public:
  explicit answering_client(std::string_view input) {
    if (input.size() < 3) return;
    answer_.status =
        100 +
        (static_cast<unsigned char>(input[0]) * 256 + static_cast<unsigned char>(input[1])) % 500;
    const std::size_t field =
        std::min<std::size_t>(static_cast<unsigned char>(input[2]), input.size() - 3);
    answer_.fields.push_back({"Retry-After", std::string(input.substr(3, field))});
    answer_.body = input.substr(3 + field);
  }
  core::task<core::result<http::response>> send(http::request, core::deadline) override {
    co_return answer_;
  }

 private:
  http::response answer_;
};

std::vector<providers::configured_provider> read_settings() {
  core::mistakes found;
  core::options table("providers", "", found);
  auto hms = std::make_shared<core::options>("providers.hms", "", found);
  hms->set("type", std::string("100ms"));
  hms->set("access_key", std::string("627cdddff2e4e30487862ad1"));
  hms->set("secret", std::string("vWq8sLr3Jk2nTz7mYx4cHb6gPd9fRe1aUo5iKl0j"));
  hms->set("subdomain", std::string("acme"));
  table.set("hms", hms);
  auto own = std::make_shared<core::options>("providers.own", "", found);
  own->set("type", std::string("custom"));
  own->set("url_template", std::string("https://video.example.com/r/{roomId}?t={token}"));
  own->set("create_url", std::string("https://video.example.com/api"));
  auto token = std::make_shared<core::options>("providers.own.token", "", found);
  token->set("secret", std::string("kT4vXz9pQm2wLb7nRj5cYh8gFd3sAe6u"));
  own->set("token", token);
  table.set("own", own);
  const auto add = [&](const char* type,
                       std::initializer_list<std::pair<const char*, core::options::any>> with) {
    auto one = std::make_shared<core::options>(type, "", found);
    for (const auto& [key, value] : with) one->set(key, value);
    table.set(type, one);
  };
  const std::string secret = "kT4vXz9pQm2wLb7nRj5cYh8gFd3sAe6u";
  add("zoom", {{"account_id", secret},
               {"client_id", secret},
               {"client_secret", secret},
               {"hosts", core::options::list{{std::string("a@example.com"), {}}}}});
  add("microsoft-teams",
      {{"tenant", std::string("example.com")},
       {"client_id", std::string("1f3b8a52-7c1d-4a7e-9a1b-0c5d2e3f4a5b")},
       {"client_secret", secret},
       {"organizers",
        core::options::list{{std::string("550fae72-d251-43ec-868c-373732c2704f"), {}}}}});
  add("whereby", {{"api_key", secret}, {"subdomain", std::string("acme")}});
  add("bigbluebutton",
      {{"url", std::string("https://bbb.example.com/bigbluebutton")}, {"secret", secret}});
  auto read = providers::read_providers(table, "https://call.example.com");
  if (!found.empty() || read.size() != 6) std::abort();
  return read;
}

template <class T>
T run(asio::io_context& context, core::task<T> work) {
  std::optional<T> out;
  asio::co_spawn(context, std::move(work), [&](std::exception_ptr surprise, T value) {
    if (surprise) std::abort();
    out = std::move(value);
  });
  context.restart();
  context.run();
  if (!out) std::abort();
  return std::move(*out);
}

void check(const core::failure& why) {
  const bool ours =
      why.code == providers::errc::rejected || why.code == providers::errc::unavailable ||
      why.code == providers::errc::timed_out || why.code == providers::errc::room_disabled ||
      why.code == providers::errc::room_gone;
  if (!ours || why.detail.size() > 1024 || why.detail.find("eyJ") != std::string::npos)
    std::abort();
  // A quota may be closed until tomorrow.
  if (why.retry_after && (why.retry_after->count() < 1 || why.retry_after->count() > 25 * 3600))
    std::abort();
}

void use(providers::provider& one, asio::io_context& context, core::steady_time at,
         core::wall_time now) {
  const auto room = *core::room_id::from("room-42");
  // A deadline that leaves no time for a second try: each input is judged once.
  const core::deadline until(at + std::chrono::milliseconds(100));
  const providers::room_wish wish{room, 1, now, now, now + std::chrono::hours(1), 2};
  const auto made = run(context, one.prepare(wish, until));
  if (!made) check(made.error());
  if (made) {
    providers::admission who;
    who.room = room;
    who.provider_room = *made;
    who.user = *core::user_id::from("u1");
    who.name = "Expert";
    who.now = now;
    who.closes_at = wish.closes_at;
    auto link = one.admit_now(who);
    const bool is_asked = !link.has_value();
    if (is_asked) {
      auto asked = run(context, one.admit(who, until));
      if (!asked) check(asked.error());
      link = std::move(asked);
    }
    if (!*link && !is_asked) std::abort();
    // On the vendor's own pages, of which the origin is one.
    const std::string domain = one.traits().origin.substr(std::string_view("https://").size());
    if (*link &&
        (!(*link)->url.starts_with("https://") ||
         (*link)->url.substr(0, (*link)->url.find('/', 8)).find(domain) == std::string::npos))
      std::abort();
  }
  const auto closed = run(context, one.close(wish, made.value_or(""), until));
  if (!closed) check(closed.error());
}

// A month passes between two inputs, so that no quota stays used up.
class leaping_clock final : public core::clock {
 public:
  core::steady_time steady_now() const override { return core::steady_time{} + passed_; }
  core::wall_time wall_now() const override {
    return core::from_unix_seconds(1'800'000'000) + passed_ % std::chrono::hours(24 * 365);
  }
  void leap() { passed_ += std::chrono::hours(24 * 31); }

 private:
  std::chrono::hours passed_{0};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto settings = read_settings();
  static core::metrics_page metrics;
  static core::silent_logger log;
  static core::system_random random;
  static leaping_clock clock;
  clock.leap();
  answering_client client(std::string_view(reinterpret_cast<const char*>(data), size));
  asio::io_context context(1);
  providers::registry registry(settings,
                               {client, clock, random, log, metrics, context.get_executor()});
  for (providers::provider* one : registry.all())
    use(*one, context, clock.steady_now(), clock.wall_now());
  return 0;
}
