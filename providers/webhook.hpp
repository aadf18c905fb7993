// webhook: what a vendor tells us by itself: read, proved, and reduced to what a booking cares for.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/json.hpp"
#include "core/options.hpp"
#include "core/result.hpp"
#include "http/message.hpp"
#include "jose/hmac.hpp"

namespace providers {

// A webhook as it came; everything lives as long as the call.
struct webhook {
  const http::request_head& head;
  std::string_view body;
  core::wall_time now;
};

// The room that is meant, by whichever of these the vendor knows.
struct room_reference {
  std::string digest;                                // core::room_digest, from a name of ours
  std::optional<core::room_id> room = std::nullopt;  // our own id
  std::string remembered = {};                       // what prepare() gave begins with this
};

enum class call_news : std::uint8_t { live, ended };

struct room_event {
  call_news what = call_news::live;
  room_reference about;
  std::string id;             // the vendor's own: the same for a repetition
  core::wall_time at;         // by the vendor's clock
  bool room_is_gone = false;  // the vendor has forgotten the room: it must be made again
  bool is_timeless = false;   // the vendor told no time, so `at` is ours
};

struct webhook_reading {
  // Empty: it is the vendor's, and nothing that a booking cares for. Most tell of one at a time.
  std::vector<room_event> events;
  // What the vendor wants to read, for those who ask us to prove something; else nothing.
  std::string reply = {};
  std::string reply_type = "application/json";
  // Anybody could have asked for that reply: it takes nothing from the provider's share of
  // requests.
  bool reply_to_anybody = false;
};

// The usual report: about a room with a name of ours. The id is null where the vendor gave none.
webhook_reading reading_of(call_news what, std::string digest, const std::string* id,
                           core::wall_time at);
webhook_reading reading_of(room_event only);

// Reports older or newer than this by their own signed time are repetitions by somebody else.
constexpr std::chrono::seconds webhook_age_max{300};

// [providers.<name>] webhook_secret, and previous_webhook_secret while it is being changed.
class webhook_secrets {
 public:
  // How the secret's text becomes a key: as it is, or decoded from base64 ("whsec_" is dropped).
  enum class form : std::uint8_t { text, base64 };
  // Both keys are optional: without a secret no webhook is believed. Mistakes are noted.
  static webhook_secrets read(core::options& from, form how,
                              const std::string& at = "webhook_secret");

  bool empty() const { return keys_.empty(); }
  // How a vendor writes a signature.
  enum class digits : std::uint8_t { base64, hex };
  // The key for which `given` is HMAC-SHA256 over `message`; nullptr where it is none of ours.
  const jose::hmac_key* signer_of(std::string_view message, std::string_view given,
                                  digits how) const;
  bool signed_with(std::string_view message, std::string_view given,
                   digits how = digits::base64) const {
    return signer_of(message, given, how) != nullptr;
  }
  // "v1," and base64 of HMAC-SHA256, with each secret, separated by blanks: whoever reads it finds
  // theirs while the secret is being changed.
  std::string sign(std::string_view message) const;
  // Whether `given` is one of the secrets itself.
  bool knows(std::string_view given) const;

 private:
  std::vector<jose::hmac_key> keys_;  // the active one first
  std::vector<core::secret> texts_;
};

// The value of a field that must be there exactly once; nullopt otherwise.
std::optional<std::string_view> only_field(const http::request_head& head, std::string_view name);

// The vendor's time of a report. errc::forged_webhook outside of webhook_age_max.
core::result<core::wall_time> check_webhook_time(core::wall_time stated, core::wall_time now);
// A signed time in whole seconds since 1970. Milliseconds are understood where they cannot be
// seconds. errc::forged_webhook outside of webhook_age_max.
core::result<core::wall_time> read_webhook_time(std::string_view text, core::wall_time now);

// "t=<time>,v1=<signature>" in the field `name`, over "<time>.<body>"; several signatures may stand
// there. Gives the signed time.
core::result<core::wall_time> check_timed_signature(const webhook& from, std::string_view name,
                                                    const webhook_secrets& secrets,
                                                    webhook_secrets::digits how);

// A time in whole milliseconds since 1970, where it is one.
std::optional<core::wall_time> read_milliseconds(const core::json_value* at);

// A JSON object of at most a few dozen KiB. errc::bad_webhook.
core::result<core::json_value> read_webhook_body(std::string_view body);

// Standard Webhooks 1.0.0: webhook-id, webhook-timestamp, webhook-signature over "id.time.body".
core::result<void> check_standard_webhook(const webhook& from, const webhook_secrets& secrets);
std::vector<http::field> sign_standard_webhook(const webhook_secrets& secrets, std::string id,
                                               core::wall_time now, std::string_view body);

}  // namespace providers
