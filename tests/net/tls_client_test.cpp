// tls_client: whom it trusts and whom it does not, over real handshakes on loopback.
#include "net/tls_client.hpp"

#include <boost/test/unit_test.hpp>

#include "net/connector.hpp"
#include "support/certificates.hpp"
#include "support/fakes.hpp"
#include "support/run.hpp"
#include "support/scripted_server.hpp"

using namespace std::chrono_literals;

namespace {

struct tls_client_scene {
  core::system_clock clock;
  net::shard shard{0, 0, "test", clock};
  asio::io_context& context = shard.context();
  tests::test_authority authority;
  tests::temporary_file ca{authority.pem()};
  net::dns_cache names{shard.executor(), clock, [](std::string, core::deadline) { return here(); }};
  std::unique_ptr<net::tls_client> tls = trusting(ca.path());
  net::tcp_connector connector{shard, names, *tls};

  // Every name is this machine.
  static core::task<core::result<net::addresses>> here() {
    co_return net::addresses{net::ip_address::from("127.0.0.1").value()};
  }
  std::unique_ptr<net::tls_client> trusting(std::string file) {
    net::tls_client_settings settings;
    settings.roots = net::trusted_roots::from(file).value();
    return net::tls_client::create(settings, clock).value();
  }
  std::unique_ptr<tests::scripted_server> serve(tests::certificate_wish wish = {}) {
    tests::scripted_server_settings settings;
    settings.certificate = authority.issue(wish);
    return std::make_unique<tests::scripted_server>(context, settings);
  }
  core::result<net::stream_ptr> connect(net::tcp_connector& by, std::string host,
                                        unsigned short port,
                                        core::deadline until = tests::far_deadline()) {
    net::endpoint to;
    to.host = std::move(host);
    to.port = port;
    to.tls = true;
    return tests::run(context, by.connect(std::move(to), until));
  }
  void refused(const core::result<net::stream_ptr>& got, std::string_view why) {
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().code == net::errc::tls_failed);
    BOOST_TEST(got.error().detail.find(why) != std::string::npos, got.error().detail);
  }
  // Asks once, so that tickets which the server sent after its handshake have been read.
  std::string talk(net::stream_ptr& over) { return tests::run(context, ask(over.get())); }
  static core::task<std::string> ask(net::stream* over) {
    auto sent = co_await over->write_all("GET / HTTP/1.1\r\n\r\n", tests::far_deadline());
    if (!sent) co_return "";
    std::array<char, 4096> room;
    auto got = co_await over->read_some(room, tests::far_deadline());
    co_return got ? std::string(room.data(), *got) : std::string();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tls_client, tls_client_scene)

BOOST_AUTO_TEST_CASE(a_ca_file_that_cannot_be_read_stops_the_start) {
  for (const char* path : {"/nonexistent/ca.pem", "/dev/null"}) {
    const auto made = net::trusted_roots::from(path);
    BOOST_REQUIRE(!made);
    BOOST_TEST(made.error().detail.find(path) != std::string::npos, made.error().detail);
  }
}

BOOST_AUTO_TEST_CASE(an_expired_certificate_is_refused_and_named_so) {
  tests::certificate_wish wish;
  wish.begins = -2h;
  wish.ends = -1h;
  const auto server = serve(wish);
  refused(connect(connector, "localhost", server->port()), "certificate has expired");
}

BOOST_AUTO_TEST_CASE(a_certificate_of_tomorrow_is_refused) {
  tests::certificate_wish wish;
  wish.begins = 1h;
  wish.ends = 2h;
  const auto server = serve(wish);
  refused(connect(connector, "localhost", server->port()), "not yet valid");
}

BOOST_AUTO_TEST_CASE(a_certificate_for_another_host_is_refused_and_says_for_whom_it_is) {
  tests::certificate_wish wish;
  wish.names = {"api.other.example"};
  const auto server = serve(wish);
  refused(connect(connector, "api.video.example", server->port()),
          "host name mismatch: the certificate is for api.other.example");
}

BOOST_AUTO_TEST_CASE(an_address_must_be_in_the_certificate_as_an_address) {
  const auto by_name = serve();
  refused(connect(connector, "127.0.0.1", by_name->port()), "host name mismatch");
  tests::certificate_wish wish;
  wish.names = {};
  wish.ip_addresses = {"127.0.0.1"};
  const auto by_address = serve(wish);
  BOOST_TEST(connect(connector, "127.0.0.1", by_address->port()).has_value());
  auto again = connect(connector, "127.0.0.1", by_address->port());
  BOOST_REQUIRE(again);
  talk(*again);
  BOOST_TEST(by_address->last_sni().empty());
}

BOOST_AUTO_TEST_CASE(an_unknown_authority_is_refused) {
  const tests::test_authority other;
  const tests::temporary_file other_ca(other.pem());
  const auto theirs = trusting(other_ca.path());
  net::tcp_connector by(shard, names, *theirs);
  const auto server = serve();
  refused(connect(by, "localhost", server->port()), "unknown certificate authority");
}

BOOST_AUTO_TEST_CASE(the_systems_store_does_not_know_the_tests_authority) {
  const auto system = net::tls_client::create({}, clock).value();
  net::tcp_connector by(shard, names, *system);
  const auto server = serve();
  refused(connect(by, "localhost", server->port()), "unknown certificate authority");
}

BOOST_AUTO_TEST_CASE(a_server_that_speaks_no_tls_is_refused) {
  tests::scripted_server plain(context);
  plain.reply(tests::bytes_only("HTTP/1.1 400 Bad Request\r\n\r\n"));
  const auto until = core::deadline::after(clock.steady_now(), 300ms);
  auto got = connect(connector, "localhost", plain.port(), until);
  BOOST_REQUIRE(!got);
}

BOOST_AUTO_TEST_CASE(a_server_that_never_answers_the_handshake_ends_at_the_deadline) {
  tests::scripted_server_settings settings;
  settings.accept_handshake = false;
  tests::scripted_server mute(context, settings);
  const auto until = core::deadline::after(clock.steady_now(), 50ms);
  auto got = connect(connector, "localhost", mute.port(), until);
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().code == net::errc::timed_out);
  BOOST_TEST(got.error().detail.find("TLS") != std::string::npos, got.error().detail);
  BOOST_TEST(tests::run(context, mute.has_open(0, tests::far_deadline())));
}

BOOST_AUTO_TEST_CASE(a_good_certificate_is_accepted_and_the_name_is_sent_along) {
  tests::certificate_wish wish;
  wish.names = {"*.video.example"};
  const auto server = serve(wish);
  auto got = connect(connector, "api.video.example", server->port());
  BOOST_REQUIRE(got);
  BOOST_TEST((*got)->other().is_tls);
  BOOST_TEST(talk(*got).starts_with("HTTP/1.1 200 OK"));
  BOOST_TEST(server->last_sni() == "api.video.example");
}

BOOST_AUTO_TEST_CASE(the_last_dot_of_a_name_is_not_part_of_it) {
  const auto server = serve({.names = {"api.video.example"}});
  auto got = connect(connector, "api.video.example.", server->port());
  BOOST_REQUIRE(got);
  talk(*got);
  BOOST_TEST(server->last_sni() == "api.video.example");
}

BOOST_AUTO_TEST_CASE(a_later_connection_resumes_the_session_of_the_same_origin_only) {
  const auto server = serve();
  auto first = connect(connector, "localhost", server->port());
  BOOST_REQUIRE(first);
  talk(*first);
  BOOST_TEST(tls->sessions_kept() > 0u);
  auto second = connect(connector, "localhost", server->port());
  BOOST_REQUIRE(second);
  talk(*second);
  BOOST_TEST(server->resumed() == 1u);
  // Another origin, with the same certificate: a session verified for one name says nothing of the
  // other.
  const auto sessions = tls->sessions_kept();
  refused(connect(connector, "api.video.example", server->port()), "host name mismatch");
  BOOST_TEST(server->resumed() == 1u);
  BOOST_TEST(tls->sessions_kept() == sessions);
}

BOOST_AUTO_TEST_CASE(sessions_are_forgotten_after_an_hour) {
  tests::fake_clock calendar;
  net::tls_client_settings settings;
  settings.roots = net::trusted_roots::from(ca.path()).value();
  const auto own = net::tls_client::create(settings, calendar).value();
  net::tcp_connector by(shard, names, *own);
  const auto server = serve();
  auto first = connect(by, "localhost", server->port());
  BOOST_REQUIRE(first);
  talk(*first);
  BOOST_TEST(own->sessions_kept() > 0u);
  calendar.advance(1h);
  BOOST_TEST(connect(by, "localhost", server->port()).has_value());
  BOOST_TEST(server->resumed() == 0u);
}

BOOST_AUTO_TEST_CASE(a_stream_may_outlive_the_client_that_began_it) {
  const auto server = serve();
  auto own = trusting(ca.path());
  auto by = std::make_unique<net::tcp_connector>(shard, names, *own);
  auto got = connect(*by, "localhost", server->port());
  BOOST_REQUIRE(got);
  by.reset();
  own.reset();
  BOOST_TEST(talk(*got).starts_with("HTTP/1.1 200 OK"));
}

BOOST_AUTO_TEST_SUITE_END()
