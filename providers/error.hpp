// The ways in which a video provider lets us down.
#pragma once

#include <system_error>

namespace providers {

enum class errc {
  rejected = 1,   // 502: the provider refused (credentials, quota, bad answer)
  unavailable,    // 503: its circuit is open, or it says that it is overloaded
  timed_out,      // 504: the join's deadline passed while it was asked
  room_disabled,  // 502: the room exists there and is closed
  room_gone,      // 502: the room was there and the provider does not know it any more
  // Of webhooks:
  no_webhooks,     // 404: the provider sends none, or no secret for them is configured
  forged_webhook,  // 401: its signature, secret or time is wrong
  bad_webhook,     // 400: it is the provider's, and says nothing that we understand
};

std::error_code make_error_code(errc code);

}  // namespace providers

template <>
struct std::is_error_code_enum<providers::errc> : std::true_type {};
