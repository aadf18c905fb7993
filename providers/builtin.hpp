// builtin: the tokens of the embedded room, signed for its join links and checked by the page that
// they open.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/random.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "jose/keys.hpp"
#include "providers/ice_servers.hpp"
#include "providers/provider.hpp"

namespace providers {

// Who stands at the room's door, as its token says.
struct room_pass {
  core::room_id room;
  core::user_id user;
  core::role seat = core::role::expert;
  std::string name;
  std::string id;  // the token's own: two passes of one person differ in it
  core::wall_time expires_at;
};

// Signs and checks on one shard. Cheap to copy.
class builtin_tokens {
 public:
  builtin_tokens(const jose::key& shared, std::string public_url);
  builtin_tokens for_this_thread() const { return {key_, issuer_}; }

  core::result<std::string> sign(const room_pass& pass, core::wall_time now) const;
  // Fails with jose::errc: a bad signature, an end that has passed, a token made for anything but
  // this room.
  core::result<room_pass> verify(std::string_view token, core::wall_time now) const;

 private:
  jose::key key_;
  jose::key_set keys_;
  std::string issuer_;
  std::string audience_;
};

// The tokens of a provider of type "builtin"; nullptr for any other. They live as long as the
// provider.
const builtin_tokens* tokens_of(const provider& one);

// What its room is told by the configuration.
struct builtin_rules {
  std::chrono::seconds lifetime{600};  // of one token
  ice_settings ice;
};
const builtin_rules* rules_of(const provider& one);

}  // namespace providers
