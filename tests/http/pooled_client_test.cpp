// pooled_client against a server on loopback that does everything a server can do wrong.
#include "http/pooled_client.hpp"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "http/client_house.hpp"

using namespace std::chrono_literals;
using tests::answered;
using tests::in;

BOOST_FIXTURE_TEST_SUITE(pooled_client, tests::client_house)

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
  const answered got = send(std::move(what));
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
  tests::silent_connector nobody_there;
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
  const answered got = send(get());
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

BOOST_AUTO_TEST_CASE(an_answer_that_comes_before_the_request_was_read_counts) {
  tests::scripted_server_settings hasty;
  hasty.answer_at_head = true;
  tests::scripted_server there(context, hasty);
  there.reply(
      tests::bytes_then_close("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno!"));
  http::request what = post(std::string(8'000'000, 'b'));
  what.url = there.url();
  BOOST_TEST(send(std::move(what)).value().status == 413);
  BOOST_TEST(client().open_connections() == 0u);
}

// TLS, from the client's side of the whole way.

BOOST_AUTO_TEST_CASE(https_is_verified_kept_alive_and_ended_properly) {
  const tests::test_authority authority;
  const tests::temporary_file ca(authority.pem());
  net::tls_client_settings trust;
  trust.roots = net::trusted_roots::from(ca.path()).value();
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
