// Times as text: RFC 3339 for JSON, IMF-fixdate for HTTP.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"

namespace core {

// "2026-11-22T10:15:00Z", whole seconds, rounded down. Years 0000 to 9999.
std::string to_rfc3339(wall_time at);
void append_rfc3339(std::string& out, wall_time at);
// With milliseconds, for logs: "2026-11-22T10:15:00.123Z". Asks the calendar once a second and
// thread.
void append_rfc3339_milliseconds(std::string& out, wall_time at);
// Accepts an offset and up to nine digits of a second; refuses what is not a date of the calendar.
std::optional<wall_time> from_rfc3339(std::string_view text);

// "Sun, 22 Nov 2026 10:15:00 GMT" (RFC 9110 section 5.6.7).
std::string to_http_date(wall_time at);
std::optional<wall_time> from_http_date(std::string_view text);

// "90s", "15m", "1h", "2d", "250ms": how durations are written in the configuration and on the
// command line.
std::optional<std::chrono::milliseconds> duration_from(std::string_view text);

}  // namespace core
