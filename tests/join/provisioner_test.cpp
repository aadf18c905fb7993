// Rooms at providers: made once, closed in the end, forgotten never.
#include "join/provisioner.hpp"

#include <boost/test/unit_test.hpp>

#include "core/task_group.hpp"
#include "join/background.hpp"
#include "providers/error.hpp"
#include "rooms/error.hpp"
#include "support/door_scene.hpp"

BOOST_AUTO_TEST_SUITE(provisioner)

using namespace std::chrono_literals;
using tests::door_scene;

namespace {

struct tally {
  std::size_t good = 0;
  std::size_t bad = 0;
  std::error_code last;
};

core::task<void> join_once(door_scene* at, std::string room, tally* count) {
  auto made = co_await at->join(room);
  if (made)
    ++count->good;
  else
    ++count->bad, count->last = made.error().code;
}

// Starts so many joins of one room and runs what is ready.
void start_joins(door_scene& at, core::task_group& group, std::size_t how_many, tally& count) {
  for (std::size_t i = 0; i < how_many; ++i) group.spawn(join_once(&at, "talk", &count));
  at.settle();
}

void finish(door_scene& at, core::task_group& group) {
  group.close(false);
  BOOST_TEST(at.run(group.ended(tests::far_deadline())));
}

// The vendor's calls wait until this is given.
core::notice hold(door_scene& at) {
  core::notice go(at.context.get_executor());
  at.vendor->pause = [go]() mutable -> core::task<void> {
    return [](core::notice n) -> core::task<void> { co_await n.wait(tests::far_deadline()); }(go);
  };
  return go;
}

rooms::booking_ptr kept(door_scene& at, std::string_view room) {
  return std::make_shared<const rooms::booking>(*at.store.peek(room));
}

// In the store alone, as another node or a crash would leave it.
void cancel(door_scene& at) {
  auto gone = at.run(at.store.close(*core::room_id::from("talk"), rooms::booking_state::cancelled,
                                    at.clock.wall_now(), tests::far_deadline()));
  BOOST_REQUIRE(gone);
}

rooms::booking_ptr replace(door_scene& at, rooms::booking_draft with) {
  auto made = at.run(at.store.put(std::move(with), *core::provider_name::from("100ms"),
                                  at.clock.wall_now(), tests::far_deadline()));
  BOOST_REQUIRE(made);
  at.bookings.forget(made->stored.room);
  return std::make_shared<const rooms::booking>(std::move(made->stored));
}

void reopen(door_scene& at) { BOOST_TEST(replace(at, tests::draft_of("talk"))->generation == 2u); }

void join_first(door_scene& at) {
  at.store.add(tests::booking_of("talk"));
  BOOST_REQUIRE(at.run(at.join("talk")));
}

// A room that somebody has joined, at a vendor where another time means another room.
std::string join_replaceable(door_scene& at) {
  at.vendor->wants_terms = at.vendor->replaces_room = at.vendor->makes_another = true;
  join_first(at);
  return at.store.peek("talk")->provider_room;
}

rooms::booking_draft longer() {
  auto out = tests::draft_of("talk");
  out.ends_at += 1h;
  return out;
}

void sweep(door_scene& at) {
  at.run(at.provisioner->sweep());
  at.settle();
}

// What the vendor says of the call in the room.
void report(door_scene& at, bool live) {
  rooms::call_report what;
  what.provider = *core::provider_name::from("100ms");
  what.room = *core::room_id::from("talk");
  what.live = live;
  what.at = at.clock.wall_now();
  auto kept = at.run(at.store.report_call(what, at.clock.wall_now(), tests::far_deadline()));
  BOOST_REQUIRE(kept && kept->changed);
  at.bookings.forget(*what.room);
}

rooms::booking_draft larger() {
  auto out = tests::draft_of("talk");
  out.participants.push_back({*core::user_id::from("u3"), core::role::client});
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_failure_is_shared_by_all_who_wait_and_not_remembered) {
  door_scene at;
  at.store.add(tests::booking_of("talk"));
  at.vendor->prepare_fails = providers::errc::rejected;
  auto go = hold(at);
  tally count;
  core::task_group group(at.context.get_executor());
  start_joins(at, group, 100, count);
  go.give();
  finish(at, group);
  BOOST_TEST(count.bad == 100u);
  BOOST_TEST(count.last == providers::errc::rejected);
  BOOST_TEST(at.vendor->prepared.size() == 1u);

  at.vendor->prepare_fails.reset();
  BOOST_TEST(at.run(at.join("talk")).has_value());
  BOOST_TEST(at.vendor->prepared.size() == 2u);
}

BOOST_AUTO_TEST_CASE(while_the_provider_is_away_the_store_is_left_alone) {
  door_scene at;
  at.store.add(tests::booking_of("talk"));
  BOOST_TEST_REQUIRE(at.run(at.bookings.find(*core::room_id::from("talk"), at.clock.steady_now(),
                                             tests::far_deadline()))
                         .has_value());
  at.vendor->away = core::failure(providers::errc::unavailable, "away").retry_in(7s);
  const auto finds = at.store.finds;
  for (int i = 0; i < 3; ++i) {
    const auto refused = at.run(at.join("talk"));
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().code == providers::errc::unavailable);
    BOOST_TEST((refused.error().retry_after == 7s));
  }
  BOOST_TEST(at.store.finds == finds);
  BOOST_TEST(at.store.leases.empty());
  BOOST_TEST(at.vendor->prepared.empty());

  at.vendor->away.reset();
  BOOST_TEST(at.run(at.join("talk")).has_value());
}

BOOST_AUTO_TEST_CASE(more_rooms_than_have_a_place_in_line_are_refused_at_once) {
  join::provision_settings settings;
  settings.makes_max = 2;
  door_scene at(settings);
  auto go = hold(at);
  tally count;
  core::task_group group(at.context.get_executor());
  for (const char* room : {"a", "b", "c"}) {
    at.store.add(tests::booking_of(room));
    group.spawn(join_once(&at, room, &count));
  }
  at.settle();
  BOOST_TEST(count.bad == 1u);
  BOOST_TEST(count.last == providers::errc::unavailable);
  BOOST_TEST(at.vendor->prepared.size() == 2u);
  go.give();
  finish(at, group);
  BOOST_TEST(count.good == 2u);
  at.vendor->pause = {};
  BOOST_TEST(at.run(at.join("c")).has_value());
}

BOOST_AUTO_TEST_CASE(a_hundred_first_joins_make_one_room) {
  door_scene at;
  at.store.add(tests::booking_of("talk"));
  auto go = hold(at);
  tally count;
  core::task_group group(at.context.get_executor());
  start_joins(at, group, 100, count);
  BOOST_TEST(count.good == 0u);
  go.give();
  finish(at, group);
  BOOST_TEST(count.good == 100u);
  BOOST_TEST(at.vendor->prepared.size() == 1u);
  BOOST_TEST(at.store.peek("talk")->provider_room == "made-talk-1");
}

BOOST_AUTO_TEST_CASE(who_still_holds_the_old_booking_makes_no_second_room) {
  door_scene at;
  at.store.add(tests::booking_of("talk"));
  const rooms::booking_ptr old = kept(at, "talk");
  BOOST_REQUIRE(at.run(at.join("talk")));
  auto again = at.run(at.provisioner->ready(old, std::nullopt, tests::far_deadline()));
  BOOST_REQUIRE(again);
  BOOST_TEST((*again)->provider_room == "made-talk-1");
  BOOST_TEST(at.vendor->prepared.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_leader_who_leaves_takes_nothing_from_the_others) {
  door_scene at;
  at.store.add(tests::booking_of("talk"));
  auto go = hold(at);
  const auto soon = core::deadline::after(std::chrono::steady_clock::now(), 1ms);
  auto leader = at.run(at.joins->join(at.call("talk"), at.person("u1"), soon));
  BOOST_REQUIRE(!leader);
  BOOST_TEST(leader.error().code == providers::errc::timed_out);
  tally count;
  core::task_group group(at.context.get_executor());
  start_joins(at, group, 3, count);
  go.give();
  finish(at, group);
  BOOST_TEST(count.good == 3u);
  BOOST_TEST(at.vendor->prepared.size() == 1u);
}

BOOST_AUTO_TEST_CASE(rooms_do_not_queue_behind_each_other) {
  door_scene at;
  at.store.add(tests::booking_of("talk"));
  at.store.add(tests::booking_of("other", "own"));
  auto go = hold(at);
  tally count;
  core::task_group group(at.context.get_executor());
  start_joins(at, group, 1, count);
  BOOST_TEST(at.run(at.join("other")).has_value());
  BOOST_TEST(count.good == 0u);
  go.give();
  finish(at, group);
}

BOOST_AUTO_TEST_CASE(a_store_that_cannot_remember_the_room_does_not_keep_people_out) {
  door_scene at;
  at.store.add(tests::booking_of("talk"));
  at.vendor->pause = [&]() -> core::task<void> {
    at.store.broken = true;
    co_return;
  };
  auto made = at.run(at.join("talk"));
  BOOST_REQUIRE(made);
  BOOST_TEST(at.vendor->admitted.back().provider_room == "made-talk-1");
  BOOST_TEST(at.store.peek("talk")->provider_room == "");
}

BOOST_AUTO_TEST_CASE(a_room_that_nobody_knows_of_is_closed_when_its_booking_is_called_off) {
  for (const bool another : {false, true}) {
    door_scene at;
    at.vendor->makes_another = another;
    at.store.add(tests::booking_of("talk"));
    at.vendor->prepare_fails = providers::errc::timed_out;  // the vendor may have made it
    BOOST_TEST(!at.run(at.join("talk")).has_value());
    at.settle();
    at.vendor->prepare_fails.reset();
    cancel(at);
    const auto asked = at.vendor->prepared.size();
    at.clock.advance(1s);
    sweep(at);
    BOOST_TEST(at.store.closings() == 0u);
    // Where each that is made is another there is nothing to be found by making it.
    BOOST_TEST(at.vendor->prepared.size() == asked + (another ? 0u : 1u));
    BOOST_TEST(at.vendor->closed.size() == (another ? 0u : 1u));
    if (!another) BOOST_TEST(at.vendor->closed[0] == "talk#1 at made-talk-1");
    if (!another)
      BOOST_TEST((at.vendor->prepared.back().wanted_for == providers::urgency::cleanup));
    sweep(at);
    BOOST_TEST(at.vendor->closed.size() == (another ? 0u : 1u));
  }
}

BOOST_AUTO_TEST_CASE(what_could_be_made_after_all_leaves_nothing_to_look_for) {
  door_scene at;
  at.store.add(tests::booking_of("talk"));
  at.vendor->prepare_fails = providers::errc::timed_out;
  BOOST_TEST(!at.run(at.join("talk")).has_value());
  at.settle();
  BOOST_TEST(at.store.leases.size() == 1u);
  at.vendor->prepare_fails.reset();
  BOOST_TEST(at.run(at.join("talk")).has_value());
  at.settle();
  BOOST_TEST(at.store.leases.empty());
}

BOOST_AUTO_TEST_CASE(a_room_that_lost_against_another_nodes_is_closed) {
  door_scene at;
  at.vendor->makes_another = true;
  at.store.add(tests::booking_of("talk"));
  at.vendor->pause = [&]() -> core::task<void> {
    if (!at.vendor->closed.empty()) co_return;
    const rooms::room_made theirs{kept(at, "talk"), "theirs"};
    auto kept_theirs =
        co_await at.store.remember_room(theirs, at.clock.wall_now(), tests::far_deadline());
    BOOST_TEST(kept_theirs.has_value());
  };
  BOOST_REQUIRE(at.run(at.join("talk")));
  at.settle();
  BOOST_TEST(at.vendor->admitted.back().provider_room == "theirs");
  BOOST_REQUIRE(at.vendor->closed.size() == 1u);
  BOOST_TEST(at.vendor->closed[0] == "talk#1 at made-talk-1");
}

BOOST_AUTO_TEST_CASE(every_shard_has_heard_of_the_room_before_anybody_is_answered) {
  door_scene at;
  join_first(at);
  BOOST_TEST(at.shards.announced == std::vector<std::string>{"talk"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_background_makes_a_room_that_is_due_and_leaves_those_that_are_not) {
  join::provision_settings settings;
  settings.prepare_before = 1h;
  settings.prepare_spread = 0s;
  door_scene at(settings);
  auto far = tests::booking_of("far");
  far.starts_at = at.clock.wall_now() + 2h;
  far.ends_at = far.starts_at + 1h;
  at.store.add(tests::booking_of("near"));
  at.store.add(tests::booking_of("roomless", "own"));
  at.store.add(far);
  for (const char* room : {"near", "far", "roomless"}) at.provisioner->prepare_soon(kept(at, room));
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 1u);
  BOOST_TEST(at.store.peek("near")->provider_room == "made-near-1");
  at.clock.advance(61min);
  at.run(at.provisioner->sweep());
  at.settle();
  BOOST_TEST(at.store.peek("far")->provider_room == "made-far-1");
  BOOST_TEST(at.own->calls() == 0u);
}

BOOST_AUTO_TEST_CASE(a_thousand_calls_at_one_start_are_not_a_thousand_creates_at_one_time) {
  join::provision_settings settings;
  settings.prepare_before = 2h;
  settings.prepare_spread = 1h;
  door_scene at(settings);
  const core::wall_time start = at.clock.wall_now() + 2h + 1min;
  for (int i = 0; i < 1'000; ++i) {
    auto one = tests::booking_of("room" + std::to_string(i));
    one.starts_at = start;
    one.ends_at = start + 1h;
    at.store.add(one);
    at.provisioner->prepare_soon(kept(at, one.room.text()));
  }
  at.settle();
  BOOST_TEST(at.vendor->prepared.empty());
  std::size_t most = 0;
  for (int minute = 0; minute < 62; ++minute) {
    const std::size_t before = at.vendor->prepared.size();
    for (int half = 0; half < 2; ++half) {
      at.clock.advance(30s);
      sweep(at);
    }
    most = std::max(most, at.vendor->prepared.size() - before);
  }
  // 17 a minute on average; each once, and an hour before the start.
  BOOST_TEST(most <= 40u);
  BOOST_TEST(at.vendor->prepared.size() == 1'000u);
  auto late = tests::booking_of("late");
  late.starts_at = start;
  late.ends_at = start + 1h;
  at.store.add(late);
  at.provisioner->prepare_soon(kept(at, "late"));
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 1'001u);
}

BOOST_AUTO_TEST_CASE(a_room_whose_door_has_closed_is_given_back_but_not_under_peoples_feet) {
  join::provision_settings settings;
  settings.running_grace = 2h;
  door_scene at(settings);
  for (const char* room : {"over", "running"}) {
    auto one = tests::booking_of(room);
    one.provider_room = "made-" + std::string(room) + "-1";
    if (one.room.text() == "running")
      one.call = {rooms::call_state::live, one.starts_at, one.starts_at, std::nullopt};
    at.store.add(one);
  }
  const auto sweep = [&] {
    at.run(at.provisioner->sweep());
    at.settle();
  };
  sweep();
  BOOST_TEST(at.vendor->closed.empty());
  at.clock.advance(2h + 1s);  // an hour and a second after the end
  sweep();
  BOOST_TEST(at.vendor->closed == std::vector<std::string>{"over#1 at made-over-1"},
             boost::test_tools::per_element());
  BOOST_TEST((at.store.peek("over")->state == rooms::booking_state::ended));
  BOOST_TEST(at.shards.announced == std::vector<std::string>{"over"},
             boost::test_tools::per_element());
  BOOST_TEST((at.store.peek("running")->state == rooms::booking_state::scheduled));
  at.clock.advance(2h);
  sweep();
  BOOST_TEST(at.vendor->closed.size() == 2u);
  BOOST_TEST((at.store.peek("running")->state == rooms::booking_state::ended));
}

BOOST_AUTO_TEST_CASE(no_more_than_the_bound_is_prepared_at_a_time) {
  join::provision_settings settings;
  settings.background_calls = 2;
  door_scene at(settings);
  auto go = hold(at);
  for (int i = 0; i < 10; ++i) {
    const std::string room = "room" + std::to_string(i);
    at.store.add(tests::booking_of(room));
    at.provisioner->prepare_soon(kept(at, room));
  }
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 2u);
  go.give();
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 10u);
}

BOOST_AUTO_TEST_CASE(a_provider_that_refuses_is_not_asked_by_every_sweep) {
  door_scene at;
  at.store.add(tests::booking_of("talk"));
  at.vendor->prepare_fails = providers::errc::rejected;
  for (int i = 0; i < 3; ++i) {
    at.run(at.provisioner->sweep());
    at.settle();
  }
  BOOST_TEST(at.vendor->prepared.size() == 1u);
  at.clock.advance(31s);
  at.run(at.provisioner->sweep());
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_room_is_closed_and_the_note_of_it_goes) {
  door_scene at;
  join_first(at);
  auto closed = at.run(at.store.close(*core::room_id::from("talk"), rooms::booking_state::cancelled,
                                      at.clock.wall_now(), tests::far_deadline()));
  BOOST_REQUIRE(closed);
  at.provisioner->close_soon(std::make_shared<const rooms::booking>(*closed));
  at.settle();
  BOOST_REQUIRE(at.vendor->closed.size() == 1u);
  BOOST_TEST(at.vendor->closed[0] == "talk#1 at made-talk-1");
  BOOST_TEST(at.store.closings() == 0u);
}

BOOST_AUTO_TEST_CASE(a_closing_that_fails_comes_again_later_and_survives_a_crash) {
  door_scene at;
  join_first(at);
  auto ended = at.run(at.store.close(*core::room_id::from("talk"), rooms::booking_state::ended,
                                     at.clock.wall_now(), tests::far_deadline()));
  BOOST_REQUIRE(ended);
  at.vendor->close_fails = providers::errc::unavailable;
  // Nobody called close_soon: that is what a crash looks like.
  const auto sweep = [&] {
    at.run(at.provisioner->sweep());
    at.settle();
    return at.vendor->closed.size();
  };
  BOOST_TEST(sweep() == 1u);
  BOOST_TEST(sweep() == 1u);
  at.clock.advance(31s);
  BOOST_TEST(sweep() == 2u);
  at.vendor->close_fails.reset();
  at.clock.advance(61s);
  BOOST_TEST(sweep() == 3u);
  BOOST_TEST(at.store.closings() == 0u);
}

BOOST_AUTO_TEST_CASE(a_room_that_is_closed_is_not_closed_again) {
  door_scene at;
  join_first(at);
  auto go = hold(at);
  cancel(at);
  for (int i = 0; i < 3; ++i) {
    at.provisioner->close_soon(kept(at, "talk"));
    at.settle();
  }
  BOOST_TEST(at.vendor->closed.size() == 1u);
  go.give();
  at.settle();
  BOOST_TEST(at.store.closings() == 0u);
  at.provisioner->close_soon(kept(at, "talk"));
  at.settle();
  BOOST_TEST(at.vendor->closed.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_close_that_is_asked_for_again_counts_the_failures_before) {
  door_scene at;
  join_first(at);
  cancel(at);
  at.vendor->close_fails = providers::errc::unavailable;
  for (int i = 0; i < 3; ++i) {
    at.provisioner->close_soon(kept(at, "talk"));
    at.settle();
  }
  BOOST_TEST(at.vendor->closed.size() == 3u);
  at.clock.advance(31s);
  at.run(at.provisioner->sweep());
  at.settle();
  BOOST_TEST(at.vendor->closed.size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_late_close_spares_the_room_that_is_in_use_again) {
  for (const bool reuses_room : {true, false}) {
    door_scene at;
    at.vendor->reuses_room = reuses_room;
    at.store.add(tests::booking_of("talk"));
    BOOST_REQUIRE(at.run(at.join("talk")));
    at.vendor->close_fails = providers::errc::unavailable;
    cancel(at);
    at.provisioner->close_soon(kept(at, "talk"));
    at.settle();
    BOOST_TEST(at.vendor->closed.size() == 1u);
    at.vendor->close_fails.reset();
    reopen(at);
    BOOST_REQUIRE(at.run(at.join("talk")));
    BOOST_TEST(at.store.peek("talk")->provider_room == "made-talk-2");
    at.clock.advance(31s);
    at.run(at.provisioner->sweep());
    at.settle();
    BOOST_TEST(at.vendor->closed.size() == (reuses_room ? 1u : 2u));
    BOOST_TEST(at.store.closings() == 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_room_is_made_again_only_when_its_closing_has_ended) {
  door_scene at;
  at.vendor->reuses_room = true;
  join_first(at);
  cancel(at);
  auto go = hold(at);
  at.provisioner->close_soon(kept(at, "talk"));
  at.settle();
  reopen(at);
  tally count;
  core::task_group group(at.context.get_executor());
  start_joins(at, group, 3, count);
  BOOST_TEST(at.vendor->closed.size() == 1u);
  BOOST_TEST(at.vendor->prepared.size() == 1u);
  go.give();
  finish(at, group);
  BOOST_TEST(count.good == 3u);
  BOOST_TEST(at.vendor->prepared.size() == 2u);
  BOOST_TEST(at.store.closings() == 0u);
}

BOOST_AUTO_TEST_CASE(a_room_that_is_being_made_again_is_not_closed) {
  door_scene at;
  at.vendor->reuses_room = true;
  join_first(at);
  cancel(at);
  reopen(at);
  auto go = hold(at);
  tally count;
  core::task_group group(at.context.get_executor());
  start_joins(at, group, 1, count);
  for (int i = 0; i < 2; ++i) {
    at.run(at.provisioner->sweep());
    at.settle();
    go.give();
    at.settle();
  }
  finish(at, group);
  BOOST_TEST(count.good == 1u);
  BOOST_TEST(at.vendor->closed.empty());
  BOOST_TEST(at.store.closings() == 0u);
}

BOOST_AUTO_TEST_CASE(who_wants_to_know_hears_of_each_change_once) {
  for (const bool wants_terms : {true, false}) {
    door_scene at;
    at.vendor->wants_terms = wants_terms;
    at.store.add(tests::booking_of("talk"));
    BOOST_REQUIRE(at.run(at.join("talk")));
    std::size_t calls = 1;
    for (const auto& draft : {longer(), larger()}) {
      at.provisioner->prepare_soon(replace(at, draft));
      at.settle();
      calls += wants_terms ? 1 : 0;
      BOOST_TEST(at.vendor->prepared.size() == calls);
      BOOST_TEST(!at.store.peek("talk")->preparing.untold);
      BOOST_REQUIRE(at.run(at.join("talk")));
      BOOST_TEST(at.vendor->prepared.size() == calls);
    }
    if (wants_terms) BOOST_TEST(at.vendor->prepared.back().participants == 3u);
    if (wants_terms)
      BOOST_TEST(at.vendor->prepared.back().provider_room.starts_with("made-talk-1"));
    BOOST_TEST(at.vendor->closed.empty());
    BOOST_TEST(at.store.closings() == 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_booking_that_moved_far_away_is_told_of_at_once_and_a_new_one_is_not) {
  door_scene at;
  at.vendor->wants_terms = true;
  auto draft = tests::draft_of("talk");
  draft.starts_at += 48h;
  draft.ends_at += 48h;
  at.provisioner->prepare_soon(replace(at, draft));
  at.settle();
  BOOST_TEST(at.vendor->prepared.empty());
  at.provisioner->prepare_soon(replace(at, tests::draft_of("talk")));
  at.settle();
  at.provisioner->prepare_soon(replace(at, draft));
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 2u);
}

BOOST_AUTO_TEST_CASE(what_could_not_be_told_keeps_nobody_out_and_is_told_by_the_sweep) {
  door_scene at;
  at.vendor->wants_terms = true;
  join_first(at);
  at.vendor->prepare_fails = providers::errc::unavailable;
  at.provisioner->prepare_soon(replace(at, longer()));
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 2u);
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(at.run(at.join("talk")).has_value());
    sweep(at);
  }
  BOOST_TEST(at.vendor->prepared.size() == 2u);  // neither by joins nor by each sweep
  at.clock.advance(31s);
  sweep(at);
  BOOST_TEST(at.vendor->prepared.size() == 3u);
  at.vendor->prepare_fails.reset();
  at.clock.advance(61s);
  sweep(at);
  BOOST_TEST(at.vendor->prepared.size() == 4u);
  BOOST_TEST(!at.store.peek("talk")->preparing.untold);
  BOOST_TEST(at.store.peek("talk")->preparing.failures == 0u);
  at.clock.advance(2h);
  sweep(at);
  BOOST_TEST(at.vendor->prepared.size() == 4u);
}

BOOST_AUTO_TEST_CASE(what_waits_for_a_limit_of_seconds_is_made_when_its_turn_comes) {
  door_scene at;
  at.vendor->used_up = 1s;
  int naps = 0;
  at.sleep = [&](core::deadline) -> core::task<bool> {
    at.clock.advance(1s);
    if (++naps == 2) at.vendor->used_up.reset();
    co_return true;
  };
  at.store.add(tests::booking_of("talk"));
  at.provisioner->prepare_soon(kept(at, "talk"));
  at.settle();
  BOOST_TEST(naps == 2);
  BOOST_TEST(at.vendor->prepared.size() == 3u);
  BOOST_TEST(at.store.peek("talk")->provider_room == "made-talk-1");
  // It does not wait for ever, and keeps nobody at the door.
  at.vendor->used_up = 1s;
  at.store.add(tests::booking_of("long"));
  at.provisioner->prepare_soon(kept(at, "long"));
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 9u);
  BOOST_TEST(at.store.peek("long")->provider_room.empty());
  BOOST_TEST(at.run(at.join("long")).has_value());
}

BOOST_AUTO_TEST_CASE(what_waits_for_a_longer_limit_comes_when_that_is_over_and_has_not_failed) {
  door_scene at;
  at.vendor->used_up = 57s;
  at.sleep = [](core::deadline) -> core::task<bool> {
    BOOST_ERROR("a worker slept");
    co_return true;
  };
  at.store.add(tests::booking_of("talk"));
  at.provisioner->prepare_soon(kept(at, "talk"));
  at.settle();
  for (std::size_t tries = 1; tries < 20; ++tries) {
    BOOST_TEST(at.vendor->prepared.size() == tries);
    BOOST_TEST(at.store.peek("talk")->preparing.failures == 0u);
    at.clock.advance(56s);
    sweep(at);
    BOOST_TEST(at.vendor->prepared.size() == tries);
    at.clock.advance(1s);
    sweep(at);
  }
  at.vendor->used_up.reset();
  at.clock.advance(57s);
  sweep(at);
  BOOST_TEST(!at.store.peek("talk")->provider_room.empty());
}

BOOST_AUTO_TEST_CASE(a_closing_that_waits_for_its_turn_is_never_given_up) {
  door_scene at;
  join_first(at);
  auto ended = at.run(at.store.close(*core::room_id::from("talk"), rooms::booking_state::ended,
                                     at.clock.wall_now(), tests::far_deadline()));
  BOOST_REQUIRE(ended);
  at.vendor->used_up = 57s;
  for (int i = 0; i < 40; ++i) {
    sweep(at);
    at.clock.advance(57s);
  }
  BOOST_TEST(at.vendor->closed.size() == 40u);
  BOOST_TEST(at.store.closings() == 1u);
  at.vendor->used_up.reset();
  sweep(at);
  BOOST_TEST(at.store.closings() == 0u);
}

BOOST_AUTO_TEST_CASE(a_change_that_nobody_lived_to_tell_is_told_by_the_sweep) {
  door_scene at;
  at.vendor->wants_terms = true;
  join_first(at);
  auto far = longer();
  far.starts_at += 48h;
  far.ends_at += 48h;
  replace(at, far);  // and nobody calls prepare_soon: that is what a crash looks like
  sweep(at);
  BOOST_TEST(at.vendor->prepared.size() == 2u);
  BOOST_TEST(!at.store.peek("talk")->preparing.untold);
}

BOOST_AUTO_TEST_CASE(a_change_that_is_none_to_its_provider_is_settled_without_asking_it) {
  door_scene at;
  join_first(at);
  replace(at, longer());
  BOOST_TEST(at.store.peek("talk")->preparing.untold);
  sweep(at);
  BOOST_TEST(at.vendor->prepared.size() == 1u);
  BOOST_TEST(!at.store.peek("talk")->preparing.untold);
}

BOOST_AUTO_TEST_CASE(where_the_room_of_before_does_not_open_a_join_waits_for_the_change) {
  door_scene at;
  at.vendor->wants_terms = true;
  at.vendor->opens_anyway = false;
  join_first(at);
  replace(at, longer());
  at.vendor->prepare_fails = providers::errc::unavailable;
  BOOST_TEST(!at.run(at.join("talk")).has_value());
  at.vendor->prepare_fails.reset();
  BOOST_TEST(at.run(at.join("talk")).has_value());
  BOOST_TEST(at.vendor->prepared.size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_room_is_replaced_before_anybody_else_enters_and_the_old_one_closed) {
  door_scene at;
  const std::string before = join_replaceable(at);
  replace(at, longer());
  at.vendor->prepare_fails = providers::errc::unavailable;
  BOOST_TEST(at.run(at.join("talk")).has_value());  // it serves where there is no other
  BOOST_TEST(at.vendor->admitted.back().provider_room == before);
  at.vendor->prepare_fails.reset();
  BOOST_TEST(at.run(at.join("talk")).has_value());
  BOOST_TEST(at.vendor->admitted.back().provider_room != before);
  at.settle();
  BOOST_TEST(at.vendor->closed == std::vector<std::string>{"talk#1 at " + before},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_room_that_was_replaced_and_could_not_be_closed_is_closed_later) {
  door_scene at;
  const std::string before = join_replaceable(at);
  replace(at, longer());
  at.vendor->close_fails = providers::errc::unavailable;
  BOOST_TEST(at.run(at.join("talk")).has_value());
  at.settle();
  BOOST_TEST(at.store.closings() == 1u);
  at.vendor->close_fails.reset();
  at.clock.advance(1min);
  sweep(at);
  BOOST_TEST(at.store.closings() == 0u);
  BOOST_TEST(at.vendor->closed.back() == "talk#1 at " + before);
  BOOST_TEST(at.store.peek("talk")->provider_room != before);
}

BOOST_AUTO_TEST_CASE(a_cancelled_room_does_not_wait_until_the_one_before_it_is_closed) {
  door_scene at;
  const std::string before = join_replaceable(at);
  replace(at, longer());
  auto made = hold(at);
  at.provisioner->prepare_soon(kept(at, "talk"));
  at.settle();
  auto closed = hold(at);
  made.give();
  at.settle();
  BOOST_TEST(at.vendor->closed.size() == 1u);
  const std::string second = at.store.peek("talk")->provider_room;
  BOOST_TEST(second != before);
  cancel(at);
  at.provisioner->close_soon(kept(at, "talk"));
  at.settle();
  BOOST_REQUIRE(at.vendor->closed.size() == 2u);
  BOOST_TEST(at.vendor->closed[1] == "talk#1 at " + second);
  closed.give();
  at.settle();
  BOOST_TEST(at.store.closings() == 0u);
}

BOOST_AUTO_TEST_CASE(a_room_in_which_a_call_runs_is_replaced_when_the_call_is_over) {
  door_scene at;
  const std::string before = join_replaceable(at);
  report(at, true);
  at.provisioner->prepare_soon(replace(at, longer()));
  at.settle();
  for (int i = 0; i < 3; ++i) {
    at.clock.advance(2min);
    sweep(at);
    BOOST_TEST(at.run(at.join("talk")).has_value());
    BOOST_TEST(at.vendor->admitted.back().provider_room == before);
  }
  BOOST_TEST(at.vendor->prepared.size() == 1u);
  BOOST_TEST(at.vendor->closed.empty());
  report(at, false);
  sweep(at);
  BOOST_TEST(at.vendor->prepared.size() == 2u);
  BOOST_TEST(at.store.peek("talk")->provider_room != before);
  BOOST_TEST(at.vendor->closed.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_call_that_begins_while_its_room_is_replaced_keeps_the_room) {
  door_scene at;
  const std::string before = join_replaceable(at);
  replace(at, longer());
  auto go = hold(at);
  at.provisioner->prepare_soon(kept(at, "talk"));
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 2u);
  report(at, true);
  go.give();
  at.settle();
  BOOST_TEST(at.store.peek("talk")->provider_room == before);
  BOOST_REQUIRE(at.vendor->closed.size() == 1u);
  BOOST_TEST(at.vendor->closed[0] != "talk#1 at " + before);
}

BOOST_AUTO_TEST_CASE(no_provider_waits_behind_the_rooms_of_another_or_behind_failures) {
  join::provision_settings settings;
  settings.sweep_batch = 5;
  door_scene at(settings);
  for (int i = 0; i < 20; ++i) at.store.add(tests::booking_of("a" + std::to_string(i), "own"));
  at.vendor->prepare_fails = providers::errc::rejected;
  for (int i = 0; i < 5; ++i) at.store.add(tests::booking_of("b" + std::to_string(i)));
  sweep(at);
  BOOST_TEST(at.vendor->prepared.size() == 5u);
  at.vendor->prepare_fails.reset();
  at.store.add(tests::booking_of("talk"));
  sweep(at);
  BOOST_TEST(at.store.peek("talk")->provider_room == "made-talk-1");
}

BOOST_AUTO_TEST_CASE(other_windows_than_a_room_was_made_for_are_told_when_somebody_comes) {
  door_scene at;
  at.vendor->wants_terms = true;
  auto one = tests::booking_of("talk");
  one.provider_room = "made for other windows";
  at.store.add(one);
  BOOST_TEST(at.run(at.join("talk")).has_value());
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 1u);
  BOOST_TEST(at.run(at.join("talk")).has_value());
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_change_while_the_room_is_made_is_told_after_it) {
  door_scene at;
  at.vendor->wants_terms = true;
  at.store.add(tests::booking_of("talk"));
  auto go = hold(at);
  tally count;
  core::task_group group(at.context.get_executor());
  start_joins(at, group, 2, count);
  at.provisioner->prepare_soon(replace(at, larger()));
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 1u);
  go.give();
  finish(at, group);
  at.settle();
  BOOST_TEST(count.good == 2u);
  BOOST_REQUIRE(at.vendor->prepared.size() == 2u);
  BOOST_TEST(at.vendor->prepared.back().participants == 3u);
  BOOST_TEST(!at.store.peek("talk")->preparing.untold);
}

BOOST_AUTO_TEST_CASE(a_room_that_the_store_could_not_keep_is_kept_later_and_not_made_again) {
  door_scene at;
  at.vendor->makes_another = true;
  at.store.add(tests::booking_of("talk"));
  at.vendor->pause = [&]() -> core::task<void> {
    at.store.broken = true;
    co_return;
  };
  BOOST_TEST(at.run(at.join("talk")).has_value());
  at.vendor->pause = {};
  at.store.broken = false;
  at.bookings.forget(*core::room_id::from("talk"));
  BOOST_TEST(at.store.peek("talk")->provider_room.empty());
  BOOST_TEST(at.run(at.join("talk")).has_value());
  BOOST_TEST(at.vendor->prepared.size() == 1u);
  BOOST_TEST(at.store.peek("talk")->provider_room == "made-talk-1");
}

BOOST_AUTO_TEST_CASE(without_the_store_no_room_is_made_that_could_be_a_second_one) {
  for (const bool makes_another : {true, false}) {
    door_scene at;
    at.vendor->makes_another = makes_another;
    at.store.add(tests::booking_of("talk"));
    const auto known = kept(at, "talk");
    at.store.broken = true;
    const auto made = at.run(at.provisioner->ready(known, std::nullopt, tests::far_deadline()));
    BOOST_TEST(made.has_value() == !makes_another);
    BOOST_TEST(at.vendor->prepared.size() == (makes_another ? 0u : 1u));
  }
}

BOOST_AUTO_TEST_CASE(what_gives_way_when_made_ahead_is_made_for_who_is_at_the_door) {
  door_scene at;
  at.store.add(tests::booking_of("talk"));
  core::notice go(at.context.get_executor());
  at.vendor->pause = [&at, go]() mutable -> core::task<void> {
    const bool ahead = at.vendor->prepared.back().wanted_for == providers::urgency::prepare;
    at.vendor->prepare_fails = ahead ? std::optional(providers::errc::unavailable) : std::nullopt;
    return [](core::notice n) -> core::task<void> { co_await n.wait(tests::far_deadline()); }(go);
  };
  at.provisioner->prepare_soon(kept(at, "talk"));
  at.settle();
  tally count;
  core::task_group group(at.context.get_executor());
  start_joins(at, group, 3, count);
  BOOST_TEST(at.vendor->prepared.size() == 1u);
  go.give();
  finish(at, group);
  BOOST_TEST(count.good == 3u);
  BOOST_REQUIRE(at.vendor->prepared.size() == 2u);
  BOOST_TEST((at.vendor->prepared.back().wanted_for == providers::urgency::join));
}

// What pauses without time is always ready: a step is one thing that is.
void step(door_scene& at) {
  at.context.restart();
  at.context.poll_one();
}

// Another process on the same store: the same vendor, a provisioner of its own.
struct other_process {
  explicit other_process(door_scene& beside, std::string name = "other")
      : shards(beside.context.get_executor()),
        made({0,
              beside.context.get_executor(),
              shards,
              beside.store,
              beside.providers,
              beside.clock,
              beside.log,
              beside.metrics,
              {},
              {},
              std::move(name),
              tests::no_pause}) {
    made.meet({&made});
  }
  tests::lone_shard shards;
  join::provisioner made;
};

core::task<void> ready_once(join::provisioner* at, rooms::booking_ptr one, tally* count) {
  auto made = co_await at->ready(std::move(one), std::nullopt, tests::far_deadline());
  made ? ++count->good : ++count->bad;
}

BOOST_AUTO_TEST_CASE(two_processes_make_one_room) {
  door_scene at;
  other_process beside(at);
  at.store.add(tests::booking_of("talk"));
  auto go = hold(at);
  tally count;
  core::task_group group(at.context.get_executor());
  start_joins(at, group, 10, count);
  for (int i = 0; i < 10; ++i) group.spawn(ready_once(&beside.made, kept(at, "talk"), &count));
  for (int i = 0; i < 50; ++i) step(at);
  BOOST_TEST(at.vendor->prepared.size() == 1u);
  go.give();
  finish(at, group);
  BOOST_TEST(count.good == 20u);
  BOOST_TEST(at.vendor->prepared.size() == 1u);
  at.settle();
  BOOST_TEST(at.store.leases.empty());
}

BOOST_AUTO_TEST_CASE(where_one_process_fails_the_next_one_tries) {
  door_scene at;
  other_process beside(at);
  at.store.add(tests::booking_of("talk"));
  at.vendor->prepare_fails = providers::errc::rejected;
  BOOST_TEST(!at.run(at.join("talk")).has_value());
  at.vendor->prepare_fails.reset();
  tally count;
  at.run(ready_once(&beside.made, kept(at, "talk"), &count));
  BOOST_TEST(count.good == 1u);
}

BOOST_AUTO_TEST_CASE(a_process_that_was_killed_while_it_made_a_room_holds_it_for_a_while) {
  door_scene at;
  other_process beside(at);
  at.store.add(tests::booking_of("talk"));
  at.store.leases["make talk"] = {"killed", at.clock.wall_now(), at.clock.wall_now() + 5s};
  tally count;
  core::task_group group(at.context.get_executor());
  group.spawn(ready_once(&beside.made, kept(at, "talk"), &count));
  for (int i = 0; i < 50; ++i) step(at);
  BOOST_TEST(at.vendor->prepared.empty());
  at.clock.advance(5s);
  finish(at, group);
  BOOST_TEST(count.good == 1u);
}

BOOST_AUTO_TEST_CASE(a_room_that_was_taken_by_a_clock_that_was_ahead_is_free) {
  door_scene at;
  at.store.add(tests::booking_of("talk"));
  const auto ahead = at.clock.wall_now() + 1h;
  at.store.leases["make talk"] = {"killed", ahead, ahead + 10s};
  BOOST_TEST(at.run(at.join("talk")).has_value());
}

BOOST_AUTO_TEST_CASE(whoever_has_closed_a_room_does_not_let_go_of_it_under_who_makes_it) {
  door_scene at;
  at.vendor->reuses_room = true;
  join_first(at);
  cancel(at);
  auto go = hold(at);
  at.provisioner->close_soon(kept(at, "talk"));
  at.settle();
  BOOST_TEST(at.vendor->closed.size() == 1u);
  reopen(at);
  auto later = hold(at);
  tally count;
  core::task_group group(at.context.get_executor());
  start_joins(at, group, 1, count);
  go.give();
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 2u);
  BOOST_REQUIRE(at.store.leases.contains("room talk"));
  // Nor would one of two rooms of the same process let go of the other's.
  auto theirs = at.run(at.store.let_go("room talk", "alone", tests::far_deadline()));
  BOOST_TEST(!theirs.value());
  later.give();
  finish(at, group);
  at.settle();
  BOOST_TEST(count.good == 1u);
  BOOST_TEST(at.store.leases.empty());
}

BOOST_AUTO_TEST_CASE(of_two_processes_one_sweeps_until_it_stops_or_is_gone) {
  door_scene at;
  other_process beside(at), third(at, "third");
  at.store.add(tests::booking_of("talk"));
  at.run(at.provisioner->sweep());
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 1u);
  at.store.add(tests::booking_of("next"));
  at.run(beside.made.sweep());
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 1u);

  at.provisioner->stop();
  BOOST_TEST(at.run(at.provisioner->ended(tests::far_deadline())));
  at.run(beside.made.sweep());
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 2u);

  at.store.add(tests::booking_of("last"));
  at.run(third.made.sweep());
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 2u);
  at.clock.advance(90s);  // nothing was heard of the second one for three sweeps
  at.run(third.made.sweep());
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_room_that_another_process_closes_is_left_to_it) {
  door_scene at;
  other_process beside(at);
  at.store.add(tests::booking_of("talk"));
  BOOST_TEST(at.run(at.join("talk")).has_value());
  cancel(at);
  auto go = hold(at);
  at.provisioner->close_soon(kept(at, "talk"));
  at.settle();
  beside.made.close_soon(kept(at, "talk"));
  at.settle();
  BOOST_TEST(at.vendor->closed.size() == 1u);
  go.give();
  at.settle();
  BOOST_TEST(at.store.closings() == 0u);
}

BOOST_AUTO_TEST_CASE(after_stop_nothing_begins_and_what_ran_has_ended) {
  door_scene at;
  at.store.add(tests::booking_of("talk"));
  auto go = hold(at);
  at.provisioner->prepare_soon(kept(at, "talk"));
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 1u);
  at.provisioner->stop();
  BOOST_TEST(at.run(at.provisioner->ended(tests::far_deadline())));
  at.provisioner->prepare_soon(kept(at, "talk"));
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 1u);
}

BOOST_AUTO_TEST_CASE(setbacks_double_and_end_at_six_hours) {
  BOOST_TEST((join::setback(0) == 30s));
  BOOST_TEST((join::setback(1) == 60s));
  BOOST_TEST((join::setback(5) == 960s));
  BOOST_TEST((join::setback(40) == 6h));
}

BOOST_AUTO_TEST_SUITE_END()
