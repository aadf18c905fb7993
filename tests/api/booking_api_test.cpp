// The booking API: keys, bodies, flows, and that a write is seen by every shard before it is
// answered.
#include <boost/test/unit_test.hpp>

#include "support/face_scene.hpp"

BOOST_AUTO_TEST_SUITE(booking_api)

using namespace std::chrono_literals;
using tests::asked;
using tests::face_scene;
using tests::told;

namespace {

constexpr auto get = http::method::get;
constexpr auto put = http::method::put;
constexpr auto post = http::method::post;
constexpr auto remove_ = http::method::delete_;

}  // namespace

BOOST_AUTO_TEST_CASE(only_a_service_key_opens_it) {
  face_scene at;
  const std::string session = at.token("u1");
  for (const std::string& value : {std::string("Bearer wrong"), "Bearer " + session,
                                   "Basic " + std::string(face_scene::service_key)}) {
    const told answer = at.ask({get, "/api/bookings/talk", {{"Authorization", value}}});
    BOOST_TEST(answer.status == 401);
    BOOST_TEST(answer.field("WWW-Authenticate").find("invalid_token") != std::string::npos);
  }
  const told bare = at.get("/api/bookings");
  BOOST_TEST(bare.status == 401);
  BOOST_TEST(bare.field("WWW-Authenticate") == "Bearer realm=\"stagedoor\"");
  BOOST_TEST(at.store.finds == 0u);
}

BOOST_AUTO_TEST_CASE(a_bad_body_is_422_with_pointers_and_nothing_is_written) {
  face_scene at;
  const auto put_body = [&](std::string body) {
    return at.service(http::method::put, "/api/bookings/talk", body);
  };
  for (const char* body : {"", "{", "[]", "null", "{\"startsAt\":1,\"startsAt\":2}"}) {
    const told answer = put_body(body);
    BOOST_TEST(answer.status == 422);
    BOOST_TEST(answer.text("code") == "invalid_booking");
  }
  std::string unknown = face_scene::body_of_booking();
  unknown.insert(1, "\"provider\":\"nowhere\",");
  const told refused = put_body(unknown);
  BOOST_TEST(refused.status == 422);
  const auto json = refused.json();
  BOOST_REQUIRE(json.find("errors")->as_array()->size() == 1u);
  BOOST_TEST(*json.find("errors")->as_array()->front().find_string("pointer") == "/provider");
  BOOST_TEST(at.store.writes == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_no_json_is_415_and_what_is_too_large_is_413) {
  face_scene at;
  asked what{put,
             "/api/bookings/talk",
             {{"Authorization", "Bearer " + std::string(face_scene::service_key)}}};
  BOOST_TEST(at.ask(what).status == 415);
  what.fields.push_back({"Content-Type", "Application/JSON; charset=utf-8"});
  what.body = face_scene::body_of_booking();
  BOOST_TEST(at.ask(what).status == 201);
  what.body = std::string(70'000, ' ');
  const told large = at.ask(what);
  BOOST_TEST(large.status == 413);
  BOOST_TEST(large.field("RateLimit-Policy").starts_with("\"ip\""));
}

BOOST_AUTO_TEST_CASE(a_room_name_that_is_none_is_refused_before_the_key) {
  face_scene at;
  const told answer = at.get("/api/bookings/a%20b");
  BOOST_TEST(answer.status == 400);
  BOOST_TEST(answer.text("parameter") == "roomId");
}

BOOST_AUTO_TEST_CASE(putting_is_201_then_200_and_is_read_back) {
  face_scene at;
  const told made = at.service(put, "/api/bookings/talk", face_scene::body_of_booking());
  BOOST_TEST(made.status == 201);
  BOOST_TEST(made.field("Location") == "/api/bookings/talk");
  BOOST_TEST(made.text("provider") == "100ms");
  BOOST_TEST(at.service(put, "/api/bookings/talk", face_scene::body_of_booking()).status == 200);
  const told read = at.service(get, "/api/bookings/%74alk");
  BOOST_TEST(read.status == 200);
  BOOST_TEST(read.body == made.body);
  BOOST_TEST(at.service(get, "/api/bookings/none").text("code") == "room_not_found");
}

BOOST_AUTO_TEST_CASE(a_put_is_announced_before_it_is_answered_and_prepares_the_room) {
  face_scene at;
  auto it = at.begin({put,
                      "/api/bookings/talk",
                      {{"Authorization", "Bearer " + std::string(face_scene::service_key)},
                       {"Content-Type", "application/json"}},
                      face_scene::body_of_booking()});
  BOOST_REQUIRE(at.front->admit(it->about, it->out).has_value());
  it->about.body = it->what.body;
  std::vector<std::size_t> said_when_announced;
  at.shards.listeners.push_back(
      [&](const core::room_id&) { said_when_announced.push_back(it->out.body.size()); });
  auto answer = at.front->handle(it->about, it->out);
  at.run(std::move(std::get<http::answered_later>(answer)));
  BOOST_REQUIRE(!said_when_announced.empty());
  BOOST_TEST(said_when_announced.front() == 0u);
  BOOST_TEST(it->out.status == 201);
  at.settle();
  BOOST_TEST(at.vendor->prepared.size() == 1u);
  // So the first join is warm at the provider.
  BOOST_TEST(at.get("/api/expert/videocall/url?roomId=talk", at.token("u1")).status == 200);
  BOOST_TEST(at.vendor->prepared.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_change_is_seen_by_a_join_that_had_the_booking_in_its_cache) {
  face_scene at;
  const auto joined = [&] {
    return at.get("/api/expert/videocall/url?roomId=talk", at.token("u1"));
  };
  at.service(put, "/api/bookings/talk", face_scene::body_of_booking());
  BOOST_TEST(joined().status == 200);
  const told cancelled = at.service(remove_, "/api/bookings/talk");
  BOOST_TEST(cancelled.status == 200);
  BOOST_TEST(cancelled.text("state") == "cancelled");
  BOOST_TEST(joined().text("code") == "room_cancelled");
  BOOST_TEST(at.service(put, "/api/bookings/talk", face_scene::body_of_booking()).status == 200);
  BOOST_TEST(joined().status == 200);
  BOOST_TEST(at.store.peek("talk")->generation == 2u);
}

BOOST_AUTO_TEST_CASE(ending_closes_the_room_and_can_be_repeated) {
  face_scene at;
  at.service(put, "/api/bookings/talk", face_scene::body_of_booking());
  at.get("/api/expert/videocall/url?roomId=talk", at.token("u1"));
  for (int i = 0; i < 2; ++i) {
    const told ended = at.service(post, "/api/bookings/talk/end");
    BOOST_TEST(ended.status == 200);
    BOOST_TEST(ended.text("state") == "ended");
  }
  at.settle();
  BOOST_TEST(!at.vendor->closed.empty());
  BOOST_TEST(at.store.closings() == 0u);
  BOOST_TEST(at.service(post, "/api/bookings/none/end").status == 404);
  BOOST_TEST(at.service(remove_, "/api/bookings/none").status == 404);
}

BOOST_AUTO_TEST_CASE(lists_are_paged_and_their_parameters_checked) {
  face_scene at;
  for (int i = 0; i < 5; ++i) at.store.add(tests::booking_of("room" + std::to_string(i)));
  std::size_t seen = 0;
  std::string cursor;
  do {
    const told page = at.service(get, "/api/bookings?userId=u1&limit=2" + cursor);
    BOOST_REQUIRE(page.status == 200);
    seen += page.json().find("bookings")->as_array()->size();
    const std::string next = page.text("nextCursor");
    cursor = next == "-" ? "" : "&cursor=" + next;
  } while (!cursor.empty() && seen < 20);
  BOOST_TEST(seen == 5u);
  const told none = at.service(get, "/api/bookings?from=2026-11-22T12:30:00+01:00");
  BOOST_TEST(none.status == 200);
  BOOST_TEST(none.body == R"({"bookings":[],"nextCursor":null})");
  for (const char* bad : {"limit=0", "limit=x", "limit=201", "limit=", "from=soon", "to=1",
                          "cursor=%21", "limit=1&limit=2", "userId="}) {
    const told answer = at.service(get, std::string("/api/bookings?") + bad);
    BOOST_TEST_INFO(bad);
    BOOST_TEST(answer.status == 400);
    BOOST_TEST(std::string(bad).starts_with(answer.text("parameter")));
  }
}

BOOST_AUTO_TEST_CASE(a_caller_sees_their_own_bookings_of_that_seat_with_the_button) {
  face_scene at;
  at.store.add(tests::booking_of("open"));
  auto early = tests::booking_of("early");
  early.starts_at += 60min;
  early.ends_at += 60min;
  at.store.add(early);
  auto over = tests::booking_of("over");
  over.starts_at -= 300min;
  over.ends_at -= 300min;
  at.store.add(over);
  for (const auto state : {rooms::booking_state::cancelled, rooms::booking_state::ended}) {
    auto closed = tests::booking_of(rooms::name_of(state));
    closed.state = state;
    at.store.add(closed);
  }
  const told mine = at.get("/api/expert/bookings", at.token("u1"));
  BOOST_TEST(mine.status == 200);
  BOOST_TEST(
      mine.body ==
      R"({"bookings":[{"roomId":"open","startsAt":"2026-11-22T10:00:00Z","endsAt":"2026-11-22T11:00:00Z",)"
      R"("provider":"100ms","state":"scheduled","joinable":true,"opensAt":"2026-11-22T09:30:00Z",)"
      R"("closesAt":"2026-11-22T12:00:00Z"},)"
      R"({"roomId":"early","startsAt":"2026-11-22T11:00:00Z","endsAt":"2026-11-22T12:00:00Z",)"
      R"("provider":"100ms","state":"scheduled","joinable":false,"opensAt":"2026-11-22T10:30:00Z",)"
      R"("closesAt":"2026-11-22T13:00:00Z"}],"nextCursor":null,"serverTime":"2026-11-22T10:00:00Z"})");
  BOOST_TEST(at.get("/api/client/bookings", at.token("u1")).body.starts_with(R"({"bookings":[],)"));
  BOOST_TEST(at.get("/api/expert/bookings").status == 401);
  BOOST_TEST(at.get("/api/expert/bookings", at.token("u1", core::role::client)).text("code") ==
             "wrong_role");
}

BOOST_AUTO_TEST_CASE(the_service_has_a_bucket_of_its_own) {
  face_scene at({}, {{1000, 1s, 1000}, {1, 1s, 1}, {1, 1s, 1}, 1 << 20});
  BOOST_TEST(at.service(get, "/api/bookings/none").status == 404);
  const told limited = at.service(get, "/api/bookings/none");
  BOOST_TEST(limited.status == 429);
  BOOST_TEST(limited.text("policy") == "service");
}

BOOST_AUTO_TEST_CASE(a_store_that_is_away_is_503_and_can_be_retried) {
  face_scene at;
  at.store.broken = true;
  const told answer = at.service(put, "/api/bookings/talk", face_scene::body_of_booking());
  BOOST_TEST(answer.status == 503);
  BOOST_TEST(answer.text("code") == "overloaded");
  BOOST_TEST(answer.field("Retry-After") != "-");
}

BOOST_AUTO_TEST_CASE(each_change_of_a_booking_is_a_line_of_the_audit_log_and_a_repetition_none) {
  face_scene at;
  const std::string path = "/api/bookings/talk";
  const std::string body = face_scene::body_of_booking();
  for (int i = 0; i < 2; ++i) at.service(put, path, body);
  at.service(put, path, std::string(body).replace(body.find("u2"), 2, "u9"));
  at.service(post, path + "/end");
  at.service(remove_, path);
  at.service(remove_, "/api/bookings/nowhere");
  const auto& lines = at.audit.lines;
  BOOST_REQUIRE(lines.size() == 4u);
  BOOST_TEST(
      lines[0].starts_with("booking_changed room=talk how=created "
                           "participants=\"expert u1, client u2\" starts_at="));
  BOOST_TEST(lines[1].find("how=changed participants=\"expert u1, client u9\"") !=
             std::string::npos);
  BOOST_TEST(lines[2].find("how=ended ") != std::string::npos);
  BOOST_TEST(lines[3].find("how=cancelled ") != std::string::npos);
  const std::string key = auth::service_keys::hash_of(face_scene::service_key).substr(7, 32);
  for (const std::string& line : lines)
    BOOST_TEST(line.find(" key=" + key + " client=127.0.0.1 request_id=") != std::string::npos,
               line);
}

BOOST_AUTO_TEST_SUITE_END()
