// Who sits in the built-in room, what reaches whom, and what never does.
#include "api/room_hall.hpp"

#include <boost/test/unit_test.hpp>

#include "core/json.hpp"

BOOST_AUTO_TEST_SUITE(room_hall_rules)

namespace {

using api::room_hall;
using core::role;

const core::room_id test_room = core::room_id::from("test_room").value();

core::user_id user(std::string_view name) { return core::user_id::from(name).value(); }

struct scene {
  struct page {
    role seat = role::expert;
    std::string who;
    std::string name;  // of the page
    room_hall::seated at;
    int woken = 0;
  };
  static page open(role seat, std::string who, std::string name) {
    page out{seat, std::move(who), std::move(name), {}, 0};
    return out;
  }
  void enter(page& one, const core::room_id& room = test_room) {
    one.at = hall.enter({room, user(one.who), one.seat, "Name of " + one.who, one.name},
                        [&one] { ++one.woken; });
  }
  std::string events(const page& one) {
    const auto got = hall.take(test_room, one.at.ticket);
    if (!got) return "none";
    std::string out;
    for (const auto& each : *got) out += (out.empty() ? "" : " ") + each.name;
    last = got->empty() ? api::room_event() : got->back();
    return out;
  }
  std::string call_of(const page& one) {
    events(one);
    const auto read = core::read_json(last.data);
    const std::string* call = read ? read->find_string("call") : nullptr;
    return call ? *call : "-";
  }
  bool say(const page& one, std::string_view call, std::string data = "{}") {
    return hall.pass_on(test_room, one.seat, user(one.who), one.name, call,
                        {"signal", std::move(data)});
  }
  bool bye(const page& one) { return hall.hang_up(test_room, one.seat, user(one.who), one.name); }
  void leave(const page& one) { hall.leave(test_room, one.at.ticket); }

  room_hall hall{100};
  api::room_event last;
  page expert = open(role::expert, "u1", "expert-page-0001");
  page client = open(role::client, "u2", "client-page-0001");
};

struct both_there : scene {
  both_there() {
    enter(expert);
    enter(client);
    call = call_of(expert);
    call_of(client);
  }
  std::string call;
};

}  // namespace

BOOST_AUTO_TEST_CASE(somebody_alone_is_told_nothing_and_reaches_nobody) {
  scene at;
  at.enter(at.expert);
  BOOST_TEST(at.events(at.expert) == "");
  BOOST_TEST(!at.say(at.expert, "100"));
  BOOST_TEST(!at.say(at.expert, "0"));
  BOOST_TEST(!at.bye(at.expert));
}

BOOST_AUTO_TEST_CASE(two_are_introduced_to_each_other_in_one_call) {
  scene at;
  at.enter(at.expert);
  at.enter(at.client);
  BOOST_TEST(at.expert.woken == 1);
  BOOST_TEST(at.events(at.expert) == "call");
  BOOST_TEST(
      at.last.data ==
      R"({"call":"100","peer":{"page":"client-page-0001","name":"Name of u2","seat":"client"}})");
  BOOST_TEST(at.call_of(at.client) == "100");
  BOOST_TEST(at.last.data.find("expert-page-0001") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_one_says_waits_for_the_other_in_order) {
  both_there at;
  BOOST_TEST(at.say(at.expert, at.call, "1"));
  BOOST_TEST(at.say(at.expert, at.call, "2"));
  BOOST_TEST(at.client.woken == 2);  // for the call, and once for both
  const auto got = at.hall.take(test_room, at.client.at.ticket);
  BOOST_REQUIRE(got);
  BOOST_REQUIRE(got->size() == 2U);
  BOOST_TEST((*got)[0].data == "1");
  BOOST_TEST((*got)[1].data == "2");
  BOOST_TEST(at.events(at.client) == "");
  BOOST_TEST(at.events(at.expert) == "");
}

BOOST_AUTO_TEST_CASE(nobody_speaks_from_a_seat_that_is_not_theirs) {
  both_there at;
  auto other_user = at.open(role::expert, "u9", at.expert.name);
  auto other_page = at.open(role::expert, "u1", "expert-page-0002");
  auto other_seat = at.open(role::client, "u1", at.expert.name);
  for (const auto& one : {other_user, other_page, other_seat}) {
    BOOST_TEST(!at.say(one, at.call));
    BOOST_TEST(!at.bye(one));
  }
  BOOST_TEST(at.events(at.client) == "");
  BOOST_TEST(!at.hall.pass_on(core::room_id::from("other").value(), role::expert, user("u1"),
                              at.expert.name, at.call, {"signal", "{}"}));
}

BOOST_AUTO_TEST_CASE(another_person_does_not_push_out_who_sits_there) {
  both_there at;
  auto second = at.open(role::client, "u3", "client-page-0003");
  at.enter(second);
  BOOST_TEST((second.at.how == room_hall::entry::taken));
  BOOST_TEST(at.say(at.expert, at.call));
  BOOST_TEST(at.events(at.client) == "signal");
  at.leave(at.client);
  at.enter(second);
  BOOST_TEST((second.at.how == room_hall::entry::seated));
  BOOST_TEST(at.call_of(second) == "101");
}

BOOST_AUTO_TEST_CASE(a_page_that_is_loaded_anew_replaces_the_earlier_one_and_begins_a_call) {
  both_there at;
  BOOST_TEST(at.say(at.expert, at.call, "half of a negotiation"));
  auto reloaded = at.open(role::client, "u2", "client-page-0002");
  at.enter(reloaded);
  BOOST_TEST(at.client.woken == 3);
  BOOST_TEST(at.events(at.client) == "replaced");
  BOOST_TEST(at.events(at.client) == "none");
  BOOST_TEST(at.call_of(reloaded) == "101");
  BOOST_TEST(at.call_of(at.expert) == "101");
  BOOST_TEST(!at.say(at.expert, at.call));
  BOOST_TEST(!at.say(at.client, "101"));
  BOOST_TEST(at.say(at.expert, "101"));
  // The old connection's end takes nobody's seat.
  at.leave(at.client);
  BOOST_TEST(at.events(reloaded) == "signal");
  BOOST_TEST(at.events(at.expert) == "");
}

BOOST_AUTO_TEST_CASE(a_page_that_connects_again_goes_on_with_its_call) {
  both_there at;
  BOOST_TEST(at.say(at.expert, at.call, "kept"));
  auto again = at.open(role::client, "u2", at.client.name);
  at.enter(again);
  BOOST_TEST(at.events(at.client) == "none");
  BOOST_TEST(at.events(again) == "signal call");
  BOOST_TEST(at.call_of(at.expert) == at.call);
  BOOST_TEST(at.say(again, at.call));
}

BOOST_AUTO_TEST_CASE(a_lost_connection_is_told_and_its_page_may_come_back) {
  both_there at;
  at.leave(at.client);
  BOOST_TEST(at.events(at.expert) == "left");
  BOOST_TEST(at.last.data == R"({"why":"gone"})");
  BOOST_TEST(!at.say(at.expert, at.call));
  at.enter(at.client);
  BOOST_TEST(at.call_of(at.expert) == at.call);
}

BOOST_AUTO_TEST_CASE(hanging_up_is_told_once_and_ends_the_call) {
  both_there at;
  BOOST_TEST(at.bye(at.client));
  BOOST_TEST(!at.bye(at.client));
  BOOST_TEST(!at.say(at.client, at.call));
  at.leave(at.client);
  BOOST_TEST(at.events(at.expert) == "left");
  BOOST_TEST(at.last.data == R"({"why":"bye"})");
  at.enter(at.client);
  BOOST_TEST(at.call_of(at.expert) == "101");
}

BOOST_AUTO_TEST_CASE(a_page_that_is_closed_has_left_on_purpose_though_its_connection_ended_first) {
  both_there at;
  at.leave(at.client);
  BOOST_TEST(at.bye(at.client));
  BOOST_TEST(!at.bye(at.client));
  BOOST_TEST(at.events(at.expert) == "left");
  BOOST_TEST(at.last.data == R"({"why":"bye"})");
  at.enter(at.client);
  BOOST_TEST(at.call_of(at.expert) == "101");
}

BOOST_AUTO_TEST_CASE(nobody_hangs_up_for_who_has_the_seat_now) {
  both_there at;
  at.leave(at.client);
  auto anew = at.open(role::client, "u2", "client-page-0002");
  at.enter(anew);
  at.call_of(at.expert);
  BOOST_TEST(!at.bye(at.client));
  BOOST_TEST(at.events(at.expert) == "");
}

BOOST_AUTO_TEST_CASE(who_connects_again_is_not_introduced_to_somebody_who_hung_up) {
  both_there at;
  BOOST_TEST(at.bye(at.client));
  at.enter(at.expert);
  BOOST_TEST(at.events(at.expert) == "left");
}

BOOST_AUTO_TEST_CASE(a_queue_that_is_full_makes_both_begin_again) {
  both_there at;
  for (std::size_t i = 0; i < room_hall::queue_max; ++i) BOOST_TEST(at.say(at.expert, at.call));
  BOOST_TEST(!at.say(at.expert, at.call));
  BOOST_TEST(at.events(at.client) == "call");
  BOOST_TEST(at.call_of(at.expert) == "101");
  BOOST_TEST(!at.say(at.expert, at.call));
  BOOST_TEST(at.say(at.expert, "101"));
}

BOOST_AUTO_TEST_CASE(so_does_one_that_holds_too_many_bytes) {
  both_there at;
  const std::string large(16 * 1024, 'x');
  const std::size_t most = room_hall::queue_bytes_max / large.size();
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < most; ++i) BOOST_TEST(at.say(at.expert, at.call, large));
    if (round == 0) BOOST_TEST(at.events(at.client).starts_with("signal signal"));
  }
  BOOST_TEST(!at.say(at.expert, at.call, large));
  BOOST_TEST(at.call_of(at.client) == "101");
  BOOST_TEST(at.say(at.expert, "101", large));
}

BOOST_AUTO_TEST_CASE(coming_and_going_fills_nobodys_queue) {
  both_there at;
  for (int i = 0; i < 1'000; ++i) {
    at.leave(at.client);
    at.enter(at.client);
  }
  BOOST_TEST(at.events(at.expert) == "call");
}

BOOST_AUTO_TEST_CASE(empty_rooms_go_away) {
  both_there at;
  auto reloaded = at.open(role::client, "u2", "client-page-0002");
  at.enter(reloaded);
  at.leave(reloaded);
  at.leave(at.expert);
  BOOST_TEST(at.hall.rooms() == 1U);  // one is still to be told that it was replaced
  at.leave(at.client);
  BOOST_TEST(at.hall.rooms() == 0U);
  at.leave(at.client);
  BOOST_TEST(at.events(at.client) == "none");
}

BOOST_AUTO_TEST_CASE(a_house_that_is_full_takes_no_further_room_and_serves_those_it_has) {
  scene at;
  at.enter(at.expert);
  std::vector<scene::page> others(room_hall::rooms_max);
  for (std::size_t i = 0; i + 1 < room_hall::rooms_max; ++i) {
    others[i] = at.open(role::expert, "u1", "expert-page-0009");
    at.enter(others[i], core::room_id::from("room-" + std::to_string(i)).value());
    BOOST_REQUIRE((others[i].at.how == room_hall::entry::seated));
  }
  others.back() = at.open(role::expert, "u1", "expert-page-0009");
  at.enter(others.back(), core::room_id::from("one-more").value());
  BOOST_TEST((others.back().at.how == room_hall::entry::full));
  at.enter(at.client);
  BOOST_TEST(at.call_of(at.client) == "100");
}

BOOST_AUTO_TEST_SUITE_END()
