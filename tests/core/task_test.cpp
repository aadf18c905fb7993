// Coroutines, notices, groups and single flights.
#include "core/task.hpp"

#include <boost/test/unit_test.hpp>

#include "core/blocking.hpp"
#include "core/single_flight.hpp"
#include "core/task_group.hpp"
#include "support/run.hpp"

BOOST_AUTO_TEST_SUITE(task)

using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(a_notice_wakes_all_who_wait) {
  asio::io_context context(1);
  core::notice bell(context.get_executor());
  int woken = 0;
  core::task_group group(context.get_executor());
  for (int i = 0; i < 3; ++i)
    group.spawn([](core::notice n, int* count) -> core::task<void> {
      if (co_await n.wait(tests::far_deadline())) ++*count;
    }(bell, &woken));
  group.spawn([](core::notice n) -> core::task<void> {
    n.give();
    co_return;
  }(bell));
  group.close(false);
  BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  BOOST_TEST(woken == 3);
}

BOOST_AUTO_TEST_CASE(a_notice_that_does_not_come_ends_at_the_deadline) {
  asio::io_context context(1);
  core::notice bell(context.get_executor());
  const auto soon = core::deadline::after(std::chrono::steady_clock::now(), 1ms);
  BOOST_TEST(!tests::run(context, bell.wait(soon)));
}

BOOST_AUTO_TEST_CASE(closing_a_group_cancels_what_waits_in_it) {
  asio::io_context context(1);
  core::task_group group(context.get_executor());
  bool slept_to_the_end = true;
  group.spawn([](bool* result) -> core::task<void> {
    *result =
        co_await core::sleep_until(core::deadline::after(std::chrono::steady_clock::now(), 1h));
  }(&slept_to_the_end));
  context.poll();
  group.close(true);
  BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  BOOST_TEST(!slept_to_the_end);
  BOOST_TEST(!group.spawn([]() -> core::task<void> { co_return; }()));
}

BOOST_AUTO_TEST_CASE(an_escaped_exception_ends_only_its_own_task) {
  asio::io_context context(1);
  int surprises = 0;
  core::task_group group(context.get_executor(), [&](std::exception_ptr) { ++surprises; });
  group.spawn([]() -> core::task<void> {
    throw std::runtime_error("bug");
    co_return;
  }());
  group.close(false);
  BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  BOOST_TEST(surprises == 1);
}

BOOST_AUTO_TEST_CASE(a_hundred_callers_share_one_flight) {
  asio::io_context context(1);
  core::single_flight<int> flights(context.get_executor());
  int fetches = 0;
  int good = 0;
  core::notice go(context.get_executor());
  const std::function<core::task<core::result<int>>()> fetch =
      [&]() -> core::task<core::result<int>> {
    ++fetches;
    co_await go.wait(tests::far_deadline());
    co_return 42;
  };
  core::task_group group(context.get_executor());
  for (int i = 0; i < 100; ++i)
    group.spawn([](core::single_flight<int>* f, std::function<core::task<core::result<int>>()> get,
                   int* count) -> core::task<void> {
      auto got = co_await f->join("room", get, tests::far_deadline());
      if (got && *got == 42) ++*count;
    }(&flights, fetch, &good));
  context.poll();
  go.give();
  group.close(false);
  BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  BOOST_TEST(fetches == 1);
  BOOST_TEST(good == 100);
  BOOST_TEST(flights.in_flight() == 0u);
}

BOOST_AUTO_TEST_CASE(a_caller_who_leaves_takes_nothing_from_the_others) {
  asio::io_context context(1);
  core::single_flight<int> flights(context.get_executor());
  core::notice go(context.get_executor());
  const std::function<core::task<core::result<int>>()> fetch =
      [&]() -> core::task<core::result<int>> {
    co_await go.wait(tests::far_deadline());
    co_return 7;
  };
  const auto soon = core::deadline::after(std::chrono::steady_clock::now(), 1ms);
  auto impatient = tests::run(context, flights.join("room", fetch, soon));
  BOOST_REQUIRE(!impatient);
  BOOST_TEST(impatient.error().code == core::errc::timed_out);
  go.give();
  auto patient = tests::run(context, flights.join("room", fetch, tests::far_deadline()));
  BOOST_REQUIRE(patient);
  BOOST_TEST(*patient == 7);
}

BOOST_AUTO_TEST_CASE(blocking_work_runs_elsewhere_and_resumes_here) {
  core::result<int> got = core::fail(core::errc::internal);
  asio::io_context context(1);
  {
    core::blocking_thread thread("test", 4);
    got =
        tests::run(context, thread.run([] { return core::result<int>(5); }, tests::far_deadline()));
  }
  BOOST_REQUIRE(got);
  BOOST_TEST(*got == 5);
}

BOOST_AUTO_TEST_SUITE_END()
