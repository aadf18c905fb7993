// connection_pool through its client: reuse, stale connections, the queue, and what is left when
// somebody leaves.
#include "http/connection_pool.hpp"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "http/client_house.hpp"

using namespace std::chrono_literals;
using tests::answered;
using tests::in;
using tests::send_into;

namespace {

// A connection that answers once and whose next write fails before or after the network got
// something.
struct dying_stream final : net::stream {
  explicit dying_stream(std::size_t taken_at_the_end) : taken(taken_at_the_end) {}
  core::task<core::result<void>> wait_readable(core::deadline) override {
    co_return core::result<void>();
  }
  core::result<std::size_t> read_available(std::span<char> into) override {
    if (++reads > 1) return core::fail(net::errc::closed, "gone");
    const std::string_view bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    bytes.copy(into.data(), bytes.size());
    return bytes.size();
  }
  core::result<std::size_t> write_available(std::string_view data) override {
    if (++writes == 1) return data.size();
    if (taken == 0) return core::fail(net::errc::closed, "gone");
    return taken;
  }
  core::task<core::result<void>> wait_writable(core::deadline) override {
    co_return core::fail(net::errc::closed, "gone");
  }
  void finish_writing() override {}
  void close() override {}
  bool is_stale() override { return false; }
  const net::peer& other() const override { return who; }

  std::size_t taken;
  int reads = 0;
  int writes = 0;
  net::peer who;
};

struct dying_connector final : net::connector {
  core::task<core::result<net::stream_ptr>> connect(net::endpoint, core::deadline) override {
    ++connections;
    co_return net::stream_ptr(std::make_unique<dying_stream>(taken));
  }
  std::size_t taken = 0;
  int connections = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(connection_pool, tests::client_house)

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
  const answered twice = send(get());
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

BOOST_AUTO_TEST_CASE(a_post_of_which_the_network_got_nothing_is_sent_over_a_fresh_connection) {
  dying_connector by;
  http::pooled_client one(shard, by, metrics, settings);
  BOOST_TEST(tests::run(context, one.send(get(), tests::far_deadline())).has_value());
  BOOST_TEST(tests::run(context, one.send(post("create"), tests::far_deadline())).has_value());
  BOOST_TEST(by.connections == 2);
}

BOOST_AUTO_TEST_CASE(a_post_of_which_the_network_may_have_got_something_is_not) {
  dying_connector by;
  by.taken = 10;
  http::pooled_client some(shard, by, metrics, settings);
  BOOST_TEST(tests::run(context, some.send(get(), tests::far_deadline())).has_value());
  refused(tests::run(context, some.send(post("create"), tests::far_deadline())), net::errc::closed);
  BOOST_TEST(by.connections == 1);

  // So large that a failed first write may have been a part of it.
  by.taken = 0;
  http::pooled_client large(shard, by, metrics, settings);
  BOOST_TEST(tests::run(context, large.send(get(), tests::far_deadline())).has_value());
  refused(tests::run(context, large.send(post(std::string(5000, 'b')), tests::far_deadline())),
          net::errc::closed);
  BOOST_TEST(by.connections == 2);
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
  std::vector<answered> got;
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
  std::vector<answered> got;
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
  std::vector<answered> patient;
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
  for (const answered& one : patient) BOOST_TEST(one.has_value());
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
  std::vector<answered> got;
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
  std::vector<answered> got;
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
  std::vector<answered> got;
  core::task_group group(context.get_executor());
  for (int i = 0; i < 100; ++i)
    group.spawn(send_into(&client(), get(), tests::far_deadline(), &got));
  group.close(false);
  BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  BOOST_TEST(got.size() == 100u);
  for (const answered& one : got) BOOST_TEST(one.has_value());
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
  std::vector<answered> got;
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
  std::vector<answered> got;
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
    std::vector<answered> got;
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

BOOST_AUTO_TEST_SUITE_END()
