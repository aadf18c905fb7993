// settings: what the HTTP face is told by the configuration.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/options.hpp"
#include "core/result.hpp"
#include "net/address.hpp"

namespace api {

// The one-click login of `--demo`. Where this is absent, none of its routes exists.
struct demo_person {
  core::user_id user;
  core::role seat = core::role::expert;
  std::string name;
};
struct demo_room {
  core::room_id room;
  std::string about;  // a sentence for the page: "Open for a day."
  core::wall_time starts_at;
  core::wall_time ends_at;
  std::vector<demo_person> people;
};
struct demo_settings {
  std::string cookie;  // the name under which the session is looked for
  std::vector<demo_room> rooms;
  // A session token for one of the people above.
  std::function<core::result<std::string>(const demo_person&)> sign_in;
};

// [pages]: what people see at /test-videocall and /{expert,client}/videocall/{roomId}.
struct page_settings {
  bool enabled = true;
  // Where people sign in and where they go back to: an https address, or a path of ours. Empty:
  // nowhere. "{return}" in the first is the page that they come from.
  std::string login_url;
  std::string back_url;
  // Origins whose pages may show ours in a frame.
  std::vector<std::string> frame_ancestors;
};
page_settings read_page_settings(core::options& from);

struct settings {
  std::string public_url;  // ours, without trailing slash
  // Problem types are this with the code behind it.
  std::string docs_url = "https://github.com/stagedoor/stagedoor/blob/main/docs/api.md#";
  std::string version = "0.1.0";
  core::provider_name default_provider;
  net::proxy_settings proxies;
  // Plain HTTP is answered only on loopback, on a unix socket, or where a trusted proxy says https.
  bool require_https = true;
  bool access_log = true;
  // Pages of these origins may call the API with the caller's credentials:
  // "https://app.example.com".
  std::vector<std::string> cors_origins;
  // For everything that one join waits for. Not longer than the connection's own deadline for a
  // request.
  std::chrono::milliseconds join_timeout{5'000};
  // An event stream that waits for a room to open ends after this, and the page asks again. Less
  // than the connection gives one stream in all.
  std::chrono::milliseconds stream_wait_max = std::chrono::minutes{50};
  page_settings pages;
  std::shared_ptr<const demo_settings> demo;
};

}  // namespace api
