// Real sockets: what only a kernel can show. Closing with unread input would send a RST, and the
// client would lose the answer that explains why.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <future>
#include <vector>

#include "net/socket_stream.hpp"
#include "support/http_scene.hpp"
#include "support/run.hpp"

BOOST_AUTO_TEST_SUITE(loopback)

using namespace std::chrono_literals;

namespace {

class descriptor {
 public:
  explicit descriptor(int number) : number_(number) { BOOST_REQUIRE(number >= 0); }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

struct connected_pair {
  connected_pair() {
    descriptor listening(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    BOOST_REQUIRE(::bind(listening.number(), generic, size) == 0);
    BOOST_REQUIRE(::listen(listening.number(), 1) == 0);
    BOOST_REQUIRE(::getsockname(listening.number(), generic, &size) == 0);
    BOOST_REQUIRE(::connect(client.number(), generic, size) == 0);
    server = ::accept4(listening.number(), nullptr, nullptr, SOCK_NONBLOCK);
    BOOST_REQUIRE(server >= 0);
    net::send_without_delay(client.number());  // pieces are to arrive as they are sent
    timeval patience{9, 0};
    ::setsockopt(client.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  void send(std::string_view bytes) {
    BOOST_TEST(::send(client.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size()));
  }
  // Until the server's end; a reset is an error here.
  std::string read_to_end() {
    std::string all;
    char piece[4096];
    for (;;) {
      const auto got = ::recv(client.number(), piece, sizeof piece, 0);
      BOOST_TEST(got >= 0, "recv: " << std::generic_category().message(errno));
      if (got <= 0) return all;
      all.append(piece, static_cast<std::size_t>(got));
    }
  }

  descriptor client{::socket(AF_INET, SOCK_STREAM, 0)};
  int server = -1;
};

// One shard with its thread, one server on it.
struct live_server {
  explicit live_server(http::connection_limits limits = {})
      : shard(0, 0, "test", clock), server(shard, service, limits) {
    shard.start();
  }
  ~live_server() {
    std::promise<void> all_ended;
    on_shard([&] {
      server.stop();
      connections.close(false);
      asio::co_spawn(shard.executor(), connections.ended(tests::far_deadline()),
                     [&](std::exception_ptr, bool) { all_ended.set_value(); });
    });
    all_ended.get_future().wait();
    shard.stop();
    shard.join();
  }
  void on_shard(std::function<void()> call) {
    std::promise<void> done;
    shard.post([&] {
      call();
      done.set_value();
    });
    done.get_future().wait();
  }
  void serve(int accepted) {
    on_shard([&] {
      connections.spawn(
          server.serve(std::make_unique<net::socket_stream>(shard.ready(), accepted, net::peer{})));
    });
  }

  core::system_clock clock;
  tests::scripted_service service;
  net::shard shard;
  http::server server;
  core::task_group connections{shard.executor()};
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_refused_upload_still_delivers_its_answer) {
  live_server live;
  connected_pair pair;
  live.serve(pair.server);
  pair.send("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" +
            std::string(30'000, 'x'));
  pair.send(std::string(20'000, 'y'));
  const auto answer = pair.read_to_end();
  BOOST_TEST(tests::status_of(answer) == 413);
  BOOST_TEST(answer.ends_with("body too large"));
}

BOOST_AUTO_TEST_CASE(a_head_too_large_still_delivers_its_answer) {
  live_server live;
  connected_pair pair;
  live.serve(pair.server);
  pair.send("GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(60'000, 'x'));
  BOOST_TEST(tests::status_of(pair.read_to_end()) == 431);
}

BOOST_AUTO_TEST_CASE(a_client_that_has_shut_its_side_down_reads_every_answer) {
  live_server live;
  connected_pair pair;
  live.serve(pair.server);
  for (int i = 0; i < 3; ++i)
    pair.send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n");
  ::shutdown(pair.client.number(), SHUT_WR);
  const auto answers = pair.read_to_end();
  BOOST_TEST(tests::times_in(answers, "HTTP/1.1 200 OK") == 3u);
}

BOOST_AUTO_TEST_CASE(a_large_answer_passes_a_small_socket_buffer) {
  const std::string large(3'000'000, 'z');  // outlives the server's thread, which copies it
  live_server live;
  live.service.on_handle = [&](http::exchange&, http::reply& out) -> http::answer {
    out.body = large;
    return http::answered_now{};
  };
  connected_pair pair;
  live.serve(pair.server);
  pair.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const auto answer = pair.read_to_end();
  BOOST_TEST(answer.size() > large.size());
  BOOST_TEST((answer.substr(answer.size() - large.size()) == large));
}

BOOST_AUTO_TEST_CASE(idle_connections_close_when_the_server_drains) {
  live_server live;
  connected_pair pair;
  live.serve(pair.server);
  live.on_shard([&] { live.server.drain(); });
  BOOST_TEST(pair.read_to_end().empty());
}

BOOST_AUTO_TEST_CASE(a_silent_connection_meets_its_deadline) {
  http::connection_limits limits;
  limits.idle = 10ms;
  live_server live(limits);
  connected_pair pair;
  live.serve(pair.server);
  BOOST_TEST(pair.read_to_end().empty());
}

// One shard whose loop the test turns by itself, so that it knows what comes in one turn.
struct turned_server {
  asio::io_context context{1};
  tests::fake_clock clock;
  net::deadline_wheel wheel{context.get_executor(), clock};
  net::poller poller{context.get_executor(), wheel};
  net::buffer_pool buffers;
  tests::scripted_service service;
  http::server server{http::connection_tools{context.get_executor(), buffers, clock, service, {}}};
  core::task_group connections{context.get_executor()};

  void serve(connected_pair& pair) {
    connections.spawn(
        server.serve(std::make_unique<net::socket_stream>(poller, pair.server, net::peer{})));
    settle();
  }
  void settle() {
    context.restart();
    while (context.poll() > 0) {
    }
  }
  static std::string read_now(connected_pair& pair) {
    char answer[4096];
    const auto got = ::recv(pair.client.number(), answer, sizeof answer, MSG_DONTWAIT);
    return got > 0 ? std::string(answer, static_cast<std::size_t>(got)) : std::string();
  }
};

int unread_bytes(int socket) {
  int count = 0;
  BOOST_REQUIRE(::ioctl(socket, FIONREAD, &count) == 0);
  return count;
}

BOOST_AUTO_TEST_CASE(requests_of_one_turn_are_all_read_before_the_first_is_answered) {
  connected_pair pairs[3];
  turned_server live;
  std::vector<int> unread;
  live.service.on_handle = [&](http::exchange&, http::reply& out) -> http::answer {
    for (const connected_pair& pair : pairs) unread.push_back(unread_bytes(pair.server));
    out.body = "fine";
    return http::answered_now{};
  };
  for (connected_pair& pair : pairs) live.serve(pair);
  for (int round = 0; round < 3; ++round) {
    unread.clear();
    for (connected_pair& pair : pairs) pair.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    live.settle();
    BOOST_TEST(unread.size() == 9u);
    BOOST_TEST(std::ranges::count(unread, 0) == 9);
    for (connected_pair& pair : pairs)
      BOOST_TEST(tests::status_of(turned_server::read_now(pair)) == 200);
  }
  live.server.stop();
  live.settle();
  BOOST_TEST(live.server.count() == 0u);
}

BOOST_AUTO_TEST_CASE(a_connection_that_its_neighbours_handler_stops_in_the_same_turn_is_over) {
  connected_pair pairs[2];
  turned_server live;
  live.service.on_handle = [&](http::exchange&, http::reply& out) -> http::answer {
    live.server.stop();
    out.body = "the last";
    return http::answered_now{};
  };
  for (connected_pair& pair : pairs) live.serve(pair);
  for (connected_pair& pair : pairs) pair.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  live.settle();
  BOOST_TEST(live.server.count() == 0u);
  for (connected_pair& pair : pairs) BOOST_TEST(pair.read_to_end().empty());
}

BOOST_AUTO_TEST_CASE(answers_that_have_left_when_the_server_stops_are_noted_as_what_they_were) {
  std::vector<connected_pair> pairs(3);
  turned_server live;
  std::size_t asked = 0;
  live.service.on_handle = [&](http::exchange&, http::reply& out) -> http::answer {
    out.body = "here";
    if (++asked == pairs.size()) live.server.stop();
    return http::answered_now{};
  };
  for (connected_pair& pair : pairs) live.serve(pair);
  for (connected_pair& pair : pairs) pair.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  live.settle();
  BOOST_TEST(live.server.count() == 0u);
  std::size_t arrived = 0;
  for (connected_pair& pair : pairs) arrived += tests::status_of(pair.read_to_end()) == 200;
  const auto noted =
      std::ranges::count(live.service.ends, 200, &tests::scripted_service::end::status);
  BOOST_TEST(arrived == 2u);
  BOOST_TEST(static_cast<std::size_t>(noted) == arrived);
  BOOST_TEST(live.service.ends.size() == pairs.size());
}

BOOST_AUTO_TEST_CASE(who_has_an_answer_finds_it_noted) {
  std::vector<connected_pair> pairs(3);
  turned_server live;
  std::vector<std::size_t> there;  // answers that have arrived, each time one is noted
  live.service.on_finished = [&] {
    char byte;
    there.push_back(static_cast<std::size_t>(std::ranges::count_if(pairs, [&](auto& pair) {
      return ::recv(pair.client.number(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
    })));
  };
  for (connected_pair& pair : pairs) live.serve(pair);
  for (connected_pair& pair : pairs) pair.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  live.settle();
  BOOST_TEST(there == (std::vector<std::size_t>{0, 0, 0}), boost::test_tools::per_element());
  // They wait for requests again.
  there.clear();
  for (connected_pair& pair : pairs) BOOST_TEST(!turned_server::read_now(pair).empty());
  pairs[1].send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  live.settle();
  BOOST_TEST(there == (std::vector<std::size_t>{0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(waiting_connections_end_when_their_group_is_cancelled) {
  connected_pair pair;
  turned_server live;
  live.serve(pair);
  BOOST_TEST(live.server.idle_count() == 1u);
  live.connections.close(true);
  live.settle();
  BOOST_TEST(live.server.count() == 0u);
  BOOST_TEST(pair.read_to_end().empty());
}

// What ASan would tell of: the coroutine of a waiting connection goes with the server.
BOOST_AUTO_TEST_CASE(a_server_that_goes_takes_its_waiting_connections_with_it) {
  connected_pair pair;
  {
    turned_server live;
    live.serve(pair);
    pair.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    live.settle();
    BOOST_TEST(tests::status_of(turned_server::read_now(pair)) == 200);
  }
  BOOST_TEST(pair.read_to_end().empty());
}

BOOST_AUTO_TEST_CASE(
    a_request_that_comes_in_pieces_and_one_with_a_body_leave_the_quick_way_and_return) {
  connected_pair pair;
  turned_server live;
  live.service.on_handle = [&](http::exchange& about, http::reply& out) -> http::answer {
    out.body = about.body.empty() ? "none" : std::string(about.body);
    return http::answered_now{};
  };
  live.serve(pair);
  const auto ask = [&](std::string_view text) {
    pair.send(text);
    live.settle();
    return turned_server::read_now(pair);
  };
  for (int round = 0; round < 2; ++round) {
    BOOST_TEST(ask("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").ends_with("none"));
    BOOST_TEST(ask("GET /b HT").empty());
    BOOST_TEST(ask("TP/1.1\r\nHost: a\r\n\r\n").ends_with("none"));
    BOOST_TEST(ask("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo").empty());
    BOOST_TEST(ask("dy").ends_with("body"));
  }
}

BOOST_AUTO_TEST_SUITE_END()
