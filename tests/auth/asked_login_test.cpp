// Sessions that somebody else knows: asked once, remembered shortly, left alone when in trouble.
#include "auth/asked_login.hpp"

#include <boost/test/unit_test.hpp>

#include "auth/key_scene.hpp"

BOOST_AUTO_TEST_SUITE(asked_login)

using namespace std::chrono_literals;
using auth::errc;

namespace {

auth::asked_settings callback() {
  auth::asked_settings out;
  out.url = "https://www.example.com/session";
  out.cookies = {"sid"};
  return out;
}

struct scene {
  explicit scene(auth::asked_settings settings = callback(), std::size_t remembered = 100)
      : login(std::make_shared<auth::asked_login>(
            std::move(settings),
            auth::asking_parts{context.get_executor(), clock, random, log, metrics, client},
            remembered)) {}

  std::error_code ask(std::string who) {
    auto got = tests::run(
        context, login->ask(auth::forwarded_text("", "sid=" + who), tests::far_deadline()));
    return got ? std::error_code() : got.error().code;
  }

  asio::io_context context{1};
  tests::fake_clock clock;
  tests::fake_random random;
  core::silent_logger log;
  core::metrics_page metrics;
  tests::scripted_client client;
  std::shared_ptr<auth::asked_login> login;
};

http::response said(int status, std::string body) {
  return tests::json_response(status, std::move(body));
}

std::error_code judged(const auth::asked_settings& by, int status, std::string body) {
  tests::fake_clock clock;
  const auto got = auth::read_answer(by, said(status, std::move(body)), clock.wall_now());
  if (got.who) return {};
  BOOST_TEST((got.who.error().code == errc::login_unavailable || !got.server_fails));
  return got.who.error().code;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_answer_is_remembered_for_a_while) {
  scene at;
  at.client.reply(200, R"({"sub":"u1"})").reply(200, R"({"sub":"u1"})");
  const auto text = auth::forwarded_text("", "sid=a");
  BOOST_TEST(!at.login->remembered(text.reveal()));
  BOOST_TEST(!at.ask("a"));
  BOOST_TEST(at.login->remembered(text.reveal()).value().value()->user.text() == "u1");
  at.clock.advance(14s);
  BOOST_TEST(!at.ask("a"));
  BOOST_TEST(at.client.count() == 1u);
  at.clock.advance(2s);
  BOOST_TEST(!at.ask("a"));
  BOOST_TEST(at.client.count() == 2u);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_remembered_shorter_and_trouble_not_at_all) {
  scene at;
  at.client.reply(401, "{}").reply(200, R"({"sub":"u1"})");
  BOOST_TEST((at.ask("a") == errc::unauthenticated));
  BOOST_TEST((at.ask("a") == errc::unauthenticated));
  BOOST_TEST(at.client.count() == 1u);
  at.clock.advance(6s);
  BOOST_TEST(!at.ask("a"));
  at.client.reply(500, "").reply(200, R"({"sub":"u2"})");
  BOOST_TEST((at.ask("b") == errc::login_unavailable));
  BOOST_TEST(!at.ask("b"));
}

BOOST_AUTO_TEST_CASE(no_answer_outlives_its_session) {
  scene at;
  const auto now = core::unix_seconds(at.clock.wall_now());
  at.client.reply(200, R"({"sub":"u1","exp":)" + std::to_string(now - 25) + "}");
  BOOST_TEST(!at.ask("a"));
  at.clock.advance(6s);  // leeway included
  BOOST_TEST(!at.login->remembered(auth::forwarded_text("", "sid=a").reveal()));
}

BOOST_AUTO_TEST_CASE(many_who_ask_about_the_same_share_one_question) {
  scene at;
  core::notice gate(at.context.get_executor());
  at.client.hold(gate);
  at.client.reply(200, R"({"sub":"u1"})");
  int known = 0;
  core::task_group group(at.context.get_executor());
  for (int i = 0; i < 50; ++i)
    group.spawn([](scene* in, int* count) -> core::task<void> {
      auto text = auth::forwarded_text("", "sid=a");
      auto got = co_await in->login->ask(std::move(text), tests::far_deadline());
      *count += got.has_value();
    }(&at, &known));
  at.context.poll();
  gate.give();
  group.close(false);
  BOOST_TEST(tests::run(at.context, group.ended(tests::far_deadline())));
  BOOST_TEST(known == 50);
  BOOST_TEST(at.client.count() == 1u);
}

BOOST_AUTO_TEST_CASE(an_answer_to_a_question_from_before_a_revocation_lets_nobody_in) {
  scene at;
  core::notice gate(at.context.get_executor());
  at.client.hold(gate);
  at.client.reply(200, R"({"sub":"u1"})").reply(401, "{}");
  core::task_group group(at.context.get_executor());
  std::vector<bool> let_in;
  const auto come = [&] {
    group.spawn([](scene* in, std::vector<bool>* all) -> core::task<void> {
      auto text = auth::forwarded_text("", "sid=a");
      const auto got = co_await in->login->ask(std::move(text), tests::far_deadline());
      all->push_back(got.has_value());
    }(&at, &let_in));
    at.context.poll();
  };
  come();
  at.login->forget();
  come();  // after the revocation was answered
  gate.give();
  group.close(false);
  BOOST_TEST(tests::run(at.context, group.ended(tests::far_deadline())));
  BOOST_TEST(let_in == (std::vector<bool>{false, false}), boost::test_tools::per_element());
  BOOST_TEST(at.client.count() == 2u);
}

BOOST_AUTO_TEST_CASE(memory_is_bounded) {
  scene at(callback(), 100);
  at.client.on(http::method::get, "https://www.example.com/session", 401, "{}");
  for (int i = 0; i < 1000; ++i) at.ask(std::to_string(i));
  BOOST_TEST(at.login->size() <= 100u);
}

BOOST_AUTO_TEST_CASE(a_server_that_keeps_failing_is_left_alone) {
  scene at;
  at.client.on(http::method::get, "https://www.example.com/session", 500, "");
  for (int i = 0; i < 100; ++i) BOOST_TEST((at.ask(std::to_string(i)) == errc::login_unavailable));
  BOOST_TEST(at.client.count() == 5u);
  at.clock.advance(1001ms);
  for (int i = 0; i < 100; ++i) at.ask(std::to_string(i));
  BOOST_TEST(at.client.count() == 6u);
  at.clock.advance(1001ms);  // the pause has doubled
  at.ask("x");
  BOOST_TEST(at.client.count() == 6u);
  at.clock.advance(1000ms);
  at.ask("x");
  BOOST_TEST(at.client.count() == 7u);
}

BOOST_AUTO_TEST_CASE(junk_that_the_website_refuses_keeps_nobody_else_out) {
  scene at;
  at.client.on(http::method::get, "https://www.example.com/session", 302, "");
  for (int i = 0; i < 20; ++i) BOOST_TEST((at.ask(std::to_string(i)) == errc::unauthenticated));
  at.client.on(http::method::get, "https://www.example.com/session", 200, R"({"sub":"u1"})");
  BOOST_TEST(!at.ask("good"));
}

BOOST_AUTO_TEST_CASE(answers_of_a_callback_are_judged) {
  auto by = callback();
  BOOST_TEST(!judged(by, 200, R"({"sub":"u1","exp":4000000000})"));
  BOOST_TEST(!judged(by, 200, R"({"sub":"u1","exp":"2099-01-01T00:00:00.000Z"})"));
  BOOST_TEST((judged(by, 200, "null") == errc::unauthenticated));
  BOOST_TEST((judged(by, 200, "{}") == errc::unauthenticated));
  BOOST_TEST((judged(by, 200, R"({"sub":""})") == errc::unauthenticated));
  for (const int status : {204, 301, 302, 307, 400, 401, 403, 404, 431})
    BOOST_TEST((judged(by, status, R"({"sub":"u1"})") == errc::unauthenticated));
  for (const int status : {201, 408, 425, 429, 500, 503})
    BOOST_TEST((judged(by, status, R"({"sub":"u1"})") == errc::login_unavailable));
  for (const char* odd : {"", "<html>", "[]", "7", R"({"sub":"u1"} x)", R"({"sub":"a","sub":"b"})",
                          R"({"sub":"u1","exp":"soon"})", R"({"sub":"u1","exp":-1})"})
    BOOST_TEST((judged(by, 200, odd) == errc::login_unavailable), odd);
  BOOST_TEST((judged(by, 200, R"({"sub":"u1","exp":1000})") == errc::session_expired));
}

BOOST_AUTO_TEST_CASE(answers_of_an_introspection_are_judged) {
  auto by = callback();
  by.kind = auth::asked_kind::introspection;
  by.rules.audiences = {"door"};
  BOOST_TEST(!judged(by, 200, R"({"active":true,"sub":"u1","aud":["x","door"]})"));
  BOOST_TEST(
      (judged(by, 200, R"({"active":false,"sub":"u1","aud":"door"})") == errc::unauthenticated));
  BOOST_TEST((judged(by, 200, R"({"active":true,"sub":"u1","aud":"x"})") == errc::unauthenticated));
  BOOST_TEST((judged(by, 200, R"({"active":true,"sub":"u1"})") == errc::unauthenticated));
  BOOST_TEST((judged(by, 200, R"({"active":true,"sub":"u1","aud":"door","nbf":4000000000})") ==
              errc::unauthenticated));
  for (const char* odd : {R"({"sub":"u1","aud":"door"})", R"({"active":"true","sub":"u1"})"})
    BOOST_TEST((judged(by, 200, odd) == errc::login_unavailable), odd);
  BOOST_TEST((judged(by, 401, "{}") == errc::login_unavailable));
  for (const int status : {413, 414, 431})
    BOOST_TEST((judged(by, status, "") == errc::unauthenticated));
}

BOOST_AUTO_TEST_CASE(what_is_about_one_question_is_not_the_servers_trouble) {
  const auto server_fails = [](auth::asked_kind kind, int status, std::string body) {
    auto by = callback();
    by.kind = kind;
    const auto got = auth::read_answer(by, said(status, std::move(body)), core::wall_time{});
    BOOST_TEST((got.who.error().code == errc::login_unavailable), status);
    return got.server_fails;
  };
  for (const auto kind : {auth::asked_kind::callback, auth::asked_kind::introspection}) {
    for (const int status : {408, 425, 429}) BOOST_TEST(!server_fails(kind, status, "{}"), status);
    for (const int status : {201, 500, 502, 503})
      BOOST_TEST(server_fails(kind, status, ""), status);
  }
  const auto at_introspection = [&](int status, std::string body) {
    return server_fails(auth::asked_kind::introspection, status, std::move(body));
  };
  for (const char* body : {"", "{}", R"({"error":"invalid_request"})", R"({"error":7})"})
    BOOST_TEST(!at_introspection(400, body), body);
  for (const char* body : {R"({"error":"invalid_client"})", R"({"error":"unauthorized_client"})"})
    BOOST_TEST(at_introspection(400, body), body);
  for (const int status : {204, 302, 401, 403, 404})
    BOOST_TEST(at_introspection(status, ""), status);
}

BOOST_AUTO_TEST_CASE(who_is_put_off_keeps_nobody_else_out_and_asks_again_when_told) {
  scene at;
  http::response busy = said(429, "");
  busy.fields.push_back({"Retry-After", "20"});
  for (int i = 0; i < 20; ++i) at.client.reply(busy);
  for (int i = 0; i < 20; ++i) BOOST_TEST((at.ask(std::to_string(i)) == errc::login_unavailable));
  BOOST_TEST(at.client.count() == 20u);
  // Each of them alone waits.
  const auto again = at.login->remembered(auth::forwarded_text("", "sid=7").reveal());
  BOOST_TEST_REQUIRE(again.has_value());
  BOOST_TEST((again->error().retry_after == 20s));
  at.client.on(http::method::get, "https://www.example.com/session", 200, R"({"sub":"u1"})");
  BOOST_TEST(!at.ask("good"));
  BOOST_TEST((at.ask("7") == errc::login_unavailable));
  at.clock.advance(20s);
  BOOST_TEST(!at.ask("7"));
  BOOST_TEST(at.metrics.render().find(R"(outcome="put_off"} 20)") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
