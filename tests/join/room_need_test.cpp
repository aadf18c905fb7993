// What a room at a provider still wants: the table of docs/decisions/0047.
#include "join/room_need.hpp"

#include <boost/test/unit_test.hpp>

#include "support/door_scene.hpp"

BOOST_AUTO_TEST_SUITE(room_need)

using join::room_need;

namespace {

struct need_scene : tests::door_scene {
  room_need need(std::string room, rooms::call_state call = rooms::call_state::unknown) {
    auto one = tests::booking_of("talk");
    one.provider_room = std::move(room);
    one.call.state = call;
    return join::need_of(one, providers.find(one.provider), {}, clock.wall_now());
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_room_is_made_once_and_then_left_alone) {
  need_scene at;
  BOOST_TEST((at.need("") == room_need::make));
  BOOST_TEST((at.need("made") == room_need::nothing));
  const auto roomless = tests::booking_of("talk", "own");
  BOOST_TEST((join::need_of(roomless, at.providers.find(roomless.provider), {},
                            at.clock.wall_now()) == room_need::nothing));
  BOOST_TEST((join::need_of(roomless, nullptr, {}, at.clock.wall_now()) == room_need::nothing));
}

BOOST_AUTO_TEST_CASE(a_change_is_told_while_the_room_serves_and_awaited_where_it_does_not) {
  need_scene at;
  at.vendor->wants_terms = true;
  BOOST_TEST((at.need("made for before") == room_need::tell));
  BOOST_TEST((at.need("made for before", rooms::call_state::live) == room_need::tell));
  at.vendor->opens_anyway = false;
  BOOST_TEST((at.need("made for before") == room_need::make));
}

BOOST_AUTO_TEST_CASE(a_room_is_replaced_before_anybody_enters_and_never_under_a_call) {
  need_scene at;
  at.vendor->wants_terms = at.vendor->replaces_room = true;
  for (const bool opens : {true, false}) {
    at.vendor->opens_anyway = opens;
    BOOST_TEST((at.need("made for before") == room_need::make));
    BOOST_TEST((at.need("made for before", rooms::call_state::ended) == room_need::make));
    BOOST_TEST((at.need("made for before", rooms::call_state::live) == room_need::later));
  }
}

BOOST_AUTO_TEST_SUITE_END()
