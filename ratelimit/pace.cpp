#include "ratelimit/pace.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <stdexcept>

namespace ratelimit {
namespace {

constexpr std::uint64_t nanoseconds_per_second = 1'000'000'000;

// How far the clocks of two shards may be apart before a drained bucket is taken for an old one.
constexpr std::uint64_t apart_seconds_max = 4;

// Ticks per token: fine enough to be exact in practice, coarse enough that 39 bits last for days.
std::uint64_t ticks_per_token(const limit& from) {
  const auto per_nanoseconds =
      static_cast<std::uint64_t>(from.per.count()) * nanoseconds_per_second;
  const std::uint64_t token_microseconds = per_nanoseconds / from.rate / 1000;
  const std::uint64_t wanted = std::max<std::uint64_t>(4096, token_microseconds / 1000);
  const std::uint64_t within_burst = (std::uint64_t{1} << 26) / from.burst;
  return std::bit_floor(
      std::max<std::uint64_t>(1, std::min({wanted, token_microseconds, within_burst})));
}

}  // namespace

pace::pace(const limit& from) {
  if (from.off()) return;
  if (from.rate > rate_max || from.per <= std::chrono::seconds{0} || from.per > per_max ||
      from.burst == 0 || from.burst > burst_max)
    throw std::invalid_argument("a limit's rate, period or burst is out of range");

  const std::uint64_t token = ticks_per_token(from);
  token_shift_ = static_cast<unsigned>(std::countr_zero(token));
  full_ticks_ = from.burst * token;
  per_seconds_ = static_cast<std::uint64_t>(from.per.count());
  tick_rate_ = from.rate * token;
  second_ticks_ = tick_rate_ / per_seconds_;
  owed_max_ = full_ticks_ + apart_seconds_max * tick_rate_ / per_seconds_ + 1;

  const std::uint64_t period = per_seconds_ * nanoseconds_per_second;
  const std::uint64_t shared = std::gcd(tick_rate_, period);
  numerator_ = tick_rate_ / shared;
  denominator_ = period / shared;
  reciprocal_ =
      static_cast<std::uint64_t>((static_cast<core::uint128>(numerator_) << 64) / denominator_);
}

std::chrono::seconds pace::long_wait(std::uint64_t ahead, core::steady_time now) const {
  const auto begins = static_cast<core::uint128>(ticks_at(now) + ahead) * denominator_;
  const auto at = static_cast<std::uint64_t>((begins + numerator_ - 1) / numerator_);
  const auto wait =
      std::chrono::nanoseconds{static_cast<std::int64_t>(at)} - now.time_since_epoch();
  return std::chrono::ceil<std::chrono::seconds>(wait);
}

std::chrono::seconds pace::refill_time() const {
  return std::chrono::seconds{(full_ticks_ * per_seconds_ + tick_rate_ - 1) / tick_rate_};
}

std::chrono::nanoseconds pace::tick() const {
  const std::uint64_t period = per_seconds_ * nanoseconds_per_second;
  return std::chrono::nanoseconds{(period + tick_rate_ - 1) / tick_rate_};
}

}  // namespace ratelimit
