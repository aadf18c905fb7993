// LiveKit's token endpoint: the body names a room and nothing else that counts.
#include <boost/test/unit_test.hpp>

#include "support/face_scene.hpp"

BOOST_AUTO_TEST_SUITE(livekit_token)

using namespace std::chrono_literals;
using tests::face_scene;
using tests::told;

namespace {

struct livekit : face_scene {
  livekit() {
    vendor->server_url = "wss://acme.livekit.cloud";
    store.add(tests::booking_of("talk"));
    store.add(tests::booking_of("elsewhere", "own"));
  }
  told ask_token(std::string body, std::string user = "u1", std::string query = {},
                 std::optional<core::role> role = {}) {
    return ask(
        {http::method::post,
         "/api/livekit/token" + query,
         {{"Authorization", "Bearer " + token(user, role)}, {"Content-Type", "application/json"}},
         std::move(body)});
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(it_answers_201_with_server_and_token) {
  livekit at;
  const told made = at.ask_token(R"({"room_name":"talk"})");
  BOOST_TEST(made.status == 201);
  BOOST_TEST(
      made.body ==
      R"({"server_url":"wss://acme.livekit.cloud","participant_token":"token-of-u1-as-expert"})");
  BOOST_TEST(made.field("Cache-Control") == "no-store");
}

BOOST_AUTO_TEST_CASE(identity_and_rights_never_come_from_the_body) {
  livekit at;
  const told made = at.ask_token(
      R"({"room_name":"talk","participant_identity":"u2","participant_metadata":"{}",)"
      R"("participant_attributes":{"role":"admin"},"room_config":{"name":"other"},"roomAdmin":true})",
      "u2");
  BOOST_TEST(made.status == 201);
  // The seat is the one that the booking gives this person.
  BOOST_TEST(made.text("participant_token") == "token-of-u2-as-client");
  BOOST_TEST(at.ask_token(R"({"room_name":"talk","participant_identity":"u1"})", "stranger")
                 .text("code") == "not_assigned");
}

BOOST_AUTO_TEST_CASE(whoever_gets_a_token_or_none_is_in_the_audit_log) {
  livekit at;
  at.ask_token(R"({"room_name":"talk"})", "u2");
  at.ask_token(R"({"room_name":"talk"})", "stranger");
  at.ask_token(R"({"room_name":"elsewhere"})", "u1");
  at.ask({http::method::post,
          "/api/livekit/token",
          {{"Content-Type", "application/json"}},
          R"({"room_name":"talk"})"});
  BOOST_REQUIRE(at.audit.lines.size() == 4u);
  const auto says = [&](std::size_t line, std::string_view what) {
    return at.audit.lines[line].starts_with("join_decided " + std::string(what) + " ");
  };
  BOOST_TEST(says(0, "user=u2 room=talk role=client outcome=allowed rule=ok provider=100ms"));
  BOOST_TEST(says(1, "user=stranger room=talk role=expert outcome=denied rule=not_assigned"));
  BOOST_TEST(says(2, "user=u1 room=elsewhere role=expert outcome=denied rule=invalid_request"));
  BOOST_TEST(says(3, "user=\"\" room=talk role=expert outcome=denied rule=unauthenticated"));
  for (const std::string& line : at.audit.lines)
    BOOST_TEST(line.find("token-of-") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_seat_may_be_named_and_is_checked) {
  livekit at;
  BOOST_TEST(at.ask_token(R"({"room_name":"talk"})", "u1", "?role=expert").status == 201);
  BOOST_TEST(at.ask_token(R"({"room_name":"talk"})", "u1", "?role=client").text("code") ==
             "wrong_role");
  BOOST_TEST(at.ask_token(R"({"room_name":"talk"})", "u1", "?role=boss").text("parameter") ==
             "role");
  BOOST_TEST(at.ask_token(R"({"room_name":"talk"})", "u1", "", core::role::client).text("code") ==
             "wrong_role");
}

BOOST_AUTO_TEST_CASE(all_checks_of_a_join_apply) {
  livekit at;
  BOOST_TEST(at.ask_token(R"({"room_name":"nowhere"})").text("code") == "room_not_found");
  BOOST_TEST(at.ask_token(R"({"room_name":"elsewhere"})").text("parameter") == "room_name");
  at.clock.advance(3h);
  BOOST_TEST(at.ask_token(R"({"room_name":"talk"})").text("code") == "room_ended");
  BOOST_TEST(at.vendor->admitted.empty());
  BOOST_TEST(at.ask({http::method::post,
                     "/api/livekit/token",
                     {{"Content-Type", "application/json"}},
                     R"({"room_name":"talk"})"})
                 .status == 401);
  BOOST_TEST(at.get("/api/livekit/token", at.token("u1")).status == 405);
}

BOOST_AUTO_TEST_CASE(the_shown_name_is_the_one_that_was_asked_for) {
  livekit at;
  at.ask_token(R"({"roomName":"talk","participantName":"  Zoë "})");
  BOOST_REQUIRE(!at.vendor->admitted.empty());
  BOOST_TEST(at.vendor->admitted.back().name == "Zoë");
}

BOOST_AUTO_TEST_CASE(bodies_that_name_no_room_are_refused) {
  livekit at;
  for (const char* body : {"", "{}", "[]", "{", R"({"room_name":5})", R"({"room_name":"a b"})",
                           R"({"room_name":"talk","roomName":"talk"})",
                           R"({"room_name":"talk","participant_name":"a\u0007b"})",
                           R"({"room_name":"talk","room_name":"talk"})"}) {
    const told answer = at.ask_token(body);
    BOOST_TEST_CONTEXT(body) {
      BOOST_TEST(answer.status == 400);
      BOOST_TEST(answer.text("code") == "invalid_request");
    }
  }
  BOOST_TEST(at.ask({http::method::post,
                     "/api/livekit/token",
                     {{"Authorization", "Bearer " + at.token("u1")}},
                     "{}"})
                 .status == 415);
}

BOOST_AUTO_TEST_SUITE_END()
