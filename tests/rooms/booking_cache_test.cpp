// The bookings that a shard remembers: the races with writes, the bounds, and one read for many.
#include "rooms/booking_cache.hpp"

#include <boost/test/unit_test.hpp>

#include "core/task_group.hpp"
#include "rooms/error.hpp"
#include "rooms/shelf.hpp"
#include "support/memory_store.hpp"
#include "support/run.hpp"

BOOST_AUTO_TEST_SUITE(booking_cache)

using namespace std::chrono_literals;
using rooms::booking_ptr;

namespace {

core::room_id room(std::string_view text) { return core::room_id::from(text).value(); }
const auto far = core::deadline::after(std::chrono::steady_clock::now(), std::chrono::hours(1));

struct scene {
  asio::io_context context{1};
  tests::memory_store store;
  rooms::booking_cache cache;
  core::steady_time now = std::chrono::steady_clock::now();

  explicit scene(rooms::cache_settings settings = {})
      : cache(store, settings, context.get_executor()) {}

  core::result<booking_ptr> find(std::string_view id) {
    return tests::run(context, cache.find(room(id), now, far));
  }
  // "?" for not known, "-" for no such booking, else who is on the list first.
  std::string known(std::string_view id) {
    const auto held = cache.find_now(room(id), now);
    return !held ? "?" : !*held ? "-" : (*held)->participants.at(0).user.text();
  }
  void write(std::string_view id, std::string_view first) {
    auto one = tests::booking_of(id);
    one.participants[0].user = core::user_id::from(first).value();
    store.add(std::move(one));
  }
};

// A caller that runs beside the test: what it was told, once it was.
struct caller {
  std::string told = "nothing yet";
};
core::task<void> ask(rooms::booking_cache* cache, std::string id, core::steady_time now,
                     caller* who, core::deadline until) {
  auto found = co_await cache->find(room(id), now, until);
  who->told = !found ? "failed" : !*found ? "-" : (*found)->participants.at(0).user.text();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_failure_of_the_store_is_told_and_not_remembered) {
  scene s;
  s.write("r", "u1");
  s.store.broken = true;
  BOOST_TEST(s.find("r").error().code == rooms::errc::store_unavailable);
  BOOST_TEST(s.known("r") == "?");
  s.store.broken = false;
  BOOST_TEST(s.find("r").value()->room.text() == "r");
}

BOOST_AUTO_TEST_CASE(what_was_read_is_known_until_it_is_old) {
  scene s;
  s.write("r", "u1");
  BOOST_TEST(s.known("r") == "?");
  BOOST_TEST(s.find("r").has_value());
  BOOST_TEST(s.find("r").has_value());
  BOOST_TEST(s.store.finds == 1u);
  s.now += 60s - 1ns;
  BOOST_TEST(s.known("r") == "u1");
  s.now += 1ns;
  BOOST_TEST(s.known("r") == "?");
  s.write("r", "u9");
  BOOST_TEST(s.find("r").has_value());
  BOOST_TEST(s.known("r") == "u9");
}

BOOST_AUTO_TEST_CASE(that_there_is_no_booking_is_known_for_a_shorter_time) {
  scene s;
  BOOST_TEST((s.find("r").value() == nullptr));
  BOOST_TEST(s.known("r") == "-");
  s.now += 2s;
  BOOST_TEST(s.known("r") == "?");
  s.write("r", "u1");
  BOOST_TEST(s.find("r").has_value());
  BOOST_TEST(s.known("r") == "u1");
  BOOST_TEST(s.cache.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_write_drops_what_is_known) {
  scene s;
  BOOST_TEST(s.find("r").has_value());
  s.write("r", "u1");
  s.cache.forget(room("r"));
  BOOST_TEST(s.known("r") == "?");
  BOOST_TEST(s.find("r").has_value());
  s.write("r", "u2");
  s.cache.forget(room("r"));
  BOOST_TEST(s.known("r") == "?");
  BOOST_TEST(s.find("r").value()->participants[0].user.text() == "u2");
  BOOST_TEST(s.cache.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_read_that_a_write_overtakes_is_answered_and_not_kept) {
  scene s;
  s.write("r", "old");
  core::notice go(s.context.get_executor());
  s.store.pause = [&]() -> core::task<void> { co_await go.wait(far); };
  core::task_group group(s.context.get_executor());
  caller before, after;
  group.spawn(ask(&s.cache, "r", s.now, &before, far));
  s.context.poll();
  s.write("r", "new");
  s.cache.forget(room("r"));
  // Whoever asks after the write gets a read of their own.
  group.spawn(ask(&s.cache, "r", s.now, &after, far));
  s.context.poll();
  BOOST_TEST(s.store.finds == 2u);
  go.give();
  group.close(false);
  BOOST_TEST(tests::run(s.context, group.ended(far)));
  BOOST_TEST(before.told == "old");
  BOOST_TEST(after.told == "new");
  BOOST_TEST(s.known("r") == "new");
}

BOOST_AUTO_TEST_CASE(a_write_of_another_room_does_not_matter) {
  scene s;
  s.write("r", "u1");
  s.store.pause = [&]() -> core::task<void> {
    s.cache.forget(room("other"));
    co_return;
  };
  BOOST_TEST(s.find("r").has_value());
  BOOST_TEST(s.known("r") == "u1");
}

BOOST_AUTO_TEST_CASE(when_anything_may_have_changed_nothing_is_known_nor_kept) {
  scene s;
  s.write("r", "u1");
  BOOST_TEST(s.find("r").has_value());
  BOOST_TEST(s.find("nobodys").has_value());
  BOOST_TEST(s.cache.size() == 2u);
  s.cache.forget_everything();
  BOOST_TEST(s.cache.size() == 0u);
  s.store.pause = [&]() -> core::task<void> {
    s.cache.forget_everything();
    co_return;
  };
  BOOST_TEST(s.find("r").has_value());
  BOOST_TEST(s.known("r") == "?");
  s.store.pause = {};
  BOOST_TEST(s.find("r").has_value());
  BOOST_TEST(s.known("r") == "u1");
}

BOOST_AUTO_TEST_CASE(every_write_during_a_read_counts) {
  scene s;
  s.write("r", "u1");
  int left = 3;
  s.store.pause = [&]() -> core::task<void> {
    if (left-- > 0) s.cache.forget(room("r"));
    co_return;
  };
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(s.find("r").has_value());
    BOOST_TEST(s.known("r") == "?");
  }
  BOOST_TEST(s.find("r").has_value());
  BOOST_TEST(s.known("r") == "u1");
}

BOOST_AUTO_TEST_CASE(a_hundred_callers_cause_one_read) {
  scene s;
  s.write("r", "u1");
  core::notice go(s.context.get_executor());
  s.store.pause = [&]() -> core::task<void> { co_await go.wait(far); };
  core::task_group group(s.context.get_executor());
  std::vector<caller> callers(100);
  for (caller& each : callers) group.spawn(ask(&s.cache, "r", s.now, &each, far));
  s.context.poll();
  go.give();
  group.close(false);
  BOOST_TEST(tests::run(s.context, group.ended(far)));
  for (const caller& each : callers) BOOST_TEST(each.told == "u1");
  BOOST_TEST(s.store.finds == 1u);
}

BOOST_AUTO_TEST_CASE(the_first_caller_may_leave_without_taking_the_read_along) {
  scene s;
  s.write("r", "u1");
  core::notice go(s.context.get_executor());
  s.store.pause = [&]() -> core::task<void> { co_await go.wait(far); };
  core::task_group group(s.context.get_executor());
  caller hasty, patient;
  const auto soon = core::deadline::after(std::chrono::steady_clock::now(), 1ms);
  group.spawn(ask(&s.cache, "r", s.now, &hasty, soon));
  group.spawn(ask(&s.cache, "r", s.now, &patient, far));
  const auto give_up = std::chrono::steady_clock::now() + 5s;
  while (hasty.told == "nothing yet" && std::chrono::steady_clock::now() < give_up)
    s.context.run_one();
  BOOST_TEST(hasty.told == "failed");
  go.give();
  group.close(false);
  BOOST_TEST(tests::run(s.context, group.ended(far)));
  BOOST_TEST(patient.told == "u1");
  BOOST_TEST(s.store.finds == 1u);
}

BOOST_AUTO_TEST_CASE(a_cache_may_go_while_a_read_is_under_way) {
  asio::io_context context(1);
  tests::memory_store store;
  store.add(tests::booking_of("r"));
  core::notice go(context.get_executor());
  store.pause = [&]() -> core::task<void> { co_await go.wait(far); };
  auto cache = std::make_unique<rooms::booking_cache>(store, rooms::cache_settings{},
                                                      context.get_executor());
  core::task_group group(context.get_executor());
  caller who;
  group.spawn(ask(cache.get(), "r", {}, &who, far));
  context.poll();
  cache.reset();
  group.close(false);
  BOOST_TEST(tests::run(context, group.ended(far)));
  BOOST_TEST(who.told != "nothing yet");
}

BOOST_AUTO_TEST_CASE(a_spray_of_unknown_rooms_pushes_no_booking_out) {
  scene s({.bookings_max = 10, .absent_max = 5});
  for (int i = 0; i < 10; ++i) {
    const std::string id = "r" + std::to_string(i);
    s.write(id, "u1");
    BOOST_TEST(s.find(id).has_value());
  }
  for (int i = 0; i < 500; ++i) BOOST_TEST(s.find("spray" + std::to_string(i)).has_value());
  for (int i = 0; i < 10; ++i) BOOST_TEST(s.known("r" + std::to_string(i)) == "u1");
  BOOST_TEST(s.cache.size() == 15u);
}

BOOST_AUTO_TEST_CASE(a_full_shelf_gives_up_what_was_not_used) {
  rooms::shelf<int> shelf(4);
  const core::steady_time now{};
  for (int i = 0; i < 4; ++i) shelf.put("k" + std::to_string(i), i, now + 1s);
  BOOST_TEST(shelf.find("k0", now) != nullptr);
  BOOST_TEST(shelf.find("k2", now) != nullptr);
  shelf.put("k4", 4, now + 1s);
  shelf.put("k5", 5, now + 1s);
  BOOST_TEST(shelf.size() == 4u);
  BOOST_TEST(shelf.find("k1", now) == nullptr);
  BOOST_TEST(shelf.find("k3", now) == nullptr);
  for (const int kept : {0, 2, 4, 5}) {
    const int* held = shelf.find("k" + std::to_string(kept), now);
    BOOST_TEST_REQUIRE(held != nullptr);
    BOOST_TEST(*held == kept);
  }
}

BOOST_AUTO_TEST_CASE(a_shelf_whose_entries_are_all_used_still_makes_room) {
  rooms::shelf<int> shelf(100);
  const core::steady_time now{};
  for (int i = 0; i < 10'000; ++i) {
    const std::string key = "k" + std::to_string(i);
    shelf.put(key, i, now + 1s);
    const int* held = shelf.find(key, now);
    BOOST_TEST_REQUIRE(held != nullptr);
    BOOST_TEST(*held == i);
    if (i % 7 == 0) shelf.erase(key);
    BOOST_TEST_REQUIRE(shelf.size() <= 100u);
  }
}

BOOST_AUTO_TEST_CASE(settings_are_read_and_bounded) {
  core::mistakes found;
  core::options table("booking_cache", "test.toml", found);
  table.set("bookings_max", std::int64_t{5'000});
  table.set("fresh", std::string("10s"));
  table.set("absent_fresh", std::string("2m"));
  const auto read = rooms::read_cache_settings(table);
  BOOST_TEST(read.bookings_max == 5'000u);
  BOOST_TEST((read.fresh == 10s));
  BOOST_TEST(found.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
