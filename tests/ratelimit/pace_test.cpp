// The limiter's time: exact at every nanosecond, for every limit that can be configured.
#include "ratelimit/pace.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <stdexcept>

#include "core/wide.hpp"

BOOST_AUTO_TEST_SUITE(pace_of_a_limit)

using namespace std::chrono_literals;
using ratelimit::limit;
using ratelimit::pace;

namespace {

core::steady_time at(std::uint64_t nanoseconds) {
  return core::steady_time{std::chrono::nanoseconds{static_cast<std::int64_t>(nanoseconds)}};
}

// floor(nanoseconds * ticks per nanosecond) by long division.
std::uint64_t ticks_by_division(const limit& of, const pace& with, std::uint64_t nanoseconds) {
  const core::uint128 ticks =
      static_cast<core::uint128>(nanoseconds) * of.rate * with.token_ticks();
  const auto period = static_cast<std::uint64_t>(of.per.count()) * 1'000'000'000u;
  return static_cast<std::uint64_t>(ticks / period);
}

}  // namespace

BOOST_AUTO_TEST_CASE(refuses_limits_that_cannot_be_configured) {
  BOOST_CHECK_THROW(pace({ratelimit::rate_max + 1, 1s, 10}), std::invalid_argument);
  BOOST_CHECK_THROW(pace({10, 1s, 0}), std::invalid_argument);
  BOOST_CHECK_THROW(pace({10, 1s, ratelimit::burst_max + 1}), std::invalid_argument);
  BOOST_CHECK_THROW(pace({10, 0s, 10}), std::invalid_argument);
  BOOST_CHECK_THROW(pace({10, std::chrono::hours(25), 10}), std::invalid_argument);
  BOOST_CHECK_NO_THROW(pace({0, 0s, 0}));
}

BOOST_AUTO_TEST_CASE(counts_ticks_exactly_for_any_limit_at_any_time) {
  std::mt19937_64 random(1);
  constexpr std::chrono::seconds periods[] = {1s, 1min, 1h, 24h};
  for (int round = 0; round < 20'000; ++round) {
    const limit of{static_cast<std::uint32_t>(1 + random() % ratelimit::rate_max),
                   periods[random() % 4],
                   static_cast<std::uint32_t>(1 + random() % ratelimit::burst_max)};
    const pace with(of);
    const std::uint64_t anywhere = random() >> (1 + random() % 40);
    BOOST_REQUIRE_EQUAL(with.ticks_at(at(anywhere)), ticks_by_division(of, with, anywhere));
    // The edges are where rounding goes wrong: the first nanosecond of a tick and the one before.
    const core::uint128 period = static_cast<core::uint128>(of.per.count()) * 1'000'000'000u;
    const core::uint128 rate = static_cast<core::uint128>(of.rate) * with.token_ticks();
    const std::uint64_t tick = with.ticks_at(at(anywhere));
    const auto first = static_cast<std::uint64_t>((tick * period + rate - 1) / rate);
    BOOST_REQUIRE_EQUAL(with.ticks_at(at(first)), tick);
    if (first > 0) BOOST_REQUIRE_EQUAL(with.ticks_at(at(first - 1)), tick - 1);
  }
}

BOOST_AUTO_TEST_CASE(ticks_are_short_and_the_clock_lasts_for_days) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 20'000; ++round) {
    const limit of{static_cast<std::uint32_t>(1 + random() % ratelimit::rate_max),
                   random() % 2 ? 1s : 3600s,
                   static_cast<std::uint32_t>(1 + random() % ratelimit::burst_max)};
    const pace with(of);
    const double refill = static_cast<double>(of.per.count()) * of.burst / of.rate;
    const double token = static_cast<double>(of.per.count()) / of.rate;
    const double tick = static_cast<double>(with.tick().count()) * 1e-9;
    // Rounding the ticks of a token down to a power of two costs up to a half.
    BOOST_REQUIRE_LE(tick,
                     2.1 * std::max({1e-6, std::min(1e-3, token / 4096), refill / (1 << 26)}));
    BOOST_REQUIRE_GE(tick, 0.99e-6);
    BOOST_REQUIRE_LE(with.full_ticks(), std::uint64_t{1} << 26);
  }
  const pace usual({20, 1s, 40});
  BOOST_TEST(usual.tick().count() == 12208);  // 50 ms / 4096
  BOOST_TEST(usual.full_ticks() == 40u * 4096u);
}

BOOST_AUTO_TEST_CASE(seconds_are_rounded_up_and_never_zero) {
  const pace with({1, 1s, 10});
  BOOST_TEST(with.seconds_until(0, at(0)).count() == 1);
  BOOST_TEST(with.seconds_until(with.token_ticks(), at(0)).count() == 1);
  BOOST_TEST(with.seconds_until(with.token_ticks() + 1, at(0)).count() == 2);
  // The tick that has begun already counts: from a nanosecond later it is less than 2 s.
  BOOST_TEST(with.seconds_until(2 * with.token_ticks(), at(1)).count() == 2);
  BOOST_TEST(with.seconds_until(2 * with.token_ticks(), at(0)).count() == 2);
  BOOST_TEST(with.refill_time().count() == 10);
  BOOST_TEST(pace({3, 1s, 10}).refill_time().count() == 4);
  BOOST_TEST(pace({1, 3600s, ratelimit::burst_max}).refill_time().count() == 3'600'000'000);
}

BOOST_AUTO_TEST_SUITE_END()
