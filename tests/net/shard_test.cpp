// Shards and the deadline wheel.
#include "net/shard.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <future>
#include <set>
#include <stdexcept>

#include "core/metrics.hpp"
#include "core/task_group.hpp"
#include "support/fakes.hpp"
#include "support/run.hpp"

using namespace std::chrono_literals;

namespace {

struct bell_entry final : net::deadline_wheel::entry {
  int rung = 0;
  std::function<void()> also;
  void expired() override {
    ++rung;
    if (also) also();
  }
};

struct wheel_on_fake_time {
  asio::io_context context{1};
  tests::fake_clock clock;
  net::deadline_wheel wheel{context.get_executor(), clock};
  core::deadline in(std::chrono::nanoseconds wait) const {
    return core::deadline::after(clock.steady_now(), wait);
  }
  void pass(std::chrono::nanoseconds time) {
    clock.advance(time);
    wheel.turn(clock.steady_now());
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(deadline_wheel, wheel_on_fake_time)

BOOST_AUTO_TEST_CASE(fires_never_early_and_at_most_one_tick_late) {
  clock.advance(37ms);
  for (const auto wait :
       {1ms, 99ms, 100ms, 101ms, 163ms, 5'000ms, 51'199ms, 51'200ms, 51'201ms, 123'456ms}) {
    bell_entry bell;
    wheel.arm(bell, in(wait));
    std::chrono::milliseconds passed = 0ms;
    while (bell.rung == 0 && passed < wait + 1s) {
      pass(1ms);
      passed += 1ms;
    }
    BOOST_TEST(passed >= wait, wait.count() << " fired after " << passed.count());
    BOOST_TEST(passed <= wait + net::deadline_wheel::tick,
               wait.count() << " fired after " << passed.count());
    BOOST_TEST(bell.rung == 1);
  }
}

BOOST_AUTO_TEST_CASE(an_instant_that_has_passed_fires_at_the_next_tick) {
  bell_entry bell;
  wheel.arm(bell, in(-5s));
  pass(100ms);
  BOOST_TEST(bell.rung == 1);
}

BOOST_AUTO_TEST_CASE(the_end_of_time_is_a_deadline_like_any_other) {
  bell_entry bell;
  wheel.arm(bell, core::deadline(core::steady_time::max()));
  pass(1h);
  BOOST_TEST(bell.rung == 0);
  BOOST_TEST(bell.armed());
}

BOOST_AUTO_TEST_CASE(arming_again_replaces_and_disarming_forgets) {
  bell_entry one, two;
  wheel.arm(one, in(1s));
  wheel.arm(one, in(3s));
  wheel.arm(two, in(1s));
  two.disarm();
  BOOST_TEST(wheel.armed() == 1u);
  pass(2s);
  BOOST_TEST(one.rung == 0);
  pass(2s);
  BOOST_TEST(one.rung == 1);
  BOOST_TEST(two.rung == 0);
  BOOST_TEST(wheel.armed() == 0u);
}

BOOST_AUTO_TEST_CASE(a_long_pause_misses_nobody) {
  bell_entry bells[50];
  for (int i = 0; i < 50; ++i) wheel.arm(bells[i], in(i * 7s));
  pass(24h);
  for (const auto& bell : bells) BOOST_TEST(bell.rung == 1);
}

BOOST_AUTO_TEST_CASE(who_fires_may_destroy_disarm_and_arm_others) {
  auto victim = std::make_unique<bell_entry>();
  bell_entry killer, later, silenced;
  killer.also = [&] {
    victim.reset();
    silenced.disarm();
    wheel.arm(later, in(1s));
    wheel.arm(killer, in(1s));
  };
  wheel.arm(killer, in(1s));
  wheel.arm(*victim, in(1s));
  wheel.arm(silenced, in(1s));
  pass(1100ms);
  BOOST_TEST(killer.rung == 1);
  BOOST_TEST(silenced.rung == 0);
  BOOST_TEST(wheel.armed() == 2u);
  killer.also = {};
  pass(1100ms);
  BOOST_TEST(later.rung == 1);
  BOOST_TEST(killer.rung == 2);
}

BOOST_AUTO_TEST_CASE(one_who_throws_keeps_nobody_from_firing) {
  bell_entry first, second;
  first.also = [] { throw std::runtime_error("bug"); };
  wheel.arm(first, in(1s));
  wheel.arm(second, in(1s));
  clock.advance(2s);
  BOOST_CHECK_THROW(wheel.turn(clock.steady_now()), std::runtime_error);
  BOOST_TEST(second.rung == 1);
}

BOOST_AUTO_TEST_CASE(an_entry_may_outlive_its_wheel) {
  bell_entry bell;
  {
    net::deadline_wheel short_lived(context.get_executor(), clock);
    short_lived.arm(bell, in(1s));
  }
  BOOST_TEST(!bell.armed());
  bell.disarm();
}

BOOST_AUTO_TEST_CASE(the_timer_of_the_wheel_turns_it_and_stops_when_nothing_is_armed) {
  core::system_clock real;
  net::deadline_wheel real_wheel(context.get_executor(), real);
  bell_entry bell;
  real_wheel.arm(bell, core::deadline::after(real.steady_now(), 1ms));
  context.run();
  BOOST_TEST(bell.rung == 1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(shards)

BOOST_AUTO_TEST_CASE(an_escaped_exception_does_not_end_the_loop) {
  core::system_clock clock;
  net::shard one(0, 1, "test", clock);
  one.start();
  one.post([] { throw std::runtime_error("bug"); });
  std::promise<std::size_t> answered;
  one.post([&] { answered.set_value(core::metric_lane()); });
  auto answer = answered.get_future();
  BOOST_REQUIRE(answer.wait_for(9s) == std::future_status::ready);
  BOOST_TEST(answer.get() == 1u);
  BOOST_TEST(one.surprises() == 1u);
}

BOOST_AUTO_TEST_CASE(the_owner_of_a_key_is_always_the_same_and_all_own_some) {
  core::system_clock clock;
  net::shard_group group(3, clock);
  std::set<std::size_t> owners;
  for (int i = 0; i < 100; ++i) {
    const auto key = "room-" + std::to_string(i);
    owners.insert(group.owner_of(key).index());
    BOOST_TEST(group.owner_of(key).index() == group.owner_of(key).index());
  }
  BOOST_TEST(owners.size() == 3u);
  // A change of the hash would move rooms between nodes that run different versions.
  BOOST_TEST(group.owner_of("room-42").index() == 2u);
}

BOOST_AUTO_TEST_CASE(an_announcement_is_heard_by_all_on_their_own_threads_before_it_returns) {
  core::system_clock clock;
  asio::io_context outside(1);  // outlives the shards, which post to it
  net::shard_group group(2, clock);
  group.start();
  std::atomic<int> heard[2] = {};
  std::atomic<bool> right_lane{true};
  const std::function<void(std::size_t)> tell = [&](std::size_t index) {
    ++heard[index];
    if (core::metric_lane() != index + 1) right_lane = false;
  };
  auto ask = [](net::shard_group* all, std::function<void(std::size_t)> what) -> core::task<int> {
    const auto home = co_await core::this_executor();
    co_await all->announce(what, home);
    co_return 7;
  };
  BOOST_TEST(tests::run(outside, ask(&group, tell)) == 7);
  BOOST_TEST(heard[0] == 1);
  BOOST_TEST(heard[1] == 1);
  BOOST_TEST(right_lane);
  group.stop();
}

BOOST_AUTO_TEST_CASE(a_shard_that_throws_on_hearing_has_heard) {
  core::system_clock clock;
  asio::io_context outside(1);  // outlives the shards, which post to it
  net::shard_group group(2, clock);
  group.start();
  auto ask = [](net::shard_group* all) -> core::task<int> {
    const auto home = co_await core::this_executor();
    const std::function<void(std::size_t)> tell = [](std::size_t index) {
      if (index == 0) throw std::runtime_error("bug");
    };
    co_await all->announce(tell, home);
    co_return 7;
  };
  BOOST_TEST(tests::run(outside, ask(&group)) == 7);
  group.stop();
  BOOST_TEST(group.at(0).surprises() == 1u);
}

BOOST_AUTO_TEST_CASE(a_question_is_answered_on_the_other_shard) {
  core::system_clock clock;
  asio::io_context outside(1);  // outlives the shards, which post to it
  net::shard_group group(2, clock);
  group.start();
  auto ask = [](net::shard* other) -> core::task<std::size_t> {
    auto lane = co_await other->ask([] { return core::metric_lane(); });
    co_return lane;
  };
  BOOST_TEST(tests::run(outside, ask(&group.at(1))) == 2u);
}

BOOST_AUTO_TEST_CASE(a_question_that_throws_throws_at_the_one_who_asked) {
  core::system_clock clock;
  asio::io_context outside(1);
  net::shard_group group(2, clock);
  group.start();
  auto ask = [](net::shard* other) -> core::task<int> {
    auto never = co_await other->ask([]() -> int { throw std::runtime_error("no answer"); });
    co_return never;
  };
  BOOST_CHECK_THROW(tests::run(outside, ask(&group.at(1))), std::runtime_error);
  BOOST_TEST(group.at(1).surprises() == 0u);
}

BOOST_AUTO_TEST_CASE(one_who_is_cancelled_while_asking_leaves_the_other_shard_alone) {
  core::system_clock clock;
  asio::io_context outside(1);
  net::shard_group group(1, clock);
  bool answered = false;
  auto ask = [](net::shard* other, bool* got) -> core::task<void> {
    auto answer = co_await other->ask([] { return 1; });
    *got = answer == 1;
  };
  core::task_group tasks(outside.get_executor());
  tasks.spawn(ask(&group.at(0), &answered));
  outside.poll();
  tasks.close(true);
  outside.restart();
  outside.poll();
  BOOST_TEST(tasks.size() == 0u);
  group.start();  // now the question is asked, and its answer finds nobody
  std::promise<void> after;
  group.at(0).post([&] { after.set_value(); });
  BOOST_REQUIRE(after.get_future().wait_for(9s) == std::future_status::ready);
  group.stop();
  outside.restart();
  outside.poll();
  BOOST_TEST(!answered);
}

BOOST_AUTO_TEST_SUITE_END()
