// Time as an argument: the edge asks the clock once, logic is handed the answer.
#pragma once

#include <chrono>
#include <cstdint>

namespace core {

using steady_time = std::chrono::steady_clock::time_point;
using wall_time = std::chrono::system_clock::time_point;
using std::chrono::milliseconds;
using std::chrono::seconds;

class clock {
 public:
  virtual ~clock() = default;
  // Monotonic: for deadlines, buckets and durations.
  virtual steady_time steady_now() const = 0;
  // What the calendar says: for tokens, bookings and logs.
  virtual wall_time wall_now() const = 0;
};

class system_clock final : public clock {
 public:
  steady_time steady_now() const override { return std::chrono::steady_clock::now(); }
  wall_time wall_now() const override { return std::chrono::system_clock::now(); }
};

// Whole seconds since 1970, as JWT's NumericDate has it (RFC 7519 section 2), rounded down.
inline std::int64_t unix_seconds(wall_time at) {
  return std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
}
inline wall_time from_unix_seconds(std::int64_t at) { return wall_time{std::chrono::seconds{at}}; }

}  // namespace core
