// The event stream of a join: what it tells, how it waits, and how it ends.
#include <boost/test/unit_test.hpp>

#include "providers/error.hpp"
#include "support/face_scene.hpp"

BOOST_AUTO_TEST_SUITE(join_stream)

using namespace std::chrono_literals;
using tests::asked;
using tests::face_scene;

namespace {

asked request_of(face_scene& at, std::string_view user) {
  return {http::method::get,
          "/api/expert/videocall/url?roomId=talk",
          {{"Authorization", "Bearer " + at.token(user)},
           {"Accept", "text/html, text/event-stream;q=0.9"}}};
}

// Walks one stream to its end and gives "event:state" or "event" for each.
std::vector<std::string> tell(face_scene& at, tests::fake_events& events,
                              std::string_view user = "u1") {
  auto it = at.begin(request_of(at, user));
  BOOST_REQUIRE(at.front->admit(it->about, it->out).has_value());
  auto answer = at.front->handle(it->about, it->out);
  BOOST_REQUIRE(std::holds_alternative<http::answered_by_events>(answer));
  at.run(std::get<http::answered_by_events>(answer)(events));
  std::vector<std::string> out;
  for (const auto& [event, data] : events.sent) {
    const auto json = core::read_json(data);
    BOOST_REQUIRE(json);
    const std::string* state = json->find_string("state");
    out.push_back(state ? event + ":" + *state : event);
  }
  return out;
}

using names = std::vector<std::string>;

rooms::booking early_booking() {
  auto out = tests::booking_of("talk");
  out.starts_at += 60min;
  out.ends_at += 60min;
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_stranger_is_denied_in_the_stream) {
  face_scene at;
  at.store.add(tests::booking_of("talk"));
  tests::fake_events events(at.clock);
  BOOST_TEST(tell(at, events, "stranger") == (names{"state:checking", "state:denied", "problem"}),
             boost::test_tools::per_element());
  BOOST_TEST(events.sent.back().second.find("\"code\":\"not_assigned\"") != std::string::npos);
  BOOST_TEST(at.vendor->calls() == 0u);
}

BOOST_AUTO_TEST_CASE(a_provider_that_fails_is_told_as_failed) {
  face_scene at;
  at.store.add(tests::booking_of("talk"));
  at.vendor->prepare_fails = providers::errc::rejected;
  tests::fake_events events(at.clock);
  BOOST_TEST(tell(at, events) ==
                 (names{"state:checking", "state:provisioning", "state:failed", "problem"}),
             boost::test_tools::per_element());
  BOOST_TEST(events.sent.back().second.find("inner") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_session_that_is_not_good_is_refused_before_any_stream) {
  face_scene at;
  auto what = request_of(at, "u1");
  what.fields[0].second = "Bearer x.y.z";
  BOOST_TEST(at.ask(what).status == 401);
}

BOOST_AUTO_TEST_CASE(a_cold_join_is_provisioned_and_a_warm_one_is_not) {
  face_scene at;
  at.store.add(tests::booking_of("talk"));
  tests::fake_events cold(at.clock);
  BOOST_TEST(
      tell(at, cold) == (names{"state:checking", "state:provisioning", "state:ready", "url"}),
      boost::test_tools::per_element());
  tests::fake_events warm(at.clock);
  BOOST_TEST(tell(at, warm) == (names{"state:checking", "state:ready", "url"}),
             boost::test_tools::per_element());
  BOOST_TEST(
      warm.sent.back().second.starts_with(R"({"videoCallUrl":"https://video.example/talk/u1/2",)"));
}

BOOST_AUTO_TEST_CASE(an_early_caller_waits_until_the_room_opens) {
  face_scene at;
  at.store.add(early_booking());
  tests::fake_events events(at.clock);
  BOOST_TEST(tell(at, events) == (names{"state:checking", "state:waiting", "state:provisioning",
                                        "state:ready", "url"}),
             boost::test_tools::per_element());
  BOOST_TEST(
      events.sent[1].second ==
      R"({"state":"waiting","opensAt":"2026-11-22T10:30:00Z","serverTime":"2026-11-22T10:00:00Z"})");
  BOOST_TEST(core::to_rfc3339(at.clock.wall_now()) == "2026-11-22T10:30:00Z");
  BOOST_TEST(events.waits == 1u);
}

BOOST_AUTO_TEST_CASE(a_booking_that_is_cancelled_meanwhile_ends_the_waiting) {
  face_scene at;
  at.store.add(early_booking());
  tests::fake_events events(at.clock);
  events.on_wait = [&](core::notice& wake) {
    auto gone = early_booking();
    gone.state = rooms::booking_state::cancelled;
    at.store.add(gone);
    for (const auto& hear : at.shards.listeners) hear(gone.room);
    BOOST_TEST(wake.given());
  };
  BOOST_TEST(
      tell(at, events) == (names{"state:checking", "state:waiting", "state:denied", "problem"}),
      boost::test_tools::per_element());
  BOOST_TEST(events.sent.back().second.find("room_cancelled") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_session_that_ends_while_the_room_is_closed_is_not_let_in) {
  face_scene at;
  at.store.add(early_booking());
  tests::fake_events events(at.clock);
  const auto short_token = at.token("u1", {}, 60s);
  auto what = request_of(at, "u1");
  what.fields[0].second = "Bearer " + short_token;
  auto it = at.begin(what);
  BOOST_REQUIRE(at.front->admit(it->about, it->out).has_value());
  auto answer = at.front->handle(it->about, it->out);
  at.run(std::get<http::answered_by_events>(answer)(events));
  BOOST_TEST(events.sent.back().second.find("session_expired") != std::string::npos);
  BOOST_TEST(at.vendor->calls() == 0u);
}

BOOST_AUTO_TEST_CASE(a_session_whose_key_is_withdrawn_while_the_room_is_closed_is_not_let_in) {
  for (const bool withdrawn : {true, false}) {
    face_scene at;
    at.store.add(early_booking());
    tests::fake_events events(at.clock);
    events.on_wait = [&](core::notice&) {
      // What SIGHUP does.
      auto now = std::make_shared<auth::session_settings>(*at.session_rules);
      const core::secret other("pW3nZ8kT5vB1xQ7mL4cR9sD2fH6gJ0yE");
      if (withdrawn) now->keys = {};
      now->keys.add(*jose::key::from_secret(other, jose::algorithm::hs256));
      *at.verifier = auth::verifier(now);
      at.clock.advance(30min);
    };
    const names told = tell(at, events);
    if (withdrawn) {
      BOOST_TEST(told == (names{"state:checking", "state:waiting", "state:denied", "problem"}),
                 boost::test_tools::per_element());
      BOOST_TEST(events.sent.back().second.find("\"code\":\"unauthenticated\"") !=
                 std::string::npos);
      BOOST_TEST(at.vendor->calls() == 0u);
    } else {
      BOOST_TEST(told.back() == "url");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_key_that_is_withdrawn_while_the_room_is_made_gives_no_link) {
  face_scene at;
  at.store.add(tests::booking_of("talk"));
  at.vendor->pause = [&]() -> core::task<void> {
    auto now = std::make_shared<auth::session_settings>(*at.session_rules);
    now->keys = {};
    *at.verifier = auth::verifier(now);
    co_return;
  };
  tests::fake_events events(at.clock);
  BOOST_TEST(tell(at, events) ==
                 (names{"state:checking", "state:provisioning", "state:denied", "problem"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_caller_who_leaves_while_waiting_leaves_nothing_behind) {
  face_scene at;
  at.store.add(early_booking());
  tests::fake_events events(at.clock);
  events.on_wait = [&](core::notice&) { events.gone = true; };
  BOOST_TEST(tell(at, events) == (names{"state:checking", "state:waiting"}),
             boost::test_tools::per_element());
  BOOST_TEST(at.vendor->calls() == 0u);
}

BOOST_AUTO_TEST_CASE(waiting_ends_in_time_for_the_page_to_ask_again) {
  face_scene at([](api::settings& change) { change.stream_wait_max = 10min; });
  at.store.add(early_booking());
  tests::fake_events events(at.clock);
  BOOST_TEST(
      tell(at, events) == (names{"state:checking", "state:waiting", "state:denied", "problem"}),
      boost::test_tools::per_element());
  BOOST_TEST(events.sent.back().second.find("too_early") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(one_person_has_a_bounded_number_of_streams) {
  face_scene at;
  at.store.add(tests::booking_of("talk"));
  std::vector<http::answer> open;
  std::vector<std::unique_ptr<face_scene::conversation>> kept;
  int status = 200;
  for (int i = 0; i < 20 && status == 200; ++i) {
    kept.push_back(at.begin(request_of(at, "u1")));
    auto& it = *kept.back();
    BOOST_REQUIRE(at.front->admit(it.about, it.out).has_value());
    open.push_back(at.front->handle(it.about, it.out));
    status = it.out.status;
  }
  BOOST_TEST(status == 429);
  BOOST_TEST(open.size() == 9u);
  open.clear();
  BOOST_TEST(at.ask(request_of(at, "u1")).status == 200);
}

BOOST_AUTO_TEST_SUITE_END()
