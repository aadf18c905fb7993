// The ways in which a video provider lets us down.
#pragma once

#include <system_error>

namespace providers {

enum class errc {
  rejected = 1,   // 502: the provider refused (credentials, quota, bad answer)
  unavailable,    // 503: its circuit is open, or it says that it is overloaded
  timed_out,      // 504: the join's deadline passed while it was asked
  room_disabled,  // 502: the room exists there and is closed
};

std::error_code make_error_code(errc code);

}  // namespace providers

template <>
struct std::is_error_code_enum<providers::errc> : std::true_type {};
