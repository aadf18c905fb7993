// Real sockets: what only a kernel can show. Closing with unread input would send a RST, and the
// client would lose the answer that explains why.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <future>

#include "net/socket_stream.hpp"
#include "support/http_scene.hpp"
#include "support/run.hpp"

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

BOOST_AUTO_TEST_SUITE(loopback)

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
  live_server live;
  const std::string large(3'000'000, 'z');
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

BOOST_AUTO_TEST_SUITE_END()
