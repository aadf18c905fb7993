// desk: what a provider works with in a test, and one that has been made from settings.
#pragma once

#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/digest.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"
#include "core/task_group.hpp"
#include "providers/provider.hpp"
#include "providers/registry.hpp"
#include "support/fakes.hpp"
#include "support/run.hpp"
#include "support/scripted_client.hpp"

namespace tests {

using pairs = std::initializer_list<std::pair<const char*, core::options::any>>;

// A table of settings with the mistakes that were found in it.
struct settings_table {
  settings_table() = default;
  explicit settings_table(pairs values) { add(values); }
  void add(pairs values) {
    for (const auto& [key, value] : values) options.set(key, value);
  }
  settings_table& table(std::string key, pairs values) {
    auto inner = std::make_shared<core::options>("providers.main." + key, "test.toml:1", found);
    for (const auto& [name, value] : values) inner->set(name, value);
    options.set(std::move(key), inner);
    return *this;
  }
  // Whether a mistake about this key says this.
  bool complains(std::string_view key, std::string_view words = {}) const {
    for (const core::mistake& one : found)
      if (one.key == "providers.main." + std::string(key) &&
          one.what.find(words) != std::string::npos)
        return true;
    return false;
  }

  core::mistakes found;
  core::options options{"providers.main", "test.toml:1", found};
};

struct desk {
  providers::provider_tools tools() {
    return {client, clock, random, log, metrics, context.get_executor()};
  }
  // Deadlines are counted from the fake clock's now.
  core::deadline within(std::chrono::nanoseconds wait) {
    return core::deadline::after(clock.steady_now(), wait);
  }
  bool shows(std::string_view line) const {
    return metrics.render().find(line) != std::string::npos;
  }

  asio::io_context context{1};
  scripted_client client;
  fake_clock clock;
  fake_random random;
  core::silent_logger log;
  core::metrics_page metrics;
};

inline providers::provider_setup setup_of(settings_table& from,
                                          std::string public_url = "https://call.example.com") {
  return {*core::provider_name::from("main"), from.options, std::move(public_url)};
}

inline providers::room_wish wish_of(const desk& at, std::string_view room = "room-42",
                                    std::uint32_t generation = 1) {
  const auto now = at.clock.wall_now();
  return {*core::room_id::from(room),  generation, now, now + std::chrono::hours(1),
          now + std::chrono::hours(2), 2};
}

inline providers::admission admission_of(const desk& at, std::string_view room,
                                         std::string_view user, std::string provider_room = {},
                                         core::role seat = core::role::expert) {
  providers::admission out;
  out.room = *core::room_id::from(room);
  out.provider_room = std::move(provider_room);
  out.user = *core::user_id::from(user);
  out.name = "Expert";
  out.seat = seat;
  out.now = at.clock.wall_now();
  out.closes_at = out.now + std::chrono::hours(2);
  return out;
}

// One provider made from settings without a mistake, on a desk of its own.
struct one_provider : desk {
  using make_function = providers::provider_maker (*)(providers::provider_setup);
  one_provider(make_function make, pairs usual, pairs more = {}) {
    settings.add(usual);
    settings.add(more);
    const auto maker = make(setup_of(settings));
    settings.options.note_unknown();
    for (const core::mistake& one : settings.found)
      throw std::runtime_error(one.key + " " + one.what);
    provider = maker(tools());
  }
  core::result<std::string> prepare(std::string_view room = "room-42",
                                    std::uint32_t generation = 1) {
    return run(context, provider->prepare(wish_of(*this, room, generation),
                                          within(std::chrono::seconds(5))));
  }
  core::result<void> close(std::string provider_room) {
    return run(context, provider->close(wish_of(*this), std::move(provider_room),
                                        within(std::chrono::seconds(5))));
  }
  core::result<std::string> check() {
    return run(context, provider->try_credentials(within(std::chrono::seconds(5))));
  }
  core::result<providers::join_link> admit(std::string provider_room = {},
                                           core::role seat = core::role::expert,
                                           std::string_view user = "exp-7") {
    return *provider->admit_now(
        admission_of(*this, "room-42", user, std::move(provider_room), seat));
  }
  core::result<providers::webhook_reading> read_webhook(const http::request_head& head,
                                                        std::string_view body) {
    return provider->read_webhook({head, body, clock.wall_now()});
  }

  settings_table settings;
  std::unique_ptr<providers::provider> provider;
};

// The mistakes that a maker finds in its usual settings with these changes.
inline settings_table mistakes_of(one_provider::make_function make, pairs usual, pairs changes) {
  settings_table table;
  table.add(usual);
  table.add(changes);
  make(setup_of(table));
  table.options.note_unknown();
  return table;
}

// The name of room-42's first opening at vendors that take names of ours.
inline std::string usual_name() {
  return "sd-" + core::room_digest(*core::room_id::from("room-42"), 1);
}

// The value of a query parameter as it stands in the URL.
inline std::string query_value(const std::string& url, const std::string& name) {
  const auto at = url.find_first_of("?&") == std::string::npos
                      ? std::string::npos
                      : url.find(name + "=", url.find('?'));
  if (at == std::string::npos) return {};
  const auto start = at + name.size() + 1;
  return url.substr(start, url.find('&', start) - start);
}

// The part of a token (0 header, 1 payload), decoded but not checked.
inline std::string part_of(const std::string& token, int index) {
  std::size_t start = 0;
  for (int i = 0; i < index; ++i) start = token.find('.', start) + 1;
  return core::from_base64url(token.substr(start, token.find('.', start) - start)).value_or("");
}
inline core::json_value claims_of(const std::string& token) {
  auto json = core::read_json(part_of(token, 1));
  return json ? *json : core::json_value();
}

}  // namespace tests
