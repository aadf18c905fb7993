// The ways in which a join itself is refused.
#pragma once

#include <system_error>

namespace join {

enum class errc {
  rate_limited = 1,  // 429: a bucket is empty; the fact "policy" names it
  overloaded,        // 503: more work is waiting than we can do in time
  provider_missing,  // the booking is pinned to a provider that is not configured any more
};

std::error_code make_error_code(errc code);

}  // namespace join

template <>
struct std::is_error_code_enum<join::errc> : std::true_type {};
