// GET /api/{expert,client}/videocall/url: order of the checks, every refusal, and what must not
// happen.
#include "api/join_api.hpp"

#include <boost/test/unit_test.hpp>

#include "providers/error.hpp"
#include "support/face_scene.hpp"

BOOST_AUTO_TEST_SUITE(join_api)

using namespace std::chrono_literals;
using tests::asked;
using tests::face_scene;
using tests::told;

namespace {

constexpr std::string_view join_path = "/api/expert/videocall/url?roomId=";

told enter(face_scene& at, std::string room, std::string_view user = "u1", std::string more = {}) {
  return at.get(std::string(join_path) + room + more, at.token(user));
}

void check(const told& answer, int status, std::string_view code) {
  BOOST_TEST(answer.status == status);
  BOOST_TEST(answer.text("code") == code);
  BOOST_TEST(answer.note == code);
  BOOST_TEST(answer.text("requestId") == answer.field("X-Request-Id"));
  BOOST_TEST(answer.field("Content-Type") == "application/problem+json");
  BOOST_TEST(answer.body.find("inner secret detail") == std::string::npos);
  BOOST_TEST(answer.body.find("eyJ") == std::string::npos);
}

rooms::booking moved(std::string_view room, std::chrono::minutes by) {
  auto out = tests::booking_of(room);
  out.starts_at += by;
  out.ends_at += by;
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_reason_to_refuse_has_its_status_and_code) {
  face_scene at;
  at.store.add(tests::booking_of("talk"));
  at.store.add(tests::booking_of("gone", "removed"));
  at.store.add(moved("early", 120min));
  at.store.add(moved("over", -180min));
  auto cancelled = tests::booking_of("cancelled");
  cancelled.state = rooms::booking_state::cancelled;
  at.store.add(cancelled);
  const std::string expired = at.token("u1", {}, 60s);
  at.clock.advance(10min);

  check(at.get(std::string(join_path) + "talk"), 401, "unauthenticated");
  check(at.get(std::string(join_path) + "talk", "x.y.z"), 401, "unauthenticated");
  check(at.get(std::string(join_path) + "talk", expired), 401, "session_expired");
  check(enter(at, "nowhere"), 404, "room_not_found");
  check(enter(at, "talk", "stranger"), 403, "not_assigned");
  check(enter(at, "talk", "u2"), 403, "wrong_role");
  check(at.get(std::string(join_path) + "talk", at.token("u1", core::role::client)), 403,
        "wrong_role");
  check(enter(at, "over"), 410, "room_ended");
  check(enter(at, "cancelled"), 410, "room_cancelled");
  check(enter(at, "gone"), 503, "provider_unavailable");
  const told early = enter(at, "early");
  check(early, 403, "too_early");
  BOOST_TEST(early.text("opensAt") == "2026-11-22T11:30:00Z");
  BOOST_TEST(early.field("Retry-After") == "4800");
  BOOST_TEST(at.vendor->calls() == 0u);

  at.vendor->prepare_fails = providers::errc::rejected;
  check(enter(at, "talk"), 502, "provider_rejected");
  at.vendor->prepare_fails = providers::errc::unavailable;
  const told away = enter(at, "talk");
  check(away, 503, "provider_unavailable");
  BOOST_TEST(away.field("Retry-After") != "-");
  at.vendor->prepare_fails = providers::errc::timed_out;
  check(enter(at, "talk"), 504, "provider_timeout");
  at.store.broken = true;
  check(enter(at, "another"), 503, "overloaded");
}

BOOST_AUTO_TEST_CASE(the_answer_has_its_members_in_order) {
  face_scene at;
  at.store.add(tests::booking_of("room-42"));
  const told answer = enter(at, "room-42");
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.field("Content-Type") == "application/json");
  BOOST_TEST(
      answer.body ==
      R"({"videoCallUrl":"https://video.example/room-42/u1/1","roomId":"room-42","userName":"Expert",)"
      R"("role":"expert","provider":"100ms","expiresAt":"2026-11-22T10:10:00Z",)"
      R"("refreshAfter":"2026-11-22T10:08:00Z","serverTime":"2026-11-22T10:00:00Z",)"
      R"("embed":{"mode":"iframe","allow":"camera; microphone; display-capture; autoplay; fullscreen",)"
      R"("origin":"https://video.example"}})");
}

BOOST_AUTO_TEST_CASE(a_warm_join_is_answered_at_once_and_a_cold_one_later) {
  face_scene at;
  at.store.add(tests::booking_of("talk"));
  BOOST_TEST(enter(at, "talk").waited);
  BOOST_TEST(enter(at, "talk").waited);  // the new room was announced, so it is read once more
  const told warm = enter(at, "talk");
  BOOST_TEST(!warm.waited);
  BOOST_TEST(warm.status == 200);
  BOOST_TEST(at.vendor->prepared.size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_client_has_a_seat_and_a_name_of_their_own) {
  face_scene at;
  at.store.add(tests::booking_of("talk", "own"));
  const told answer =
      at.get("/api/client/videocall/url?roomId=talk", at.token("u2", core::role::client));
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.text("role") == "client");
  BOOST_TEST(answer.text("userName") == "Client");
}

BOOST_AUTO_TEST_CASE(nothing_later_runs_when_something_earlier_fails) {
  face_scene at({}, {{1, 1s, 1000}, {1, 1s, 1}, {1, 1s, 1}, 1 << 20});
  at.store.add(tests::booking_of("talk"));
  // Parameters come before the session.
  check(at.get("/api/expert/videocall/url", "x.y.z"), 400, "invalid_request");
  // The session comes before the user's bucket, which holds one token.
  check(at.get(std::string(join_path) + "talk", "x.y.z"), 401, "unauthenticated");
  check(enter(at, "nowhere"), 404, "room_not_found");
  const std::size_t finds = at.store.finds;
  const told limited = enter(at, "talk");
  check(limited, 429, "rate_limited");
  BOOST_TEST(limited.text("policy") == "user");
  BOOST_TEST(limited.field("Retry-After") == "1");
  BOOST_TEST(limited.field("RateLimit").starts_with("\"user\";r=0;t="));
  BOOST_TEST(limited.fields.find("\"ip\"") == std::string::npos);
  BOOST_TEST(at.store.finds == finds);
  BOOST_TEST(at.vendor->calls() == 0u);
  at.clock.advance(1s);
  BOOST_TEST(enter(at, "talk").status == 200);
}

BOOST_AUTO_TEST_CASE(parameters_are_refused_one_by_one_and_named) {
  face_scene at;
  at.store.add(tests::booking_of("talk", "own"));
  const std::string long_id(129, 'a');
  const std::string long_name(65, 'a');
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"", "roomId"},
      {"roomId=", "roomId"},
      {"roomId=a/b", "roomId"},
      {"roomId=a%20b", "roomId"},
      {"roomId=a+b", "roomId"},
      {"roomId=%C3%A9", "roomId"},
      {"roomId=%zz", "roomId"},
      {"roomId=%", "roomId"},
      {"roomId=" + long_id, "roomId"},
      {"roomId=talk&roomId=talk", "roomId"},
      {"roomId=talk&room%49d=talk", "roomId"},
      {"roomId=%00", "roomId"},
      {"roomId=talk%0A", "roomId"},
      {"roomId=talk&userName=%FF", "userName"},
      {"roomId=talk&userName=%ED%A0%80", "userName"},
      {"roomId=talk&userName=a%00", "userName"},
      {"roomId=talk&userName=a%0Ab", "userName"},
      {"roomId=talk&userName=%09a", "userName"},
      {"roomId=talk&userName=%C2%85", "userName"},
      {"roomId=talk&userName=%E2%80%AEevil", "userName"},
      {"roomId=talk&userName=%E2%81%A6x", "userName"},
      {"roomId=talk&userName=a&userName=b", "userName"},
      {"roomId=talk&userName=" + long_name, "userName"},
  };
  for (const auto& [query, parameter] : bad) {
    const told answer = at.get("/api/expert/videocall/url?" + query, at.token("u1"));
    BOOST_TEST_INFO(query);
    BOOST_TEST(answer.status == 400);
    BOOST_TEST_INFO(query);
    BOOST_TEST(answer.text("parameter") == parameter);
  }
}

BOOST_AUTO_TEST_CASE(names_are_trimmed_counted_in_code_points_and_echoed) {
  face_scene at;
  at.store.add(tests::booking_of("talk", "own"));
  const auto shown = [&](std::string query) {
    return enter(at, "talk", "u1", query).text("userName");
  };
  std::string emoji;
  for (int i = 0; i < 64; ++i) emoji += "%F0%9F%98%80";
  BOOST_TEST(shown("&userName=Dr+X%20%2B%20Y") == "Dr X + Y");
  BOOST_TEST(shown("&userName=%20%20a%C2%A0b%E3%80%80") ==
             "a\xc2\xa0"
             "b");
  BOOST_TEST(shown("&userName=%20%20") == "Expert");
  BOOST_TEST(shown("&userName=") == "Expert");
  BOOST_TEST(shown("&userName=" + std::string(64, 'a') + "%20") == std::string(64, 'a'));
  BOOST_TEST(shown("&userName=" + emoji).size() == 256u);
  BOOST_TEST(shown("&other=%7a&utm=1&utm=2&userName=x") == "x");
}

BOOST_AUTO_TEST_CASE(head_checks_everything_and_does_nothing) {
  face_scene at;
  at.store.add(tests::booking_of("talk"));
  const auto head = [&](std::string room, std::string user) {
    return at.ask({http::method::head,
                   std::string(join_path) + room,
                   {{"Authorization", "Bearer " + at.token(user)}}});
  };
  for (int i = 0; i < 2; ++i) {  // cold, then warm
    const told good = head("talk", "u1");
    BOOST_TEST(good.status == 200);
    BOOST_TEST(good.body == "");
    BOOST_TEST(good.field("Content-Type") == "application/json");
    BOOST_TEST(head("talk", "stranger").status == 403);
    BOOST_TEST(head("nowhere", "u1").status == 404);
  }
  BOOST_TEST(at.ask({http::method::head, std::string(join_path) + "talk"}).status == 401);
  BOOST_TEST(at.vendor->calls() == 0u);
  BOOST_TEST(at.store.writes == 0u);
}

BOOST_AUTO_TEST_CASE(an_event_stream_is_for_who_accepts_it) {
  face_scene at;
  at.store.add(tests::booking_of("talk"));
  const auto type = [&](std::string accept, http::method verb = http::method::head) {
    return at
        .ask({verb,
              "/api/expert/videocall/url?roomId=talk",
              {{"Authorization", "Bearer " + at.token("u1")}, {"Accept", std::move(accept)}}})
        .field("Content-Type");
  };
  for (const char* yes : {"text/event-stream", "application/json, Text/Event-Stream;q=0.001",
                          "text/event-stream;q=1.0;x=y", "text/event-stream;x=y"})
    BOOST_TEST(type(yes) == "text/event-stream; charset=utf-8", yes);
  for (const char* no : {"*/*", "text/event-stream;q=0, application/json",
                         "text/event-stream;Q=0.000", "text/event-streams", "application/json"}) {
    BOOST_TEST(type(no) == "application/json", no);
    BOOST_TEST(type(no, http::method::get) == "application/json", no);
  }
}

BOOST_AUTO_TEST_CASE(a_prefetch_gets_an_empty_204_and_does_nothing) {
  face_scene at;
  at.store.add(tests::booking_of("talk"));
  const std::vector<std::pair<std::string, std::string>> purposes = {
      {"Sec-Purpose", "prefetch"},
      {"sec-purpose", "prefetch;prerender"},
      {"Sec-Purpose", "prerender"},
      {"Purpose", "prefetch"},
      {"X-Moz", "prefetch"}};
  for (const auto& purpose : purposes) {
    const told answer = at.ask({http::method::get,
                                std::string(join_path) + "talk",
                                {{"Authorization", "Bearer " + at.token("u1")}, purpose}});
    BOOST_TEST(answer.status == 204);
    BOOST_TEST(answer.body == "");
  }
  BOOST_TEST(at.vendor->calls() == 0u);
  BOOST_TEST(at.store.finds == 0u);
}

BOOST_AUTO_TEST_CASE(decisions_are_counted_by_outcome) {
  face_scene at;
  at.store.add(tests::booking_of("talk"));
  enter(at, "talk");
  enter(at, "talk", "stranger");
  at.store.add(tests::booking_of("other"));
  at.vendor->prepare_fails = providers::errc::rejected;
  enter(at, "other");
  const std::string page = at.metrics.render();
  const auto has = [&](std::string_view line) { return page.find(line) != std::string::npos; };
  BOOST_TEST(has(R"(join_decisions_total{outcome="allowed",code="ok",provider="100ms"} 1)"));
  BOOST_TEST(
      has(R"(join_decisions_total{outcome="denied",code="not_assigned",provider="none"} 1)"));
  BOOST_TEST(
      has(R"(join_decisions_total{outcome="failed",code="provider_rejected",provider="100ms"} 1)"));
  BOOST_TEST(has(R"(http_server_request_duration_seconds_count{route="/api/expert/videocall/url",)"
                 R"(method="GET",status="200"} 1)"));
  BOOST_TEST(!has("talk\""));
}

BOOST_AUTO_TEST_SUITE_END()
