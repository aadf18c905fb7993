// The way in: what is decided, what is asked, and what a warm join does not do.
#include "join/join_service.hpp"

#include <boost/test/unit_test.hpp>

#include "join/error.hpp"
#include "providers/error.hpp"
#include "rooms/error.hpp"
#include "support/door_scene.hpp"

BOOST_AUTO_TEST_SUITE(join_service)

using namespace std::chrono_literals;
using tests::door_scene;

BOOST_AUTO_TEST_CASE(an_unknown_room_is_not_found_and_nobody_is_asked) {
  door_scene at;
  auto made = at.run(at.join("nowhere"));
  BOOST_REQUIRE(!made);
  BOOST_TEST(made.error().code == rooms::errc::room_not_found);
  BOOST_TEST(at.vendor->calls() == 0u);
}

BOOST_AUTO_TEST_CASE(a_store_that_is_away_is_said_so) {
  door_scene at;
  at.store.broken = true;
  auto made = at.run(at.join("talk"));
  BOOST_REQUIRE(!made);
  BOOST_TEST(made.error().code == rooms::errc::store_unavailable);
}

BOOST_AUTO_TEST_CASE(a_booking_of_a_provider_that_is_gone_is_said_so) {
  door_scene at;
  at.store.add(tests::booking_of("talk", "removed"));
  auto made = at.run(at.join("talk"));
  BOOST_REQUIRE(!made);
  BOOST_TEST(made.error().code == join::errc::provider_missing);
}

BOOST_AUTO_TEST_CASE(a_stranger_makes_no_room) {
  door_scene at;
  at.store.add(tests::booking_of("talk"));
  auto made = at.run(at.joins->join(at.call("talk"), at.person("stranger"), tests::far_deadline()));
  BOOST_REQUIRE(!made);
  BOOST_TEST(made.error().code == rooms::errc::not_assigned);
  BOOST_TEST(at.vendor->calls() == 0u);
}

BOOST_AUTO_TEST_CASE(a_provider_that_refuses_a_link_is_passed_on) {
  door_scene at;
  at.store.add(tests::booking_of("talk"));
  at.vendor->admit_fails = providers::errc::rejected;
  auto made = at.run(at.join("talk"));
  BOOST_REQUIRE(!made);
  BOOST_TEST(made.error().code == providers::errc::rejected);
}

BOOST_AUTO_TEST_CASE(the_first_join_is_cold_and_the_second_does_not_wait) {
  door_scene at;
  at.store.add(tests::booking_of("talk"));
  const auto who = at.person("u1");
  const auto now = [&] {
    return at.joins->join_now(at.call("talk"), *who, at.clock.wall_now(), at.clock.steady_now());
  };
  BOOST_TEST(!now().has_value());
  auto cold = at.run(at.join("talk"));
  BOOST_REQUIRE(cold);
  BOOST_TEST(cold->booking->provider_room == "made-talk-1");
  // The announcement of the new room made the cache forget: the next look reads it once more.
  BOOST_REQUIRE(at.run(at.join("talk")));
  const std::size_t finds = at.store.finds;
  auto warm = now();
  BOOST_REQUIRE(warm.has_value());
  BOOST_REQUIRE(*warm);
  BOOST_TEST((*warm)->url == "https://video.example/talk/u1/3");
  BOOST_TEST(at.store.finds == finds);
  BOOST_TEST(at.vendor->prepared.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_provider_that_must_be_asked_is_never_warm) {
  door_scene at;
  at.vendor->asks = true;
  at.store.add(tests::booking_of("talk"));
  BOOST_REQUIRE(at.run(at.join("talk")));
  BOOST_REQUIRE(at.run(at.join("talk")));
  const auto who = at.person("u1");
  BOOST_TEST(!at.joins->join_now(at.call("talk"), *who, at.clock.wall_now(), at.clock.steady_now())
                  .has_value());
}

BOOST_AUTO_TEST_CASE(a_hint_is_shown_first_then_the_sessions_name_then_the_seat) {
  door_scene at;
  at.store.add(tests::booking_of("talk", "own"));
  const auto shown = [&](std::string hint, std::string name) {
    auto call = at.call("talk");
    call.display_name = std::move(hint);
    BOOST_REQUIRE(
        at.run(at.joins->join(call, at.person("u1", std::move(name)), tests::far_deadline())));
    return at.own->admitted.back().name;
  };
  BOOST_TEST(shown("Dr X", "Anna") == "Dr X");
  BOOST_TEST(shown("", "Anna") == "Anna");
  BOOST_TEST(shown("", "") == "Expert");
}

BOOST_AUTO_TEST_CASE(
    a_long_link_is_refreshed_two_minutes_before_its_end_and_a_short_one_at_four_fifths) {
  door_scene at;
  at.store.add(tests::booking_of("talk", "own"));
  const auto refreshed_after = [&](std::chrono::seconds life) {
    at.own->link_life = life;
    auto made = at.run(at.join("talk"));
    BOOST_REQUIRE(made);
    return std::chrono::duration_cast<std::chrono::seconds>(made->refresh_after -
                                                            at.clock.wall_now())
        .count();
  };
  BOOST_TEST(refreshed_after(1h) == 58 * 60);
  BOOST_TEST(refreshed_after(600s) == 480);
  BOOST_TEST(refreshed_after(100s) == 80);
}

BOOST_AUTO_TEST_CASE(no_link_outlives_the_closing_of_the_room) {
  door_scene at;
  at.store.add(tests::booking_of("talk", "own"));
  at.own->link_life = 24h;
  auto made = at.run(at.join("talk"));
  BOOST_REQUIRE(made);
  BOOST_TEST(core::to_rfc3339(made->expires_at) == "2026-11-22T12:00:00Z");
}

BOOST_AUTO_TEST_CASE(a_booking_that_is_cancelled_while_its_room_is_made_lets_nobody_in) {
  door_scene at;
  at.store.add(tests::booking_of("talk"));
  at.vendor->pause = [&]() -> core::task<void> {
    auto closed =
        co_await at.store.close(*core::room_id::from("talk"), rooms::booking_state::cancelled,
                                at.clock.wall_now(), tests::far_deadline());
    BOOST_TEST(closed.has_value());
  };
  auto made = at.run(at.join("talk"));
  BOOST_REQUIRE(!made);
  BOOST_TEST(made.error().code == rooms::errc::room_cancelled);
  BOOST_TEST(at.store.closings() == 1u);
}

BOOST_AUTO_TEST_CASE(a_room_that_the_provider_does_not_know_any_more_is_made_again) {
  door_scene at;
  at.vendor->asks = true;
  at.store.add(tests::booking_of("talk"));
  BOOST_REQUIRE(at.run(at.join("talk")));
  at.vendor->gone = "made-talk-1";
  at.shards.announced.clear();
  BOOST_REQUIRE(at.run(at.join("talk")));
  BOOST_TEST(at.vendor->admitted.back().provider_room == "made-talk-1-again");
  BOOST_TEST(at.store.peek("talk")->provider_room == "made-talk-1-again");
  BOOST_TEST(at.vendor->prepared.size() == 2u);
  BOOST_TEST(at.shards.announced.size() >= 2u);  // other shards hear of the loss and of the new one
  BOOST_TEST(at.store.closings() == 0u);
}

BOOST_AUTO_TEST_CASE(a_provider_that_never_knows_its_rooms_is_asked_twice_and_not_for_ever) {
  door_scene at;
  at.vendor->asks = true;
  at.store.add(tests::booking_of("talk"));
  at.vendor->admit_fails = providers::errc::room_gone;
  const auto made = at.run(at.join("talk"));
  BOOST_REQUIRE(!made);
  BOOST_TEST(made.error().code == providers::errc::room_gone);
  BOOST_TEST(at.vendor->prepared.size() == 2u);
  BOOST_TEST(at.vendor->admitted.size() == 2u);
}

BOOST_AUTO_TEST_CASE(who_hears_late_that_a_room_is_gone_does_not_lose_the_one_made_since) {
  door_scene at;
  at.vendor->asks = true;
  at.store.add(tests::booking_of("talk"));
  BOOST_REQUIRE(at.run(at.join("talk")));
  at.vendor->gone = "made-talk-1";
  at.vendor->pause = [&]() -> core::task<void> {
    at.vendor->pause = {};  // somebody else is faster, while this one waits for its answer
    auto faster = co_await at.join("talk");
    BOOST_TEST(faster.has_value());
  };
  BOOST_REQUIRE(at.run(at.join("talk")));
  BOOST_TEST(at.vendor->prepared.size() == 2u);
  BOOST_TEST(at.store.peek("talk")->provider_room == "made-talk-1-again");
}

BOOST_AUTO_TEST_CASE(
    a_booking_that_changes_while_its_link_is_asked_for_lets_nobody_in_by_the_old_one) {
  for (const bool reopened : {false, true}) {
    for (const bool fails : {false, true}) {
      door_scene at;
      at.vendor->asks = true;
      at.store.add(tests::booking_of("talk"));
      BOOST_REQUIRE(at.run(at.join("talk")));
      const auto room = *core::room_id::from("talk");
      if (fails) at.vendor->admit_fails = providers::errc::rejected;
      at.vendor->pause = [&]() -> core::task<void> {
        auto closed = co_await at.store.close(room, rooms::booking_state::cancelled,
                                              at.clock.wall_now(), tests::far_deadline());
        BOOST_TEST(closed.has_value());
        if (reopened) {
          auto put = co_await at.store.put(tests::draft_of("talk"), closed->provider,
                                           at.clock.wall_now(), tests::far_deadline());
          BOOST_TEST(put.has_value());
        }
        at.bookings.forget(room);
      };
      auto made = at.run(at.join("talk"));
      BOOST_REQUIRE(!made);
      // Who asks again gets into the new room.
      if (reopened)
        BOOST_TEST(made.error().code == providers::errc::unavailable);
      else
        BOOST_TEST(made.error().code == rooms::errc::room_cancelled);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
