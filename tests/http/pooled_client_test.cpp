// pooled_client against a server on loopback that does everything a server can do wrong.
#include "http/pooled_client.hpp"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "core/task_group.hpp"
#include "http/error.hpp"
#include "net/dns_cache.hpp"
#include "net/tls_client.hpp"
#include "support/certificates.hpp"
#include "support/fakes.hpp"
#include "support/run.hpp"
#include "support/scripted_server.hpp"

using namespace std::chrono_literals;

namespace {

using answer = core::result<http::response>;

struct house {
  core::system_clock clock;
  core::metrics_page metrics;
  net::shard shard{0, 0, "test", clock};
  asio::io_context& context = shard.context();
  net::dns_cache names{shard.executor(), clock,
                       [](std::string host, core::deadline) { return nobody(std::move(host)); }};
  std::unique_ptr<net::tls_client> tls = net::tls_client::create({}, clock).value();
  net::tcp_connector connector{shard, names, *tls};
  tests::scripted_server server{context};
  http::client_settings settings;
  std::unique_ptr<http::pooled_client> made;

  static core::task<core::result<net::addresses>> nobody(std::string host) {
    co_return core::fail(net::errc::name_not_found, host + ": no such name");
  }

  http::pooled_client& client() {
    if (!made) made = std::make_unique<http::pooled_client>(shard, connector, metrics, settings);
    return *made;
  }
  http::request get(std::string_view path = "/") {
    http::request what;
    what.url = server.url(path);
    return what;
  }
  http::request post(std::string body) {
    http::request what = get();
    what.method = http::method::post;
    what.body = std::move(body);
    return what;
  }
  answer send(http::request what, core::deadline until = tests::far_deadline()) {
    return tests::run(context, client().send(std::move(what), until));
  }
  answer send_to(std::string url) {
    http::request what;
    what.url = std::move(url);
    return send(std::move(what));
  }
  // Lets everything run that can run without waiting.
  void settle() {
    context.restart();
    while (context.poll() > 0) {
    }
  }
  std::uint64_t counted(const std::string& outcome) {
    return metrics.count("http_client_requests_total", "", {{"outcome", outcome}}).total();
  }
  std::uint64_t repeated() {
    return metrics.count("http_client_requests_repeated_total", "").total();
  }
  void refused(const answer& got, std::error_code why, std::string_view detail = {}) {
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().code == why, got.error().code.message() << ": " << got.error().detail);
    BOOST_TEST(got.error().detail.find(detail) != std::string::npos, got.error().detail);
  }
};

core::deadline in(std::chrono::milliseconds wait) {
  return core::deadline::after(std::chrono::steady_clock::now(), wait);
}

// Never connects; says so at the deadline it was given.
struct silent_connector final : net::connector {
  core::task<core::result<net::stream_ptr>> connect(net::endpoint, core::deadline until) override {
    given = until;
    ++asked;
    co_await core::sleep_until(until);
    co_return core::fail(net::errc::timed_out, "nobody answered");
  }
  core::deadline given{core::steady_time{}};
  int asked = 0;
};

// Sends `what` and leaves the answer in `into`.
core::task<void> send_into(http::pooled_client* client, http::request what, core::deadline until,
                           std::vector<answer>* into) {
  auto got = co_await client->send(std::move(what), until);
  into->push_back(std::move(got));
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pooled_client, house)

// What is refused before a byte is sent.

BOOST_AUTO_TEST_CASE(refuses_what_is_no_url_and_http_to_other_machines) {
  refused(send_to("nonsense"), http::errc::bad_url);
  refused(send_to("ftp://127.0.0.1/"), http::errc::bad_url);
  refused(send_to("http://video.example/"), http::errc::bad_url, "only with this machine");
  refused(send_to("http://192.0.2.1/"), http::errc::bad_url, "only with this machine");
  refused(send_to(server.url("/a b")), http::errc::bad_url);
  refused(send_to(server.url("/a\r\nX: y")), http::errc::bad_url);
  BOOST_TEST(server.accepted() == 0u);
  BOOST_TEST(counted("refused") == 6u);
}

BOOST_AUTO_TEST_CASE(refuses_fields_that_would_be_read_as_two_or_that_frame_the_message) {
  const std::vector<http::field> odd = {{"X-A", "1\r\nX-B: 2"},
                                        {"X-A", "1\n2"},
                                        {"X-A", std::string("1\0", 2)},
                                        {"X-A", "\x7f"},
                                        {"X A", "1"},
                                        {"", "1"},
                                        {"X-A:", "1"},
                                        {"X-\r\nA", "1"},
                                        {"Host", "evil"},
                                        {"content-length", "0"},
                                        {"Transfer-Encoding", "chunked"},
                                        {"Connection", "close"},
                                        {"Upgrade", "h2c"},
                                        {"Expect", "100-continue"}};
  for (const http::field& one : odd) {
    http::request what = get();
    what.fields.push_back(one);
    refused(send(std::move(what)), core::errc::internal);
  }
  BOOST_TEST(server.accepted() == 0u);
}

BOOST_AUTO_TEST_CASE(a_refusal_does_not_repeat_a_fields_value) {
  http::request what = get();
  what.fields.push_back({"Authorization", "Bearer hunter2\n"});
  const answer got = send(std::move(what));
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().detail.find("hunter2") == std::string::npos);
}

// Connecting.

BOOST_AUTO_TEST_CASE(says_that_a_port_refuses) {
  refused(send_to(fmt::format("http://127.0.0.1:{}/", tests::refused_port())),
          net::errc::connect_failed);
  BOOST_TEST(client().open_connections() == 0u);
  BOOST_TEST(counted("connect_failed") == 1u);
}

BOOST_AUTO_TEST_CASE(says_that_a_name_is_unknown) {
  refused(send_to("https://video.example/"), net::errc::name_not_found, "no such name");
  BOOST_TEST(client().open_connections() == 0u);
}

BOOST_AUTO_TEST_CASE(connecting_has_a_time_of_its_own_within_the_callers) {
  silent_connector nobody_there;
  settings.pool.connect_timeout = 20ms;
  http::pooled_client one(shard, nobody_there, metrics, settings);
  const auto before = clock.steady_now();
  auto got = tests::run(context, one.send(get(), tests::far_deadline()));
  refused(got, net::errc::timed_out, "nobody answered");
  BOOST_TEST((nobody_there.given.at() <= before + 1s));
  const auto soon = in(1ms);
  got = tests::run(context, one.send(get(), soon));
  refused(got, net::errc::timed_out);
  BOOST_TEST((nobody_there.given.at() == soon.at()));
  BOOST_TEST(one.open_connections() == 0u);
  BOOST_TEST(nobody_there.asked == 2);
}

// Silence and slowness.

BOOST_AUTO_TEST_CASE(a_silent_server_costs_no_more_than_the_first_byte_timeout) {
  settings.first_byte_timeout = 20ms;
  server.reply(tests::bytes_only(""));
  refused(send(get()), net::errc::timed_out, "no answer in time");
  BOOST_TEST(client().open_connections() == 0u);
  BOOST_TEST(counted("timed_out") == 1u);
}

BOOST_AUTO_TEST_CASE(a_dripping_body_ends_with_the_total_timeout) {
  settings.total_timeout = 150ms;
  tests::scripted_answer drip =
      tests::bytes_only("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  for (int i = 0; i < 1000; ++i) drip.pieces.push_back("x");
  drip.pause = 5ms;
  server.reply(std::move(drip));
  const auto before = clock.steady_now();
  refused(send(get()), net::errc::timed_out, "did not end in time");
  BOOST_TEST((clock.steady_now() - before < 3s));
  BOOST_TEST(client().open_connections() == 0u);
}

BOOST_AUTO_TEST_CASE(a_dripping_head_ends_with_the_callers_deadline) {
  tests::scripted_answer drip = tests::bytes_only("HTTP/1.1 200 OK\r\n");
  for (int i = 0; i < 1000; ++i) drip.pieces.push_back("X-A: b\r\n");
  drip.pause = 5ms;
  server.reply(std::move(drip));
  refused(send(get(), in(50ms)), net::errc::timed_out);
}

// Answers that break the protocol or our limits.

BOOST_AUTO_TEST_CASE(a_cut_answer_is_a_failure_wherever_it_is_cut) {
  for (const char* cut :
       {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"a\":1}", "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"a\"",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n0\r\n"}) {
    server.reply(tests::bytes_then_close(cut));
    refused(send(get()), http::errc::bad_response);
  }
  BOOST_TEST(client().open_connections() == 0u);
  BOOST_TEST(counted("bad_answer") == 6u);
}

BOOST_AUTO_TEST_CASE(an_answer_cut_by_a_reset_is_a_failure) {
  server.reply(tests::bytes_then_reset("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
  const answer got = send(get());
  BOOST_REQUIRE(!got);
  server.reply(tests::bytes_then_reset("HTTP/1.1 200 OK\r\n\r\nuntil the end, but which"));
  BOOST_TEST(!send(get()));
  BOOST_TEST(client().open_connections() == 0u);
}

BOOST_AUTO_TEST_CASE(no_answer_at_all_on_a_fresh_connection_is_not_repeated) {
  server.reply(tests::bytes_then_close(""));
  refused(send(get()), net::errc::closed);
  BOOST_TEST(server.requests().size() == 1u);
  BOOST_TEST(repeated() == 0u);
}

BOOST_AUTO_TEST_CASE(garbage_is_a_bad_answer) {
  for (const char* odd :
       {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
        "\x15\x03\x01\x00\x02\x02\x16\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
        "HTTP/1.1 200 OK\r\n X: folded\r\nContent-Length: 2\r\n\r\nok"}) {
    server.reply(tests::bytes_then_close(odd));
    refused(send(get()), http::errc::bad_response);
  }
}

BOOST_AUTO_TEST_CASE(a_head_beyond_the_limit_is_refused) {
  server.reply(tests::bytes_only("HTTP/1.1 200 OK\r\nX-A: " + std::string(20'000, 'a')));
  refused(send(get()), http::errc::response_too_large);
  BOOST_TEST(client().open_connections() == 0u);
}

BOOST_AUTO_TEST_CASE(a_body_beyond_the_limit_is_refused_before_it_is_read) {
  settings.body_bytes_max = 1000;
  server.reply(tests::bytes_only("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"));
  refused(send(get()), http::errc::response_too_large);
  server.reply(tests::bytes_only("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                                 std::string(1001, 'x')));
  refused(send(get()), http::errc::response_too_large);
  server.reply(tests::bytes_only("HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x')));
  refused(send(get()), http::errc::response_too_large);
  BOOST_TEST(client().open_connections() == 0u);
  server.reply(tests::ok(std::string(1000, 'x')));
  BOOST_TEST(send(get()).value().body.size() == 1000u);
  BOOST_TEST(counted("too_large") == 3u);
}

BOOST_AUTO_TEST_CASE(endless_interim_answers_are_refused) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "HTTP/1.1 102 Processing\r\n\r\n";
  server.reply(tests::bytes_only(many));
  BOOST_TEST(!send(get()));
  BOOST_TEST(client().open_connections() == 0u);
}

// Good answers.

BOOST_AUTO_TEST_CASE(writes_a_request_that_has_one_meaning) {
  http::request what = post("{\"name\":\"room\"}");
  what.url = server.url("/v2/rooms?x=%20y");
  what.fields.push_back({"Content-Type", "application/json"});
  BOOST_TEST(send(std::move(what)).value().status == 200);
  const std::string expected = fmt::format(
      "POST /v2/rooms?x=%20y HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n"
      "User-Agent: stagedoor/",
      server.port());
  const std::string& sent = server.requests().at(0);
  BOOST_TEST(sent.starts_with(expected), sent);
  BOOST_TEST(sent.ends_with(
                 "\r\nAccept-Encoding: identity\r\nContent-Length: 15\r\n\r\n{\"name\":\"room\"}"),
             sent);
}

BOOST_AUTO_TEST_CASE(an_empty_post_says_that_it_is_empty_and_a_get_says_nothing) {
  BOOST_TEST(send(post("")).has_value());
  BOOST_TEST(send(get()).has_value());
  BOOST_TEST(server.requests().at(0).find("\r\nContent-Length: 0\r\n") != std::string::npos);
  BOOST_TEST(server.requests().at(1).find("Content-Length") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(reads_sized_chunked_and_interim_answers_and_keeps_the_connection) {
  server.reply(tests::ok("sized", "X-Id: 7\r\n"))
      .reply(tests::bytes_only("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "3;x=y\r\nchu\r\n4\r\nnked\r\n0\r\nX-Trailer: no\r\n\r\n"))
      .reply(tests::bytes_only(
          "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
          "HTTP/1.1 204 No Content\r\n\r\n"));
  auto first = send(get());
  BOOST_REQUIRE(first);
  BOOST_TEST(first->body == "sized");
  BOOST_TEST(first->find("x-id") == "7");
  auto second = send(get());
  BOOST_REQUIRE(second);
  BOOST_TEST(second->status == 201);
  BOOST_TEST(second->body == "chunked");
  BOOST_TEST(second->find("X-Trailer").empty());
  BOOST_TEST(send(get()).value().status == 204);
  BOOST_TEST(server.accepted() == 1u);
  BOOST_TEST(client().idle_connections() == 1u);
}

BOOST_AUTO_TEST_CASE(an_answer_in_single_bytes_is_the_same_answer) {
  tests::scripted_answer slowly;
  for (const char c : std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    slowly.pieces.push_back({c});
  server.reply(std::move(slowly));
  BOOST_TEST(send(get()).value().body == "ok");
  BOOST_TEST(client().idle_connections() == 1u);
}

BOOST_AUTO_TEST_CASE(an_answer_of_http_1_0_ends_with_the_connection) {
  server.reply(
      tests::bytes_then_close("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold school"));
  BOOST_TEST(send(get()).value().body == "old school");
  BOOST_TEST(client().open_connections() == 0u);
}

BOOST_AUTO_TEST_CASE(connection_close_is_obeyed) {
  server.reply(tests::ok("bye", "Connection: close\r\n"));
  BOOST_TEST(send(get()).value().body == "bye");
  BOOST_TEST(client().open_connections() == 0u);
}

BOOST_AUTO_TEST_CASE(a_redirect_is_an_answer_like_any_other) {
  server.reply(tests::bytes_only(
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"));
  auto got = send(get());
  BOOST_REQUIRE(got);
  BOOST_TEST(got->status == 302);
  BOOST_TEST(got->find("Location") == "http://127.0.0.1:1/");
  BOOST_TEST(server.requests().size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_answer_to_head_has_no_body_whatever_its_length_says) {
  server.reply(tests::bytes_only("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n"));
  http::request what = get();
  what.method = http::method::head;
  auto got = send(std::move(what));
  BOOST_REQUIRE(got);
  BOOST_TEST(got->body.empty());
  BOOST_TEST(client().idle_connections() == 1u);
}

BOOST_AUTO_TEST_CASE(a_large_request_body_arrives_whole) {
  const std::string body(3'000'000, 'b');
  BOOST_TEST(send(post(body)).value().status == 200);
  BOOST_TEST(server.requests().at(0).ends_with("\r\n\r\n" + body));
}

// The pool.

BOOST_AUTO_TEST_CASE(requests_one_after_the_other_share_a_connection) {
  for (int i = 0; i < 20; ++i) BOOST_TEST(send(get()).has_value());
  BOOST_TEST(server.accepted() == 1u);
  BOOST_TEST(server.requests().size() == 20u);
  BOOST_TEST(counted("answered") == 20u);
}

BOOST_AUTO_TEST_CASE(surplus_bytes_after_an_answer_end_the_connection) {
  server.reply(
      tests::bytes_only("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 "
                        "OK\r\nContent-Length: 4\r\n\r\nevil"));
  BOOST_TEST(send(get()).value().body == "ok");
  BOOST_TEST(client().idle_connections() == 0u);
  BOOST_TEST(send(get()).value().body == "ok");
  BOOST_TEST(server.accepted() == 2u);
}

BOOST_AUTO_TEST_CASE(bytes_that_come_unasked_while_idle_end_the_connection) {
  BOOST_TEST(send(get()).has_value());
  settle();
  server.speak_unasked("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  BOOST_TEST(send(get()).value().body == "ok");
  BOOST_TEST(server.accepted() == 2u);
}

BOOST_AUTO_TEST_CASE(a_connection_closed_while_idle_is_noticed_before_it_is_used) {
  BOOST_TEST(send(get()).has_value());
  settle();
  server.close_idle();
  BOOST_TEST(send(post("once")).value().status == 200);
  BOOST_TEST(server.accepted() == 2u);
  BOOST_TEST(server.requests().size() == 2u);
  BOOST_TEST(repeated() == 0u);
}

BOOST_AUTO_TEST_CASE(a_connection_that_dies_under_a_safe_request_is_replaced_once) {
  BOOST_TEST(send(get()).has_value());
  server.reply(tests::bytes_then_close(""));
  BOOST_TEST(send(get()).value().body == "ok");
  BOOST_TEST(server.requests().size() == 3u);
  BOOST_TEST(repeated() == 1u);
  server.reply(tests::bytes_then_reset("")).reply(tests::bytes_then_close(""));
  const answer twice = send(get());
  BOOST_REQUIRE(!twice);
  BOOST_TEST(server.requests().size() == 5u);
  BOOST_TEST(repeated() == 2u);
}

BOOST_AUTO_TEST_CASE(a_post_is_repeated_only_when_the_caller_says_that_it_may_be) {
  BOOST_TEST(send(get()).has_value());
  server.reply(tests::bytes_then_close(""));
  refused(send(post("create")), net::errc::closed);
  BOOST_TEST(server.requests().size() == 2u);

  BOOST_TEST(send(get()).has_value());
  server.reply(tests::bytes_then_close(""));
  http::request idempotent = post("create by name");
  idempotent.safe_to_repeat = true;
  BOOST_TEST(send(std::move(idempotent)).value().status == 200);
  BOOST_TEST(server.requests().size() == 5u);
  BOOST_TEST(repeated() == 1u);
}

BOOST_AUTO_TEST_CASE(an_answer_that_began_is_never_asked_for_again) {
  BOOST_TEST(send(get()).has_value());
  server.reply(tests::bytes_then_close("HTTP/1.1 200 OK\r\nContent-Le"));
  refused(send(get()), http::errc::bad_response);
  BOOST_TEST(server.requests().size() == 2u);
}

BOOST_AUTO_TEST_CASE(idle_connections_are_closed_after_their_time) {
  tests::fake_clock standing;
  net::shard still(0, 0, "still", standing);
  net::dns_cache no_names(still.executor(), standing,
                          [](std::string host, core::deadline) { return nobody(host); });
  net::tcp_connector with(still, no_names, *tls);
  tests::scripted_server there(still.context());
  http::pooled_client one(still, with, metrics, settings);
  http::request what;
  what.url = there.url();
  const auto until = core::deadline::after(standing.steady_now(), 1h);
  BOOST_TEST(tests::run(still.context(), one.send(what, until)).has_value());
  BOOST_TEST(one.idle_connections() == 1u);
  standing.advance(29s);
  still.deadlines().turn(standing.steady_now());
  BOOST_TEST(one.idle_connections() == 1u);
  standing.advance(1s + net::deadline_wheel::tick);
  still.deadlines().turn(standing.steady_now());
  BOOST_TEST(one.idle_connections() == 0u);
  BOOST_TEST(one.open_connections() == 0u);
}

BOOST_AUTO_TEST_CASE(keeps_no_more_idle_connections_than_agreed) {
  settings.pool.idle_max = 2;
  core::notice go(context.get_executor());
  server.otherwise([&](const std::string&) {
    tests::scripted_answer held = tests::ok("ok");
    held.gate = go;
    return held;
  });
  std::vector<answer> got;
  core::task_group group(context.get_executor());
  for (int i = 0; i < 5; ++i) group.spawn(send_into(&client(), get(), tests::far_deadline(), &got));
  BOOST_TEST(tests::run(context, server.saw_requests(5, tests::far_deadline())));
  go.give();
  group.close(false);
  BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  BOOST_TEST(server.accepted() == 5u);
  BOOST_TEST(client().idle_connections() == 2u);
  BOOST_TEST(client().open_connections() == 2u);
}

BOOST_AUTO_TEST_CASE(waiting_requests_are_served_in_order_over_the_same_connection) {
  settings.pool.connections_max = 1;
  core::notice go(context.get_executor());
  tests::scripted_answer held = tests::ok("first");
  held.gate = go;
  server.reply(std::move(held));
  std::vector<answer> got;
  core::task_group group(context.get_executor());
  for (int i = 0; i < 4; ++i)
    group.spawn(send_into(&client(), get(fmt::format("/{}", i)), tests::far_deadline(), &got));
  BOOST_TEST(tests::run(context, server.saw_requests(1, tests::far_deadline())));
  BOOST_TEST(client().waiting_requests() == 3u);
  go.give();
  group.close(false);
  BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  BOOST_TEST(server.accepted() == 1u);
  BOOST_REQUIRE(server.requests().size() == 4u);
  for (std::size_t i = 0; i < 4; ++i)
    BOOST_TEST(server.requests()[i].starts_with(fmt::format("GET /{} ", i)), server.requests()[i]);
}

BOOST_AUTO_TEST_CASE(a_waiting_request_leaves_at_its_deadline_and_harms_nobody) {
  settings.pool.connections_max = 1;
  core::notice go(context.get_executor());
  tests::scripted_answer held = tests::ok("first");
  held.gate = go;
  server.reply(std::move(held));
  std::vector<answer> patient;
  core::task_group group(context.get_executor());
  group.spawn(send_into(&client(), get("/a"), tests::far_deadline(), &patient));
  BOOST_TEST(tests::run(context, server.saw_requests(1, tests::far_deadline())));
  refused(send(get("/impatient"), in(5ms)), net::errc::timed_out, "are busy");
  group.spawn(send_into(&client(), get("/b"), tests::far_deadline(), &patient));
  settle();
  go.give();
  group.close(false);
  BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  BOOST_TEST(patient.size() == 2u);
  for (const answer& one : patient) BOOST_TEST(one.has_value());
  BOOST_TEST(server.requests().size() == 2u);
  BOOST_TEST(client().waiting_requests() == 0u);
}

BOOST_AUTO_TEST_CASE(a_place_freed_by_a_failure_goes_to_the_next_in_the_queue) {
  settings.pool.connections_max = 1;
  core::notice go(context.get_executor());
  tests::scripted_answer cut =
      tests::bytes_then_close("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
  cut.gate = go;
  server.reply(std::move(cut));
  std::vector<answer> got;
  core::task_group group(context.get_executor());
  for (int i = 0; i < 2; ++i) group.spawn(send_into(&client(), get(), tests::far_deadline(), &got));
  BOOST_TEST(tests::run(context, server.saw_requests(1, tests::far_deadline())));
  go.give();
  group.close(false);
  BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  BOOST_REQUIRE(got.size() == 2u);
  BOOST_TEST(!got[0]);
  BOOST_TEST(got[1].has_value());
  BOOST_TEST(server.accepted() == 2u);
}

BOOST_AUTO_TEST_CASE(a_full_queue_refuses_at_once) {
  settings.pool.connections_max = 1;
  settings.pool.waiting_max = 1;
  core::notice go(context.get_executor());
  tests::scripted_answer held = tests::ok("first");
  held.gate = go;
  server.reply(std::move(held));
  std::vector<answer> got;
  core::task_group group(context.get_executor());
  for (int i = 0; i < 2; ++i) group.spawn(send_into(&client(), get(), tests::far_deadline(), &got));
  BOOST_TEST(tests::run(context, server.saw_requests(1, tests::far_deadline())));
  refused(send(get()), core::errc::queue_full, "too many requests wait");
  go.give();
  group.close(false);
  BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  BOOST_TEST(counted("busy") == 1u);
}

BOOST_AUTO_TEST_CASE(a_hundred_at_once_are_all_answered_over_at_most_sixty_four_connections) {
  std::vector<answer> got;
  core::task_group group(context.get_executor());
  for (int i = 0; i < 100; ++i)
    group.spawn(send_into(&client(), get(), tests::far_deadline(), &got));
  group.close(false);
  BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  BOOST_TEST(got.size() == 100u);
  for (const answer& one : got) BOOST_TEST(one.has_value());
  BOOST_TEST(server.accepted() <= 64u);
  BOOST_TEST(client().idle_connections() <= 16u);
}

// Leaving.

BOOST_AUTO_TEST_CASE(a_cancelled_request_leaves_neither_connection_nor_descriptor) {
  BOOST_TEST(send(get()).has_value());
  client().close();
  made.reset();
  settle();
  BOOST_TEST(tests::run(context, server.has_open(0, tests::far_deadline())));
  const std::size_t before = tests::descriptors_open();

  server.otherwise([](const std::string&) {
    return tests::bytes_only("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nha");
  });
  settings.pool.connections_max = 3;
  std::vector<answer> got;
  {
    core::task_group group(context.get_executor());
    for (int i = 0; i < 6; ++i)
      group.spawn(send_into(&client(), get(), tests::far_deadline(), &got));
    BOOST_TEST(tests::run(context, server.saw_requests(4, tests::far_deadline())));
    settle();
    group.close(true);
    BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  }
  BOOST_TEST(client().open_connections() == 0u);
  BOOST_TEST(client().waiting_requests() == 0u);
  BOOST_TEST(tests::run(context, server.has_open(0, tests::far_deadline())));
  BOOST_TEST(tests::descriptors_open() == before);
  BOOST_TEST(counted("cancelled") == 6u);
}

BOOST_AUTO_TEST_CASE(closing_ends_the_waiting_and_lets_the_rest_finish) {
  settings.pool.connections_max = 1;
  core::notice go(context.get_executor());
  tests::scripted_answer held = tests::ok("finished");
  held.gate = go;
  server.reply(std::move(held));
  std::vector<answer> got;
  core::task_group group(context.get_executor());
  for (int i = 0; i < 2; ++i) group.spawn(send_into(&client(), get(), tests::far_deadline(), &got));
  BOOST_TEST(tests::run(context, server.saw_requests(1, tests::far_deadline())));
  client().close();
  go.give();
  group.close(false);
  BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  BOOST_REQUIRE(got.size() == 2u);
  refused(got[0], net::errc::cancelled);
  BOOST_TEST(got[1].value().body == "finished");
  BOOST_TEST(client().open_connections() == 0u);
  refused(send(get()), net::errc::cancelled);
}

BOOST_AUTO_TEST_CASE(requests_that_still_run_when_the_shard_ends_leave_nothing_behind) {
  const std::size_t before = tests::descriptors_open();
  {
    net::shard brief(0, 0, "brief", clock);
    net::dns_cache no_names(brief.executor(), clock,
                            [](std::string host, core::deadline) { return nobody(host); });
    net::tcp_connector with(brief, no_names, *tls);
    tests::scripted_server there(brief.context());
    there.otherwise([](const std::string&) { return tests::bytes_only(""); });
    http::client_settings narrow;
    narrow.pool.connections_max = 2;
    http::pooled_client one(brief, with, metrics, narrow);
    std::vector<answer> got;
    core::task_group group(brief.executor());
    for (int i = 0; i < 4; ++i) {
      http::request what;
      what.url = there.url();
      group.spawn(send_into(&one, what, tests::far_deadline(), &got));
    }
    BOOST_TEST(tests::run(brief.context(), there.saw_requests(2, tests::far_deadline())));
  }
  BOOST_TEST(tests::descriptors_open() == before);
}

// TLS, from the client's side of the whole way.

BOOST_AUTO_TEST_CASE(https_is_verified_kept_alive_and_ended_properly) {
  const tests::test_authority authority;
  const tests::temporary_file ca(authority.pem());
  net::tls_client_settings trust;
  trust.ca_file = ca.path();
  const auto trusting = net::tls_client::create(trust, clock).value();
  net::tcp_connector secure(shard, names, *trusting);
  tests::scripted_server_settings with;
  with.certificate = authority.issue();
  tests::scripted_server there(context, with);
  http::pooled_client one(shard, secure, metrics, settings);
  http::request what;
  what.url = there.url("/secret");
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(tests::run(context, one.send(what, tests::far_deadline())).value().body == "ok");
  BOOST_TEST(there.accepted() == 1u);
  settle();
  there.close_idle();
  BOOST_TEST(tests::run(context, one.send(what, tests::far_deadline())).value().body == "ok");
  BOOST_TEST(there.accepted() == 2u);
  // The end of the connection without TLS's own farewell may be an attacker's cut.
  there.reply(tests::bytes_then_close("HTTP/1.0 200 OK\r\n\r\nhalf of it"));
  BOOST_TEST(!tests::run(context, one.send(what, tests::far_deadline())));
  // The system's store does not know this authority.
  refused(send_to(there.url()), net::errc::tls_failed, "unknown certificate authority");
  BOOST_TEST(counted("tls_failed") == 1u);
}

// Settings.

BOOST_AUTO_TEST_CASE(settings_are_read_with_their_ranges) {
  core::mistakes found;
  core::options from("http_client", "test.toml:1", found);
  from.set("ca_file", std::string("/etc/ca.pem"));
  from.set("connect_timeout", std::string("500ms"));
  from.set("first_byte_timeout", std::string("1s"));
  from.set("total_timeout", std::string("3s"));
  from.set("idle_timeout", std::string("5s"));
  from.set("connections_max", std::int64_t{8});
  from.set("idle_max", std::int64_t{4});
  from.set("waiting_max", std::int64_t{10});
  from.set("body_bytes_max", std::int64_t{2048});
  const auto read = http::read_client_settings(from);
  from.note_unknown();
  BOOST_TEST(found.empty());
  BOOST_TEST(read.ca_file == "/etc/ca.pem");
  BOOST_TEST((read.pool.connect_timeout == 500ms && read.first_byte_timeout == 1s &&
              read.total_timeout == 3s));
  BOOST_TEST((read.pool.idle_timeout == 5s));
  BOOST_TEST(read.pool.connections_max == 8u);
  BOOST_TEST(read.pool.idle_max == 4u);
  BOOST_TEST(read.pool.waiting_max == 10u);
  BOOST_TEST(read.body_bytes_max == 2048u);

  core::options wrong("http_client", "test.toml:1", found);
  wrong.set("connections_max", std::int64_t{0});
  wrong.set("connect_timeout", std::string("soon"));
  BOOST_TEST(http::read_client_settings(wrong).pool.connections_max == 64u);
  BOOST_TEST(found.size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
