// participant_token: the JWT that lets one person into one room at a vendor, and the settings that
// all such vendors share.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/json.hpp"
#include "core/options.hpp"
#include "core/result.hpp"
#include "jose/keys.hpp"
#include "providers/provider.hpp"
#include "providers/token_parts.hpp"

namespace providers {

// Which seats run the call: they let others in, mute them, end it for all.
class moderators {
 public:
  // moderators = ["expert"]
  static moderators read(core::options& from);
  bool include(core::role seat) const { return by_seat_[static_cast<std::size_t>(seat)]; }

 private:
  std::array<bool, 2> by_seat_{true, false};
};

// lifetime = "10m", from a minute to `most`.
std::chrono::seconds read_link_lifetime(core::options& from, std::chrono::seconds most);
// room_prefix = "sd"
std::string read_room_prefix(core::options& from);

// A shared secret for HS256 at `at` or `at`_file, or a private key in PEM for `alg`: required.
// Mistakes are noted.
std::optional<jose::key> read_shared_key(core::options& from, std::string_view at,
                                         std::string_view hint, std::string kid = {});
std::optional<jose::key> read_private_key(core::options& from, std::string_view at,
                                          jose::algorithm alg, std::string_view hint,
                                          std::string kid = {});

// iat, nbf and exp. nbf lies ten seconds back, for a vendor whose clock is behind ours.
void write_times(core::json_writer& json, core::wall_time now, core::wall_time ends);

struct signed_token {
  std::string text;
  core::wall_time ends;
};

// Signs on one shard. No token of it is without an end, and none outlives the room.
class participant_signer {
 public:
  participant_signer(const jose::key& key, std::chrono::seconds lifetime)
      : key_(key.for_this_thread()), lifetime_(lifetime) {}

  // `write(json, ends)` writes the members of the claims.
  template <class Write>
  core::result<signed_token> sign(const admission& who, Write&& write) {
    auto ends = link_end(who, lifetime_);
    if (!ends) return core::same_failure(ends);
    claims_.clear();
    core::json_writer json(claims_);
    json.begin_object();
    std::forward<Write>(write)(json, *ends);
    json.end_object();
    return finish(*ends);
  }

 private:
  core::result<signed_token> finish(core::wall_time ends) const;

  jose::key key_;
  std::chrono::seconds lifetime_;
  std::string claims_;  // keeps its capacity from one admission to the next
};

}  // namespace providers
