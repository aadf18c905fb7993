// connection: what a client sees, byte by byte or all at once, when all goes well and when it does
// not.
#include "http/connection.hpp"

#include <boost/test/unit_test.hpp>
#include <optional>

#include "support/http_scene.hpp"

BOOST_AUTO_TEST_SUITE(connection)

using namespace std::chrono_literals;
using tests::http_scene;
using tests::status_of;
using tests::times_in;

namespace {

std::string get(std::string_view path, std::string_view fields = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}
std::string post(std::string_view fields, std::string_view body) {
  return "POST /b HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_broken_message_is_answered_with_its_status_and_ends_the_connection) {
  const std::vector<std::pair<std::string, int>> rows = {
      {"nonsense\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: a\n\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {get("/", "A: " + std::string(17000, 'a') + "\r\n"), 431},
      {get("/", "Expect: tea\r\n"), 417},
      {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {get("/", "Transfer-Encoding: gzip\r\n"), 501},
      {post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nhello"), 400},
      {post("Content-Length: 101\r\n", ""), 413},
      {post("Transfer-Encoding: chunked\r\n", "65\r\n"), 413},
      {post("Transfer-Encoding: chunked\r\n", "5\nhello\r\n0\r\n\r\n"), 400},
  };
  for (const auto& [bytes, status] : rows) {
    http_scene scene;
    // What looks like a second request must not be answered.
    const auto wire = scene.ask(bytes + get("/smuggled"));
    const auto seen = wire->received();
    BOOST_TEST(status_of(seen) == status, bytes.substr(0, 60));
    BOOST_TEST(times_in(seen, "HTTP/1.1 ") == 1u);
    BOOST_TEST(times_in(seen, "Connection: close\r\n") == 1u);
    BOOST_TEST(wire->finished());
    BOOST_TEST(!wire->closed());
    scene.pass(1100ms);
    BOOST_TEST(wire->closed());
    BOOST_TEST(scene.server.count() == 0u);
    BOOST_TEST(scene.service.ends.size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(bytes_after_a_refusal_are_drained_up_to_a_bound) {
  http_scene scene;
  const auto wire = scene.ask("nonsense\r\n\r\n");
  for (int i = 0; i < 3; ++i) {
    wire->send(std::string(20'000, 'x'));
    scene.settle();
    BOOST_TEST(wire->unread() == 0u);
    BOOST_TEST(!wire->closed());
  }
  wire->send(std::string(20'000, 'x'));
  scene.settle();
  BOOST_TEST(wire->closed());
  BOOST_TEST(times_in(wire->received(), "HTTP/1.1 ") == 1u);
}

BOOST_AUTO_TEST_CASE(a_client_that_closes_after_a_refusal_is_let_go_at_once) {
  http_scene scene;
  const auto wire = scene.ask("nonsense\r\n\r\n");
  BOOST_TEST(!wire->closed());
  wire->end();
  scene.settle();
  BOOST_TEST(wire->closed());
}

BOOST_AUTO_TEST_CASE(a_silent_connection_is_closed_without_a_word) {
  http_scene scene;
  const auto wire = scene.connect();
  scene.pass(74s);
  BOOST_TEST(!wire->closed());
  scene.pass(2s);
  BOOST_TEST(wire->closed());
  BOOST_TEST(wire->received().empty());
  BOOST_TEST(scene.service.ends.empty());
}

namespace {

// Keeps what rests, or refuses to.
struct bed final : net::resting_place {
  bool taking = true;
  int asked = 0;
  net::stream_ptr held;
  std::optional<core::deadline> until;
  bool rest(net::stream_ptr& who, core::deadline last) override {
    ++asked;
    if (!taking) return false;
    held = std::move(who);
    until = last;
    return true;
  }
};

std::shared_ptr<tests::memory_wire> connect_with(http_scene& scene, bed& to) {
  auto wire = std::make_shared<tests::memory_wire>();
  auto made =
      std::make_unique<tests::memory_stream>(scene.context.get_executor(), scene.deadlines, wire);
  made->rest_on(&to);
  scene.connections.spawn(scene.server.serve(std::move(made)));
  scene.settle();
  return wire;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_silent_connection_rests_without_a_coroutine_and_keeps_its_deadlines) {
  http::connection_limits limits;
  limits.requests_max = 2;
  limits.idle = 75s;
  bed place;
  http_scene scene(limits);
  const auto wire = connect_with(scene, place);
  wire->send(get("/"));
  scene.settle();
  const auto answered = scene.clock.steady_now();
  scene.pass(1s);
  BOOST_TEST(!place.held);
  scene.pass(1100ms);
  BOOST_REQUIRE(place.held);
  BOOST_TEST(scene.server.count() == 0u);
  BOOST_TEST(scene.connections.size() == 0u);
  BOOST_CHECK(place.until->at() == answered + limits.idle);

  // Woken, it goes on where it was: the second request is its last.
  scene.connections.spawn(scene.server.serve(std::move(place.held)));
  wire->send(get("/"));
  scene.settle();
  BOOST_TEST(times_in(wire->received(), "HTTP/1.1 200") == 2u);
  BOOST_TEST(times_in(wire->received(), "Connection: close\r\n") == 1u);
}

BOOST_AUTO_TEST_CASE(one_that_cannot_rest_is_asked_once_and_waits_for_its_deadline) {
  bed place;
  place.taking = false;
  http_scene scene;
  const auto wire = connect_with(scene, place);
  scene.pass(74s);
  BOOST_TEST(!wire->closed());
  BOOST_TEST(place.asked == 1);
  scene.pass(2s);
  BOOST_TEST(wire->closed());
}

BOOST_AUTO_TEST_CASE(a_head_has_its_time_in_total) {
  http_scene scene;
  const auto wire = scene.connect();
  const auto text = get("/", "A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n");
  for (std::size_t i = 0; i < 11; ++i) {
    wire->send(text.substr(i, 1));
    scene.settle();
    scene.pass(1s);
  }
  BOOST_TEST(status_of(wire->received()) == 408);
  BOOST_TEST(wire->finished());
}

BOOST_AUTO_TEST_CASE(a_body_has_its_time_in_total) {
  http_scene scene;
  const auto wire = scene.ask(post("Content-Length: 100\r\n", ""));
  for (int i = 0; i < 29; ++i) {
    wire->send("x");
    scene.settle();
    scene.pass(1s);
  }
  BOOST_TEST(wire->received().empty());
  scene.pass(2s);
  BOOST_TEST(status_of(wire->received()) == 408);
  BOOST_TEST(scene.service.ends.size() == 1u);
  BOOST_TEST(scene.service.ends.at(0).had_head);
}

BOOST_AUTO_TEST_CASE(a_client_that_takes_nothing_is_given_up) {
  http_scene scene;
  const auto wire = scene.connect();
  wire->leave_room(10);
  wire->send(get("/"));
  scene.settle();
  BOOST_TEST(wire->received().size() == 10u);
  scene.pass(19s);
  BOOST_TEST(!wire->closed());
  scene.pass(2s);
  BOOST_TEST(wire->closed());
  BOOST_TEST(scene.service.ends.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_request_that_is_cut_is_refused) {
  for (const auto& bytes : {std::string("GET / HT"), post("Content-Length: 5\r\n", "hel"),
                            post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n")}) {
    http_scene scene;
    const auto wire = scene.ask(bytes);
    wire->end();
    scene.settle();
    BOOST_TEST(status_of(wire->received()) == 400);
    BOOST_TEST(wire->closed());
    BOOST_TEST(scene.service.ends.size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_surprise_ends_its_request_only) {
  http_scene scene;
  bool throws = true;
  scene.service.on_handle = [&](http::exchange&, http::reply& out) -> http::answer {
    out.body = "half of an answer";
    if (std::exchange(throws, false)) throw std::runtime_error("bug");
    out.body = "fine";
    return http::answered_now{};
  };
  const auto wire = scene.ask(get("/") + get("/"));
  BOOST_TEST(status_of(wire->received()) == 500);
  BOOST_TEST(times_in(wire->received(), "half") == 0u);
  BOOST_TEST(times_in(wire->received(), "fine") == 1u);
  BOOST_TEST(scene.service.refused.at(0).detail == "bug");
  BOOST_TEST(!wire->closed());
}

BOOST_AUTO_TEST_CASE(memory_that_is_not_there_ends_its_request_only) {
  http_scene scene;
  scene.service.on_handle = [](http::exchange& about, http::reply& out) -> http::answer {
    if (about.head->path == "/now") throw std::bad_alloc();
    if (about.head->path == "/later")
      return []() -> core::task<void> {
        throw std::bad_alloc();
        co_return;
      }();
    out.body = "fine";
    return http::answered_now{};
  };
  const auto wire = scene.ask(get("/now") + get("/later") + get("/good"));
  BOOST_TEST(times_in(wire->received(), "HTTP/1.1 500 ") == 2u);
  BOOST_TEST(times_in(wire->received(), "fine") == 1u);
  BOOST_TEST(!wire->closed());
}

BOOST_AUTO_TEST_CASE(an_answer_may_end_the_connection) {
  http_scene scene;
  scene.service.on_handle = [](http::exchange&, http::reply& out) -> http::answer {
    out.close = true;
    return http::answered_now{};
  };
  const auto wire = scene.ask(get("/") + get("/"));
  BOOST_TEST(times_in(wire->received(), "HTTP/1.1 ") == 1u);
  BOOST_TEST(times_in(wire->received(), "Connection: close") == 1u);
}

BOOST_AUTO_TEST_CASE(a_surprise_in_a_task_ends_its_request_only) {
  http_scene scene;
  scene.service.on_handle = [](http::exchange& about, http::reply& out) -> http::answer {
    return [](http::exchange* request, http::reply* to) -> core::task<void> {
      if (request->head->path == "/bad") throw std::runtime_error("bug");
      to->body = "fine";
      co_return;
    }(&about, &out);
  };
  const auto wire = scene.ask(get("/bad") + get("/good"));
  BOOST_TEST(status_of(wire->received()) == 500);
  BOOST_TEST(times_in(wire->received(), "HTTP/1.1 200 OK") == 1u);
  BOOST_TEST(times_in(wire->received(), "fine") == 1u);
}

BOOST_AUTO_TEST_CASE(a_surprise_while_admitting_does_not_parse_the_body_as_a_request) {
  http_scene scene;
  scene.service.on_admit = [](http::exchange&, http::reply&) -> std::optional<http::body_plan> {
    throw std::runtime_error("bug");
  };
  const auto smuggled = get("/smuggled");
  const auto wire =
      scene.ask(post("Content-Length: " + std::to_string(smuggled.size()) + "\r\n", smuggled));
  BOOST_TEST(status_of(wire->received()) == 500);
  BOOST_TEST(times_in(wire->received(), "HTTP/1.1 ") == 1u);
}

BOOST_AUTO_TEST_CASE(a_request_is_answered_however_it_is_cut_into_pieces) {
  const std::vector<std::string> requests = {
      get("/x"), post("Content-Length: 5\r\n", "hello"),
      post("Transfer-Encoding: chunked\r\n", "2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nT: t\r\n\r\n")};
  for (const auto& request : requests) {
    http_scene scene;
    const auto whole = scene.ask(request);
    const auto pieces = scene.connect();
    for (const char one : request) {
      pieces->send({&one, 1});
      scene.settle();
    }
    BOOST_TEST(status_of(whole->received()) == 200);
    BOOST_TEST(pieces->received() == whole->received());
    BOOST_TEST(scene.server.idle_count() == 2u);
  }
}

BOOST_AUTO_TEST_CASE(an_answer_has_the_fields_that_the_connection_knows) {
  http_scene scene;
  const auto wire = scene.ask(get("/x"));
  BOOST_TEST(wire->received() ==
             "HTTP/1.1 200 OK\r\n"
             "Date: Sun, 22 Nov 2026 10:00:00 GMT\r\n"
             "Content-Type: text/plain\r\n"
             "Content-Length: 7\r\n\r\n"
             "GET /x ");
  BOOST_TEST(wire->sends() == 1u);
  wire->take_received();
  scene.pass(61s);
  wire->send(get("/x"));
  scene.settle();
  BOOST_TEST(times_in(wire->received(), "Date: Sun, 22 Nov 2026 10:01:01 GMT\r\n") == 1u);
  BOOST_TEST(scene.service.ends.at(0).bytes == wire->received().size());
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order_with_one_send) {
  http_scene scene;
  const auto wire = scene.ask(get("/1") + get("/2") + get("/3") + "GET /4 HT");
  const auto seen = wire->received();
  BOOST_TEST(times_in(seen, "HTTP/1.1 200 OK") == 3u);
  BOOST_TEST(seen.find("GET /1") < seen.find("GET /2"));
  BOOST_TEST(seen.find("GET /2") < seen.find("GET /3"));
  BOOST_TEST(wire->sends() == 1u);
  wire->send("TP/1.1\r\nHost: a\r\n\r\n");
  scene.settle();
  BOOST_TEST(times_in(wire->received(), "GET /4") == 1u);
  BOOST_TEST(scene.service.ends.size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_flood_of_pipelined_requests_passes_in_bounded_memory) {
  http_scene scene;
  const auto wire = scene.connect();
  std::string flood;
  for (int i = 0; i < 5000; ++i)
    flood += i % 3 == 0 ? post("Content-Length: 90\r\n", std::string(90, 'x')) : get("/y");
  wire->send(flood);
  scene.settle();
  BOOST_TEST(times_in(wire->received(), "HTTP/1.1 200 OK") == 5000u);
  BOOST_TEST(scene.service.ends.size() == 5000u);
  BOOST_TEST(wire->sends() > 5u);
  BOOST_TEST(scene.server.idle_count() == 1u);
}

BOOST_AUTO_TEST_CASE(a_task_is_awaited_and_the_requests_views_stay) {
  http_scene scene;
  core::notice go(scene.context.get_executor());
  std::string seen;
  scene.service.on_handle = [&](http::exchange& about, http::reply& out) -> http::answer {
    return [](http::exchange* request, http::reply* to, core::notice wait,
              std::string* copy) -> core::task<void> {
      const auto far = core::deadline::after(std::chrono::steady_clock::now(), 9s);
      co_await wait.wait(far);
      *copy = std::string(request->head->path) + " " + std::string(request->body);
      to->body = "later";
    }(&about, &out, go, &seen);
  };
  const auto wire = scene.ask(post("Content-Length: 5\r\n", "hello") + get("/next"));
  BOOST_TEST(wire->received().empty());
  go.give();
  scene.settle();
  BOOST_TEST(times_in(wire->received(), "later") == 2u);
  BOOST_TEST(seen == "/next ");
  BOOST_TEST(scene.service.ends.size() == 2u);
  BOOST_TEST(scene.server.idle_count() == 1u);
}

BOOST_AUTO_TEST_CASE(the_end_of_the_connection_is_what_the_request_says) {
  const auto closed_after = [](const std::string& request) {
    http_scene scene;
    const auto wire = scene.ask(request);
    BOOST_TEST(status_of(wire->received()) == 200);
    BOOST_TEST(times_in(wire->received(), "Connection: close\r\n") == (wire->closed() ? 1u : 0u));
    return wire->closed();
  };
  BOOST_TEST(!closed_after(get("/")));
  BOOST_TEST(closed_after(get("/", "Connection: close\t\r\n")));
  BOOST_TEST(closed_after("GET / HTTP/1.0\r\n\r\n"));
  BOOST_TEST(!closed_after("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  http_scene scene;
  BOOST_TEST(times_in(scene.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")->received(),
                      "Connection: keep-alive\r\n") == 1u);
}

BOOST_AUTO_TEST_CASE(nothing_after_connection_close_is_parsed) {
  http_scene scene;
  const auto wire = scene.ask(get("/1", "Connection: close\r\n") + get("/2"));
  BOOST_TEST(times_in(wire->received(), "HTTP/1.1 ") == 1u);
  BOOST_TEST(!wire->closed());  // hears the client out, as it has sent more
  scene.pass(1100ms);
  BOOST_TEST(wire->closed());
}

BOOST_AUTO_TEST_CASE(a_client_may_close_its_side_and_still_reads_the_answer) {
  http_scene scene;
  const auto wire = scene.connect();
  wire->send(get("/"));
  wire->end();
  scene.settle();
  BOOST_TEST(status_of(wire->received()) == 200);
  BOOST_TEST(wire->closed());
}

BOOST_AUTO_TEST_CASE(head_has_the_length_and_no_body) {
  http_scene scene;
  const auto wire = scene.ask("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n" + get("/y"));
  const auto seen = wire->received();
  BOOST_TEST(times_in(seen, "Content-Length: 8\r\n\r\nHTTP/1.1 200 OK") == 1u);
}

BOOST_AUTO_TEST_CASE(a_204_has_neither_body_nor_length) {
  http_scene scene;
  scene.service.on_handle = [](http::exchange&, http::reply& out) -> http::answer {
    out.status = 204;
    out.body = "a mistake";
    return http::answered_now{};
  };
  const auto seen = scene.ask(get("/"))->received();
  BOOST_TEST(status_of(seen) == 204);
  BOOST_TEST(seen.ends_with("\r\n\r\n"));
  BOOST_TEST(times_in(seen, "Content-Length") == 0u);
}

BOOST_AUTO_TEST_CASE(options_of_the_whole_server_reach_the_service) {
  http_scene scene;
  const auto wire = scene.ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  BOOST_TEST(times_in(wire->received(), "OPTIONS * ") == 1u);
}

BOOST_AUTO_TEST_CASE(continue_is_said_only_when_the_body_will_be_read) {
  const std::string fields = "Content-Length: 5\r\nExpect: 100-continue\r\n";
  http_scene scene;
  const auto wire = scene.ask(post(fields, ""));
  BOOST_TEST(wire->take_received() == "HTTP/1.1 100 Continue\r\n\r\n");
  wire->send("hello");
  scene.settle();
  BOOST_TEST(times_in(wire->received(), "POST /b hello") == 1u);
  BOOST_TEST(status_of(wire->received()) == 200);

  // The body came along: there is nothing to wait for.
  BOOST_TEST(status_of(scene.ask(post(fields, "hello"))->received()) == 200);
  // 1.0 knows no 100.
  const auto old = scene.ask("POST /b HTTP/1.0\r\n" + fields + "\r\n");
  BOOST_TEST(old->received().empty());
  // Too large, or refused: the final status comes at once, and the connection ends.
  const auto large = scene.ask(post("Content-Length: 101\r\nExpect: 100-continue\r\n", ""));
  BOOST_TEST(status_of(large->received()) == 413);
  scene.service.on_admit = [](http::exchange&, http::reply& out) -> std::optional<http::body_plan> {
    out.status = 401;
    return std::nullopt;
  };
  const auto refused = scene.ask(post(fields, ""));
  BOOST_TEST(status_of(refused->received()) == 401);
  BOOST_TEST(refused->finished());
}

BOOST_AUTO_TEST_CASE(an_early_answer_skips_a_body_that_is_there_and_else_ends_the_connection) {
  http_scene scene;
  scene.service.on_admit = [](http::exchange& about,
                              http::reply& out) -> std::optional<http::body_plan> {
    if (about.head->path == "/next") return http::body_plan{};
    out.status = 401;
    return std::nullopt;
  };
  const auto smuggled = get("/next");
  const auto length = "Content-Length: " + std::to_string(smuggled.size()) + "\r\n";
  const auto there = scene.ask(post(length, smuggled) + get("/next"));
  BOOST_TEST(status_of(there->received()) == 401);
  BOOST_TEST(times_in(there->received(), "HTTP/1.1 ") == 2u);
  BOOST_TEST(!there->finished());

  const auto missing = scene.ask(post(length, smuggled.substr(0, 5)));
  BOOST_TEST(times_in(missing->received(), "Connection: close") == 1u);
  missing->send(smuggled.substr(5));
  missing->send(get("/next"));
  scene.settle();
  BOOST_TEST(times_in(missing->received(), "HTTP/1.1 ") == 1u);

  const auto chunks = scene.ask(post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n" + get("/next")));
  BOOST_TEST(times_in(chunks->received(), "HTTP/1.1 ") == 1u);
  BOOST_TEST(chunks->finished());
}

BOOST_AUTO_TEST_CASE(bodies_larger_than_a_buffer_are_collected) {
  http_scene scene;
  scene.service.body_bytes_max = 200'000;
  std::string got;
  scene.service.on_handle = [&](http::exchange& about, http::reply&) -> http::answer {
    got = about.body;
    return http::answered_now{};
  };
  std::string body;
  for (int i = 0; body.size() < 150'000; ++i) body += std::to_string(i);
  scene.ask(post("Content-Length: " + std::to_string(body.size()) + "\r\n", body) + get("/next"));
  BOOST_TEST(scene.service.ends.size() == 2u);
  BOOST_TEST(got.empty());  // of the second request
  std::string chunks;
  for (std::size_t at = 0; at < body.size(); at += 1000) {
    const auto piece = body.substr(at, 1000);
    chunks += piece.size() == 1000 ? "3e8\r\n" : fmt::format("{:x}\r\n", piece.size());
    chunks += piece + "\r\n";
  }
  scene.ask(post("Transfer-Encoding: chunked\r\n", chunks + "0\r\n\r\n"));
  BOOST_TEST((got == body));
  scene.ask(post("Content-Length: " + std::to_string(body.size()) + "\r\n", body));
  BOOST_TEST((got == body));
}

BOOST_AUTO_TEST_CASE(a_body_behind_pipelined_requests_finds_room) {
  http_scene scene;
  std::string before;
  while (before.size() < 31'000) before += get("/");
  const auto wire = scene.connect();
  wire->send(before + post("Content-Length: 100\r\n", std::string(40, 'x')));
  scene.settle();
  wire->send(std::string(60, 'y') + get("/last"));
  scene.settle();
  BOOST_TEST(times_in(wire->received(), "POST /b " + std::string(40, 'x') + std::string(60, 'y')) ==
             1u);
  BOOST_TEST(times_in(wire->received(), "GET /last") == 1u);
}

BOOST_AUTO_TEST_CASE(a_connection_has_a_last_request_and_a_last_hour) {
  http::connection_limits limits;
  limits.requests_max = 2;
  http_scene scene(limits);
  const auto wire = scene.ask(get("/1") + get("/2") + get("/3"));
  BOOST_TEST(times_in(wire->received(), "HTTP/1.1 200") == 2u);
  BOOST_TEST(times_in(wire->received(), "Connection: close") == 1u);
  BOOST_TEST(wire->finished());

  limits = {};
  limits.lifetime = 10s;
  http_scene brief(limits);
  const auto kept = brief.ask(get("/1"));
  const auto busy = brief.ask(get("/1"));
  brief.pass(9s);
  busy->send("GE");
  brief.settle();
  brief.pass(2s);
  BOOST_TEST(kept->closed());
  BOOST_TEST(!busy->closed());
  busy->take_received();
  busy->send("T / HTTP/1.1\r\nHost: a\r\n\r\n");
  brief.settle();
  BOOST_TEST(status_of(busy->received()) == 200);
  BOOST_TEST(times_in(busy->received(), "Connection: close") == 1u);
}

BOOST_AUTO_TEST_CASE(draining_closes_the_idle_and_lets_the_busy_finish) {
  http_scene scene;
  core::notice go(scene.context.get_executor());
  scene.service.on_handle = [&](http::exchange&, http::reply&) -> http::answer {
    return [](core::notice wait) -> core::task<void> {
      co_await wait.wait(core::deadline::after(std::chrono::steady_clock::now(), 9s));
    }(go);
  };
  const auto idle = scene.connect();
  const auto busy = scene.ask(get("/") + get("/2"));
  BOOST_TEST(scene.server.idle_count() == 1u);
  scene.server.drain();
  scene.settle();
  BOOST_TEST(idle->closed());
  BOOST_TEST(!busy->closed());
  BOOST_TEST(scene.server.count() == 1u);
  go.give();
  scene.settle();
  BOOST_TEST(times_in(busy->received(), "HTTP/1.1 ") == 1u);
  BOOST_TEST(times_in(busy->received(), "Connection: close") == 1u);
  busy->end();
  scene.settle();
  BOOST_TEST(busy->closed());
  BOOST_TEST(scene.server.count() == 0u);
}

BOOST_AUTO_TEST_CASE(stopping_closes_everything_and_the_service_hears_of_it) {
  http_scene scene;
  core::notice never(scene.context.get_executor());
  scene.service.on_handle = [&](http::exchange&, http::reply&) -> http::answer {
    return [](core::notice wait) -> core::task<void> {
      co_await wait.wait(core::deadline::after(std::chrono::steady_clock::now(), 9s));
    }(never);
  };
  const auto busy = scene.ask(get("/"));
  const auto reading = scene.ask("GET / HT");
  scene.server.stop();
  scene.connections.close(true);
  scene.settle();
  BOOST_TEST(busy->closed());
  BOOST_TEST(reading->closed());
  BOOST_TEST(scene.server.count() == 0u);
  BOOST_TEST(scene.service.ends.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_before_its_answer_costs_nothing_else) {
  http_scene scene;
  core::notice go(scene.context.get_executor());
  scene.service.on_handle = [&](http::exchange&, http::reply&) -> http::answer {
    return [](core::notice wait) -> core::task<void> {
      co_await wait.wait(core::deadline::after(std::chrono::steady_clock::now(), 9s));
    }(go);
  };
  const auto wire = scene.ask(get("/"));
  wire->leave();
  scene.settle();
  go.give();
  scene.settle();
  BOOST_TEST(wire->closed());
  BOOST_TEST(wire->received().empty());
  BOOST_TEST(scene.service.ends.size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_exchange_says_who_when_and_until_when) {
  http_scene scene;
  core::steady_time started;
  core::wall_time now;
  std::chrono::nanoseconds left{};
  scene.service.on_handle = [&](http::exchange& about, http::reply&) -> http::answer {
    started = about.started;
    now = about.now;
    left = about.deadline.left(scene.clock.steady_now());
    BOOST_TEST(about.peer != nullptr);
    return http::answered_now{};
  };
  const auto wire = scene.ask("GET / HT");
  const auto first_byte = scene.clock.steady_now();
  scene.pass(2s);
  wire->send("TP/1.1\r\nHost: a\r\n\r\n");
  scene.settle();
  BOOST_TEST((started == first_byte));
  BOOST_TEST((now == scene.clock.wall_now()));
  BOOST_TEST((left == 5s));
}

BOOST_AUTO_TEST_SUITE_END()
