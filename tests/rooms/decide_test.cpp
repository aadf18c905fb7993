// Who may enter when: every rule at its boundaries, the refusals' facts, and what explain says.
#include "rooms/decide.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "core/time_text.hpp"
#include "rooms/error.hpp"

BOOST_AUTO_TEST_SUITE(decide)

using namespace std::chrono_literals;
using core::role;
using rooms::booking_state;
using rooms::rule;
using outcome = rooms::decision::outcome;

namespace {

core::wall_time at(std::string_view text) { return core::from_rfc3339(text).value(); }
core::user_id user(std::string_view text) { return core::user_id::from(text).value(); }

// 10:00 to 11:00; u1 expert, u2 client, u3 both.
rooms::booking booked() {
  rooms::booking one;
  one.room = core::room_id::from("room-42").value();
  one.starts_at = at("2026-11-22T10:00:00Z");
  one.ends_at = at("2026-11-22T11:00:00Z");
  one.provider = core::provider_name::from("100ms").value();
  one.provider_room = "not-for-anyone";
  one.participants = {{user("u1"), role::expert},
                      {user("u2"), role::client},
                      {user("u3"), role::expert},
                      {user("u3"), role::client}};
  return one;
}

struct asked {
  std::string user = "u1";
  role seat = role::expert;
  std::string_view when = "2026-11-22T10:30:00Z";
  std::optional<std::vector<role>> roles;
};

rooms::decision decided(const rooms::booking* one, const asked& ask) {
  const auto who = user(ask.user);
  const std::vector<role> roles = ask.roles.value_or(std::vector<role>{});
  return rooms::decide(one, {who, ask.roles.has_value(), roles}, ask.seat, at(ask.when), {});
}

std::string explained(const rooms::booking* one, const asked& ask) {
  const auto who = user(ask.user);
  const std::vector<role> roles = ask.roles.value_or(std::vector<role>{});
  const rooms::caller caller{who, ask.roles.has_value(), roles};
  const auto made = rooms::decide(one, caller, ask.seat, at(ask.when), {});
  return rooms::explain(made, one, caller, ask.seat, at(ask.when));
}

// Allowed, or the rule that refuses; and that exactly the rules before it passed.
std::string verdict(const rooms::decision& made) {
  const std::size_t decisive =
      made.allowed ? rooms::rule_count : static_cast<std::size_t>(made.failed);
  for (std::size_t i = 0; i < rooms::rule_count; ++i) {
    const auto expected = i < decisive    ? outcome::passed
                          : i == decisive ? outcome::failed
                                          : outcome::not_checked;
    BOOST_TEST((made.rules[i] == expected), "rule " << i);
  }
  return made.allowed ? "allowed" : std::string(rooms::name_of(made.failed));
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_rule_refuses_at_its_boundary) {
  struct row {
    std::string_view expected;
    asked ask;
    booking_state state = booking_state::scheduled;
  };
  using roles = std::vector<role>;
  const row table[] = {
      {"session_role", {.roles = roles{role::client}}},
      {"session_role", {.roles = roles{}}},
      {"session_role", {.user = "stranger", .roles = roles{role::client}}},
      {"allowed", {.roles = roles{role::client, role::expert}}},
      {"allowed", {.roles = std::nullopt}},
      {"assigned", {.user = "stranger"}},
      {"assigned", {.user = "U1"}},
      {"assigned", {.user = "u1 "}},
      {"assigned", {.user = "stranger", .roles = roles{role::expert}}},
      {"seat", {.user = "u1", .seat = role::client}},
      {"seat", {.user = "u2", .seat = role::expert}},
      // The session's role does not put anyone on the list.
      {"seat", {.user = "u2", .seat = role::expert, .roles = roles{role::expert}}},
      {"allowed", {.user = "u2", .seat = role::client}},
      {"allowed", {.user = "u3", .seat = role::expert}},
      {"allowed", {.user = "u3", .seat = role::client}},
      {"not_cancelled", {}, booking_state::cancelled},
      {"not_ended", {}, booking_state::ended},
      // Who is not on the list does not learn what became of the booking.
      {"assigned", {.user = "stranger"}, booking_state::cancelled},
      {"assigned", {.user = "stranger", .when = "2026-11-23T10:00:00Z"}},
      // A cancelled booking is cancelled, early or late.
      {"not_cancelled", {.when = "2026-11-21T10:00:00Z"}, booking_state::cancelled},
      {"not_ended", {.when = "2026-11-23T10:00:00Z"}, booking_state::ended},
      {"open_yet", {.when = "2026-11-22T09:29:59.999999999Z"}},
      {"allowed", {.when = "2026-11-22T09:30:00Z"}},
      {"open_yet", {.user = "u2", .seat = role::client, .when = "2026-11-22T09:44:59.999Z"}},
      {"allowed", {.user = "u2", .seat = role::client, .when = "2026-11-22T09:45:00Z"}},
      {"open_yet", {.user = "u3", .seat = role::client, .when = "2026-11-22T09:30:00Z"}},
      {"allowed", {.when = "2026-11-22T11:59:59.999999999Z"}},
      {"still_open", {.when = "2026-11-22T12:00:00Z"}},
      {"still_open", {.user = "u2", .seat = role::client, .when = "2026-11-22T12:00:00Z"}},
  };
  for (const row& each : table) {
    auto one = booked();
    one.state = each.state;
    const std::string got = verdict(decided(&one, each.ask));
    BOOST_TEST(got == each.expected, each.ask.user << " at " << each.ask.when << ": " << got
                                                   << ", not " << each.expected);
  }
}

BOOST_AUTO_TEST_CASE(without_a_booking_nothing_else_is_checked) {
  BOOST_TEST(verdict(decided(nullptr, {})) == "room_exists");
  BOOST_TEST(verdict(decided(nullptr, {.roles = std::vector<role>{}})) == "room_exists");
}

BOOST_AUTO_TEST_CASE(each_refusal_is_its_error) {
  const auto code_of = [](asked ask, booking_state state = booking_state::scheduled) {
    auto one = booked();
    one.state = state;
    return decided(&one, ask).refusal(at(ask.when)).code;
  };
  BOOST_TEST(decided(nullptr, {}).refusal(at("2026-11-22T10:30:00Z")).code ==
             rooms::errc::room_not_found);
  BOOST_TEST(code_of({.roles = std::vector<role>{}}) == rooms::errc::wrong_role);
  BOOST_TEST(code_of({.user = "stranger"}) == rooms::errc::not_assigned);
  BOOST_TEST(code_of({.seat = role::client}) == rooms::errc::wrong_role);
  BOOST_TEST(code_of({}, booking_state::cancelled) == rooms::errc::room_cancelled);
  BOOST_TEST(code_of({}, booking_state::ended) == rooms::errc::room_ended);
  BOOST_TEST(code_of({.when = "2026-11-22T09:00:00Z"}) == rooms::errc::too_early);
  BOOST_TEST(code_of({.when = "2026-11-22T13:00:00Z"}) == rooms::errc::room_ended);
}

BOOST_AUTO_TEST_CASE(too_early_says_when_to_come_back_and_never_too_soon) {
  const auto one = booked();
  const auto refused_at = [&](std::string_view when) {
    return decided(&one, {.when = when}).refusal(at(when));
  };
  const auto early = refused_at("2026-11-22T09:28:30Z");
  BOOST_TEST_REQUIRE(early.facts.size() == 1u);
  BOOST_TEST(early.facts[0].name == "opensAt");
  BOOST_TEST(early.facts[0].value == "2026-11-22T09:30:00Z");
  BOOST_TEST((early.retry_after == 90s));
  BOOST_TEST((refused_at("2026-11-22T09:28:30.001Z").retry_after == 90s));
  BOOST_TEST((refused_at("2026-11-22T09:29:59.999999999Z").retry_after == 1s));
}

BOOST_AUTO_TEST_CASE(a_closed_window_says_when_it_closed) {
  const auto one = booked();
  const auto late =
      decided(&one, {.when = "2026-11-22T12:00:00Z"}).refusal(at("2026-11-22T12:00:00Z"));
  BOOST_TEST_REQUIRE(late.facts.size() == 1u);
  BOOST_TEST(late.facts[0].name == "closesAt");
  BOOST_TEST(late.facts[0].value == "2026-11-22T12:00:00Z");
  BOOST_TEST(!late.retry_after.has_value());
}

BOOST_AUTO_TEST_CASE(explain_has_one_aligned_line_per_rule) {
  const auto one = booked();
  const std::string text = explained(&one, {.when = "2026-11-22T09:00:00Z"});
  BOOST_TEST(std::ranges::count(text, '\n') == 9);
  BOOST_TEST(text.find("room_exists    passed       A booking has this room: "
                       "2026-11-22T10:00:00Z to 2026-11-22T11:00:00Z, with 100ms.\n") == 0u);
  BOOST_TEST(text.find("\nopen_yet       failed       The room opens for the expert at "
                       "2026-11-22T09:30:00Z, in 30 min (now 2026-11-22T09:00:00Z).\n") !=
             text.npos);
  BOOST_TEST(
      text.find(
          "\nstill_open     not checked  The room closes at 2026-11-22T12:00:00Z, in 3 h.\n") !=
      text.npos);
  BOOST_TEST(text.ends_with("\ndecision       refused      too_early\n"));
  BOOST_TEST(text.find("not-for-anyone") == text.npos);
}

BOOST_AUTO_TEST_CASE(explain_tells_a_stranger_from_someone_in_the_other_seat) {
  const auto one = booked();
  BOOST_TEST(
      explained(&one, {.user = "stranger"}).find("The caller is none of the 4 on the list.") !=
      std::string::npos);
  BOOST_TEST(
      explained(&one, {.seat = role::client}).find("The list has the caller, but not as client.") !=
      std::string::npos);
  BOOST_TEST(explained(&one, {.roles = std::vector<role>{}}).find("has no role at all") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(explain_without_a_booking_still_has_a_line_per_rule) {
  const std::string text = explained(nullptr, {});
  BOOST_TEST(std::ranges::count(text, '\n') == 9);
  BOOST_TEST(text.find("No booking has this room.") != text.npos);
}

BOOST_AUTO_TEST_CASE(the_windows_are_read_from_the_configuration) {
  core::mistakes found;
  core::options table("windows", "test.toml", found);
  table.set("expert_opens_before", std::string("45m"));
  table.set("client_opens_before", std::string("0s"));
  table.set("closes_after", std::string("2h"));
  const auto read = rooms::read_window_settings(table);
  table.note_unknown();
  BOOST_TEST(found.empty());
  const auto one = booked();
  BOOST_TEST((rooms::window_of(one, role::expert, read).opens_at == at("2026-11-22T09:15:00Z")));
  BOOST_TEST((rooms::window_of(one, role::client, read).opens_at == one.starts_at));
  BOOST_TEST((rooms::window_of(one, role::client, read).closes_at == at("2026-11-22T13:00:00Z")));
}

BOOST_AUTO_TEST_CASE(a_window_of_more_than_a_week_is_a_mistake) {
  core::mistakes found;
  core::options table("windows", "test.toml", found);
  table.set("closes_after", std::string("8d"));
  table.set("expert_opens_before", std::string("soon"));
  const auto read = rooms::read_window_settings(table);
  BOOST_TEST(found.size() == 2u);
  BOOST_TEST((read.closes_after == 60min));
}

BOOST_AUTO_TEST_SUITE_END()
