// tickets: what is handed out in place of a provider's link that would live for ever: signed, for
// one person and one room, short-lived. Opening one checks the booking again (docs/tickets.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/options.hpp"
#include "core/result.hpp"
#include "jose/keys.hpp"

namespace join {

// Whom a ticket lets in, and where.
struct ticket {
  core::room_id room;
  std::uint32_t generation = 1;
  core::user_id user;
  core::role seat = core::role::expert;
  std::string name;  // what the others are shown
  core::wall_time expires_at;
};

struct ticket_settings {
  // The first one signs; the others are from before a rotation.
  std::vector<jose::key> keys;
  bool made_at_start = false;  // no secret was configured, so only this process knows the key
  std::chrono::seconds lifetime{120};
  // Where the page of a ticket that does not open leads back to, with {roomId} and {role}.
  std::string back_url;
};
// [tickets] secret, previous_secrets, lifetime, back_url
ticket_settings read_ticket_settings(core::options& from);

// Signs and reads on one shard.
class tickets {
 public:
  tickets(std::shared_ptr<const ticket_settings> settings, std::string public_url);
  // Other keys from now on.
  void take(std::shared_ptr<const ticket_settings> settings);

  // The whole address: {public_url}/go/{ticket}
  core::result<std::string> address_of(const ticket& one, core::wall_time now) const;

  // A ticket that is ours. Its end may have passed, which is told apart so that its page can lead
  // back. jose::errc where it is none of ours or too old to be worth a look.
  struct shown {
    ticket what;
    bool expired = false;
  };
  core::result<shown> read(std::string_view text, core::wall_time now) const;

  std::chrono::seconds lifetime() const { return settings_->lifetime; }
  // Where to go from a ticket's page.
  std::string way_back(const ticket& from) const;

 private:
  std::shared_ptr<const ticket_settings> settings_;
  jose::key_set keys_;
  std::string issuer_;
  std::string audience_;
};

}  // namespace join
