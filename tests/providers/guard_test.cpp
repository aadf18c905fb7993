// The circuit breaker, the retry budget, the pauses between retries, and the line for a slot.
#include "providers/guard.hpp"

#include <boost/test/unit_test.hpp>

#include "core/task_group.hpp"
#include "providers/error.hpp"
#include "support/run.hpp"

BOOST_AUTO_TEST_SUITE(guard)

using namespace std::chrono_literals;
using providers::circuit_breaker;
using providers::circuit_state;

namespace {

const core::steady_time start{1000h};

void fail_times(circuit_breaker& circuit, int times, core::steady_time now) {
  for (int i = 0; i < times; ++i) circuit.failed(circuit.ask(now).era, now, std::nullopt);
}

providers::guard_settings small_line() {
  providers::guard_settings out;
  out.concurrent_max = 1;
  out.queue_max = 2;
  return out;
}

core::task<void> hold(providers::slots* from, core::notice until, int* entered,
                      core::result<void>* outcome) {
  auto mine = co_await from->take(tests::far_deadline());
  if (!mine) {
    *outcome = core::same_failure(mine);
    co_return;
  }
  ++*entered;
  co_await until.wait(tests::far_deadline());
}

}  // namespace

BOOST_AUTO_TEST_CASE(opens_after_five_failures_in_a_row_and_not_after_four) {
  circuit_breaker circuit({});
  fail_times(circuit, 4, start);
  BOOST_TEST(circuit.ask(start).go);
  fail_times(circuit, 1, start);
  const auto refused = circuit.ask(start + 1ms);
  BOOST_TEST(!refused.go);
  BOOST_TEST((refused.wait == 1999ms));
  BOOST_TEST((circuit.state() == circuit_state::open));
}

BOOST_AUTO_TEST_CASE(a_success_between_failures_starts_the_count_again) {
  circuit_breaker circuit({});
  fail_times(circuit, 4, start);
  circuit.succeeded(circuit.ask(start).era);
  fail_times(circuit, 4, start);
  BOOST_TEST((circuit.state() == circuit_state::closed));
}

BOOST_AUTO_TEST_CASE(opens_when_half_of_the_last_twenty_calls_failed) {
  circuit_breaker circuit({});
  for (int i = 0; i < 9; ++i) {
    fail_times(circuit, 1, start);
    circuit.succeeded(circuit.ask(start).era);
  }
  BOOST_TEST((circuit.state() == circuit_state::closed));
  fail_times(circuit, 1, start);
  BOOST_TEST((circuit.state() == circuit_state::open));
}

BOOST_AUTO_TEST_CASE(old_failures_leave_the_window) {
  circuit_breaker circuit({});
  for (int i = 0; i < 9; ++i) {
    fail_times(circuit, 1, start);
    circuit.succeeded(circuit.ask(start).era);
  }
  for (int i = 0; i < 20; ++i) circuit.succeeded(circuit.ask(start).era);
  fail_times(circuit, 4, start);
  BOOST_TEST((circuit.state() == circuit_state::closed));
}

BOOST_AUTO_TEST_CASE(one_trial_goes_when_the_time_is_over_and_its_success_closes) {
  circuit_breaker circuit({});
  fail_times(circuit, 5, start);
  const auto trial = circuit.ask(start + 2s);
  BOOST_TEST(trial.go);
  BOOST_TEST((circuit.state() == circuit_state::half_open));
  BOOST_TEST(!circuit.ask(start + 2s).go);
  circuit.succeeded(trial.era);
  BOOST_TEST((circuit.state() == circuit_state::closed));
  BOOST_TEST(circuit.ask(start + 2s).go);
}

BOOST_AUTO_TEST_CASE(a_failed_trial_doubles_the_wait_up_to_its_limit) {
  circuit_breaker circuit({});
  fail_times(circuit, 5, start);
  auto now = start;
  for (const auto expected : {2s, 4s, 8s, 16s, 30s, 30s}) {
    BOOST_TEST((circuit.refusal(now) == expected));
    now += expected;
    fail_times(circuit, 1, now);
  }
}

BOOST_AUTO_TEST_CASE(an_abandoned_trial_lets_another_one_go) {
  circuit_breaker circuit({});
  fail_times(circuit, 5, start);
  const auto trial = circuit.ask(start + 2s);
  circuit.abandoned(trial.era);
  BOOST_TEST(circuit.ask(start + 2s).go);
}

BOOST_AUTO_TEST_CASE(a_straggler_from_before_does_not_count_as_the_trial) {
  circuit_breaker circuit({});
  const auto straggler = circuit.ask(start);
  fail_times(circuit, 5, start);
  circuit.succeeded(straggler.era);
  BOOST_TEST((circuit.state() == circuit_state::open));
  const auto trial = circuit.ask(start + 2s);
  circuit.failed(straggler.era, start + 2s, std::nullopt);
  BOOST_TEST((circuit.state() == circuit_state::half_open));
  circuit.succeeded(trial.era);
  BOOST_TEST((circuit.state() == circuit_state::closed));
}

BOOST_AUTO_TEST_CASE(retry_after_opens_at_once_for_as_long_as_it_says) {
  circuit_breaker circuit({});
  circuit.failed(circuit.ask(start).era, start, 7s);
  BOOST_TEST((circuit.refusal(start) == 7s));
  BOOST_TEST(circuit.ask(start + 7s).go);
}

BOOST_AUTO_TEST_CASE(retry_after_cannot_shut_us_out_for_ever) {
  circuit_breaker circuit({});
  circuit.failed(circuit.ask(start).era, start, std::chrono::hours(1000));
  BOOST_TEST((circuit.refusal(start) == 120s));
}

BOOST_AUTO_TEST_CASE(a_longer_retry_after_prolongs_an_open_circuit) {
  circuit_breaker circuit({});
  const auto late = circuit.ask(start);
  circuit.failed(circuit.ask(start).era, start, 2s);
  circuit.failed(late.era, start + 1s, 9s);
  BOOST_TEST((circuit.refusal(start) == 10s));
}

BOOST_AUTO_TEST_CASE(the_retry_budget_is_a_tenth_of_the_successes) {
  providers::retry_budget budget;
  for (int i = 0; i < 10; ++i) BOOST_TEST(budget.take());
  BOOST_TEST(!budget.take());
  for (int i = 0; i < 9; ++i) budget.succeeded();
  BOOST_TEST(!budget.take());
  budget.succeeded();
  BOOST_TEST(budget.take());
}

BOOST_AUTO_TEST_CASE(pauses_are_drawn_from_a_step_that_doubles_up_to_its_limit) {
  const providers::guard_settings limits;
  const auto most = [&](std::uint32_t attempt) {
    std::chrono::nanoseconds longest{0};
    for (std::uint64_t chance = 0; chance < 2'000'000'000; chance += 99'999'937)
      longest = std::max(longest, providers::retry_pause(limits, attempt, chance));
    return longest;
  };
  BOOST_TEST((most(0) > 50ms && most(0) <= 100ms));
  BOOST_TEST((most(1) > 100ms && most(1) <= 200ms));
  BOOST_TEST((most(60) > 500ms && most(60) <= 1s));
}

BOOST_AUTO_TEST_CASE(callers_pass_one_after_the_other_and_the_one_too_many_is_refused) {
  asio::io_context context(1);
  providers::slots line(small_line(), context.get_executor());
  core::notice go(context.get_executor());
  core::task_group group(context.get_executor());
  int entered = 0;
  core::result<void> outcome[4];
  for (auto& one : outcome) group.spawn(hold(&line, go, &entered, &one));
  context.poll();
  BOOST_TEST(entered == 1);
  BOOST_TEST(line.waiting() == 2u);
  BOOST_REQUIRE(!outcome[3]);
  BOOST_TEST(outcome[3].error().code == providers::errc::unavailable);
  BOOST_TEST(outcome[3].error().retry_after.has_value());
  go.give();
  group.close(false);
  BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  BOOST_TEST(entered == 3);
  BOOST_TEST(line.taken() == 0u);
}

BOOST_AUTO_TEST_CASE(who_waits_in_line_leaves_at_the_deadline) {
  asio::io_context context(1);
  providers::slots line(small_line(), context.get_executor());
  auto held = tests::run(context, line.take(tests::far_deadline()));
  BOOST_REQUIRE(held);
  const auto soon = core::deadline::after(std::chrono::steady_clock::now(), 1ms);
  auto late = tests::run(context, line.take(soon));
  BOOST_REQUIRE(!late);
  BOOST_TEST(late.error().code == providers::errc::timed_out);
  BOOST_TEST(line.waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(who_is_cancelled_in_line_gives_the_place_to_the_next) {
  asio::io_context context(1);
  providers::slots line(small_line(), context.get_executor());
  core::notice go(context.get_executor());
  core::task_group first(context.get_executor());
  core::task_group second(context.get_executor());
  int entered = 0;
  core::result<void> outcome;
  first.spawn(hold(&line, go, &entered, &outcome));
  context.poll();
  second.spawn(hold(&line, go, &entered, &outcome));
  context.poll();
  // The slot is handed over and its new owner cancelled in the same turn.
  go.give();
  second.close(true);
  first.close(false);
  BOOST_TEST(tests::run(context, first.ended(tests::far_deadline())));
  BOOST_TEST(tests::run(context, second.ended(tests::far_deadline())));
  BOOST_TEST(line.taken() == 0u);
  BOOST_TEST(line.waiting() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
