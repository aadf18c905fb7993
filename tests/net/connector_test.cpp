// tcp_connector: every address gets its chance, every failure says what it was, nothing is left
// behind.
#include "net/connector.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "core/task_group.hpp"
#include "support/run.hpp"
#include "support/scripted_server.hpp"

using namespace std::chrono_literals;

namespace {

net::ip_address address(const char* text) { return net::ip_address::from(text).value(); }

core::deadline in(std::chrono::milliseconds wait) {
  return core::deadline::after(std::chrono::steady_clock::now(), wait);
}

// A listening socket whose queue is full: the kernel drops further SYNs, so a connection to it
// never comes to be.
class black_hole {
 public:
  black_hole(const char* on, unsigned short port) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    ::inet_pton(AF_INET, on, &where.sin_addr);
    socklen_t size = sizeof where;
    const int listening = keep();
    BOOST_REQUIRE(::bind(listening, reinterpret_cast<sockaddr*>(&where), size) == 0);
    BOOST_REQUIRE(::listen(listening, 0) == 0);
    ::getsockname(listening, reinterpret_cast<sockaddr*>(&where), &size);
    port_ = ntohs(where.sin_port);
    for (int i = 0; i < 4; ++i) {
      const int filling = keep();
      if (::connect(filling, reinterpret_cast<sockaddr*>(&where), size) != 0)
        BOOST_REQUIRE(errno == EINPROGRESS);
    }
  }
  ~black_hole() {
    for (const int one : all_) ::close(one);
  }
  black_hole(const black_hole&) = delete;
  black_hole& operator=(const black_hole&) = delete;
  unsigned short port() const { return port_; }

 private:
  int keep() {
    const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    BOOST_REQUIRE(made >= 0);
    all_.push_back(made);
    return made;
  }
  std::vector<int> all_;
  unsigned short port_ = 0;
};

struct connector_scene {
  core::system_clock clock;
  net::shard shard{0, 0, "test", clock};
  asio::io_context& context = shard.context();
  core::result<net::addresses> resolved = core::fail(net::errc::name_not_found, "no such name");
  net::dns_cache names{shard.executor(), clock,
                       [this](std::string, core::deadline) { return answer(resolved); }};
  std::unique_ptr<net::tls_client> tls = net::tls_client::create({}, clock).value();
  net::tcp_connector connector{shard, names, *tls};

  static core::task<core::result<net::addresses>> answer(core::result<net::addresses> given) {
    co_return given;
  }

  core::result<net::stream_ptr> connect(std::string host, unsigned short port,
                                        core::deadline until = tests::far_deadline()) {
    net::endpoint to;
    to.host = std::move(host);
    to.port = port;
    return tests::run(context, connector.connect(std::move(to), until));
  }
};

core::task<void> connect_into(net::tcp_connector* connector, net::endpoint to, bool* ended) {
  auto got = co_await connector->connect(std::move(to), tests::far_deadline());
  *ended = !got;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(connector, connector_scene)

BOOST_AUTO_TEST_CASE(a_refused_port_is_named_with_its_address) {
  const auto port = tests::refused_port();
  auto got = connect("127.0.0.1", port);
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().code == net::errc::connect_failed);
  BOOST_TEST(got.error().detail == fmt::format("127.0.0.1:{}: Connection refused", port));
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_no_connection) {
  auto got = connect("video.example", 443);
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().code == net::errc::name_not_found);
}

BOOST_AUTO_TEST_CASE(an_address_that_never_answers_ends_at_the_deadline) {
  const black_hole hole("127.0.0.1", 0);
  auto got = connect("127.0.0.1", hole.port(), in(50ms));
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().code == net::errc::timed_out);
  BOOST_TEST(got.error().detail.find("no connection in time") != std::string::npos,
             got.error().detail);
}

BOOST_AUTO_TEST_CASE(a_deadline_that_has_passed_opens_no_socket) {
  tests::scripted_server server(context);
  auto got = connect("127.0.0.1", server.port(), in(-1ms));
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().code == net::errc::timed_out);
  BOOST_TEST(server.accepted() == 0u);
}

BOOST_AUTO_TEST_CASE(dead_addresses_leave_time_for_the_one_that_lives) {
  tests::scripted_server server(context);
  const black_hole hole("127.0.0.2", server.port());
  resolved = net::addresses{address("127.0.0.2"), address("::1"), address("127.0.0.3"),
                            address("127.0.0.1")};
  auto got = connect("video.example", server.port(), in(2s));
  BOOST_REQUIRE(got);
  BOOST_TEST((*got)->other().address.text() == "127.0.0.1");
  BOOST_TEST((*got)->other().port == server.port());
}

BOOST_AUTO_TEST_CASE(the_last_failure_is_told_when_no_address_lives) {
  const auto port = tests::refused_port();
  resolved = net::addresses{address("127.0.0.1"), address("127.0.0.2")};
  auto got = connect("video.example", port);
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().code == net::errc::connect_failed);
  BOOST_TEST(got.error().detail.find("127.0.0.2") != std::string::npos, got.error().detail);
}

BOOST_AUTO_TEST_CASE(localhost_is_this_machine_whatever_the_resolver_says) {
  tests::scripted_server server(context);
  resolved = net::addresses{address("192.0.2.1")};
  auto got = connect("localhost", server.port());
  BOOST_REQUIRE(got);
  BOOST_TEST((*got)->other().address.is_loopback());
}

BOOST_AUTO_TEST_CASE(families_take_turns) {
  const net::addresses mixed = {address("2001:db8::1"), address("2001:db8::2"),
                                address("2001:db8::3"), address("192.0.2.1")};
  const auto order = net::in_alternating_families(mixed);
  const net::addresses expected = {address("2001:db8::1"), address("192.0.2.1"),
                                   address("2001:db8::2"), address("2001:db8::3")};
  BOOST_TEST((order == expected));
  BOOST_TEST(net::in_alternating_families({}).empty());
}

BOOST_AUTO_TEST_CASE(failures_and_cancellation_leave_no_descriptor) {
  const black_hole hole("127.0.0.1", 0);
  BOOST_TEST(!connect("127.0.0.1", tests::refused_port()));
  const std::size_t before = tests::descriptors_open();
  for (int i = 0; i < 10; ++i) BOOST_TEST(!connect("127.0.0.1", tests::refused_port()));
  BOOST_TEST(!connect("127.0.0.1", hole.port(), in(1ms)));
  bool ended = false;
  core::task_group group(context.get_executor());
  net::endpoint to;
  to.host = "127.0.0.1";
  to.port = hole.port();
  group.spawn(connect_into(&connector, to, &ended));
  context.poll();
  BOOST_TEST(tests::descriptors_open() == before + 1);
  group.close(true);
  BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  BOOST_TEST(tests::descriptors_open() == before);
}

BOOST_AUTO_TEST_SUITE_END()
