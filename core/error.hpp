// The ways in which the words of every room fail.
#pragma once

#include <system_error>

namespace core {

enum class errc {
  timed_out = 1,  // a deadline passed while waiting
  cancelled,      // the owner shut down while we waited
  queue_full,     // a bounded queue had no room
  bad_json,       // not one well-formed JSON value within limits
  bad_encoding,   // not valid base64url, hex, percent-encoding or UTF-8
  bad_time,       // not an RFC 3339 time
  bad_id,         // an identifier outside its alphabet or length
  internal,       // a bug, or a resource that ran out
};

std::error_code make_error_code(errc code);

}  // namespace core

template <>
struct std::is_error_code_enum<core::errc> : std::true_type {};
