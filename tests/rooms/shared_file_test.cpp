// Several processes on one file of bookings: each hears what the others write, and only that.
#include <sqlite3.h>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/task_group.hpp"
#include "rooms/sqlite_store.hpp"
#include "support/memory_store.hpp"
#include "support/run.hpp"
#include "support/scratch_directory.hpp"

using namespace std::chrono_literals;

namespace {

const auto provider = core::provider_name::from("100ms").value();
const auto far = core::deadline::after(std::chrono::steady_clock::now(), std::chrono::hours(1));
const core::wall_time t0{std::chrono::seconds(1'800'000'000)};

// What one process has of the store. Two of them in one test process have nothing in common but the
// file: SQLite's locks between connections are the same.
struct process {
  explicit process(const std::string& path)
      : store(std::make_unique<rooms::sqlite_store>(rooms::sqlite_settings{.path = path}, log)) {
    place = tests::run(context, store->news_since(std::nullopt, far)).value().next;
  }

  rooms::news look() {
    auto page = tests::run(context, store->news_since(place, far));
    BOOST_TEST_REQUIRE(page.has_value());
    place = page->next;
    return std::move(page->what);
  }
  void put(std::string_view room) { BOOST_TEST_REQUIRE(can_put(room)); }
  bool can_put(std::string_view room) {
    return tests::run(context, store->put(tests::draft_of(room), provider, t0, far)).has_value();
  }
  void cancel(std::string_view room) {
    auto gone = store->close(*core::room_id::from(room), rooms::booking_state::cancelled, t0, far);
    BOOST_TEST_REQUIRE(tests::run(context, std::move(gone)).has_value());
  }
  void revoke(core::revocation what) {
    BOOST_TEST_REQUIRE(
        tests::run(context, store->revoke(std::move(what), t0, t0 - 24h, far)).has_value());
  }
  bool hold(std::string what, std::string who, core::wall_time now = t0) {
    auto held = store->hold({std::move(what), std::move(who), now + 10s}, now, far);
    return tests::run(context, std::move(held)).value();
  }

  asio::io_context context{1};
  core::silent_logger log;
  std::unique_ptr<rooms::sqlite_store> store;
  rooms::news_place place = 0;
};

struct scene {
  tests::scratch_directory where;
  std::string path = where.file("bookings.db");
  process a{path};
  process b{path};
};

std::string names(const rooms::news& what) {
  std::string out;
  for (const core::room_id& room : what.rooms) out += room.text() + " ";
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(shared_file)

BOOST_AUTO_TEST_CASE(each_hears_of_the_bookings_that_the_other_writes_and_not_of_its_own) {
  scene s;
  BOOST_TEST(s.b.look().empty());
  s.a.put("one");
  s.a.put("two");
  s.b.put("three");
  BOOST_TEST(names(s.b.look()) == "one two ");
  BOOST_TEST(s.b.look().empty());
  BOOST_TEST(names(s.a.look()) == "three ");
  s.a.cancel("one");
  s.a.cancel("one");  // changes nothing
  BOOST_TEST(names(s.b.look()) == "one ");
  BOOST_TEST(s.a.look().empty());
}

BOOST_AUTO_TEST_CASE(a_booking_that_was_written_often_is_heard_of_once) {
  scene s;
  for (int i = 0; i < 5; ++i) {
    s.a.put("one");
    s.a.cancel("one");
  }
  BOOST_TEST(names(s.b.look()) == "one ");
}

BOOST_AUTO_TEST_CASE(
    a_write_whose_caller_left_before_it_was_made_is_heard_of_by_its_own_process_too) {
  scene s;
  sqlite3* other = nullptr;
  BOOST_TEST_REQUIRE(sqlite3_open(s.path.c_str(), &other) == SQLITE_OK);
  const auto other_runs = [&](const char* sql) {
    BOOST_TEST_REQUIRE(sqlite3_exec(other, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  };
  other_runs("BEGIN IMMEDIATE");
  const auto soon = core::deadline::after(std::chrono::steady_clock::now(), 50ms);
  auto left = s.a.store->put(tests::draft_of("left"), provider, t0, soon);
  BOOST_TEST(!tests::run(s.a.context, std::move(left)).has_value());
  other_runs("COMMIT");
  sqlite3_close(other);
  s.a.put("waited-for");  // behind it in the queue, so that it is made by now
  BOOST_TEST(names(s.a.look()) == "left ");
  BOOST_TEST(names(s.b.look()) == "left waited-for ");
}

BOOST_AUTO_TEST_CASE(revocations_are_heard_of_as_they_were_made) {
  scene s;
  const core::revocation user{"u1", "", t0 - 60s}, token{"", "t1", {}}, all{"", "", t0 - 1h};
  for (const auto& one : {user, token, all}) s.a.revoke(one);
  auto heard = s.b.look();
  BOOST_TEST((heard.revocations == std::vector<core::revocation>{user, token, all}));
  BOOST_TEST(heard.rooms.empty());
  BOOST_TEST(s.a.look().empty());
  // Of the same user again, the later instant.
  s.a.revoke({"u1", "", t0});
  heard = s.b.look();
  BOOST_TEST_REQUIRE(heard.revocations.size() == 1u);
  BOOST_TEST((heard.revocations.front() == core::revocation{"u1", "", t0}));
}

BOOST_AUTO_TEST_CASE(what_is_heard_of_can_be_read) {
  scene s;
  for (int i = 0; i < 20; ++i) {
    const std::string room = "room-" + std::to_string(i);
    s.a.put(room);
    BOOST_TEST(names(s.b.look()) == room + " ");
    auto found = tests::run(s.b.context, s.b.store->find(*core::room_id::from(room), far));
    BOOST_TEST(found.value().has_value());
  }
}

BOOST_AUTO_TEST_CASE(who_has_missed_too_much_is_told_so_and_goes_on_from_there) {
  scene s;
  const rooms::news_place long_ago = s.b.place;
  core::task_group group(s.a.context.get_executor());
  for (int i = 0; i < 10'050; ++i)
    group.spawn([](rooms::store* store, int number) -> core::task<void> {
      co_await store->put(tests::draft_of("r" + std::to_string(number % 9'000)), provider, t0, far);
      co_await store->revoke({"u" + std::to_string(number), "", t0}, t0, t0 - 24h, far);
    }(s.a.store.get(), i));
  group.close(false);
  BOOST_TEST(tests::run(s.a.context, group.ended(far)));
  auto heard = s.b.look();
  BOOST_TEST(heard.everything);
  BOOST_TEST(s.b.place > long_ago + 10'000);
  BOOST_TEST(s.b.look().empty());
  s.a.put("after");
  BOOST_TEST(names(s.b.look()) == "after ");
}

BOOST_AUTO_TEST_CASE(a_copy_that_was_put_back_is_everything_new) {
  scene s;
  s.a.put("one");
  s.b.place = 1'000;
  BOOST_TEST(s.b.look().everything);
  BOOST_TEST(s.b.look().empty());
}

BOOST_AUTO_TEST_CASE(of_a_store_in_memory_there_is_never_news) {
  process alone(":memory:");
  alone.put("one");
  BOOST_TEST(alone.look().empty());
}

BOOST_AUTO_TEST_CASE(a_lease_has_one_holder_until_it_lets_go_or_the_time_is_over) {
  scene s;
  BOOST_TEST(s.a.hold("sweep", "a"));
  BOOST_TEST(s.a.hold("sweep", "a", t0 + 5s));  // theirs: longer
  BOOST_TEST(!s.b.hold("sweep", "b", t0 + 14s));
  BOOST_TEST(s.b.hold("other", "b"));
  BOOST_TEST(s.b.hold("sweep", "b", t0 + 15s));
  BOOST_TEST(!s.a.hold("sweep", "a", t0 + 16s));
  BOOST_TEST(!tests::run(s.a.context, s.a.store->let_go("sweep", "a", far)).value());
  BOOST_TEST(tests::run(s.b.context, s.b.store->let_go("sweep", "b", far)).value());
  BOOST_TEST(s.a.hold("sweep", "a", t0 + 16s));
}

BOOST_AUTO_TEST_CASE(a_lease_that_a_clock_ahead_has_given_is_void_when_the_clock_is_right_again) {
  scene s;
  BOOST_TEST(s.a.hold("sweep", "a", t0 + 1h));
  BOOST_TEST(s.b.hold("sweep", "b", t0));
  // What an adjusted clock does is no reason.
  BOOST_TEST(!s.a.hold("sweep", "a", t0 - 1s));
  BOOST_TEST(s.a.hold("sweep", "a", t0 - 2s));
}

BOOST_AUTO_TEST_CASE(two_processes_that_start_at_once_make_one_file) {
  for (int i = 0; i < 20; ++i) {
    tests::scratch_directory where;
    const std::string path = where.file("bookings.db");
    std::vector<std::optional<std::string>> went(3);
    {
      std::vector<std::jthread> all;
      for (auto& how : went)
        all.emplace_back([&how, &path] {
          try {
            core::silent_logger log;
            rooms::sqlite_store store({.path = path}, log);
            how = "";
          } catch (const std::exception& error) {
            how = error.what();
          }
        });
    }
    for (const auto& how : went) BOOST_TEST(how.value() == "");
  }
}

BOOST_AUTO_TEST_CASE(both_write_at_once_and_nothing_is_lost_or_missed) {
  scene s;
  constexpr int each = 300;
  // Boost.Test is for one thread: they count, and it is looked at afterwards.
  const auto write = [](process& by, const std::string& prefix, int& written) {
    for (int i = 0; i < each; ++i) written += by.can_put(prefix + std::to_string(i));
  };
  int by_a = 0, by_b = 0;
  {
    std::jthread first(write, std::ref(s.a), "a", std::ref(by_a));
    std::jthread second(write, std::ref(s.b), "b", std::ref(by_b));
  }
  BOOST_TEST(by_a == each);
  BOOST_TEST(by_b == each);
  BOOST_TEST(s.a.look().rooms.size() == std::size_t{each});
  BOOST_TEST(s.b.look().rooms.size() == std::size_t{each});
}

BOOST_AUTO_TEST_SUITE_END()
