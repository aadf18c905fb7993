// What other processes wrote reaches every shard, whatever goes wrong on the way.
#include "join/store_watch.hpp"

#include <boost/test/unit_test.hpp>

#include "support/door_scene.hpp"

using namespace std::chrono_literals;
using tests::door_scene;

namespace {

struct scene : door_scene {
  scene() {
    shards.revocation_listeners.push_back(
        [this](const core::revocation& what) { revoked.push_back(what); });
  }
  void begin() { BOOST_TEST_REQUIRE(run(watch.begin(tests::far_deadline())).has_value()); }
  void look() { run(watch.look()); }
  static rooms::news of(std::string_view room) {
    rooms::news what;
    what.rooms.push_back(core::room_id::from(room).value());
    return what;
  }
  void revoke(std::string user, core::wall_time when) {
    auto kept = store.revoke({std::move(user), "", when}, when, {}, tests::far_deadline());
    BOOST_TEST_REQUIRE(run(std::move(kept)).has_value());
  }

  std::vector<core::revocation> revoked;
  join::store_watch watch{{context.get_executor(), shards, store, clock, log, metrics,
                           std::chrono::hours(24), 250ms,
                           [this](core::deadline until) -> core::task<bool> {
                             BOOST_TEST((until.at() - clock.steady_now() == 250ms));
                             return tests::no_pause(until);
                           }}};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(store_watch)

BOOST_AUTO_TEST_CASE(what_was_revoked_before_the_start_is_told_first_and_the_forgotten_not) {
  scene at;
  at.revoke("u1", at.clock.wall_now());
  at.revoke("long-ago", at.clock.wall_now() - 49h);
  at.begin();
  BOOST_TEST_REQUIRE(at.revoked.size() == 1u);
  BOOST_TEST(at.revoked.front().user == "u1");
}

BOOST_AUTO_TEST_CASE(news_are_announced_once_and_nothing_is_announced_where_there_are_none) {
  scene at;
  at.store.news.push_back(scene::of("before-the-start"));
  at.begin();
  at.look();
  BOOST_TEST(at.shards.announced.empty());
  at.store.news.push_back(scene::of("talk"));
  at.store.news.back().revocations.push_back({"u1", "", at.clock.wall_now()});
  at.look();
  at.look();
  BOOST_TEST((at.shards.announced == std::vector<std::string>{"talk"}));
  BOOST_TEST(at.revoked.size() == 1u);
}

BOOST_AUTO_TEST_CASE(who_has_not_heard_the_store_for_a_while_says_so) {
  scene at;
  at.begin();
  BOOST_TEST(at.watch.hears());
  at.clock.advance(5s);
  BOOST_TEST(at.watch.hears());
  at.clock.advance(1s);
  BOOST_TEST(!at.watch.hears());
  BOOST_TEST(at.metrics.render().find("store_watch_behind_seconds 6\n") != std::string::npos);
  at.look();
  BOOST_TEST(at.watch.hears());
  BOOST_TEST(at.metrics.render().find("store_watch_behind_seconds 0\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_booking_that_another_process_changed_is_read_again) {
  scene at;
  at.store.add(tests::booking_of("talk", "own"));
  at.begin();
  BOOST_TEST(at.run(at.join("talk")).has_value());
  auto other = tests::booking_of("talk", "own");
  other.participants.front().user = core::user_id::from("somebody-else").value();
  at.store.add(other);
  BOOST_TEST(at.run(at.join("talk")).has_value());  // remembered
  at.store.news.push_back(scene::of("talk"));
  at.look();
  BOOST_TEST(!at.run(at.join("talk")).has_value());
}

BOOST_AUTO_TEST_CASE(where_the_store_does_not_answer_nothing_is_missed) {
  scene at;
  at.begin();
  at.store.news.push_back(scene::of("one"));
  at.store.broken = true;
  at.look();
  at.look();
  BOOST_TEST(at.shards.announced.empty());
  at.store.news.push_back(scene::of("two"));
  at.store.broken = false;
  at.look();
  at.look();
  BOOST_TEST((at.shards.announced == std::vector<std::string>{"one", "two"}));
}

BOOST_AUTO_TEST_CASE(who_missed_too_much_hears_all_revocations_again) {
  scene at;
  at.begin();
  at.revoke("u1", at.clock.wall_now());
  rooms::news missed;
  missed.everything = true;
  at.store.news.push_back(missed);
  at.look();
  BOOST_TEST(at.shards.everything == 1);
  BOOST_TEST_REQUIRE(at.revoked.size() == 1u);
  BOOST_TEST(at.revoked.front().user == "u1");
}

BOOST_AUTO_TEST_CASE(a_start_without_the_store_is_an_error) {
  scene at;
  at.store.broken = true;
  BOOST_TEST(!at.run(at.watch.begin(tests::far_deadline())).has_value());
}

BOOST_AUTO_TEST_CASE(it_looks_by_itself_until_it_is_stopped) {
  scene at;
  at.begin();
  at.store.news.push_back(scene::of("talk"));
  at.watch.start();
  at.context.restart();
  while (at.shards.announced.empty()) at.context.poll_one();
  BOOST_TEST((at.shards.announced == std::vector<std::string>{"talk"}));
  at.watch.stop();
  BOOST_TEST(at.run(at.watch.ended(tests::far_deadline())));
}

BOOST_AUTO_TEST_SUITE_END()
