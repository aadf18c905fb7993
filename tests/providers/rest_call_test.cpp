// Calls to a provider: what each answer means, what the operator reads, when a call is repeated and
// when none is made.
#include "providers/rest_call.hpp"

#include <boost/test/unit_test.hpp>

#include "core/log.hpp"
#include "providers/desk.hpp"
#include "providers/error.hpp"

BOOST_AUTO_TEST_SUITE(rest_call)

using namespace std::chrono_literals;
using providers::errc;

namespace {

// Pauses of no length, so that a test does not wait.
providers::guard_settings hasty() {
  providers::guard_settings out;
  out.retry_base = 0ms;
  out.retry_most = 0ms;
  return out;
}

struct caller_desk : tests::desk {
  explicit caller_desk(providers::guard_settings limits = hasty())
      : calls(tools(), *core::provider_name::from("main"), limits) {}

  core::result<providers::rest_answer> call(bool safe = true, std::chrono::nanoseconds wait = 5s,
                                            std::vector<int> welcome = {},
                                            providers::urgency who = providers::urgency::join) {
    providers::rest_request what;
    what.operation = "create_room";
    what.method = http::method::post;
    what.url = "https://api.example.com/rooms";
    what.body = "{}";
    what.bearer = core::secret("eyJhbGciOi.eyJzZWNyZXQi.c2lnbmF0dXJl");
    what.safe_to_repeat = safe;
    what.welcome = std::move(welcome);
    what.wanted_for = who;
    return tests::run(context, calls.call(std::move(what), within(wait)));
  }

  providers::rest_caller calls;
};

core::result<providers::rest_answer> answer_of(int status, std::string body,
                                               std::vector<int> welcome = {}) {
  const auto now = *core::from_rfc3339("2026-11-22T10:00:00Z");
  return providers::read_answer(tests::json_response(status, std::move(body)), welcome, now, 120s);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_base_address_that_nobody_could_be_asked_at_is_a_mistake) {
  const auto read = [](std::string written) {
    tests::settings_table table;
    table.add({{"base_url", std::move(written)}});
    const std::string base =
        providers::read_base_url(table.options, "base_url", "https://api.example.com");
    return table.complains("base_url") ? "refused" : base;
  };
  BOOST_TEST(read("https://eu.example.com:8443/v2/") == "https://eu.example.com:8443/v2");
  BOOST_TEST(read("http://127.0.0.1:9/v2") == "http://127.0.0.1:9/v2");
  for (const char* bad : {"https://eu.example.com:99999", "https://eu.example.com:x/v2",
                          "https://[::1/v2", "https://eu.example.com/v2?x=1",
                          "https://eu.example.com/v2#x", "https://eu.example.com/\"x",
                          "https://\u00e9u.example.com/v2", "http://eu.example.com", ""})
    BOOST_TEST(read(bad) == "refused", bad);
  tests::settings_table none;
  BOOST_TEST(providers::read_base_url(none.options, "base_url", "https://api.example.com") ==
             "https://api.example.com");
}

BOOST_AUTO_TEST_CASE(refusals_are_rejected_and_overload_is_unavailable) {
  for (const int status :
       {300, 302, 400, 401, 403, 404, 405, 409, 410, 413, 422, 451, 500, 501, 502, 504, 505, 520}) {
    BOOST_TEST_CONTEXT(status) {
      const auto got = answer_of(status, R"({"message":"no"})");
      BOOST_REQUIRE(!got);
      BOOST_TEST(got.error().code == errc::rejected);
    }
  }
  for (const int status : {408, 425, 429, 503}) {
    BOOST_TEST_CONTEXT(status) {
      const auto got = answer_of(status, R"({"message":"later"})");
      BOOST_REQUIRE(!got);
      BOOST_TEST(got.error().code == errc::unavailable);
      BOOST_TEST(got.error().retry_after.has_value());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_good_status_with_a_bad_body_is_rejected) {
  const std::string deep = std::string(40, '[') + std::string(40, ']');
  const std::string huge = "\"" + std::string(300 * 1024, 'x') + "\"";
  for (const std::string& body :
       {std::string("<html>"), std::string("{\"id\":"), std::string("{\"a\":1,\"a\":2}"),
        std::string("{} {}"), std::string("\xff"), deep, huge}) {
    const auto got = answer_of(200, body);
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().code == errc::rejected);
  }
}

BOOST_AUTO_TEST_CASE(an_empty_body_is_null_and_a_welcome_refusal_is_an_answer) {
  const auto empty = answer_of(204, "");
  BOOST_REQUIRE(empty);
  BOOST_TEST(empty->json.is_null());
  const auto gone = answer_of(404, "<html>", {404});
  BOOST_REQUIRE(gone);
  BOOST_TEST(gone->status == 404);
}

BOOST_AUTO_TEST_CASE(sends_json_with_the_bearer_and_gives_the_answer) {
  caller_desk at;
  at.client.reply(200, R"({"id":"x"})");
  const auto got = at.call();
  BOOST_REQUIRE(got);
  BOOST_TEST(*got->json.find_string("id") == "x");
  BOOST_TEST(at.client.last().line() == "POST https://api.example.com/rooms");
  BOOST_TEST(at.client.last().find("authorization") ==
             "Bearer eyJhbGciOi.eyJzZWNyZXQi.c2lnbmF0dXJl");
  BOOST_TEST(at.client.last().find("content-type") == "application/json");
  BOOST_TEST(at.client.last().find("accept") == "application/json");
  BOOST_TEST(at.shows(
      R"(provider_request_duration_seconds_count{provider="main",operation="create_room",outcome="ok"} 1)"));
  BOOST_TEST(at.shows(R"(provider_circuit_state{provider="main"} 0)"));
}

BOOST_AUTO_TEST_CASE(the_operator_reads_the_providers_words_without_tokens_and_control_characters) {
  caller_desk at;
  const std::string echo =
      R"(bad token Bearer eyJhbGciOi.eyJzZWNyZXQi.c2lnbmF0dXJl\u000a\u001b[31m )" +
      std::string(999, 'y');
  at.client.reply(401, R"({"code":401,"message":")" + echo + R"("})");
  const auto got = at.call();
  BOOST_REQUIRE(!got);
  const std::string& detail = got.error().detail;
  BOOST_TEST(detail.starts_with("main create_room: status 401: bad token Bearer (token)"));
  BOOST_TEST(detail.find("c2ln") == std::string::npos);
  BOOST_TEST(detail.find('\n') == std::string::npos);
  BOOST_TEST(detail.find('\x1b') == std::string::npos);
  BOOST_TEST(detail.size() < 260u);
}

BOOST_AUTO_TEST_CASE(a_bearer_that_is_no_jwt_is_taken_out_too) {
  BOOST_TEST(providers::readable_excerpt("key s3cr3t-and-more is bad", "s3cr3t-and-more") ==
             "key (token) is bad");
}

BOOST_AUTO_TEST_CASE(transport_failures_say_who_was_late_and_who_was_away) {
  const auto outcome_of = [](auto why) {
    caller_desk at;
    at.client.refuse(why);
    return at.call(false).error().code;
  };
  BOOST_TEST(outcome_of(net::errc::timed_out) == errc::timed_out);
  for (const auto why : {net::errc::closed, net::errc::connect_failed, net::errc::name_not_found,
                         net::errc::tls_failed, net::errc::broken, net::errc::cancelled})
    BOOST_TEST(outcome_of(why) == errc::unavailable);
  for (const auto why :
       {http::errc::bad_response, http::errc::response_too_large, http::errc::bad_url})
    BOOST_TEST(outcome_of(why) == errc::rejected);
}

BOOST_AUTO_TEST_CASE(the_operator_reads_what_to_look_at_where_nobody_answers) {
  const auto detail_of = [](auto why) {
    caller_desk at;
    at.client.refuse(why, std::string(300, 'x'));
    return at.call(false).error().detail;
  };
  BOOST_TEST(detail_of(net::errc::tls_failed).find("http_client.ca_file") != std::string::npos);
  BOOST_TEST(detail_of(net::errc::name_not_found).find("DNS") != std::string::npos);
  for (const auto why : {net::errc::connect_failed, net::errc::timed_out})
    BOOST_TEST(detail_of(why).ends_with("check the address, and that this machine may reach it"));
  BOOST_TEST(answer_of(302, "").error().detail.find("check the address") != std::string::npos);
  BOOST_TEST(answer_of(200, "<html>").error().detail.find("not the API's address") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(each_vendors_word_for_its_sentence_is_known) {
  for (const char* body :
       {R"({"code":"not_found","msg":"the sentence"})", R"({"message":"the sentence"})",
        R"({"error":"invalid-request-error","info":"the sentence"})", R"({"error":"the sentence"})",
        R"({"title":"Conflict","detail":"the sentence"})",
        R"({"error":{"code":"Forbidden","message":"the sentence"}})"})
    BOOST_TEST(answer_of(400, body).error().detail == "status 400: the sentence", body);
}

BOOST_AUTO_TEST_CASE(a_safe_call_is_repeated_twice_and_no_more) {
  caller_desk at;
  at.client.reply(500).reply(502).reply(200, "{}");
  BOOST_TEST(at.call().has_value());
  BOOST_TEST(at.client.count() == 3u);
  at.client.reply(500).reply(500).reply(500).reply(200, "{}");
  BOOST_TEST(!at.call().has_value());
  BOOST_TEST(at.client.count() == 6u);
}

BOOST_AUTO_TEST_CASE(an_unsafe_call_is_never_repeated) {
  caller_desk at;
  at.client.reply(503).reply(200, "{}");
  BOOST_TEST(!at.call(false).has_value());
  BOOST_TEST(at.client.count() == 1u);
}

BOOST_AUTO_TEST_CASE(refusals_and_bad_answers_are_never_repeated) {
  for (const int status : {400, 401, 403, 404, 409, 422, 501}) {
    caller_desk at;
    at.client.reply(status).reply(200, "{}");
    BOOST_TEST(!at.call().has_value());
    BOOST_TEST(at.client.count() == 1u);
  }
  caller_desk at;
  at.client.reply(200, "<html>").reply(200, "{}");
  BOOST_TEST(!at.call().has_value());
  BOOST_TEST(at.client.count() == 1u);
}

BOOST_AUTO_TEST_CASE(no_retry_begins_when_the_deadline_leaves_no_time_for_its_answer) {
  caller_desk at;
  at.client.reply(500).reply(200, "{}");
  BOOST_TEST(!at.call(true, 150ms).has_value());
  BOOST_TEST(at.client.count() == 1u);
}

BOOST_AUTO_TEST_CASE(overload_shuts_the_circuit_for_as_long_as_the_provider_says) {
  caller_desk at;
  at.client.reply(429, R"({"message":"rate limit exceeded"})", {{"Retry-After", "30"}});
  const auto limited = at.call();
  BOOST_REQUIRE(!limited);
  BOOST_TEST(limited.error().code == errc::unavailable);
  BOOST_TEST((limited.error().retry_after == 30s));
  BOOST_TEST(at.shows(R"(provider_circuit_state{provider="main"} 2)"));

  at.clock.advance(29s);
  const auto why = at.calls.away();
  BOOST_REQUIRE(why.has_value());
  BOOST_TEST(why->code == errc::unavailable);
  BOOST_TEST((why->retry_after == 1s));
  const auto refused = at.call();
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == errc::unavailable);
  BOOST_TEST((refused.error().retry_after == 1s));
  BOOST_TEST(at.client.count() == 1u);

  at.clock.advance(1s);
  BOOST_TEST(!at.calls.away());
  at.client.reply(200, "{}");
  BOOST_TEST(at.call().has_value());
  BOOST_TEST(at.shows(R"(provider_circuit_state{provider="main"} 0)"));
}

BOOST_AUTO_TEST_CASE(a_long_retry_after_is_told_at_once_however_much_time_is_left) {
  caller_desk at({});
  at.client.reply(503, "{}", {{"Retry-After", "7"}}).reply(200, "{}");
  const auto got = at.call(true, 60s);
  BOOST_REQUIRE(!got);
  BOOST_TEST((got.error().retry_after == 7s));
  BOOST_TEST(at.client.count() == 1u);
}

BOOST_AUTO_TEST_CASE(five_failures_open_the_circuit_and_refusals_do_not) {
  caller_desk at;
  for (int i = 0; i < 6; ++i) {
    at.client.reply(400);
    BOOST_TEST(at.call(false).error().code == errc::rejected);
  }
  for (int i = 0; i < 5; ++i) {
    at.client.refuse(net::errc::connect_failed);
    BOOST_TEST(at.call(false).error().code == errc::unavailable);
  }
  BOOST_TEST((at.calls.circuit() == providers::circuit_state::open));
  BOOST_TEST(at.call(false).error().code == errc::unavailable);
  BOOST_TEST(at.client.count() == 11u);
}

BOOST_AUTO_TEST_CASE(what_cleanup_meets_closes_cleanup_alone) {
  caller_desk at;
  const auto clean = [&] { return at.call(true, 5s, {}, providers::urgency::cleanup); };
  // Its retries are its own too.
  for (int i = 0; i < 5; ++i) at.client.reply(500);
  for (int i = 0; i < 3; ++i) BOOST_TEST(!clean().has_value());
  BOOST_TEST(at.client.count() == 5u);
  BOOST_TEST((at.calls.circuit() == providers::circuit_state::closed));
  BOOST_TEST(!at.calls.away().has_value());
  BOOST_TEST(clean().error().code == errc::unavailable);
  BOOST_TEST(at.client.count() == 5u);
  at.client.reply(500).reply(500).reply(200, "{}");
  BOOST_TEST(at.call().has_value());
  BOOST_TEST(at.client.count() == 8u);
  at.clock.advance(2s);
  at.client.reply(200, "{}");
  BOOST_TEST(clean().has_value());
  // A vendor that joins find away is away for both.
  for (int i = 0; i < 5; ++i) {
    at.client.reply(500);
    BOOST_TEST(!at.call(false).has_value());
  }
  BOOST_TEST(at.calls.away().has_value());
  BOOST_TEST(clean().error().code == errc::unavailable);
  BOOST_TEST(at.client.answers_left() == 0u);
}

BOOST_AUTO_TEST_CASE(running_out_of_a_short_deadline_is_not_held_against_the_provider) {
  caller_desk at;
  for (int i = 0; i < 6; ++i) {
    at.client.refuse(net::errc::timed_out);
    BOOST_TEST(at.call(false, 100ms).error().code == errc::timed_out);
  }
  BOOST_TEST((at.calls.circuit() == providers::circuit_state::closed));
  for (int i = 0; i < 5; ++i) {
    at.client.refuse(net::errc::timed_out);
    at.call(false, 5s);
  }
  BOOST_TEST((at.calls.circuit() == providers::circuit_state::open));
}

BOOST_AUTO_TEST_CASE(a_cancelled_trial_does_not_keep_the_circuit_half_open) {
  caller_desk at;
  at.client.reply(503, "{}", {{"Retry-After", "2"}});
  BOOST_TEST(!at.call(false).has_value());
  at.clock.advance(2s);
  at.client.hold(core::notice(at.context.get_executor()));
  at.client.reply(200, "{}");
  core::task_group group(at.context.get_executor());
  group.spawn([](caller_desk* desk) -> core::task<void> {
    providers::rest_request what;
    what.operation = "create_room";
    what.url = "https://api.example.com/rooms";
    co_await desk->calls.call(std::move(what), tests::far_deadline());
  }(&at));
  at.context.restart();
  at.context.poll();
  BOOST_TEST(at.client.in_flight() == 1u);
  group.close(true);
  BOOST_TEST(tests::run(at.context, group.ended(tests::far_deadline())));
  at.client.hold(std::nullopt);
  at.client.reply(200, "{}");
  BOOST_TEST(at.call(false).has_value());
}

namespace {

providers::rest_request create_with(std::vector<providers::quota_use> quotas,
                                    providers::urgency who = providers::urgency::join) {
  providers::rest_request out;
  out.operation = "create_room";
  out.method = http::method::post;
  out.url = "https://api.example.com/rooms";
  out.quotas = std::move(quotas);
  out.wanted_for = who;
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_used_up_quota_refuses_before_the_vendor_has_to) {
  caller_desk at;
  providers::quota three({"create_per_minute", 3, 60s});
  for (int i = 0; i < 3; ++i) at.client.reply(200, "{}");
  for (int i = 0; i < 2; ++i)
    BOOST_TEST(
        tests::run(at.context, at.calls.call(create_with({{&three}}, providers::urgency::prepare),
                                             at.within(5s)))
            .has_value());
  const auto ahead = tests::run(
      at.context,
      at.calls.call(create_with({{&three}}, providers::urgency::prepare), at.within(5s)));
  BOOST_REQUIRE(!ahead);
  BOOST_TEST(ahead.error().code == errc::unavailable);
  BOOST_TEST((ahead.error().retry_after == 60s));
  BOOST_TEST(
      tests::run(at.context, at.calls.call(create_with({{&three}}), at.within(5s))).has_value());
  BOOST_TEST(at.client.count() == 3u);
  BOOST_TEST(at.shows(R"(provider_quota_left{provider="main",quota="create_per_minute"} 0)"));
  BOOST_TEST(at.shows(
      R"(provider_quota_refused_total{provider="main",quota="create_per_minute",urgency="prepare"} 1)"));
}

BOOST_AUTO_TEST_CASE(who_is_at_the_door_waits_for_a_place_that_comes_in_time) {
  caller_desk at;
  providers::quota one({"calls_per_second", 1, 1s});
  at.client.reply(200, "{}").reply(200, "{}");
  BOOST_TEST(
      tests::run(at.context, at.calls.call(create_with({{&one}}), at.within(5s))).has_value());
  at.clock.advance(995ms);
  asio::steady_timer later(at.context, 1ms);
  later.async_wait([&](auto) { at.clock.advance(5ms); });
  BOOST_TEST(
      tests::run(at.context, at.calls.call(create_with({{&one}}), at.within(5s))).has_value());
  const auto short_of_time =
      tests::run(at.context, at.calls.call(create_with({{&one}}), at.within(300ms)));
  BOOST_TEST(short_of_time.error().code == errc::unavailable);
}

BOOST_AUTO_TEST_CASE(a_429_closes_the_quota_it_is_about_and_not_the_circuit) {
  caller_desk at;
  providers::quota second({"per_second", 100, 1s});
  providers::quota day({"host_per_day", 100, 86'400s, true});
  at.client.reply(429, R"({"code":429,"message":"daily rate limit of john@example.com"})",
                  {{"Retry-After", "2026-11-23T00:00:00Z"}});
  auto create = create_with({{&second}, {&day}});
  create.exceeded = [](const http::response& by) {
    return by.body.find("daily") != std::string::npos ? 1u : 0u;
  };
  const auto got = tests::run(at.context, at.calls.call(create, at.within(5s)));
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().code == errc::unavailable);
  BOOST_TEST((got.error().retry_after == 14h));
  BOOST_REQUIRE(got.error().facts.size() == 1u);
  BOOST_TEST(got.error().facts[0].value == "quota");
  BOOST_TEST((at.calls.circuit() == providers::circuit_state::closed));
  BOOST_TEST(day.left(at.clock) == 0u);
  BOOST_TEST(second.left(at.clock) > 90u);
  at.client.reply(200, "{}");
  BOOST_TEST(
      tests::run(at.context, at.calls.call(create_with({{&second}}), at.within(5s))).has_value());
  BOOST_TEST(!tests::run(at.context, at.calls.call(create, at.within(5s))).has_value());
  BOOST_TEST(at.client.count() == 2u);
}

BOOST_AUTO_TEST_CASE(a_secret_that_comes_back_in_an_answer_is_not_logged) {
  caller_desk at;
  at.client.reply(400, R"({"error":{"message":"bad value hunter2-hunter2 given","code":400}})");
  auto what = create_with({});
  what.hidden = core::secret("hunter2-hunter2");
  const auto got = tests::run(at.context, at.calls.call(what, at.within(5s)));
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().detail == "main create_room: status 400: bad value (secret) given");
}

BOOST_AUTO_TEST_SUITE_END()
