// pace: a limit in the limiter's own time. Time runs in ticks, and a token is a whole power of two
// of them, so that what a bucket owes is a whole number and nothing is ever lost or won by rounding
// twice.
#pragma once

#include <chrono>
#include <cstdint>

#include "core/clock.hpp"
#include "core/wide.hpp"

namespace ratelimit {

// `rate` tokens come back per `per`; at most `burst` can be saved up.
struct limit {
  std::uint32_t rate = 0;  // 0: no limit
  std::chrono::seconds per{1};
  std::uint32_t burst = 0;

  bool off() const { return rate == 0; }
  friend bool operator==(const limit&, const limit&) = default;
};

// What can be configured; within it the arithmetic below is exact and cannot overflow.
constexpr std::uint32_t rate_max = 1'000'000;
constexpr std::uint32_t burst_max = 1'000'000;
constexpr std::chrono::seconds per_max = std::chrono::hours(24);

// One tick is a 4096th of a token or a millisecond, whichever is shorter, but never shorter than a
// microsecond (or than a token) nor than a 2^26th of the time in which the whole burst comes back.
class pace {
 public:
  // Times are kept modulo this many bits of ticks: 6 days at a microsecond, 77 at the 12 of the
  // default limits.
  static constexpr unsigned time_bits = 39;

  pace() = default;
  // Throws std::invalid_argument for a limit outside what can be configured.
  explicit pace(const limit& from);

  // Whole ticks since the clock's own beginning. Exact: never a tick ahead, never one behind.
  std::uint64_t ticks_at(core::steady_time now) const {
    const auto nanoseconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count());
    // The reciprocal is rounded down, which costs less than one tick in 292 years: the remainder
    // tells.
    const auto ticks =
        static_cast<std::uint64_t>((static_cast<core::uint128>(nanoseconds) * reciprocal_) >> 64);
    const std::uint64_t rest = nanoseconds * numerator_ - ticks * denominator_;
    return ticks + (rest >= denominator_ ? 1 : 0);
  }

  std::uint64_t token_ticks() const { return std::uint64_t{1} << token_shift_; }
  // What an empty bucket needs to be full.
  std::uint64_t full_ticks() const { return full_ticks_; }
  // A bucket that owes more than this was not written in this turn of the clock. More than
  // full_ticks, because the shards read the time once per turn of their loops and may be a little
  // apart.
  std::uint64_t owed_max() const { return owed_max_; }
  std::uint32_t whole_tokens(std::uint64_t ticks) const {
    return static_cast<std::uint32_t>(ticks >> token_shift_);
  }
  // Whole seconds from `now` until `ahead` more ticks than ticks_at(now) have begun: rounded up, at
  // least 1.
  std::chrono::seconds seconds_until(std::uint64_t ahead, core::steady_time now) const {
    if (ahead <= second_ticks_) return std::chrono::seconds{1};
    return long_wait(ahead, now);
  }
  // How long an empty bucket takes to be full, rounded up to seconds.
  std::chrono::seconds refill_time() const;
  std::chrono::nanoseconds tick() const;  // rounded up; for documentation and tests

 private:
  std::chrono::seconds long_wait(std::uint64_t ahead, core::steady_time now) const;

  unsigned token_shift_ = 0;
  std::uint64_t full_ticks_ = 0;
  std::uint64_t owed_max_ = 0;
  std::uint64_t second_ticks_ = 0;  // whole ticks in a second
  std::uint64_t per_seconds_ = 1;   // tick_rate_ ticks pass in per_seconds_
  std::uint64_t tick_rate_ = 1;
  // Ticks per nanosecond, as a fraction in lowest terms and as a 64-bit binary one.
  std::uint64_t numerator_ = 0;
  std::uint64_t denominator_ = 1;
  std::uint64_t reciprocal_ = 0;
};

}  // namespace ratelimit
