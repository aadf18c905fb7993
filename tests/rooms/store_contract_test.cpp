// What every store of bookings promises, asked of each of them.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <set>

#include "core/digest.hpp"
#include "core/encoding.hpp"
#include "core/task_group.hpp"
#include "core/time_text.hpp"
#include "rooms/error.hpp"
#include "rooms/sqlite_store.hpp"
#include "support/memory_store.hpp"
#include "support/run.hpp"
#include "support/scratch_directory.hpp"

BOOST_AUTO_TEST_SUITE(store_contract)

using namespace std::chrono_literals;
using rooms::booking;
using rooms::booking_draft;
using rooms::booking_state;

namespace {

// What a store needs lives as long as the store.
struct kept_store {
  virtual ~kept_store() = default;
  virtual rooms::store& store() = 0;
};

struct in_memory final : kept_store {
  tests::memory_store kept;
  rooms::store& store() override { return kept; }
};

struct in_sqlite_memory final : kept_store {
  core::silent_logger log;
  rooms::sqlite_store kept{{.path = ":memory:"}, log};
  rooms::store& store() override { return kept; }
};

struct in_sqlite_file final : kept_store {
  tests::scratch_directory where;
  core::silent_logger log;
  rooms::sqlite_store kept{{.path = where.file("bookings.db")}, log};
  rooms::store& store() override { return kept; }
};

const auto all_stores =
    boost::unit_test::data::make({"memory", "sqlite in memory", "sqlite in a file"});

std::unique_ptr<kept_store> open_store(std::string_view kind) {
  if (kind == "memory") return std::make_unique<in_memory>();
  if (kind == "sqlite in memory") return std::make_unique<in_sqlite_memory>();
  return std::make_unique<in_sqlite_file>();
}

core::wall_time at(std::string_view text) { return core::from_rfc3339(text).value(); }
core::room_id room(std::string_view text) { return core::room_id::from(text).value(); }
core::user_id user(std::string_view text) { return core::user_id::from(text).value(); }
core::provider_name provider(std::string_view text) {
  return core::provider_name::from(text).value();
}

const core::wall_time t0 = at("2026-11-22T09:00:00Z");
const auto far = core::deadline::after(std::chrono::steady_clock::now(), std::chrono::hours(1));

// The store's calls as plain functions.
struct scene {
  explicit scene(std::string_view kind) : kept(open_store(kind)) {}
  rooms::store& store() { return kept->store(); }

  // A store answers to the callers' contexts, which therefore outlive it.
  asio::io_context context{1};
  std::unique_ptr<kept_store> kept;

  core::result<rooms::put_outcome> put(booking_draft draft, core::wall_time now = t0,
                                       std::string_view fallback = "100ms") {
    return tests::run(context, store().put(std::move(draft), provider(fallback), now, far));
  }
  std::optional<booking> find(std::string_view id) {
    return tests::run(context, store().find(room(id), far)).value();
  }
  core::result<booking> close(std::string_view id, booking_state to, core::wall_time now = t0) {
    return tests::run(context, store().close(room(id), to, now, far));
  }
  core::result<booking> remember(std::string_view id, std::uint32_t generation, std::string what,
                                 core::wall_time now = t0, std::string known = {}) {
    booking told = find(id).value_or(tests::booking_of(id));
    told.generation = generation;
    told.provider_room = std::move(known);
    return remember({std::make_shared<const booking>(std::move(told)), std::move(what)}, now);
  }
  core::result<booking> remember(rooms::room_made made, core::wall_time now = t0) {
    return tests::run(context, store().remember_room(std::move(made), now, far));
  }
  bool later(std::string_view id, bool failed, core::wall_time not_before,
             std::uint32_t generation = 1) {
    auto put_off = store().prepare_later(room(id), generation, failed, not_before, far);
    return tests::run(context, std::move(put_off)).value();
  }
  core::result<rooms::booking_page> list(rooms::booking_query query) {
    return tests::run(context, store().list(std::move(query), far));
  }
  std::vector<rooms::room_closing> due(core::wall_time now, std::size_t limit = 100) {
    return tests::run(context, store().due_closings(now, limit, far)).value();
  }
  static rooms::room_closing closing_of(std::string_view id, std::uint32_t generation = 1,
                                        std::string what = "theirs") {
    return {room(id), generation, provider("100ms"), std::move(what), t0};
  }
  std::optional<rooms::room_closing> closing(std::string_view id, std::uint32_t generation,
                                             std::string what = "theirs") {
    return tests::run(context,
                      store().find_closing(closing_of(id, generation, std::move(what)), far))
        .value();
  }
  std::string rooms_to_close() {
    std::string out;
    for (const auto& one : due(t0 + 9h)) out += (out.empty() ? "" : " ") + one.provider_room;
    return out;
  }
  rooms::report_outcome report(rooms::call_report what, core::wall_time now = t0) {
    return tests::run(context, store().report_call(std::move(what), now, far)).value();
  }
  std::string overdue(core::wall_time ended_before, core::wall_time live_before,
                      std::size_t limit = 100) {
    return names(tests::run(context, store().end_overdue(ended_before, live_before, t0, limit, far))
                     .value());
  }
  std::string unprepared(core::wall_time starts_before, core::wall_time ends_after,
                         std::size_t limit = 100, core::wall_time now = t0,
                         std::chrono::milliseconds spread = {}) {
    return names(tests::run(context, store().to_prepare({provider("100ms"), starts_before,
                                                         ends_after, now, limit, spread},
                                                        far))
                     .value());
  }

  static std::string names(const std::vector<booking>& all) {
    std::string out;
    for (const booking& one : all) out += (out.empty() ? "" : " ") + one.room.text();
    return out;
  }
  // A page's rooms, then "…" where there is more.
  std::string page(rooms::booking_query query) {
    const auto got = list(std::move(query)).value();
    return names(got.bookings) + (got.next_cursor.empty() ? "" : " …");
  }
};

booking_draft starting(std::string_view id, core::wall_time start) {
  auto draft = tests::draft_of(id);
  draft.starts_at = start;
  draft.ends_at = start + 1h;
  return draft;
}

void same(const booking& a, const booking& b) {
  BOOST_TEST(a.room.text() == b.room.text());
  BOOST_TEST((a.starts_at == b.starts_at && a.ends_at == b.ends_at));
  BOOST_TEST(a.provider.text() == b.provider.text());
  BOOST_TEST((a.participants == b.participants));
  BOOST_TEST((a.state == b.state));
  BOOST_TEST(a.generation == b.generation);
  BOOST_TEST(a.provider_room == b.provider_room);
  BOOST_TEST((a.created_at == b.created_at && a.updated_at == b.updated_at));
}

}  // namespace

BOOST_DATA_TEST_CASE(an_unknown_room_is_nothing_to_find_close_or_remember, all_stores, where) {
  scene s(where);
  BOOST_TEST(!s.find("r"));
  BOOST_TEST(s.close("r", booking_state::cancelled).error().code == rooms::errc::room_not_found);
  BOOST_TEST(s.remember("r", 1, "x").error().code == rooms::errc::room_not_found);
}

BOOST_DATA_TEST_CASE(a_draft_that_cannot_be_a_booking_is_refused, all_stores, where) {
  scene s(where);
  auto backwards = tests::draft_of("r");
  backwards.ends_at = backwards.starts_at;
  auto endless = tests::draft_of("r");
  endless.ends_at = endless.starts_at + 24h + 1s;
  auto deserted = tests::draft_of("r");
  deserted.participants.clear();
  auto crowded = tests::draft_of("r");
  crowded.participants.resize(65, crowded.participants[0]);
  for (const auto& draft : {backwards, endless, deserted, crowded})
    BOOST_TEST(s.put(draft).error().code == rooms::errc::invalid_booking);
  BOOST_TEST(!s.find("r"));
}

BOOST_DATA_TEST_CASE(a_passed_deadline_writes_and_reads_nothing, all_stores, where) {
  scene s(where);
  const auto past = core::deadline::after(std::chrono::steady_clock::now(), -1s);
  auto refused =
      tests::run(s.context, s.store().put(tests::draft_of("r"), provider("daily"), t0, past));
  BOOST_TEST(refused.error().code == rooms::errc::store_unavailable);
  auto unread = tests::run(s.context, s.store().find(room("r"), past));
  BOOST_TEST(unread.error().code == rooms::errc::store_unavailable);
  BOOST_TEST(!s.find("r"));
}

BOOST_DATA_TEST_CASE(what_was_put_is_found, all_stores, where) {
  scene s(where);
  auto made = s.put(tests::draft_of("Room-1:a~b@c._"));
  BOOST_TEST_REQUIRE(made.has_value());
  BOOST_TEST((made->created && made->changed));
  BOOST_TEST(made->stored.provider.text() == "100ms");
  BOOST_TEST((made->stored.created_at == t0 && made->stored.updated_at == t0));
  BOOST_TEST(made->stored.participants.size() == 2u);
  same(*s.find("Room-1:a~b@c._"), made->stored);
  BOOST_TEST(!s.find("room-1:a~b@c._"));  // ids are case-sensitive
}

BOOST_DATA_TEST_CASE(sixty_four_participants_keep_their_order, all_stores, where) {
  scene s(where);
  auto draft = tests::draft_of("r");
  draft.participants.clear();
  for (int i = 0; i < 64; ++i)
    draft.participants.push_back({user("ü" + std::to_string(i * 7 % 64)),
                                  i % 2 == 0 ? core::role::expert : core::role::client});
  BOOST_TEST_REQUIRE(s.put(draft).has_value());
  BOOST_TEST((s.find("r")->participants == draft.participants));
}

BOOST_DATA_TEST_CASE(putting_the_same_again_changes_nothing, all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST_REQUIRE(s.remember("r", 1, "theirs").has_value());
  const auto before = *s.find("r");
  auto again = s.put(tests::draft_of("r"), t0 + 1min, "daily");
  BOOST_TEST((!again->created && !again->changed));
  same(again->stored, before);
  same(*s.find("r"), before);
}

BOOST_DATA_TEST_CASE(another_time_moves_the_booking_and_keeps_its_room, all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST_REQUIRE(s.remember("r", 1, "theirs").has_value());
  auto moved = s.put(starting("r", at("2026-11-23T10:00:00Z")), t0 + 1min);
  BOOST_TEST((!moved->created && moved->changed));
  BOOST_TEST(moved->stored.provider_room == "theirs");
  BOOST_TEST(moved->stored.generation == 1u);
  BOOST_TEST((moved->stored.created_at == t0 && moved->stored.updated_at == t0 + 1min));
  same(*s.find("r"), moved->stored);
  // The person's list follows.
  BOOST_TEST(s.page({.to = at("2026-11-23T00:00:00Z"), .user = user("u1")}) == "");
  BOOST_TEST(s.page({.from = at("2026-11-23T10:00:00Z"), .user = user("u1")}) == "r");
}

BOOST_DATA_TEST_CASE(other_participants_replace_the_old_ones, all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  auto draft = tests::draft_of("r");
  draft.participants = {{user("u3"), core::role::expert}};
  BOOST_TEST(s.put(draft, t0 + 1s)->changed);
  BOOST_TEST((s.find("r")->participants == draft.participants));
  BOOST_TEST(s.page({.user = user("u1")}) == "");
  BOOST_TEST(s.page({.user = user("u3")}) == "r");
}

BOOST_DATA_TEST_CASE(the_provider_is_pinned, all_stores, where) {
  scene s(where);
  auto draft = tests::draft_of("r");
  draft.provider = provider("daily");
  BOOST_TEST(s.put(draft)->stored.provider.text() == "daily");
  draft.provider = provider("zoom");
  auto other = s.put(draft);
  BOOST_TEST(other.error().code == rooms::errc::invalid_booking);
  BOOST_TEST_REQUIRE(other.error().facts.size() == 1u);
  BOOST_TEST(other.error().facts[0].name == "/provider");
  // Nor does it move where the draft names none, or after a cancellation.
  BOOST_TEST(s.put(tests::draft_of("r"), t0, "zoom")->stored.provider.text() == "daily");
  BOOST_TEST_REQUIRE(s.close("r", booking_state::cancelled).has_value());
  BOOST_TEST(s.put(draft).error().code == rooms::errc::invalid_booking);
  BOOST_TEST(s.put(tests::draft_of("r"), t0, "zoom")->stored.provider.text() == "daily");
}

BOOST_DATA_TEST_CASE(closing_twice_changes_nothing, all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  auto once = s.close("r", booking_state::ended, t0 + 1min);
  BOOST_TEST((once->state == booking_state::ended && once->updated_at == t0 + 1min));
  same(*s.close("r", booking_state::ended, t0 + 2min), *once);
  same(*s.find("r"), *once);
  BOOST_TEST(s.close("r", booking_state::scheduled).error().code == rooms::errc::invalid_booking);
}

BOOST_DATA_TEST_CASE(an_ended_booking_can_be_cancelled_and_a_cancelled_one_stays_so, all_stores,
                     where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST_REQUIRE(s.close("r", booking_state::ended).has_value());
  BOOST_TEST((s.close("r", booking_state::cancelled)->state == booking_state::cancelled));
  BOOST_TEST((s.close("r", booking_state::ended)->state == booking_state::cancelled));
}

BOOST_DATA_TEST_CASE(a_closed_booking_opens_again_as_a_new_generation, all_stores, where) {
  for (const auto state : {booking_state::cancelled, booking_state::ended}) {
    scene s(where);
    BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
    BOOST_TEST_REQUIRE(s.remember("r", 1, "theirs").has_value());
    BOOST_TEST_REQUIRE(s.close("r", state).has_value());
    auto again = s.put(tests::draft_of("r"), t0 + 1min);
    BOOST_TEST((!again->created && again->changed));
    BOOST_TEST((again->stored.state == booking_state::scheduled));
    BOOST_TEST(again->stored.generation == 2u);
    BOOST_TEST(again->stored.provider_room == "");
    BOOST_TEST((again->stored.created_at == t0));
    same(*s.find("r"), again->stored);
  }
}

BOOST_DATA_TEST_CASE(the_first_room_that_is_remembered_stays, all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  auto first = s.remember("r", 1, "{\"id\":\"a\"}", t0 + 1s);
  BOOST_TEST(first->provider_room == "{\"id\":\"a\"}");
  BOOST_TEST(s.remember("r", 1, "b", t0 + 2s)->provider_room == "{\"id\":\"a\"}");
  same(*s.find("r"), *first);
  BOOST_TEST(s.due(t0 + 1h).empty());
}

BOOST_DATA_TEST_CASE(a_room_is_replaced_only_by_who_knows_it, all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST_REQUIRE(s.remember("r", 1, "a").has_value());
  BOOST_TEST(s.remember("r", 1, "c", t0 + 1s, "b")->provider_room == "a");
  auto again = s.remember("r", 1, "b", t0 + 2s, "a");
  BOOST_TEST(again->provider_room == "b");
  same(*s.find("r"), *again);
  same(*s.remember("r", 1, "b", t0 + 3s, "b"), *again);
  BOOST_TEST_REQUIRE(s.close("r", booking_state::cancelled, t0 + 4s).has_value());
  BOOST_TEST_REQUIRE(s.remember("r", 1, "c", t0 + 5s, "b").has_value());
  BOOST_TEST(s.rooms_to_close() == "b c");
}

BOOST_DATA_TEST_CASE(closing_a_booking_notes_its_room_for_closing_once, all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("without")).has_value());
  BOOST_TEST_REQUIRE(s.close("without", booking_state::cancelled).has_value());
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST_REQUIRE(s.remember("r", 1, "theirs").has_value());
  BOOST_TEST_REQUIRE(s.close("r", booking_state::ended, t0 + 1min).has_value());
  BOOST_TEST_REQUIRE(s.close("r", booking_state::cancelled, t0 + 2min).has_value());
  BOOST_TEST(s.due(t0).empty());
  const auto due = s.due(t0 + 1min);
  BOOST_TEST_REQUIRE(due.size() == 1u);
  BOOST_TEST(due[0].room.text() == "r");
  BOOST_TEST(due[0].generation == 1u);
  BOOST_TEST(due[0].provider.text() == "100ms");
  BOOST_TEST(due[0].provider_room == "theirs");
  BOOST_TEST((due[0].due_at == t0 + 1min));
  BOOST_TEST(due[0].attempts == 0u);
}

BOOST_DATA_TEST_CASE(a_room_that_was_made_for_a_closed_booking_is_noted_for_closing, all_stores,
                     where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST_REQUIRE(s.close("r", booking_state::cancelled).has_value());
  BOOST_TEST((s.remember("r", 1, "late")->state == booking_state::cancelled));
  BOOST_TEST_REQUIRE(s.due(t0).size() == 1u);
  BOOST_TEST(s.due(t0)[0].provider_room == "late");
}

BOOST_DATA_TEST_CASE(a_room_of_an_older_generation_is_noted_for_closing_and_not_remembered,
                     all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST_REQUIRE(s.close("r", booking_state::cancelled).has_value());
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  auto now = s.remember("r", 1, "old");
  BOOST_TEST(now->generation == 2u);
  BOOST_TEST(now->provider_room == "");
  BOOST_TEST_REQUIRE(s.due(t0).size() == 1u);
  BOOST_TEST(s.due(t0)[0].generation == 1u);
  BOOST_TEST(s.remember("r", 2, "new")->provider_room == "new");
  BOOST_TEST(s.due(t0).size() == 1u);
}

BOOST_DATA_TEST_CASE(a_room_that_replaces_another_while_its_booking_is_called_off_is_closed_as_well,
                     all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST_REQUIRE(s.remember("r", 1, "before").has_value());
  const auto told = std::make_shared<const booking>(*s.find("r"));
  BOOST_TEST_REQUIRE(s.close("r", booking_state::cancelled).has_value());
  BOOST_TEST(s.remember({told, "instead", true, true}).has_value());
  BOOST_TEST(s.rooms_to_close() == "before instead");
  // Each by itself.
  auto done = tests::run(s.context, s.store().closing_done(s.due(t0)[0], far));
  BOOST_TEST(done.value());
  BOOST_TEST(s.rooms_to_close() == "instead");
  // And where it was opened again at once.
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST(s.remember({told, "too", true, true})->provider_room == "");
  BOOST_TEST(s.rooms_to_close() == "instead too");
}

BOOST_DATA_TEST_CASE(a_room_that_is_replaced_is_noted_for_closing_with_it, all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST_REQUIRE(s.remember("r", 1, "before").has_value());
  const auto told = std::make_shared<const booking>(*s.find("r"));
  BOOST_TEST(s.remember({told, "instead", true, true})->provider_room == "instead");
  BOOST_TEST(s.rooms_to_close() == "before");
}

BOOST_DATA_TEST_CASE(a_room_that_comes_too_late_is_noted_for_closing_where_it_is_another,
                     all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  const auto bare = std::make_shared<const booking>(*s.find("r"));
  BOOST_TEST(s.remember({bare, "first", false, true})->provider_room == "first");
  // Said again, by whoever did not hear that it was kept.
  BOOST_TEST(s.remember({bare, "first", false, true})->provider_room == "first");
  BOOST_TEST(s.rooms_to_close() == "");
  // It may be the same room in other words.
  BOOST_TEST(s.remember({bare, "second", false, false})->provider_room == "first");
  BOOST_TEST(s.rooms_to_close() == "");
  BOOST_TEST(s.remember({bare, "third", false, true})->provider_room == "first");
  BOOST_TEST(s.rooms_to_close() == "third");
}

BOOST_DATA_TEST_CASE(a_closing_waits_after_a_failure_and_goes_when_done, all_stores, where) {
  scene s(where);
  for (const char* id : {"a", "b", "c"}) {
    BOOST_TEST_REQUIRE(s.put(tests::draft_of(id)).has_value());
    BOOST_TEST_REQUIRE(s.remember(id, 1, "theirs").has_value());
  }
  BOOST_TEST_REQUIRE(s.close("b", booking_state::ended, t0 + 2s).has_value());
  BOOST_TEST_REQUIRE(s.close("a", booking_state::ended, t0 + 3s).has_value());
  BOOST_TEST_REQUIRE(s.close("c", booking_state::ended, t0 + 1s).has_value());
  BOOST_TEST(s.due(t0 + 1h, 2).size() == 2u);
  BOOST_TEST(s.due(t0 + 1h)[0].room.text() == "c");  // the longest waiting first
  auto failed =
      tests::run(s.context, s.store().closing_later(s.closing_of("c"), true, t0 + 2h, far));
  BOOST_TEST(failed.value());
  // What only waits for its turn has not failed.
  auto waits =
      tests::run(s.context, s.store().closing_later(s.closing_of("c"), false, t0 + 2h, far));
  BOOST_TEST(waits.value());
  BOOST_TEST(s.due(t0 + 1h).size() == 2u);
  const auto later = s.due(t0 + 2h);
  BOOST_TEST(later.back().room.text() == "c");
  BOOST_TEST(later.back().attempts == 1u);
  BOOST_TEST(s.closing("c", 1)->attempts == 1u);
  BOOST_TEST(s.closing("b", 1)->provider_room == "theirs");
  BOOST_TEST(!s.closing("b", 2));
  for (const bool noted : {true, false}) {
    auto done = tests::run(s.context, s.store().closing_done(s.closing_of("b"), far));
    BOOST_TEST(done.value() == noted);
  }
  BOOST_TEST(!s.closing("b", 1));
  auto unknown = tests::run(s.context, s.store().closing_later(s.closing_of("b"), true, t0, far));
  BOOST_TEST(!unknown.value());
  BOOST_TEST(s.due(t0 + 2h).size() == 2u);
}

BOOST_DATA_TEST_CASE(a_room_whose_maker_was_interrupted_is_noted_when_its_booking_is_called_off,
                     all_stores, where) {
  scene s(where);
  const auto take = [&](std::string what, core::wall_time now, core::wall_time ends_at) {
    auto held =
        tests::run(s.context, s.store().hold({std::move(what), "killed", ends_at}, now, far));
    BOOST_TEST(held.value());
  };
  for (const char* id : {"killed", "used", "busy", "made", "idle"})
    BOOST_TEST_REQUIRE(s.put(tests::draft_of(id)).has_value());
  for (const char* id : {"killed", "busy", "made"})
    take(std::string(rooms::making_prefix) + id, t0, t0 + 10s);
  take(std::string(rooms::using_prefix) + "used", t0, t0 + 10s);
  take("make something else", t0 + 2h, t0 + 3h);  // what is over is remembered all the same
  BOOST_TEST_REQUIRE(s.remember("made", 1, "theirs").has_value());
  BOOST_TEST_REQUIRE(s.close("busy", booking_state::cancelled, t0 + 1s).has_value());
  BOOST_TEST((s.closing("busy", 1, "")->due_at == t0 + 10s));
  for (const char* id : {"killed", "used", "made", "idle"})
    BOOST_TEST_REQUIRE(s.close(id, booking_state::ended, t0 + 2h).has_value());
  BOOST_TEST((s.closing("killed", 1, "")->due_at == t0 + 2h));
  BOOST_TEST(s.closing("used", 1, "").has_value());
  BOOST_TEST(!s.closing("made", 1, "").has_value());
  BOOST_TEST(!s.closing("idle", 1, "").has_value());
  // The maker was there after all.
  BOOST_TEST_REQUIRE(s.remember("busy", 1, "late").has_value());
  BOOST_TEST(!s.closing("busy", 1, "").has_value());
  BOOST_TEST(s.closing("busy", 1, "late").has_value());
}

BOOST_DATA_TEST_CASE(lists_are_ordered_by_start_then_room_and_bounded_by_time, all_stores, where) {
  scene s(where);
  for (const auto& [id, hour] : {std::pair{"d", 3}, {"a", 2}, {"c", 1}, {"b", 2}})
    BOOST_TEST_REQUIRE(s.put(starting(id, t0 + std::chrono::hours(hour))).has_value());
  BOOST_TEST(s.page({}) == "c a b d");
  BOOST_TEST(s.page({.from = t0 + 2h}) == "a b d");  // from is included
  BOOST_TEST(s.page({.to = t0 + 2h}) == "c");        // to is not
  BOOST_TEST(s.page({.from = t0 + 1h + 1s, .to = t0 + 3h}) == "a b");
  BOOST_TEST(s.page({.from = t0 + 1h + 1ns}) == "a b d");
  BOOST_TEST(s.page({.to = t0 + 2h + 1ns}) == "c a b");
  BOOST_TEST(s.page({.from = t0 + 9h}) == "");
  BOOST_TEST_REQUIRE(s.close("a", booking_state::cancelled).has_value());
  BOOST_TEST(s.page({.state = booking_state::cancelled}) == "a");
  BOOST_TEST(s.page({.state = booking_state::scheduled}) == "c b d");
}

BOOST_DATA_TEST_CASE(a_persons_list_names_each_booking_once, all_stores, where) {
  scene s(where);
  auto both = tests::draft_of("both");
  both.participants = {{user("x"), core::role::expert}, {user("x"), core::role::client}};
  BOOST_TEST_REQUIRE(s.put(both).has_value());
  auto one = starting("one", t0 + 5h);
  one.participants = {{user("y"), core::role::expert}, {user("x"), core::role::client}};
  BOOST_TEST_REQUIRE(s.put(one).has_value());
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("foreign")).has_value());
  BOOST_TEST(s.page({.user = user("x")}) == "both one");
  BOOST_TEST(s.page({.user = user("x"), .limit = 1}) == "both …");
  BOOST_TEST(s.page({.user = user("y")}) == "one");
  BOOST_TEST(s.page({.user = user("X")}) == "");
  // The list has all participants, not only the one who was asked for.
  BOOST_TEST(s.list({.user = user("x")})->bookings[1].participants.size() == 2u);
}

BOOST_DATA_TEST_CASE(pages_stay_in_step_while_bookings_are_made_between_them, all_stores, where) {
  scene s(where);
  for (int i = 0; i < 10; ++i) {
    // Three starts, so that the room decides within a start.
    const std::string id = "r" + std::to_string(i);
    BOOST_TEST_REQUIRE(s.put(starting(id, t0 + std::chrono::hours(1 + i % 3))).has_value());
  }
  for (const bool of_user : {false, true}) {
    std::vector<std::string> seen;
    rooms::booking_query query{.limit = 3};
    if (of_user) query.user = user("u2");
    int round = 0;
    do {
      const auto page = s.list(query).value();
      BOOST_TEST(page.bookings.size() <= 3u);
      for (const booking& one : page.bookings) seen.push_back(one.room.text());
      query.cursor = page.next_cursor;
      // Before the place, where no later page may show it.
      const std::string early = "a" + std::to_string(round++) + (of_user ? "u" : "");
      BOOST_TEST_REQUIRE(s.put(starting(early, t0 + 30min)).has_value());
    } while (!query.cursor.empty());
    const auto ours = std::ranges::count_if(seen, [](const auto& id) { return id[0] == 'r'; });
    BOOST_TEST(ours == 10);
    BOOST_TEST((std::set(seen.begin(), seen.end()).size() == seen.size()));
  }
}

BOOST_DATA_TEST_CASE(a_cursor_that_no_page_gave_is_refused, all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  for (const std::string& cursor :
       {std::string("x"), std::string("AAAA"), std::string("MTIz"), std::string("MSAvLy8"),
        rooms::cursor_of({t0, "r"}) + "=", std::string(300, 'A'), std::string("' OR 1=1 --"),
        core::to_base64url(core::as_bytes("99999999999999 r")),
        core::to_base64url(core::as_bytes("1 r ")), core::to_base64url(core::as_bytes("1x r"))}) {
    const auto got = s.list({.cursor = cursor});
    BOOST_TEST_REQUIRE(!got.has_value());
    BOOST_TEST(got.error().code == rooms::errc::bad_cursor);
  }
  BOOST_TEST(s.page({.cursor = rooms::cursor_of({t0, "q"})}) == "r");
}

BOOST_DATA_TEST_CASE(limits_out_of_range_are_brought_into_it, all_stores, where) {
  scene s(where);
  for (const char* id : {"a", "b"}) BOOST_TEST_REQUIRE(s.put(tests::draft_of(id)).has_value());
  BOOST_TEST(s.page({.limit = 0}) == "a …");
  BOOST_TEST(s.page({.limit = 2}) == "a b");
  BOOST_TEST(s.page({.limit = static_cast<std::size_t>(-1)}) == "a b");
}

BOOST_DATA_TEST_CASE(what_has_to_be_prepared_is_what_starts_soon_and_has_no_room, all_stores,
                     where) {
  scene s(where);
  for (const char* id : {"soon", "made", "called_off"})
    BOOST_TEST_REQUIRE(s.put(starting(id, t0 + 10min)).has_value());
  BOOST_TEST_REQUIRE(s.put(starting("running", t0 - 30min)).has_value());
  BOOST_TEST_REQUIRE(s.put(starting("over", t0 - 2h)).has_value());
  BOOST_TEST_REQUIRE(s.put(starting("later", t0 + 1h)).has_value());
  auto long_one = starting("long", t0 - 20h);
  long_one.ends_at = long_one.starts_at + 24h;
  BOOST_TEST_REQUIRE(s.put(long_one).has_value());
  BOOST_TEST_REQUIRE(s.remember("made", 1, "theirs").has_value());
  BOOST_TEST_REQUIRE(s.close("called_off", booking_state::cancelled).has_value());
  BOOST_TEST(s.unprepared(t0 + 1h, t0) == "long running soon");
  BOOST_TEST(s.unprepared(t0 + 1h, t0, 2) == "long running");
  BOOST_TEST(s.unprepared(t0 + 1h + 1s, t0) == "long running soon later");
  // Opened again: its new room has to be made as well.
  BOOST_TEST_REQUIRE(s.close("made", booking_state::cancelled).has_value());
  BOOST_TEST_REQUIRE(s.put(starting("made", t0 + 10min)).has_value());
  BOOST_TEST(s.unprepared(t0 + 1h, t0) == "long running made soon");
  // What other providers have to do is not asked for, nor is in the way.
  auto theirs = starting("theirs", t0);
  theirs.provider = provider("own");
  BOOST_TEST_REQUIRE(s.put(theirs).has_value());
  BOOST_TEST(s.unprepared(t0 + 1h, t0, 1) == "long");
}

BOOST_DATA_TEST_CASE(each_room_is_due_at_its_own_moment_of_the_spread, all_stores, where) {
  scene s(where);
  std::string due, all;
  for (int i = 10; i < 60; ++i) {
    const std::string id = "room" + std::to_string(i);
    BOOST_TEST_REQUIRE(s.put(starting(id, t0 + 90min)).has_value());
    all += (all.empty() ? "" : " ") + id;
    // The horizon is half of the spread behind the start.
    if (2 * rooms::share_of_spread(room(id), 1) < rooms::spread_parts)
      due += (due.empty() ? "" : " ") + id;
  }
  BOOST_TEST(due != all);
  BOOST_TEST(due != "");
  BOOST_TEST(s.unprepared(t0 + 120min, t0, 100, t0, 1h) == due);
  BOOST_TEST(s.unprepared(t0 + 90min, t0, 100, t0, 1h) == "");
  BOOST_TEST(s.unprepared(t0 + 150min + 1s, t0, 100, t0, 1h) == all);
}

BOOST_DATA_TEST_CASE(what_was_tried_in_vain_waits_for_its_time, all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(starting("r", t0 + 10min)).has_value());
  BOOST_TEST(s.later("r", true, t0 + 30s));
  BOOST_TEST(s.later("r", false, t0 + 60s));
  BOOST_TEST(!s.later("r", true, t0 + 9h, 2));
  BOOST_TEST(!s.later("unknown", true, t0 + 9h));
  BOOST_TEST(s.find("r")->preparing.failures == 1u);
  BOOST_TEST(!s.find("r")->preparing.untold);
  BOOST_TEST(s.unprepared(t0 + 1h, t0, 100, t0 + 59s) == "");
  BOOST_TEST(s.unprepared(t0 + 1h, t0, 100, t0 + 60s) == "r");
  // Another wish is tried at once.
  BOOST_TEST_REQUIRE(s.put(starting("r", t0 + 20min)).has_value());
  BOOST_TEST(s.unprepared(t0 + 1h, t0) == "r");
  BOOST_TEST_REQUIRE(s.remember("r", 1, "made").has_value());
  BOOST_TEST((s.find("r")->preparing == rooms::preparation{}));
}

BOOST_DATA_TEST_CASE(a_change_stays_untold_until_its_provider_knows_of_it, all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(starting("r", t0 + 1h)).has_value());
  BOOST_TEST_REQUIRE(s.remember("r", 1, "made").has_value());
  BOOST_TEST(s.unprepared(t0, t0) == "");
  BOOST_TEST_REQUIRE(s.put(starting("r", t0 + 100h)).has_value());
  BOOST_TEST(s.unprepared(t0, t0) == "r");
  const auto told = std::make_shared<const booking>(*s.find("r"));
  // It changes once more while its provider is told.
  BOOST_TEST_REQUIRE(s.put(starting("r", t0 + 200h)).has_value());
  BOOST_TEST(s.remember({told, "made, moved"})->preparing.untold);
  BOOST_TEST(s.unprepared(t0, t0) == "r");
  BOOST_TEST(!s.remember("r", 1, "made, moved", t0, "made, moved")->preparing.untold);
  BOOST_TEST(s.unprepared(t0, t0) == "");
}

BOOST_DATA_TEST_CASE(a_room_in_which_a_call_runs_is_not_replaced, all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(starting("r", t0)).has_value());
  BOOST_TEST_REQUIRE(s.remember("r", 1, "made").has_value());
  const auto told = std::make_shared<const booking>(*s.find("r"));
  s.report({provider("100ms"), {}, room("r"), {}, true, t0, false});
  BOOST_TEST(s.remember({told, "another", true})->provider_room == "made");
  BOOST_TEST(s.remember({told, "made, moved"})->provider_room == "made, moved");
}

// A report about a room's first opening.
rooms::call_report report_of(std::string_view id, bool live, core::wall_time when) {
  rooms::call_report out;
  out.provider = provider("100ms");
  out.digest = core::room_digest(room(id), 1);
  out.live = live;
  out.at = when;
  return out;
}

BOOST_DATA_TEST_CASE(a_report_finds_its_booking_by_digest_room_or_what_is_remembered, all_stores,
                     where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST_REQUIRE(s.remember("r", 1, R"({"id":"abc"})").has_value());
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("other")).has_value());
  BOOST_TEST_REQUIRE(s.remember("other", 1, R"({"id":"abd"})").has_value());
  auto by_digest = report_of("r", true, t0);
  auto by_room = report_of("x", false, t0 + 1s);
  by_room.digest.clear();
  by_room.room = room("r");
  auto by_memory = report_of("x", true, t0 + 2s);
  by_memory.digest.clear();
  by_memory.remembered = R"({"id":"abc)";
  for (const auto& one : {by_digest, by_room, by_memory}) {
    const auto told = s.report(one);
    BOOST_TEST_REQUIRE(told.stored.has_value());
    BOOST_TEST(told.stored->room.text() == "r");
    BOOST_TEST(told.changed);
    BOOST_TEST((s.find("r")->call == told.stored->call));
    auto foreign = one;
    foreign.provider = provider("somebody");
    foreign.at += 1h;
    BOOST_TEST(!s.report(foreign).stored.has_value());
  }
  auto nothing = report_of("x", true, t0);
  nothing.digest.clear();
  BOOST_TEST(!s.report(nothing).stored.has_value());
  BOOST_TEST(!s.report(report_of("unknown", true, t0)).stored.has_value());
}

BOOST_DATA_TEST_CASE(the_providers_time_decides_whatever_the_order, all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST(s.report(report_of("r", false, t0 + 10s)).changed);
  // The start is told after the end.
  BOOST_TEST(s.report(report_of("r", true, t0 + 5s)).changed);
  auto call = s.find("r")->call;
  BOOST_TEST((call.state == rooms::call_state::ended));
  BOOST_TEST((call.started_at == t0 + 5s));
  BOOST_TEST((call.ended_at == t0 + 10s));
  BOOST_TEST(!s.report(report_of("r", false, t0 + 10s)).changed);
  BOOST_TEST(!s.report(report_of("r", true, t0 + 7s)).changed);
  // They come back, and somebody else's joining is told before an older end.
  BOOST_TEST(s.report(report_of("r", true, t0 + 20s)).changed);
  BOOST_TEST(s.report(report_of("r", true, t0 + 30s)).changed);
  BOOST_TEST(!s.report(report_of("r", false, t0 + 25s)).changed);
  call = s.find("r")->call;
  BOOST_TEST((call.state == rooms::call_state::live));
  BOOST_TEST((call.started_at == t0 + 20s));
  BOOST_TEST(!call.ended_at.has_value());
}

BOOST_DATA_TEST_CASE(of_a_start_and_an_end_in_one_second_the_end_counts, all_stores, where) {
  for (const bool start_first : {true, false}) {
    scene s(where);
    BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
    BOOST_TEST(s.report(report_of("r", start_first, t0)).changed);
    BOOST_TEST(s.report(report_of("r", !start_first, t0)).changed);
    BOOST_TEST((s.find("r")->call == rooms::call_record{rooms::call_state::ended, t0, t0, t0}));
  }
}

BOOST_DATA_TEST_CASE(a_room_that_would_replace_one_in_which_a_call_runs_is_noted_for_closing,
                     all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST_REQUIRE(s.remember("r", 1, "before").has_value());
  const auto told = std::make_shared<const booking>(*s.find("r"));
  BOOST_TEST_REQUIRE(s.report(report_of("r", true, t0)).changed);
  BOOST_TEST(s.remember({told, "instead", true, true})->provider_room == "before");
  BOOST_TEST(s.rooms_to_close() == "instead");
}

BOOST_DATA_TEST_CASE(an_end_without_a_time_that_is_told_again_changes_nothing, all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  auto over = report_of("r", false, t0);
  over.is_timeless = true;
  BOOST_TEST(s.report(over, t0 + 1h).changed);
  over.at = t0 + 10min;
  BOOST_TEST(!s.report(over, t0 + 1h).changed);
  BOOST_TEST((*s.find("r")->call.ended_at == t0));
  // Of a call that has begun again since it is one.
  BOOST_TEST(s.report(report_of("r", true, t0 + 20min), t0 + 1h).changed);
  over.at = t0 + 30min;
  BOOST_TEST(s.report(over, t0 + 1h).changed);
  BOOST_TEST((*s.find("r")->call.ended_at == t0 + 30min));
}

BOOST_DATA_TEST_CASE(a_time_far_ahead_does_not_silence_later_reports_for_ever, all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST(s.report(report_of("r", true, t0 + 1000h)).changed);
  BOOST_TEST(s.report(report_of("r", false, t0 + 6min), t0 + 6min).changed);
  BOOST_TEST((s.find("r")->call.state == rooms::call_state::ended));
}

BOOST_DATA_TEST_CASE(a_room_that_the_provider_forgot_is_to_be_made_again, all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST_REQUIRE(s.remember("r", 1, "theirs").has_value());
  auto gone = report_of("r", false, t0 + 10s);
  gone.room_is_gone = true;
  BOOST_TEST(s.report(gone).changed);
  BOOST_TEST(s.find("r")->provider_room.empty());
  // An older end says nothing of the room that has been made since.
  BOOST_TEST(s.report(report_of("r", true, t0 + 20s)).changed);
  BOOST_TEST_REQUIRE(s.remember("r", 1, "new").has_value());
  BOOST_TEST(!s.report(gone).changed);
  BOOST_TEST(s.find("r")->provider_room == "new");
}

BOOST_DATA_TEST_CASE(a_room_that_is_lost_is_forgotten_and_no_other, all_stores, where) {
  scene s(where);
  const auto forget = [&](booking known) {
    auto known_ptr = std::make_shared<const booking>(std::move(known));
    return tests::run(s.context, s.store().forget_room(known_ptr, t0 + 1min, far)).value();
  };
  BOOST_TEST(!forget(tests::booking_of("nobody")));
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST(!forget(*s.find("r")));  // it has none
  BOOST_TEST_REQUIRE(s.remember("r", 1, "theirs").has_value());
  booking known = *s.find("r");
  known.provider_room = "another";
  BOOST_TEST(!forget(known));
  known = *s.find("r");
  ++known.generation;
  BOOST_TEST(!forget(known));
  BOOST_TEST(s.find("r")->provider_room == "theirs");
  BOOST_TEST(forget(*s.find("r")));
  BOOST_TEST(s.find("r")->provider_room.empty());
  BOOST_TEST((s.find("r")->updated_at == t0 + 1min));
  BOOST_TEST((s.find("r")->state == booking_state::scheduled));
  BOOST_TEST(s.rooms_to_close().empty());
}

BOOST_DATA_TEST_CASE(a_booking_that_opens_again_knows_nothing_of_the_last_call, all_stores, where) {
  scene s(where);
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST(s.report(report_of("r", false, t0)).changed);
  BOOST_TEST_REQUIRE(s.close("r", booking_state::cancelled).has_value());
  BOOST_TEST_REQUIRE(s.put(tests::draft_of("r")).has_value());
  BOOST_TEST((s.find("r")->call == rooms::call_record{}));
  BOOST_TEST(!s.report(report_of("r", false, t0 + 1s)).stored.has_value());
}

BOOST_DATA_TEST_CASE(what_is_over_is_ended_and_what_still_runs_later, all_stores, where) {
  scene s(where);
  for (const char* id : {"over", "running", "forgotten"})
    BOOST_TEST_REQUIRE(s.put(starting(id, t0 - 3h)).has_value());
  BOOST_TEST_REQUIRE(s.put(starting("now", t0 - 30min)).has_value());
  BOOST_TEST_REQUIRE(s.put(starting("roomless", t0 - 3h)).has_value());
  for (const char* id : {"over", "running", "forgotten", "now"})
    BOOST_TEST_REQUIRE(s.remember(id, 1, id).has_value());
  s.report(report_of("running", true, t0 - 3h));
  BOOST_TEST_REQUIRE(s.close("forgotten", booking_state::cancelled).has_value());
  BOOST_TEST(s.overdue(t0 - 1h, t0 - 5h) == "over");
  BOOST_TEST((s.find("over")->state == booking_state::ended));
  BOOST_TEST((s.find("running")->state == booking_state::scheduled));
  BOOST_TEST(s.closing("over", 1, "over").has_value());
  BOOST_TEST(s.overdue(t0 - 1h, t0 - 5h).empty());
  BOOST_TEST(s.overdue(t0 - 1h, t0 - 1h) == "running");
}

BOOST_DATA_TEST_CASE(a_hundred_writers_of_one_room_create_it_once, all_stores, where) {
  scene s(where);
  int created = 0, answered = 0;
  core::task_group group(s.context.get_executor());
  for (int i = 0; i < 100; ++i)
    group.spawn([](rooms::store* store, int number, int* made, int* got) -> core::task<void> {
      auto draft = starting("r", t0 + std::chrono::minutes(number));
      auto outcome = co_await store->put(std::move(draft), provider("100ms"), t0, far);
      ++*got;
      if (outcome && outcome->created) ++*made;
    }(&s.store(), i, &created, &answered));
  group.close(false);
  BOOST_TEST(tests::run(s.context, group.ended(far)));
  BOOST_TEST(answered == 100);
  BOOST_TEST(created == 1);
  BOOST_TEST((s.find("r")->starts_at == t0 + 99min));  // the last one wins
  BOOST_TEST(s.page({.user = user("u1")}) == "r");
}

BOOST_DATA_TEST_CASE(a_refused_write_does_not_take_its_neighbours_with_it, all_stores, where) {
  scene s(where);
  int good = 0, refused = 0;
  core::task_group group(s.context.get_executor());
  for (int i = 0; i < 40; ++i)
    group.spawn([](rooms::store* store, int number, int* made, int* not_made) -> core::task<void> {
      auto draft = starting("r" + std::to_string(number), t0);
      if (number % 4 == 0) draft.participants.clear();
      auto outcome = co_await store->put(std::move(draft), provider("100ms"), t0, far);
      ++*(outcome ? made : not_made);
    }(&s.store(), i, &good, &refused));
  group.close(false);
  BOOST_TEST(tests::run(s.context, group.ended(far)));
  BOOST_TEST(good == 30);
  BOOST_TEST(refused == 10);
  BOOST_TEST(s.list({.limit = 200})->bookings.size() == 30u);
}

BOOST_DATA_TEST_CASE(revocations_are_kept_and_the_later_instant_counts, all_stores, where) {
  scene s(where);
  const auto revoke = [&](core::revocation what, core::wall_time now = t0,
                          core::wall_time forget_before = t0 - 24h) {
    return tests::run(s.context, s.store().revoke(std::move(what), now, forget_before, far))
        .has_value();
  };
  const auto known = [&](core::wall_time since) {
    auto got = tests::run(s.context, s.store().revocations(since, far));
    BOOST_REQUIRE(got.has_value());
    return *got;
  };
  BOOST_TEST(known(t0 - 1h).empty());
  BOOST_TEST(revoke({"u1", "", t0}));
  BOOST_TEST(revoke({"u1", "", t0 - 1h}));
  BOOST_TEST(revoke({"", "token", {}}, t0 + 1h));
  BOOST_TEST(revoke({"", "", t0}, t0 - 2h));
  const auto all = known(t0 - 3h);
  BOOST_TEST(all.size() == 3u);
  BOOST_TEST((std::ranges::count(all, core::revocation{"u1", "", t0}) == 1));
  BOOST_TEST((std::ranges::count(all, core::revocation{"", "token", {}}) == 1));
  BOOST_TEST(known(t0 - 1h).size() == 2u);
  BOOST_TEST(known(t0 + 1h).empty());
  // One that comes takes others with it that nobody needs, and no younger one.
  BOOST_TEST(revoke({"", "another", {}}, t0 + 2h, t0));
  BOOST_TEST(known(t0 - 3h).size() == 3u);
  BOOST_TEST(known(t0 - 1h).size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
