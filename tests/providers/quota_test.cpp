// Documented limits: how much may be taken, by whom, and what a vendor's own word changes.
#include "providers/quota.hpp"

#include <boost/test/unit_test.hpp>

#include "support/fakes.hpp"

BOOST_AUTO_TEST_SUITE(quotas)

using namespace std::chrono_literals;
using providers::quota;
using providers::urgency;

namespace {

std::uint32_t taken_by(quota& of, urgency who, tests::fake_clock& clock) {
  std::uint32_t times = 0;
  while (times < 1000 && of.take(who, 1, clock) == 0ns) ++times;
  return times;
}

}  // namespace

BOOST_AUTO_TEST_CASE(no_stretch_of_the_windows_length_holds_more_than_the_amount) {
  tests::fake_clock clock;
  quota ten({"create_per_minute", 10, 60s});
  BOOST_TEST(taken_by(ten, urgency::join, clock) == 10u);
  clock.advance(59s);
  BOOST_TEST(taken_by(ten, urgency::join, clock) == 0u);
  clock.advance(1s);
  BOOST_TEST(taken_by(ten, urgency::join, clock) == 10u);
}

BOOST_AUTO_TEST_CASE(the_wait_that_is_told_is_enough_and_not_a_moment_more) {
  tests::fake_clock clock;
  quota two({"two", 2, 60s});
  two.take(urgency::join, 1, clock);
  clock.advance(20s);
  two.take(urgency::join, 1, clock);
  const auto wait = two.take(urgency::join, 1, clock);
  BOOST_TEST((wait == 40s));
  clock.advance(wait - 1ns);
  BOOST_TEST((two.take(urgency::join, 1, clock) > 0ns));
  clock.advance(1ns);
  BOOST_TEST((two.take(urgency::join, 1, clock) == 0ns));
}

BOOST_AUTO_TEST_CASE(what_is_made_ahead_and_clean_up_leave_room_for_joins) {
  tests::fake_clock clock;
  quota of({"create", 20, 60s});
  BOOST_TEST(taken_by(of, urgency::cleanup, clock) == 10u);
  BOOST_TEST(taken_by(of, urgency::prepare, clock) == 5u);
  BOOST_TEST(taken_by(of, urgency::cleanup, clock) == 0u);
  BOOST_TEST(taken_by(of, urgency::join, clock) == 5u);
}

BOOST_AUTO_TEST_CASE(a_limit_of_one_starves_nobody_for_ever) {
  tests::fake_clock clock;
  quota one({"one", 1, 1s});
  for (const urgency who : {urgency::cleanup, urgency::prepare, urgency::join}) {
    BOOST_TEST((one.take(who, 1, clock) == 0ns));
    BOOST_TEST((one.take(who, 1, clock) > 0ns));
    clock.advance(1s);
  }
}

BOOST_AUTO_TEST_CASE(a_call_that_costs_more_than_its_share_goes_alone) {
  tests::fake_clock clock;
  quota of({"points", 4, 60s});
  BOOST_TEST((of.take(urgency::cleanup, 3, clock) == 0ns));
  BOOST_TEST((of.take(urgency::cleanup, 3, clock) > 0ns));
}

BOOST_AUTO_TEST_CASE(an_aligned_window_begins_anew_at_midnight) {
  tests::fake_clock clock;  // 10:00
  quota day({"host_per_day", 3, 86'400s, true});
  BOOST_TEST(taken_by(day, urgency::join, clock) == 3u);
  BOOST_TEST((day.take(urgency::join, 1, clock) == 14h));
  clock.advance(14h - 1s);
  BOOST_TEST(taken_by(day, urgency::join, clock) == 0u);
  clock.advance(1s);
  BOOST_TEST(taken_by(day, urgency::join, clock) == 3u);
}

BOOST_AUTO_TEST_CASE(a_vendor_closes_its_quota_for_as_long_as_it_says) {
  tests::fake_clock clock;
  quota of({"create", 10, 60s});
  BOOST_TEST((of.close(90s, clock) == 90s));
  BOOST_TEST((of.take(urgency::join, 1, clock) == 90s));
  BOOST_TEST(of.left(clock) == 0u);
  clock.advance(90s);
  BOOST_TEST((of.take(urgency::join, 1, clock) == 0ns));
  BOOST_TEST(of.left(clock) == 9u);
}

BOOST_AUTO_TEST_CASE(a_word_of_hours_does_not_close_a_limit_of_seconds_for_hours) {
  tests::fake_clock clock;
  quota second({"second", 10, 1s});
  BOOST_TEST((second.close(25h, clock) == 120s));
  BOOST_TEST((second.take(urgency::join, 1, clock) == 120s));
  quota long_one({"long", 10, 600s});
  BOOST_TEST((long_one.close(25h, clock) == 625s));
  quota day({"day", 10, 86'400s, true});
  BOOST_TEST((day.close(std::chrono::hours{900}, clock) == 25h));
}

BOOST_AUTO_TEST_CASE(where_it_says_nothing_a_minute_is_closed_shortly_and_a_day_to_its_end) {
  tests::fake_clock clock;
  quota minute({"minute", 10, 60s});
  BOOST_TEST((minute.close({}, clock) == 10s));
  quota second({"second", 10, 1s});
  BOOST_TEST((second.close({}, clock) == 1s));
  quota day({"day", 10, 86'400s, true});
  BOOST_TEST((day.close({}, clock) == 14h));
}

BOOST_AUTO_TEST_CASE(what_was_taken_for_a_call_that_was_not_made_comes_back) {
  tests::fake_clock clock;
  quota of({"points", 10, 60s});
  of.take(urgency::join, 3, clock);
  of.take(urgency::join, 3, clock);
  of.give_back(4, clock);
  BOOST_TEST(of.left(clock) == 8u);
  clock.advance(60s);
  BOOST_TEST(of.left(clock) == 10u);
}

BOOST_AUTO_TEST_SUITE_END()
