// The built-in room from outside: its page, who may hear and speak, and what the streams tell.
#include <boost/test/unit_test.hpp>

#include "providers/builtin.hpp"
#include "rooms/error.hpp"
#include "support/face_scene.hpp"

BOOST_AUTO_TEST_SUITE(room_api)

using namespace std::chrono_literals;
using tests::asked;
using tests::fake_events;
using tests::told;

namespace {

constexpr const char* pages[] = {"expert-page-0001", "client-page-0001"};

struct scene : tests::face_scene {
  scene() {
    std::string body = body_of_booking();
    body.insert(1, R"("provider":"builtin",)");
    BOOST_REQUIRE(service(http::method::put, "/api/bookings/r1", body).status == 201);
    BOOST_REQUIRE(service(http::method::put, "/api/bookings/r2", body).status == 201);
  }
  const providers::builtin_tokens& tokens() {
    return *providers::tokens_of(*providers.find(core::provider_name::from("builtin").value()));
  }
  std::string pass(std::string_view user, core::role seat, std::string_view room = "r1",
                   std::chrono::seconds life = 10min) {
    return tokens()
        .sign({core::room_id::from(room).value(), core::user_id::from(user).value(), seat,
               "Dr " + std::string(user), "t1", clock.wall_now() + life},
              clock.wall_now())
        .value();
  }
  std::string expert() { return pass("u1", core::role::expert); }
  std::string client() { return pass("u2", core::role::client); }

  told page(std::string token, std::string room = "r1") {
    return get("/room/" + room + (token.empty() ? "" : "?token=" + token));
  }
  told say(std::string token, std::string body, std::string room = "r1") {
    return ask({http::method::post,
                "/room/" + room + "/signal",
                {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}},
                std::move(body)});
  }
  told listen(std::string token, std::string_view name = pages[0], std::string room = "r1") {
    return get("/room/" + room + "/events?page=" + std::string(name), std::move(token));
  }
};

// Really waits, so that several streams can be open at once.
class open_events final : public http::event_stream {
 public:
  core::task<core::result<void>> send(std::string event, std::string data) override {
    sent.emplace_back(std::move(event), std::move(data));
    co_return core::result<void>();
  }
  core::task<bool> wait_until(core::deadline) override { co_return false; }
  core::task<bool> wait_for(core::notice wake, core::deadline) override {
    bell = wake;
    co_await wake.wait(tests::far_deadline());
    co_return !gone;
  }

  std::vector<std::pair<std::string, std::string>> sent;
  std::optional<core::notice> bell;
  bool gone = false;
};

// Somebody with an open stream.
struct guest {
  guest(scene& with, std::string token, std::string_view page)
      : at(with),
        it(at.begin({http::method::get,
                     "/room/r1/events?page=" + std::string(page),
                     {{"Authorization", "Bearer " + token}}})) {
    BOOST_REQUIRE(at.front->admit(it->about, it->out).has_value());
    auto answer = at.front->handle(it->about, it->out);
    BOOST_REQUIRE(std::holds_alternative<http::answered_by_events>(answer));
    handler = std::get<http::answered_by_events>(std::move(answer));
  }
  guest& open() {
    asio::co_spawn(at.context, handler(events), [this](std::exception_ptr) { ended = true; });
    at.settle();
    return *this;
  }
  void close() {
    events.gone = true;
    events.bell->give();
    at.settle();
  }
  std::string names() {
    at.settle();
    std::string out;
    for (const auto& [name, data] : events.sent) out += (out.empty() ? "" : " ") + name;
    return out;
  }
  core::json_value data(std::string_view name) const {
    for (const auto& [event, text] : events.sent)
      if (event == name) return core::read_json(text).value();
    return {};
  }

  scene& at;
  std::unique_ptr<tests::face_scene::conversation> it;
  http::answered_by_events handler;
  open_events events;
  bool ended = false;
};

std::string state_message(std::string_view page, std::string_view call) {
  return R"({"page":")" + std::string(page) + R"(","call":")" + std::string(call) +
         R"(","type":"state","audio":true,"video":false,"screen":false})";
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_link_that_is_not_good_is_refused_in_words_and_echoes_nothing) {
  scene at;
  const std::string good = at.expert();
  std::string forged = good;
  forged[forged.size() - 4] = forged[forged.size() - 4] == 'A' ? 'B' : 'A';
  const auto check = [&](const told& got, int status) {
    BOOST_TEST(got.status == status);
    BOOST_TEST(got.field("Content-Type") == "text/html; charset=utf-8");
    BOOST_TEST(
        got.field("Content-Security-Policy").starts_with("default-src 'none'; script-src 'self'"));
    BOOST_TEST(got.body.find("data-refused") != std::string::npos);
    BOOST_TEST(got.body.find("eyJ") == std::string::npos);
  };
  check(at.page(""), 401);
  check(at.page(forged), 401);
  check(at.page(at.token("u1")), 401);  // a session is no link
  check(at.page("%3Cscript%3E"), 401);
  BOOST_TEST(at.page("%3Cscript%3Ealert").body.find("alert") == std::string::npos);
  check(at.page(good + "&token=" + good), 400);
  check(at.page(good, "r2"), 403);
  check(at.page(at.pass("u9", core::role::expert)), 403);
  check(at.page(at.pass("u1", core::role::client)), 403);
  check(at.page(at.pass("u1", core::role::expert, "unbooked"), "unbooked"), 404);
  check(at.page(good, "%3Cb%3E"), 404);
  at.clock.advance(11min);
  check(at.page(good), 410);
}

BOOST_AUTO_TEST_CASE(the_page_opens_for_its_link_and_may_be_framed) {
  scene at;
  const told got = at.page(at.expert());
  BOOST_TEST(got.status == 200);
  BOOST_TEST(got.body.find("/assets/room.js") != std::string::npos);
  BOOST_TEST(got.body.find("<script>") == std::string::npos);
  BOOST_TEST(got.body.find(" style=") == std::string::npos);
  BOOST_TEST(got.body.find("http") == std::string::npos);
  BOOST_TEST(got.field("Content-Security-Policy").find("frame-ancestors *") != std::string::npos);
  BOOST_TEST(got.field("Permissions-Policy").find("camera=(self)") != std::string::npos);
  BOOST_TEST(got.field("Cache-Control") == "no-store");
  BOOST_TEST(got.field("Referrer-Policy") == "no-referrer");
  const told script = at.get("/assets/room.js");
  BOOST_TEST(script.field("Content-Type") == "text/javascript; charset=utf-8");
  BOOST_TEST(script.body.find("history.replaceState") != std::string::npos);
  BOOST_TEST(at.get("/assets/room.css").field("Content-Type") == "text/css; charset=utf-8");
}

BOOST_AUTO_TEST_CASE(an_ended_booking_closes_the_page) {
  scene at;
  at.service(http::method::post, "/api/bookings/r1/end");
  BOOST_TEST(at.page(at.expert()).status == 410);
}

BOOST_AUTO_TEST_CASE(without_a_good_token_nobody_hears_or_speaks) {
  scene at;
  const std::string message = state_message(pages[0], "1");
  const std::string expired = at.pass("u1", core::role::expert, "r1", 1min);
  const std::string other = at.pass("u1", core::role::expert, "r2");
  at.clock.advance(2min);
  struct row {
    std::string token;
    int status;
    std::string code;
  };
  for (const row& one : {row{"", 401, "unauthenticated"}, row{"abc", 401, "unauthenticated"},
                         row{at.token("u1"), 401, "unauthenticated"},
                         row{expired, 401, "session_expired"}, row{other, 403, "not_assigned"}}) {
    const told heard = at.listen(one.token);
    BOOST_TEST(heard.status == one.status);
    BOOST_TEST(heard.text("code") == one.code);
    BOOST_TEST(!heard.events);
    const told said = at.say(one.token, message);
    BOOST_TEST(said.status == (one.token.empty() ? 401 : one.status));
  }
  // The token belongs into the header: an address is written down in too many places.
  BOOST_TEST(at.get("/room/r1/events?page=expert-page-0001&token=" + at.expert()).status == 401);
}

BOOST_AUTO_TEST_CASE(messages_are_checked_member_by_member) {
  scene at;
  const auto status = [&](std::string body) { return at.say(at.expert(), std::move(body)).status; };
  const std::string head = R"({"page":"expert-page-0001","call":"1",)";
  BOOST_TEST(status(head + R"("type":"offer","sdp":"v=0"})") == 200);
  BOOST_TEST(
      status(
          head +
          R"("type":"candidate","candidates":[{"candidate":"c","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":null}]})") ==
      200);
  BOOST_TEST(status(R"({"page":"expert-page-0001","type":"bye"})") == 200);
  for (const char* rest :
       {R"("type":"offer"})", R"("type":"offer","sdp":""})", R"("type":"offer","sdp":7})",
        R"("type":"offer","sdp":"v=0","more":1})", R"("type":"shout","sdp":"v=0"})",
        R"("sdp":"v=0"})", R"("type":"candidate","candidates":[]})",
        R"("type":"candidate","candidates":[1]})",
        R"("type":"candidate","candidates":[{"candidate":null}]})",
        R"("type":"candidate","candidates":[{"candidate":"c","sdpMLineIndex":-1}]})",
        R"("type":"candidate","candidates":[{"candidate":"c","x":"y"}]})",
        R"("type":"state","audio":true})",
        R"("type":"state","audio":1,"video":true,"screen":true})", R"("type":"bye"})",
        R"("type":"offer","sdp":"v=0"}x)"})
    BOOST_TEST(status(head + rest) == 400, rest);
  BOOST_TEST(status(R"({"page":"short","call":"1","type":"offer","sdp":"v=0"})") == 400);
  BOOST_TEST(status(R"({"page":"expert-page-0001","type":"offer","sdp":"v=0"})") == 400);
  BOOST_TEST(status("[]") == 400);
  std::string many = head + R"("type":"candidate","candidates":[{"candidate":"c"})";
  for (int i = 0; i < 32; ++i) many += R"(,{"candidate":"c"})";
  BOOST_TEST(status(many + "]}") == 400);
  BOOST_TEST(status(head + R"("type":"offer","sdp":")" + std::string(16'384, 'x') + "\"}") == 413);
  BOOST_TEST(
      at.ask({http::method::post, "/room/r1/signal", {{"Content-Type", "text/plain"}}}).status ==
      415);
  BOOST_TEST(at.get("/room/r1/signal").status == 405);
}

BOOST_AUTO_TEST_CASE(a_stream_needs_the_name_of_its_page) {
  scene at;
  for (const char* name : {"", "short", "expert-page-000%20", "expert.page.0001"})
    BOOST_TEST(at.listen(at.expert(), name).status == 400, name);
}

BOOST_AUTO_TEST_CASE(two_people_are_introduced_and_hear_each_other) {
  scene at;
  guest expert(at, at.expert(), pages[0]);
  guest client(at, at.client(), pages[1]);
  expert.open();
  BOOST_TEST(expert.names() == "hello");
  client.open();
  BOOST_TEST(expert.names() == "hello call");
  BOOST_TEST(client.names() == "hello call");
  BOOST_TEST(*client.data("call").find("peer")->find_string("name") == "Dr u1");
  const std::string call = *client.data("call").find_string("call");
  BOOST_TEST(*expert.data("call").find_string("call") == call);

  BOOST_TEST(at.say(at.expert(), state_message(pages[0], call)).body == R"({"delivered":true})");
  BOOST_TEST(client.names() == "hello call signal");
  BOOST_TEST(*client.data("signal").find_string("type") == "state");
  BOOST_TEST(client.data("signal").find("page") == nullptr);
  BOOST_TEST(at.say(at.expert(), state_message(pages[0], "7")).body == R"({"delivered":false})");
  BOOST_TEST(at.say(at.client(), state_message(pages[0], call)).body == R"({"delivered":false})");
  BOOST_TEST(at.say(at.client(), R"({"page":"client-page-0001","type":"bye"})").status == 200);
  BOOST_TEST(expert.names() == "hello call left");
  client.close();
  BOOST_TEST(client.ended);
  expert.close();
  BOOST_TEST(expert.ended);
  BOOST_TEST(expert.names() == "hello call left");
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_lost_leaves_its_seat) {
  scene at;
  guest expert(at, at.expert(), pages[0]);
  guest client(at, at.client(), pages[1]);
  expert.open();
  client.open().close();
  BOOST_TEST(expert.names() == "hello call left");
  BOOST_TEST(*expert.data("left").find_string("why") == "gone");
  expert.close();
}

BOOST_AUTO_TEST_CASE(the_first_event_names_servers_with_credentials_that_end_with_the_room) {
  scene at;
  guest expert(at, at.expert(), pages[0]);
  expert.open().close();
  const auto hello = expert.data("hello");
  BOOST_TEST(*hello.find_string("seat") == "expert");
  BOOST_TEST(*hello.find_string("closesAt") == "2026-11-22T12:00:00Z");
  const auto& servers = *hello.find("iceServers")->as_array();
  BOOST_REQUIRE(servers.size() == 2U);
  BOOST_TEST(*servers[0].find_string("urls") == "stun:stun.example.com");
  BOOST_TEST(!servers[0].find("username"));
  // 2026-11-22T12:00:00Z. The credential is from: printf '1795348800:u1' |
  // openssl dgst -sha1 -hmac north-wind-and-sun -binary | base64
  BOOST_TEST(*servers[1].find_string("username") == "1795348800:u1");
  BOOST_TEST(*servers[1].find_string("credential") == "+7SNaBhNPx48OuSZeOvAR4vYwcI=");
}

BOOST_AUTO_TEST_CASE(tokens_are_renewed_while_the_booking_lasts_and_not_beyond) {
  scene at;
  guest expert(at, at.expert(), pages[0]);
  fake_events events(at.clock);
  at.run(expert.handler(events));  // each wait moves the clock
  BOOST_TEST(events.sent.back().first == "end");
  const auto end = core::read_json(events.sent.back().second).value();
  BOOST_TEST(*end.find_string("code") == "room_ended");
  BOOST_TEST(core::to_rfc3339(at.clock.wall_now()) == "2026-11-22T12:00:00Z");
  std::string last;
  for (const auto& [name, data] : events.sent) {
    if (name != "token") continue;
    const auto fresh = core::read_json(data).value();
    last = *fresh.find_string("expiresAt");
    BOOST_TEST(last <= "2026-11-22T12:00:00Z");
    const auto read =
        at.tokens().verify(*fresh.find_string("token"), *core::from_rfc3339(last) - 1min);
    BOOST_REQUIRE(read);
    BOOST_TEST(read->user.text() == "u1");
    BOOST_TEST(read->room.text() == "r1");
    BOOST_TEST((read->seat == core::role::expert));
  }
  BOOST_TEST(last == "2026-11-22T12:00:00Z");
}

BOOST_AUTO_TEST_CASE(a_cancelled_booking_sends_its_guests_out) {
  scene at;
  guest expert(at, at.expert(), pages[0]);
  expert.open();
  at.service(http::method::delete_, "/api/bookings/r1");
  BOOST_TEST(expert.names() == "hello end");
  BOOST_TEST(*expert.data("end").find_string("code") == "room_cancelled");
  BOOST_TEST(expert.ended);
}

BOOST_AUTO_TEST_CASE(whoever_is_not_in_the_booking_hears_nothing) {
  scene at;
  for (const auto& token : {at.pass("u9", core::role::expert), at.pass("u1", core::role::client)}) {
    guest stranger(at, token, pages[0]);
    stranger.open();
    BOOST_TEST(stranger.names() == "end");
    BOOST_TEST(stranger.ended);
  }
}

BOOST_AUTO_TEST_CASE(a_person_has_one_call_and_the_page_that_was_there_before_is_told) {
  scene at;
  guest first(at, at.expert(), pages[0]);
  guest second(at, at.expert(), "expert-page-0002");
  first.open();
  second.open();
  BOOST_TEST(first.names() == "hello replaced");
  BOOST_TEST(first.ended);
  BOOST_TEST(second.names() == "hello");
  second.close();
}

BOOST_AUTO_TEST_CASE(streams_of_one_person_are_counted) {
  scene at;
  std::vector<std::unique_ptr<guest>> open;
  for (int i = 0; i < 8; ++i) open.push_back(std::make_unique<guest>(at, at.expert(), pages[0]));
  const told refused = at.listen(at.expert());
  BOOST_TEST(refused.status == 429);
  BOOST_TEST(refused.text("policy") == "streams");
  open.clear();
  BOOST_TEST(at.listen(at.expert()).status == 200);  // nobody holds it
}

BOOST_AUTO_TEST_SUITE_END()
