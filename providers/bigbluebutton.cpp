// bigbluebutton: meetings by its API of signed addresses and XML answers
// (docs/providers/bigbluebutton.md has the sources).
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "http/url.hpp"
#include "providers/error.hpp"
#include "providers/lasting_links.hpp"
#include "providers/rest_call.hpp"
#include "providers/token_parts.hpp"
#include "providers/xml_answer.hpp"

namespace providers {
namespace {

using namespace std::chrono_literals;

// A meeting that nobody joins is gone after five minutes, so what create said counts for one.
constexpr std::chrono::seconds created_for = 60s;
constexpr std::size_t created_max = 10'000;

enum class checksum_kind : unsigned char { sha1, sha256, sha384, sha512 };

struct bbb_settings {
  provider_traits traits;
  std::string base_url;  // ".../bigbluebutton/api"
  core::secret shared;
  checksum_kind kind = checksum_kind::sha256;
  std::string name;
  std::string prefix;
  std::string logout_url;
  bool ask_moderator = false;
  bool record = false;
  std::chrono::seconds lifetime{600};
};

const EVP_MD* digest_of(checksum_kind kind) {
  switch (kind) {
    case checksum_kind::sha1:
      return EVP_sha1();
    case checksum_kind::sha256:
      return EVP_sha256();
    case checksum_kind::sha384:
      return EVP_sha384();
    case checksum_kind::sha512:
      break;
  }
  return EVP_sha512();
}

// HASH(call + query + secret) in lower-case hex, as the API's documentation has it: no HMAC. The
// secret's bytes do not outlive the call.
std::string checksum(const bbb_settings& s, std::string_view call, std::string_view query) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned int size = 0;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(),
                                                                     &EVP_MD_CTX_free);
  if (!hash || EVP_DigestInit_ex(hash.get(), digest_of(s.kind), nullptr) != 1) return {};
  for (const std::string_view part : {call, query, s.shared.reveal()})
    if (EVP_DigestUpdate(hash.get(), part.data(), part.size()) != 1) return {};
  if (EVP_DigestFinal_ex(hash.get(), out.data(), &size) != 1) return {};
  return core::to_hex({out.data(), size});
}

class query {
 public:
  query& add(std::string_view name, std::string_view value) {
    if (!text_.empty()) text_ += '&';
    text_.append(name).append("=");
    core::append_percent_encoded(text_, value);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string address(const bbb_settings& s, std::string_view call, const query& with) {
  return fmt::format("{}/{}?{}&checksum={}", s.base_url, call, with.text(),
                     checksum(s, call, with.text()));
}

// Older servers take a repetition with other passwords for another meeting, so they are always the
// same for a meeting, and nobody can work them out without the secret.
std::string password(const bbb_settings& s, std::string_view what, std::string_view meeting) {
  return short_digest(fmt::format("{}\n{}\n{}", what, meeting, s.shared.reveal()), 12);
}

bool is_time(std::string_view text) {
  return !text.empty() && text.size() <= 18 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

class bigbluebutton final : public provider {
 public:
  bigbluebutton(std::shared_ptr<const bbb_settings> settings, const provider_tools& tools)
      : settings_(std::move(settings)),
        clock_(tools.clock),
        calls_(tools, settings_->traits.name) {}

  const provider_traits& traits() const override { return settings_->traits; }
  // A meeting that is made ahead of time would be gone before anybody comes: what is remembered is
  // its name, and it is made when somebody is let in.
  core::task<core::result<std::string>> prepare(room_wish wish, core::deadline until) override;
  std::optional<core::result<join_link>> admit_now(const admission& who) override;
  core::task<core::result<join_link>> admit(admission who, core::deadline until) override;
  core::task<core::result<void>> close(room_wish wish, std::string provider_room,
                                       core::deadline until) override;
  core::task<core::result<std::string>> try_credentials(core::deadline until) override;

 private:
  struct created {
    std::string time;
    core::steady_time at;
  };
  core::task<core::result<xml_answer>> ask(std::string_view operation, std::string_view call,
                                           query with, std::optional<core::trace> by, urgency who,
                                           core::deadline until);
  core::task<core::result<std::string>> create(std::string meeting, admission who,
                                               core::deadline until);
  core::result<join_link> link(std::string_view meeting, std::string_view time,
                               const admission& who) const;

  std::shared_ptr<const bbb_settings> settings_;
  const core::clock& clock_;
  rest_caller calls_;
  std::unordered_map<std::string, created> created_;
};

std::string meeting_of(std::string_view provider_room) {
  return std::string(text_of(remembered(provider_room), "id"));
}

core::task<core::result<std::string>> bigbluebutton::prepare(room_wish wish, core::deadline) {
  co_return fmt::format(R"({{"id":"{}-{}"}})", settings_->prefix,
                        short_digest(fmt::format("{}\n{}", wish.room.text(), wish.generation), 20));
}

// An answer with any returncode; the status is 200 for refusals too, and load balancers have
// others.
core::task<core::result<xml_answer>> bigbluebutton::ask(std::string_view operation,
                                                        std::string_view call, query with,
                                                        std::optional<core::trace> by, urgency who,
                                                        core::deadline until) {
  rest_request what;
  what.operation = operation;
  what.url = address(*settings_, call, with);
  what.reads_json = false;
  what.safe_to_repeat = true;
  what.trace = std::move(by);
  what.wanted_for = who;
  what.hidden = settings_->shared;
  auto answer = co_await calls_.call(std::move(what), until);
  if (!answer) co_return core::same_failure(answer);
  auto xml = read_xml(answer->text);
  if (!xml) co_return core::same_failure(xml);
  if (xml->root != "response" || xml->find("returncode").empty())
    co_return core::fail(errc::rejected, "XML that is no answer of BigBlueButton");
  co_return xml;
}

core::failure refused(const bbb_settings& s, const xml_answer& xml) {
  const std::string_view key = xml.find("messageKey");
  std::string detail = "BigBlueButton refused: " + readable_excerpt(key, s.shared.reveal()) + " " +
                       readable_excerpt(xml.find("message"), s.shared.reveal());
  if (key == "checksumError")
    detail += "; check secret (bbb-conf --secret), and that the server takes this checksum";
  return core::failure(key == "noInstanceFound" ? errc::unavailable : errc::rejected,
                       std::move(detail));
}

bool succeeded(const xml_answer& xml) { return xml.find("returncode") == "SUCCESS"; }

// Idempotent, and cheap for the server where the meeting is there.
core::task<core::result<std::string>> bigbluebutton::create(std::string meeting, admission who,
                                                            core::deadline until) {
  const bbb_settings& s = *settings_;
  query with;
  with.add("name", s.name).add("meetingID", meeting);
  with.add("attendeePW", password(s, "attendee", meeting));
  with.add("moderatorPW", password(s, "moderator", meeting));
  with.add("record", s.record ? "true" : "false");
  with.add("guestPolicy", s.ask_moderator ? "ASK_MODERATOR" : "ALWAYS_ACCEPT");
  // In a frame of another site the session's cookie is blocked by most browsers.
  with.add("allowRequestsWithoutSession", "true");
  if (!s.logout_url.empty()) with.add("logoutURL", s.logout_url);
  auto xml =
      co_await ask("create_meeting", "create", std::move(with), who.trace, urgency::join, until);
  if (!xml) co_return core::same_failure(xml);
  if (!succeeded(*xml)) co_return core::fail(refused(s, *xml));
  const std::string_view time = xml->find("createTime");
  if (xml->find("meetingID") != meeting || !is_time(time))
    co_return core::fail(errc::rejected, "BigBlueButton answered with another meeting");
  if (xml->find("hasBeenForciblyEnded") == "true")
    co_return core::fail(errc::room_disabled, "the meeting was ended at BigBlueButton");
  if (created_.size() >= created_max) created_.clear();
  created_[meeting] = {std::string(time), clock_.steady_now()};
  co_return std::string(time);
}

core::result<join_link> bigbluebutton::link(std::string_view meeting, std::string_view time,
                                            const admission& who) const {
  const bbb_settings& s = *settings_;
  const auto ends = link_end(who.now, who.closes_at, s.lifetime);
  if (ends <= who.now) return core::fail(errc::rejected, "the room closes now");
  query with;
  with.add("fullName", who.name).add("meetingID", meeting);
  with.add("role", who.seat == core::role::expert ? "MODERATOR" : "VIEWER");
  with.add("userID", who.user.view());
  // Of this meeting alone, and not of a later one with the same name.
  with.add("createTime", time);
  return join_link{address(s, "join", with), ends};
}

std::optional<core::result<join_link>> bigbluebutton::admit_now(const admission& who) {
  const std::string meeting = meeting_of(who.provider_room);
  if (meeting.empty())
    return core::result<join_link>(
        core::fail(errc::rejected, "no BigBlueButton meeting is remembered for this booking"));
  const auto known = created_.find(meeting);
  if (known == created_.end() || clock_.steady_now() - known->second.at >= created_for)
    return std::nullopt;
  return link(meeting, known->second.time, who);
}

core::task<core::result<join_link>> bigbluebutton::admit(admission who, core::deadline until) {
  auto at_once = admit_now(who);
  if (at_once) co_return std::move(*at_once);
  const std::string meeting = meeting_of(who.provider_room);
  auto time = co_await create(meeting, who, until);
  if (!time) co_return core::same_failure(time);
  co_return link(meeting, *time, who);
}

core::task<core::result<void>> bigbluebutton::close(room_wish wish, std::string provider_room,
                                                    core::deadline until) {
  if (provider_room.empty()) co_return core::result<void>();
  const std::string meeting = meeting_of(provider_room);
  if (meeting.empty())
    co_return core::fail(errc::rejected, "no BigBlueButton meeting is remembered");
  created_.erase(meeting);
  query with;
  with.add("meetingID", meeting).add("password", password(*settings_, "moderator", meeting));
  auto xml =
      co_await ask("end_meeting", "end", std::move(with), wish.trace, wish.wanted_for, until);
  if (!xml) co_return core::same_failure(xml);
  // Never begun, or over already.
  if (!succeeded(*xml) && xml->find("messageKey") != "notFound")
    co_return core::fail(refused(*settings_, *xml));
  co_return core::result<void>();
}

core::task<core::result<std::string>> bigbluebutton::try_credentials(core::deadline until) {
  query with;
  with.add("meetingID", settings_->prefix + "-check");
  auto xml = co_await ask("try_credentials", "isMeetingRunning", std::move(with), std::nullopt,
                          urgency::join, until);
  if (!xml) co_return core::same_failure(xml);
  if (!succeeded(*xml)) co_return core::fail(refused(*settings_, *xml));
  co_return "BigBlueButton accepts the secret";
}

}  // namespace

provider_maker make_bigbluebutton(provider_setup setup) {
  core::options& from = setup.settings;
  auto settings = std::make_shared<bbb_settings>();
  settings->traits.name = setup.name;
  settings->traits.type = "bigbluebutton";
  settings->traits.needs_room = true;
  const auto base = from.url("url", true);
  const bool has_url = from.has("url");
  if (!has_url)
    from.note("url", "is required and missing", "\"https://bbb.example.com/bigbluebutton/\"");
  const auto parsed =
      base ? http::url::from(*base) : core::result<http::url>(core::fail(errc::rejected));
  if (base && (!parsed || base->find('?') != std::string::npos))
    from.note("url", "must be the address that bbb-conf --secret shows",
              "\"https://bbb.example.com/bigbluebutton/\"");
  if (base) settings->base_url = base->ends_with("/api") ? *base : *base + "/api";
  if (parsed) settings->traits.origin = parsed->origin();
  settings->traits.allow =
      allow_on(settings->traits.origin) + "; clipboard-write " + settings->traits.origin;
  if (!from.has("secret") && !from.has("secret_file"))
    from.note("secret", "is required and missing", "bbb-conf --secret shows it");
  const auto secret = from.secret_text("secret", 16, "bbb-conf --secret shows it");
  const std::string kind =
      from.one_of("checksum", "sha256", {"sha1", "sha256", "sha384", "sha512"});
  settings->kind = kind == "sha1"     ? checksum_kind::sha1
                   : kind == "sha384" ? checksum_kind::sha384
                   : kind == "sha512" ? checksum_kind::sha512
                                      : checksum_kind::sha256;
  settings->name = from.text("name", "Video call");
  const std::size_t letters = core::code_points(settings->name);
  if (letters < 2 || letters > 64) from.note("name", "must have 2 to 64 characters");
  settings->prefix = from.text("room_prefix", "sd");
  if (settings->prefix.empty() || settings->prefix.size() > 16 ||
      !std::ranges::all_of(settings->prefix, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
      }))
    from.note("room_prefix", "must be 1 to 16 of a-z, 0-9 and -");
  settings->logout_url = from.url("logout_url", true).value_or("");
  settings->ask_moderator = from.flag("ask_moderator", false);
  settings->record = from.flag("record", false);
  settings->lifetime =
      std::chrono::floor<std::chrono::seconds>(from.duration("lifetime", 10min, 1min, 1h));
  settings->traits.by_ticket = read_by_ticket(setup);
  if (!secret || !base || !parsed) return {};
  settings->shared = *secret;
  return [held = std::shared_ptr<const bbb_settings>(std::move(settings))](
             const provider_tools& tools) { return std::make_unique<bigbluebutton>(held, tools); };
}

}  // namespace providers
