// ice_servers: what browsers of the built-in room ask for a way to each other: STUN and TURN
// servers, with credentials that end.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/options.hpp"
#include "core/secret.hpp"

namespace providers {

struct ice_settings {
  std::vector<std::string> urls;            // stun:, stuns:, turn:, turns:
  std::optional<core::secret> turn_secret;  // shared with the TURN servers
};

// ice_servers, turn_secret. Mistakes are noted.
ice_settings read_ice_settings(core::options& from);

// RTCIceServer objects (W3C WebRTC section 4.2.3) as a JSON array. TURN servers get the user's
// credential until `ends`, as draft-uberti-behave-turn-rest-00 has it.
std::string ice_servers_json(const ice_settings& from, std::string_view user, core::wall_time ends);

}  // namespace providers
