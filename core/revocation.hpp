// revocation: sessions that do not count any more, though nothing in them says so.
#pragma once

#include <chrono>
#include <string>

#include "core/clock.hpp"

namespace core {

// Of that user, or everybody's where it names none, those that were made before the instant; or
// the one token with that id, whenever it was made.
struct revocation {
  std::string user;
  std::string token_id;  // jti
  wall_time before{};    // iat; not looked at where there is a token_id

  friend bool operator==(const revocation&, const revocation&) = default;
};

// Those that were made before this instant need not be known any more: no session that they cover
// counts. A day more than that, for whoever makes sessions and whoever revokes them have clocks of
// their own.
inline wall_time forgotten_before(wall_time now, std::chrono::hours kept) {
  return now - kept - std::chrono::hours{24};
}

}  // namespace core
