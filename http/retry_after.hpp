// retry_after: how long a server that cannot answer now asks others to wait.
#pragma once

#include <optional>
#include <string_view>

#include "core/clock.hpp"

namespace http {

// A Retry-After field (RFC 9110 section 10.2.3): seconds, or a date as seen from `now`, of HTTP or
// (Zoom) of RFC 3339; rounded up, at least 1 and at most `most`. nullopt for anything else.
std::optional<core::seconds> read_retry_after(std::string_view field, core::wall_time now,
                                              core::seconds most);

}  // namespace http
