// Listeners over real sockets: limits, exhaustion, unix sockets, PROXY headers, draining.
#include "net/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <filesystem>
#include <future>
#include <set>
#include <string>

#include "net/error.hpp"
#include "net/tls_client.hpp"
#include "net/tls_stream.hpp"
#include "support/certificates.hpp"
#include "support/fakes.hpp"
#include "support/run.hpp"

using namespace std::chrono_literals;

namespace {

// A client that blocks, for at most five seconds at a time.
class client {
 public:
  explicit client(const net::listening_place& to) {
    const auto& at = to.settings();
    if (at.unix_path.empty()) {
      held_ = ::socket(at.ip.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in four{};
      four.sin_family = AF_INET;
      four.sin_port = htons(to.port());
      four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      connect(&four, sizeof four);
    } else {
      held_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_un local{};
      local.sun_family = AF_UNIX;
      std::strcpy(local.sun_path, at.unix_path.c_str());
      connect(&local, sizeof local);
    }
  }
  ~client() { hang_up(); }
  client(client&& other) noexcept : held_(std::exchange(other.held_, -1)) {}
  void hang_up() {
    if (held_ >= 0) ::close(std::exchange(held_, -1));
  }
  // Gives the descriptor away, non-blocking.
  int give() {
    ::fcntl(held_, F_SETFL, O_NONBLOCK);
    return std::exchange(held_, -1);
  }
  void finish() const { ::shutdown(held_, SHUT_WR); }
  void send(std::string_view text) const {
    BOOST_REQUIRE(::send(held_, text.data(), text.size(), MSG_NOSIGNAL) ==
                  static_cast<ssize_t>(text.size()));
  }
  // What comes next; "" at the end, or when nothing comes.
  std::string receive() const {
    char buffer[1024];
    const auto got = ::recv(held_, buffer, sizeof buffer, 0);
    return {buffer, got > 0 ? static_cast<std::size_t>(got) : 0};
  }
  bool was_hung_up_on() const {
    char byte;
    const auto got = ::recv(held_, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }

 private:
  void connect(const void* to, socklen_t size) const {
    const timeval patience{5, 0};
    ::setsockopt(held_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    BOOST_REQUIRE(::connect(held_, static_cast<const sockaddr*>(to), size) == 0);
  }
  int held_;
};

// Says who called and with which bytes, until the client has finished.
core::task<void> answer(net::stream_ptr with, std::atomic<int>* seen) {
  ++*seen;
  const auto who = with->other();
  for (;;) {
    char buffer[256];
    auto got = co_await with->read_some(buffer, tests::far_deadline());
    if (!got) co_return;
    const std::string text = who.address.text() + (who.is_unix ? " unix " : " ") +
                             (who.is_tls ? "tls " : "") + std::string(buffer, *got);
    auto sent = co_await with->write_all(text, tests::far_deadline());
    if (!sent) co_return;
  }
}

// Answers once and rests, as long as `patience`.
core::task<void> answer_and_rest(net::stream_ptr with, std::atomic<int>* seen,
                                 std::chrono::milliseconds patience) {
  ++*seen;
  for (;;) {
    char buffer[256];
    auto got = co_await with->read_some(buffer, tests::far_deadline());
    if (!got) co_return;
    const auto text = std::to_string(++with->history.requests) + std::string(buffer, *got);
    auto sent = co_await with->write_all(text, tests::far_deadline());
    if (!sent) co_return;
    net::resting_place* const bed = with->rest_at();
    const auto until = core::deadline::after(std::chrono::steady_clock::now(), patience);
    if (bed->rest(with, until)) co_return;
  }
}

net::listen_settings on(std::string_view address) {
  auto made = net::listen_settings::from(address);
  BOOST_REQUIRE(made);
  return *made;
}

// Shards with one listener each, all on one address.
struct house {
  core::system_clock clock;
  tests::fake_random random;
  core::metrics_page page;
  net::listener_desk desk;
  asio::io_context outside{1};
  net::shard_group shards;
  std::unique_ptr<net::listening_place> place;
  std::vector<std::unique_ptr<net::listener>> listeners;
  std::vector<std::atomic<int>> seen;

  std::optional<std::chrono::milliseconds> rests;  // connections rest between requests

  explicit house(net::listen_settings at = on("127.0.0.1:0"), std::size_t count = 1,
                 net::listener_limits limits = {}, std::vector<std::string> trusted = {},
                 bool unix_trusted = false)
      : desk(limits, trusting(std::move(trusted), unix_trusted), page, random),
        shards(count, clock),
        seen(count) {
    auto opened = net::listening_place::open(at, count);
    BOOST_REQUIRE(opened);
    place = std::move(*opened);
    for (std::size_t i = 0; i < count; ++i) {
      listeners.push_back(
          std::make_unique<net::listener>(shards.at(i), desk, [this, i](net::stream_ptr with) {
            return rests ? answer_and_rest(std::move(with), &seen[i], *rests)
                         : answer(std::move(with), &seen[i]);
          }));
      listeners.back()->listen(*place);
    }
    shards.start();
  }
  ~house() { shards.stop(); }

  static net::proxy_settings trusting(std::vector<std::string> networks, bool unix_socket) {
    net::proxy_settings made;
    for (const auto& one : networks) made.trusted.push_back(*net::ip_network::from(one));
    made.trust_unix_socket = unix_socket;
    return made;
  }
  // Runs on a shard and waits for it.
  template <class Call>
  auto at(std::size_t index, Call call) {
    std::promise<decltype(call())> done;
    shards.at(index).post([&] { done.set_value(call()); });
    return done.get_future().get();
  }
  bool drained(std::size_t index, std::chrono::milliseconds patience) {
    std::promise<bool> done;
    asio::co_spawn(shards.at(index).executor(),
                   listeners[index]->drain(core::deadline::after(clock.steady_now(), patience)),
                   [&](std::exception_ptr, bool all) { done.set_value(all); });
    return done.get_future().get();
  }
  void stop_accepting() {
    for (std::size_t i = 0; i < shards.size(); ++i)
      at(i, [&] { return listeners[i]->stop_accepting(), 0; });
  }
  // Waits, on the shard's own time, until it has noticed.
  bool open_becomes(std::int64_t wanted) {
    const auto give_up = clock.steady_now() + 5s;
    while (desk.metrics.open.value() != wanted && clock.steady_now() < give_up)
      at(0, [] { return 0; });
    return desk.metrics.open.value() == wanted;
  }
  int seen_in_all() const {
    int sum = 0;
    for (const auto& one : seen) sum += one;
    return sum;
  }
};

std::string socket_path() {
  static int number = 0;
  return (std::filesystem::temp_directory_path() / ("stagedoor-test-" + std::to_string(::getpid()) +
                                                    "-" + std::to_string(number++) + ".sock"))
      .string();
}

std::string version_2_from(std::string_view four_bytes) {
  return std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 16) + std::string(four_bytes) +
         std::string("\x0a\0\0\1\x12\x67\x01\xbb", 8);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(listen_settings)

BOOST_AUTO_TEST_CASE(refuses_what_is_no_address_to_listen_on) {
  for (const std::string text :
       {"", "3002", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "example.com:80",
        ":80", "::1:80", "[127.0.0.1]:80", "[::1]", "[::1:80", "unix:", "*:80"})
    BOOST_TEST(!net::listen_settings::from(text), "accepted \"" << text << "\"");
  BOOST_TEST(!net::listen_settings::from("unix:/" + std::string(107, 'x')));
}

BOOST_AUTO_TEST_CASE(reads_tcp_and_unix_addresses) {
  BOOST_TEST(on("[::]:443").port == 443);
  BOOST_TEST(on("localhost:3002").ip.text() == "127.0.0.1");
  BOOST_TEST(on("unix:/run/stagedoor.sock").unix_path == "/run/stagedoor.sock");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(listening_place)

BOOST_AUTO_TEST_CASE(an_address_that_is_taken_is_refused_even_if_by_one_of_us) {
  auto first = net::listening_place::open(on("127.0.0.1:0"), 2);
  BOOST_REQUIRE(first);
  auto settings = (*first)->settings();
  auto second = net::listening_place::open(settings, 2);
  BOOST_REQUIRE(!second);
  BOOST_TEST(second.error().detail.find("Address already in use") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(all_shards_share_the_port_that_the_kernel_chose) {
  auto place = net::listening_place::open(on("127.0.0.1:0"), 3);
  BOOST_REQUIRE(place);
  BOOST_TEST((*place)->port() != 0);
  BOOST_TEST((*place)->text() == "127.0.0.1:" + std::to_string((*place)->port()));
  for (std::size_t i = 0; i < 3; ++i) {
    const int one = (*place)->take(i);
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    BOOST_REQUIRE(::getsockname(one, reinterpret_cast<sockaddr*>(&bound), &size) == 0);
    BOOST_TEST(ntohs(bound.sin_port) == (*place)->port());
    ::close(one);
  }
}

BOOST_AUTO_TEST_CASE(a_socket_file_has_its_mode_and_goes_away_again) {
  const auto path = socket_path();
  auto settings = on("unix:" + path);
  settings.unix_mode = 0600;
  {
    auto place = net::listening_place::open(settings, 2);
    BOOST_REQUIRE(place);
    struct ::stat found{};
    BOOST_REQUIRE(::stat(path.c_str(), &found) == 0);
    BOOST_TEST((found.st_mode & 0777) == 0600u);
  }
  BOOST_TEST(!std::filesystem::exists(path));
}

BOOST_AUTO_TEST_CASE(a_socket_file_is_taken_over_only_when_nobody_listens) {
  const auto path = socket_path();
  auto place = net::listening_place::open(on("unix:" + path), 1);
  BOOST_REQUIRE(place);
  BOOST_TEST(!net::listening_place::open(on("unix:" + path), 1));
  // A listener that died leaves its file behind.
  ::close((*place)->take(0));
  auto next = net::listening_place::open(on("unix:" + path), 1);
  BOOST_REQUIRE(next);
  place->reset();  // and goes without its successor's file
  BOOST_TEST(std::filesystem::exists(path));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_socket_is_left_alone) {
  const auto path = socket_path();
  ::close(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  BOOST_TEST(!net::listening_place::open(on("unix:" + path), 1));
  BOOST_TEST(std::filesystem::exists(path));
  std::filesystem::remove(path);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(connection_counts)

BOOST_AUTO_TEST_CASE(counts_per_client_and_forgets_who_left) {
  tests::fake_random random;
  net::connection_counts counts(3, 2, random);
  using answer = net::connection_counts::answer;
  const auto one = *net::ip_address::from("2001:db8::1"),
             same = *net::ip_address::from("2001:db8::2");
  const auto other = *net::ip_address::from("2001:db8:0:1::1");
  net::connection_counts::place a, b, c, d;
  BOOST_CHECK(counts.enter(a) == answer::admitted);
  BOOST_CHECK(counts.count_client(a, one) == answer::admitted);
  BOOST_CHECK(counts.enter(b) == answer::admitted);
  BOOST_CHECK(counts.count_client(b, same) == answer::admitted);
  BOOST_CHECK(counts.enter(c) == answer::admitted);
  BOOST_CHECK(counts.count_client(c, one) == answer::too_many_of_client);
  BOOST_CHECK(counts.count_client(c, other) == answer::admitted);
  BOOST_CHECK(counts.enter(d) == answer::too_many);
  BOOST_TEST(counts.open() == 3u);
  b = net::connection_counts::place();
  BOOST_TEST(counts.open() == 2u);
  BOOST_TEST(counts.open_of(one) == 1u);
  BOOST_CHECK(counts.enter(d) == answer::admitted);
  BOOST_CHECK(counts.count_client(d, one) == answer::admitted);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(listener)

BOOST_AUTO_TEST_CASE(beyond_the_limit_a_connection_is_closed_at_once_and_counted) {
  net::listener_limits limits;
  limits.connections_max = 2;
  house one(on("127.0.0.1:0"), 1, limits);
  client first(*one.place), second(*one.place);
  first.send("a");
  BOOST_TEST(first.receive() == "127.0.0.1 a");
  BOOST_REQUIRE(one.open_becomes(2));
  client third(*one.place);
  BOOST_TEST(third.was_hung_up_on());
  BOOST_TEST(one.desk.metrics.over_total.total() == 1u);
  // The place of one who leaves is free again.
  first.hang_up();
  BOOST_REQUIRE(one.open_becomes(1));
  client fourth(*one.place);
  fourth.send("d");
  BOOST_TEST(fourth.receive() == "127.0.0.1 d");
  BOOST_TEST(one.desk.metrics.accepted.total() == 3u);
}

BOOST_AUTO_TEST_CASE(two_shards_share_one_port_and_one_limit) {
  net::listener_limits limits;
  limits.connections_max = 40;
  house one(on("127.0.0.1:0"), 2, limits);
  std::vector<client> clients;
  for (int i = 0; i < 40; ++i) clients.emplace_back(*one.place);
  for (const auto& each : clients) {
    each.send("x");
    BOOST_TEST(each.receive() == "127.0.0.1 x");
  }
  BOOST_TEST(one.seen[0] > 0);
  BOOST_TEST(one.seen[1] > 0);
  client late(*one.place);
  BOOST_TEST(late.was_hung_up_on());
}

// The first calls find no descriptor; those after a spare one was given up find one.
std::atomic<int> failures_left, accept_calls;
int accept_without_descriptors(int listening, sockaddr* from, socklen_t* size, int flags) {
  ++accept_calls;
  if (from && failures_left-- > 0) {
    errno = EMFILE;
    return -1;
  }
  return ::accept4(listening, from, size, flags);
}

BOOST_AUTO_TEST_CASE(when_descriptors_run_out_newcomers_are_turned_away_without_spinning) {
  house one;
  client served(*one.place);
  served.send("before");
  BOOST_TEST(served.receive() == "127.0.0.1 before");
  failures_left = 1;
  accept_calls = 0;
  one.at(0, [&] { return one.desk.accept = &accept_without_descriptors, 0; });
  client turned_away(*one.place);
  BOOST_TEST(turned_away.was_hung_up_on());
  // During the pause nobody looks, and those who are in are served.
  client patient(*one.place);
  for (int i = 0; i < 20; ++i) {
    served.send("during");
    BOOST_TEST(served.receive() == "127.0.0.1 during");
  }
  const int calls_while_paused = accept_calls;
  patient.send("after");
  BOOST_TEST(patient.receive() == "127.0.0.1 after");
  BOOST_TEST(calls_while_paused <= 6);
  BOOST_TEST(one.desk.metrics.no_descriptors.total() == 1u);
  BOOST_TEST(one.desk.metrics.accepted.total() == 2u);
}

BOOST_AUTO_TEST_CASE(a_unix_socket_is_served_by_all_shards) {
  house one(on("unix:" + socket_path()), 2);
  std::vector<client> clients;
  for (int i = 0; i < 10; ++i) {
    clients.emplace_back(*one.place);
    clients.back().send("hi");
    BOOST_TEST(clients.back().receive() == "127.0.0.1 unix hi");
  }
  BOOST_TEST(one.seen_in_all() == 10);
}

BOOST_AUTO_TEST_CASE(who_waits_in_the_queue_of_a_closing_listener_is_served) {
  house one;
  // The shard is busy while the client connects, and closes next.
  std::promise<void> connected;
  auto wait = connected.get_future();
  one.shards.at(0).post([&] {
    wait.wait();
    one.listeners[0]->stop_accepting();
  });
  client waiting(*one.place);
  connected.set_value();
  waiting.send("still?");
  BOOST_TEST(waiting.receive() == "127.0.0.1 still?");
  one.at(0, [] { return 0; });
  const auto late = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(one.place->port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  BOOST_TEST(::connect(late, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0);
  ::close(late);
}

BOOST_AUTO_TEST_CASE(draining_lets_connections_finish_and_cancels_those_that_do_not) {
  house one;
  client lingers(*one.place);
  lingers.send("a");
  BOOST_TEST(lingers.receive() == "127.0.0.1 a");
  BOOST_TEST(!one.drained(0, 50ms));
  BOOST_TEST(lingers.was_hung_up_on());
  BOOST_TEST(one.desk.metrics.open.value() == 0);
  BOOST_TEST(one.desk.metrics.surprises.total() == 0u);

  house two;
  client leaves(*two.place);
  leaves.send("a");
  BOOST_TEST(leaves.receive() == "127.0.0.1 a");
  leaves.hang_up();
  BOOST_TEST(two.drained(0, 5s));
}

BOOST_AUTO_TEST_CASE(a_resting_connection_is_handled_anew_when_bytes_come) {
  house one;
  one.at(0, [&] { return one.rests = 9s, 0; });
  client each(*one.place);
  for (int i = 1; i <= 3; ++i) {
    each.send("x");
    BOOST_TEST(each.receive() == std::to_string(i) + "x");
    while (one.at(0, [&] { return one.listeners[0]->resting(); }) == 0u) {
    }
    BOOST_TEST(one.at(0, [&] { return one.listeners[0]->open(); }) == 0u);
  }
  BOOST_TEST(one.seen_in_all() == 3);
  BOOST_TEST(one.desk.metrics.open.value() == 1);
  BOOST_TEST(one.desk.metrics.accepted.total() == 1u);
  each.hang_up();
  BOOST_TEST(one.open_becomes(0));
  BOOST_TEST(one.at(0, [&] { return one.listeners[0]->resting(); }) == 0u);
}

BOOST_AUTO_TEST_CASE(a_resting_connection_ends_at_its_deadline) {
  house one;
  one.at(0, [&] { return one.rests = 1ms, 0; });
  client each(*one.place);
  each.send("x");
  BOOST_TEST(each.receive() == "1x");
  BOOST_TEST(each.was_hung_up_on());
  BOOST_TEST(one.seen_in_all() == 1);
}

BOOST_AUTO_TEST_CASE(draining_closes_those_that_rest_at_once) {
  house one;
  one.at(0, [&] { return one.rests = 9s, 0; });
  client each(*one.place);
  each.send("x");
  BOOST_TEST(each.receive() == "1x");
  while (one.at(0, [&] { return one.listeners[0]->resting(); }) == 0u) {
  }
  BOOST_TEST(one.drained(0, 9s));
  BOOST_TEST(each.was_hung_up_on());
}

BOOST_AUTO_TEST_CASE(those_that_rest_die_with_the_listener) {
  house one;
  one.at(0, [&] { return one.rests = 9s, 0; });
  client each(*one.place);
  each.send("x");
  BOOST_TEST(each.receive() == "1x");
  while (one.at(0, [&] { return one.listeners[0]->resting(); }) == 0u) {
  }
  one.shards.stop();
  one.listeners.clear();
  BOOST_TEST(each.was_hung_up_on());
}

BOOST_AUTO_TEST_CASE(a_handshake_is_made_beside_the_accepting_and_counted) {
  tests::test_authority authority;
  const auto issued = authority.issue();
  const tests::temporary_file certificate(issued.certificate_pem), key(issued.key_pem),
      ca(authority.pem());
  auto at = on("127.0.0.1:0");
  at.tls = true;
  net::listener_limits limits;
  limits.handshake_timeout = 300ms;
  house one(at, 1, limits);
  net::tls_settings settings;
  settings.certificate_file = certificate.path();
  settings.key_file = key.path();
  core::system_random real_random;
  auto made = net::tls_server::create(settings, one.clock, real_random);
  BOOST_REQUIRE(made);
  one.at(0, [&] { return one.desk.tls = std::move(*made), 0; });

  // One that says nothing keeps nobody else waiting.
  client silent(*one.place);
  net::tls_client_settings trusting;
  trusting.roots = net::trusted_roots::from(ca.path()).value();
  auto tls = net::tls_client::create(trusting, one.clock);
  BOOST_REQUIRE(tls);
  net::deadline_wheel wheel(one.outside.get_executor(), one.clock);
  net::poller poller(one.outside.get_executor(), wheel);
  client speaks(*one.place);
  auto state = (*tls)->start("localhost", one.place->port());
  BOOST_REQUIRE(state);
  auto raw = std::make_unique<net::socket_stream>(poller, speaks.give(), net::peer{});
  net::tls_stream secure(std::move(raw), std::move(*state));
  BOOST_TEST(tests::run(one.outside, secure.handshake(tests::far_deadline())).has_value());
  BOOST_REQUIRE(secure.write_available("hi"));
  char buffer[64];
  const auto got = tests::run(one.outside, secure.read_some(buffer, tests::far_deadline()));
  BOOST_REQUIRE(got);
  BOOST_TEST(std::string(buffer, *got) == "127.0.0.1 tls hi");
  BOOST_TEST(one.desk.metrics.handshakes.total() == 1u);

  BOOST_TEST(silent.was_hung_up_on());
  BOOST_REQUIRE(one.open_becomes(1));
  BOOST_TEST(one.desk.metrics.handshakes_timed_out.total() == 1u);
  client plain(*one.place);
  plain.send("GET / HTTP/1.1\r\n\r\n");
  while (!plain.receive().empty()) {  // the alert
  }
  BOOST_REQUIRE(one.open_becomes(1));
  BOOST_TEST(one.desk.metrics.handshakes_failed.total() == 1u);
}

BOOST_AUTO_TEST_CASE(accepted_sockets_send_without_delay) {
  house one;
  client each(*one.place);
  each.send("x");
  BOOST_TEST(each.receive() == "127.0.0.1 x");
  // The option is the listening socket's, and accept() copies it.
  auto place = net::listening_place::open(on("127.0.0.1:0"), 1);
  const int listening = (*place)->take(0);
  client to_be_accepted(**place);
  const int accepted = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
  int on_now = 0;
  socklen_t size = sizeof on_now;
  ::getsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on_now, &size);
  BOOST_TEST(on_now != 0);
  ::close(accepted);
  ::close(listening);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(proxy_protocol)

namespace {
net::listen_settings behind_proxy() {
  auto at = on("127.0.0.1:0");
  at.proxy_protocol = true;
  return at;
}
}  // namespace

BOOST_AUTO_TEST_CASE(a_peer_that_is_no_trusted_proxy_is_refused) {
  house one(behind_proxy());
  client stranger(*one.place);
  BOOST_TEST(stranger.was_hung_up_on());
  BOOST_TEST(one.desk.metrics.bad_proxy_header.total() == 1u);
}

BOOST_AUTO_TEST_CASE(a_listener_that_did_not_ask_for_it_hands_the_bytes_on) {
  house one(on("127.0.0.1:0"), 1, {}, {"127.0.0.1"});
  client proxy(*one.place);
  proxy.send("PROXY TCP4 198.51.100.7 10.0.0.1 1 2\r\n");
  BOOST_TEST(proxy.receive() == "127.0.0.1 PROXY TCP4 198.51.100.7 10.0.0.1 1 2\r\n");
}

BOOST_AUTO_TEST_CASE(the_header_names_the_client_and_not_a_byte_more_is_taken) {
  house one(behind_proxy(), 1, {}, {"127.0.0.1"});
  client first(*one.place);
  first.send("PROXY TCP4 198.51.100.7 10.0.0.1 1 2\r\nGET /");
  BOOST_TEST(first.receive() == "198.51.100.7 GET /");
  client second(*one.place);
  second.send(version_2_from(std::string("\xcb\x00\x71\x09", 4)) + "GET /");
  BOOST_TEST(second.receive() == "203.0.113.9 GET /");
}

BOOST_AUTO_TEST_CASE(a_header_may_come_in_pieces) {
  house one(behind_proxy(), 1, {}, {"127.0.0.1"});
  client slow(*one.place);
  const std::string text = "PROXY TCP4 198.51.100.7 10.0.0.1 1 2\r\n";
  for (const char c : text) {
    slow.send(std::string(1, c));
    one.at(0, [] { return 0; });
  }
  slow.send("hello");
  BOOST_TEST(slow.receive() == "198.51.100.7 hello");
}

BOOST_AUTO_TEST_CASE(a_broken_or_half_header_ends_the_connection) {
  house one(behind_proxy(), 1, {}, {"127.0.0.1"});
  client wrong(*one.place), half(*one.place);
  wrong.send("GET / HTTP/1.1\r\n\r\n");
  BOOST_TEST(wrong.was_hung_up_on());
  half.send("PROXY TCP4 198");
  half.finish();
  BOOST_TEST(half.was_hung_up_on());
  BOOST_TEST(one.desk.metrics.bad_proxy_header.total() == 2u);
  BOOST_TEST(one.seen_in_all() == 0);
}

BOOST_AUTO_TEST_CASE(a_silent_proxy_is_not_waited_for_for_ever) {
  net::listener_limits limits;
  limits.handshake_timeout = 1ms;
  house one(behind_proxy(), 1, limits, {"127.0.0.1"});
  client silent(*one.place);
  BOOST_TEST(silent.was_hung_up_on());
}

BOOST_AUTO_TEST_CASE(the_limit_per_client_is_the_clients_and_not_the_proxys) {
  net::listener_limits limits;
  limits.connections_per_client_max = 2;
  house one(behind_proxy(), 1, limits, {"127.0.0.1"});
  std::vector<client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(*one.place);
    clients.back().send("PROXY TCP6 2001:db8::" + std::to_string(i) + " ::1 1 2\r\nx");
    if (i < 2)
      BOOST_TEST(!clients.back().receive().empty());
    else
      BOOST_TEST(clients.back().was_hung_up_on());
  }
  BOOST_TEST(one.desk.metrics.over_client.total() == 1u);
  client other(*one.place);
  other.send("PROXY TCP6 2001:db8:0:1::1 ::1 1 2\r\nx");
  BOOST_TEST(other.receive() == "2001:db8:0:1::1 x");
}

BOOST_AUTO_TEST_SUITE_END()
