#include "http/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "core/encoding.hpp"
#include "core/time_text.hpp"

namespace http {

std::optional<core::seconds> read_retry_after(std::string_view field, core::wall_time now,
                                              core::seconds most) {
  const std::string_view text = core::trimmed(field);
  if (text.empty()) return std::nullopt;
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (digits) {
    std::int64_t wait = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), wait);
    if (error != std::errc{} || wait > most.count()) return most;
    return core::seconds{std::max<std::int64_t>(wait, 1)};
  }
  auto at = core::from_http_date(text);
  if (!at) at = core::from_rfc3339(text);
  if (!at) return std::nullopt;
  if (*at >= now + most) return most;
  if (*at <= now) return core::seconds{1};
  return std::chrono::ceil<core::seconds>(*at - now);
}

}  // namespace http
