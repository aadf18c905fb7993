// event_stream: events, heartbeats, and clients that leave in the middle.
#include "http/event_stream.hpp"

#include <boost/test/unit_test.hpp>

#include "http/event_output.hpp"
#include "http/parser.hpp"
#include "support/http_scene.hpp"
#include "support/run.hpp"

BOOST_AUTO_TEST_SUITE(event_stream)

using namespace std::chrono_literals;
using tests::http_scene;
using tests::times_in;

namespace {

const std::string ask_for_events =
    "GET /e HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n";

core::deadline in(std::chrono::milliseconds wait) {
  return core::deadline::after(std::chrono::steady_clock::now(), wait);
}

// Undoes the chunks of an answer; empty where they are broken or not ended.
std::string unchunked(const std::string& answer) {
  http::response_parser parser;
  auto came = parser.feed(answer);
  return came && came->complete && came->used == answer.size() ? parser.take().body : std::string();
}

// Event streams wait on Asio's timers, so these tests live in real time, in milliseconds.
struct live_scene {
  explicit live_scene(std::chrono::milliseconds heartbeat = 1h) : limits(with(heartbeat)) {}
  static http::connection_limits with(std::chrono::milliseconds heartbeat) {
    http::connection_limits one;
    one.heartbeat = heartbeat;
    one.drain = 50ms;
    return one;
  }

  std::shared_ptr<tests::memory_wire> ask(const std::string& bytes) {
    auto wire = std::make_shared<tests::memory_wire>();
    connections.spawn(server.serve(
        std::make_unique<tests::memory_stream>(context.get_executor(), deadlines, wire)));
    wire->send(bytes);
    context.restart();
    context.poll();
    return wire;
  }
  // Until the connection has ended; fails after the runner's ten seconds.
  void finish() {
    connections.close(false);
    BOOST_TEST(tests::run(context, connections.ended(tests::far_deadline())));
  }

  asio::io_context context{1};
  core::system_clock clock;
  net::buffer_pool buffers;
  net::deadline_wheel deadlines{context.get_executor(), clock};
  tests::scripted_service service;
  http::connection_limits limits;
  http::server server{
      http::connection_tools{context.get_executor(), buffers, clock, service, limits}};
  core::task_group connections{context.get_executor()};
};

}  // namespace

BOOST_AUTO_TEST_CASE(an_event_cannot_be_forged_by_its_data) {
  const auto text = [](std::string_view name, std::string_view data) {
    std::string out;
    http::append_event(out, name, data);
    return out;
  };
  BOOST_TEST(text("state", "{}") == "event: state\ndata: {}\n\n");
  BOOST_TEST(text("", "a") == "data: a\n\n");
  BOOST_TEST(text("a\nevent: b", "c") == "event: a\ndata: c\n\n");
  BOOST_TEST(text("a", "b\n\nevent: c") == "event: a\ndata: b\ndata: \ndata: event: c\n\n");
  BOOST_TEST(text("a", "b\r\nc\rd\n") == "event: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_is_noticed_while_waiting) {
  live_scene scene;
  bool stayed = true;
  bool sent = true;
  scene.service.on_handle = [&](http::exchange&, http::reply&) -> http::answer {
    return http::answered_by_events([&](http::event_stream& out) -> core::task<void> {
      stayed = co_await out.wait_until(in(9s));
      auto late = co_await out.send("late", "x");
      sent = late.has_value();
    });
  };
  const auto wire = scene.ask(ask_for_events);
  wire->leave();
  scene.finish();
  BOOST_TEST(!stayed);
  BOOST_TEST(!sent);
  BOOST_TEST(wire->closed());
  BOOST_TEST(scene.service.ends.size() == 1u);
  BOOST_TEST(scene.server.count() == 0u);
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_is_noticed_while_waiting_for_a_notice) {
  live_scene scene;
  core::notice wake(scene.context.get_executor());
  bool stayed = true;
  scene.service.on_handle = [&](http::exchange&, http::reply&) -> http::answer {
    return http::answered_by_events([&](http::event_stream& out) -> core::task<void> {
      stayed = co_await out.wait_for(wake, in(9s));
    });
  };
  const auto wire = scene.ask(ask_for_events);
  wire->end();
  scene.finish();
  BOOST_TEST(!stayed);
}

BOOST_AUTO_TEST_CASE(a_server_that_drains_ends_what_only_waits_in_good_order) {
  live_scene scene;
  core::notice never(scene.context.get_executor());
  std::size_t ends = 0;
  scene.service.on_handle = [&](http::exchange& about, http::reply&) -> http::answer {
    const bool by_notice = about.head->path == "/e";
    return http::answered_by_events([&, by_notice](http::event_stream& out) -> core::task<void> {
      const bool goes_on =
          by_notice ? co_await out.wait_for(never, in(9s)) : co_await out.wait_until(in(9s));
      auto said = co_await out.send("bye", "x");
      ends += !goes_on && said;
    });
  };
  const auto one = scene.ask(ask_for_events);
  const auto two = scene.ask("GET /f" + ask_for_events.substr(6));
  scene.server.drain();
  one->end();  // clients that see the end close too
  two->end();
  scene.finish();
  BOOST_TEST(ends == 2u);
  for (const auto& wire : {one, two}) {
    BOOST_TEST(times_in(wire->received(), "data: x") == 1u);
    BOOST_TEST(wire->received().ends_with("0\r\n\r\n"));
  }
}

BOOST_AUTO_TEST_CASE(a_surprise_leaves_the_stream_without_its_end) {
  live_scene scene;
  scene.service.on_handle = [&](http::exchange&, http::reply&) -> http::answer {
    return http::answered_by_events([](http::event_stream& out) -> core::task<void> {
      co_await out.send("a", "b");
      throw std::runtime_error("bug");
    });
  };
  const auto wire = scene.ask(ask_for_events);
  scene.finish();
  BOOST_TEST(times_in(wire->received(), "data: b") == 1u);
  BOOST_TEST(!wire->received().ends_with("0\r\n\r\n"));
  BOOST_TEST(wire->closed());
}

BOOST_AUTO_TEST_CASE(a_client_that_reads_nothing_is_given_up) {
  live_scene scene;
  scene.limits.write = 1ms;
  http::server server(
      {scene.context.get_executor(), scene.buffers, scene.clock, scene.service, scene.limits});
  bool sent = true;
  scene.service.on_handle = [&](http::exchange&, http::reply&) -> http::answer {
    return http::answered_by_events([&](http::event_stream& out) -> core::task<void> {
      auto one = co_await out.send("a", std::string(1000, 'x'));
      sent = one.has_value();
    });
  };
  auto wire = std::make_shared<tests::memory_wire>();
  wire->leave_room(400);
  scene.connections.spawn(server.serve(
      std::make_unique<tests::memory_stream>(scene.context.get_executor(), scene.deadlines, wire)));
  wire->send(ask_for_events);
  scene.finish();
  BOOST_TEST(!sent);
  BOOST_TEST(wire->closed());
}

BOOST_AUTO_TEST_CASE(stopping_ends_a_stream_that_waits) {
  live_scene scene;
  scene.service.on_handle = [&](http::exchange&, http::reply&) -> http::answer {
    return http::answered_by_events([](http::event_stream& out) -> core::task<void> {
      while (co_await out.wait_until(in(9s))) {
      }
    });
  };
  const auto wire = scene.ask(ask_for_events);
  scene.server.stop();
  scene.finish();
  BOOST_TEST(wire->closed());
  BOOST_TEST(scene.service.ends.size() == 1u);
}

BOOST_AUTO_TEST_CASE(cancelling_ends_a_stream_that_waits) {
  live_scene scene;
  scene.service.on_handle = [&](http::exchange&, http::reply&) -> http::answer {
    return http::answered_by_events([](http::event_stream& out) -> core::task<void> {
      while (co_await out.wait_until(in(9s))) {
      }
    });
  };
  const auto wire = scene.ask(ask_for_events);
  scene.connections.close(true);
  scene.finish();
  BOOST_TEST(wire->closed());
  BOOST_TEST(scene.service.ends.size() == 1u);
  BOOST_TEST(scene.server.count() == 0u);
  scene.context.restart();
  scene.context.poll();
}

BOOST_AUTO_TEST_CASE(events_arrive_with_their_head_and_a_proper_end) {
  live_scene scene;
  core::notice wake(scene.context.get_executor());
  std::string path;
  scene.service.on_handle = [&](http::exchange& about, http::reply& out) -> http::answer {
    out.field("X-Request-Id", "r1");
    return http::answered_by_events(
        [&wake, &path, &about](http::event_stream& to) -> core::task<void> {
          co_await to.send("state", "{}");
          const bool stays = co_await to.wait_for(wake, in(9s));
          path = about.head->path;  // still valid
          if (stays) co_await to.send("url", "{\"a\":1}");
        });
  };
  const auto wire = scene.ask(ask_for_events);
  const auto head = wire->received();
  BOOST_TEST(head.starts_with("HTTP/1.1 200 OK\r\nDate: "));
  for (const std::string line :
       {"Content-Type: text/event-stream; charset=utf-8\r\n", "Cache-Control: no-store\r\n",
        "X-Accel-Buffering: no\r\n", "X-Request-Id: r1\r\n", "Transfer-Encoding: chunked\r\n",
        "Connection: close\r\n"})
    BOOST_TEST(times_in(head, line) == 1u, line);
  BOOST_TEST(head.ends_with("event: state\ndata: {}\n\n\r\n"));
  wake.give();
  scene.finish();
  BOOST_TEST(unchunked(wire->received()) ==
             "event: state\ndata: {}\n\nevent: url\ndata: {\"a\":1}\n\n");
  BOOST_TEST(path == "/e");
  BOOST_TEST(wire->finished());
  BOOST_TEST(wire->closed());
  BOOST_REQUIRE(scene.service.ends.size() == 1u);
  BOOST_TEST(scene.service.ends.at(0).bytes == wire->received().size());
}

BOOST_AUTO_TEST_CASE(an_old_client_gets_events_until_the_connection_ends) {
  live_scene scene;
  scene.service.on_handle = [&](http::exchange&, http::reply&) -> http::answer {
    return http::answered_by_events(
        [](http::event_stream& to) -> core::task<void> { co_await to.send("a", "b"); });
  };
  const auto wire = scene.ask("GET /e HTTP/1.0\r\nAccept: text/event-stream\r\n\r\n");
  wire->end();
  scene.finish();
  BOOST_TEST(times_in(wire->received(), "Transfer-Encoding") == 0u);
  BOOST_TEST(wire->received().ends_with("\r\n\r\nevent: a\ndata: b\n\n"));
}

BOOST_AUTO_TEST_CASE(head_gets_the_head_of_a_stream_only) {
  live_scene scene;
  bool played = false;
  scene.service.on_handle = [&](http::exchange&, http::reply&) -> http::answer {
    return http::answered_by_events([&](http::event_stream&) -> core::task<void> {
      played = true;
      co_return;
    });
  };
  const auto wire = scene.ask("HEAD /e HTTP/1.1\r\nHost: a\r\n\r\n");
  scene.finish();
  BOOST_TEST(times_in(wire->received(), "text/event-stream") == 1u);
  BOOST_TEST(wire->received().ends_with("\r\n\r\n"));
  BOOST_TEST(!played);
}

BOOST_AUTO_TEST_CASE(a_comment_is_the_heartbeat_of_a_long_wait) {
  live_scene scene(5ms);
  bool stayed = false;
  scene.service.on_handle = [&](http::exchange&, http::reply&) -> http::answer {
    return http::answered_by_events([&](http::event_stream& to) -> core::task<void> {
      stayed = co_await to.wait_until(in(40ms));
    });
  };
  const auto wire = scene.ask(ask_for_events);
  scene.finish();
  BOOST_TEST(stayed);
  BOOST_TEST(times_in(unchunked(wire->received()), ":\n\n") >= 3u);
}

BOOST_AUTO_TEST_CASE(a_stream_holds_no_read_buffer) {
  live_scene scene;
  core::notice wake(scene.context.get_executor());
  const char* memory = nullptr;
  scene.service.on_handle = [&](http::exchange& about, http::reply&) -> http::answer {
    memory = about.head->path.data();
    return http::answered_by_events([&wake](http::event_stream& to) -> core::task<void> {
      co_await to.wait_for(wake, in(9s));
    });
  };
  const auto wire = scene.ask(ask_for_events);
  const auto spare = scene.buffers.take();
  BOOST_TEST(!(memory >= spare->data && memory < spare->data + sizeof spare->data));
  wake.give();
  scene.finish();
}

BOOST_AUTO_TEST_SUITE_END()
