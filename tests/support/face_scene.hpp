// face_scene: the public HTTP face of one shard over a door_scene, asked without sockets.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/front.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"
#include "http/event_stream.hpp"
#include "support/door_scene.hpp"
#include "support/remembered_log.hpp"

namespace tests {

struct asked {
  http::method verb = http::method::get;
  std::string target;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  std::string peer = "127.0.0.1";
  bool tls = false;
  bool is_unix = false;
  // What a PROXY header has said before: the client, or "-" where it named none.
  std::string introduced = "";
};

struct told {
  int status = 0;
  std::string fields;
  std::string body;
  std::string note;
  bool closes = false;
  bool waited = false;  // it was answered later
  http::answered_by_events events;

  // The first field of that name; "-" where there is none.
  std::string field(std::string_view name) const;
  core::json_value json() const { return core::read_json(body).value_or(core::json_value()); }
  // A member of the body that is text; "-" where there is none.
  std::string text(std::string_view member) const;
};

// Remembers what was sent. Waiting moves the test's clock, or does what the test says.
class fake_events final : public http::event_stream {
 public:
  explicit fake_events(fake_clock& clock) : clock_(clock) {}
  core::task<core::result<void>> send(std::string event, std::string data) override;
  core::task<bool> wait_until(core::deadline when) override;
  core::task<bool> wait_for(core::notice wake, core::deadline until) override;

  std::vector<std::pair<std::string, std::string>> sent;
  std::function<void(core::notice&)> on_wait;  // instead of moving the clock to the deadline
  bool gone = false;
  std::size_t waits = 0;

 private:
  fake_clock& clock_;
};

class face_scene : public door_scene {
 public:
  explicit face_scene(std::function<void(api::settings&)> change = {},
                      ratelimit::settings limits = generous());
  static ratelimit::settings generous();

  told ask(asked what);
  told get(std::string target, std::string token = {});
  told service(http::method verb, std::string target, std::string body = {});
  std::string token(std::string_view user, std::optional<core::role> seat = {},
                    std::chrono::seconds life = std::chrono::hours{12});
  // An exchange and its reply that live as long as the scene, for streams.
  struct conversation;
  std::unique_ptr<conversation> begin(asked what);

  static constexpr std::string_view service_key = "the-service-key-of-the-tests-0123456789";
  static std::string body_of_booking();

  std::shared_ptr<auth::session_settings> session_rules;
  std::shared_ptr<api::settings> settings;
  ratelimit::limiter buckets;
  remembered_log audit;
  join::gate gate{buckets, {}, metrics};
  std::unique_ptr<auth::verifier> verifier;
  auth::service_keys keys;
  std::unique_ptr<api::front> front;
};

struct face_scene::conversation {
  asked what;
  std::vector<http::field_view> views;
  http::request_head head;
  net::peer peer;
  http::exchange about;
  http::reply out;
};

}  // namespace tests
