// TLS as a server, against a plain OpenSSL client over real sockets.
#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/task_group.hpp"
#include "net/error.hpp"
#include "net/tls_stream.hpp"
#include "net/tls_tickets.hpp"
#include "support/certificates.hpp"
#include "support/fakes.hpp"
#include "support/run.hpp"

using namespace std::chrono_literals;

namespace {

struct free_context {
  void operator()(SSL_CTX* one) const { SSL_CTX_free(one); }
};
struct free_session {
  void operator()(SSL_SESSION* one) const { SSL_SESSION_free(one); }
};
using session_ptr = std::unique_ptr<SSL_SESSION, free_session>;

// What a client of a test offers. The newest ticket it was given is in `ticket`.
struct client_offer {
  int least = TLS1_2_VERSION;
  int most = TLS1_3_VERSION;
  std::string protocols = "\x08http/1.1";
  const char* ciphers = nullptr;
  SSL_SESSION* session = nullptr;
};

struct ticket_box {
  session_ptr newest;
};

int keep_ticket(SSL* of, SSL_SESSION* ticket) {
  static_cast<ticket_box*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(of)))->newest.reset(ticket);
  return 1;
}

struct tls_outcome {
  core::result<void> server = core::fail(core::errc::internal);
  core::result<void> client = core::fail(core::errc::internal);
};

core::task<void> shake(net::tls_stream* side, core::result<void>* result, core::deadline until) {
  *result = co_await side->handshake(until);
  if (!*result) side->close();
}

core::task<void> read_once(net::tls_stream* from, std::span<char> into,
                           core::result<std::size_t>* result, core::deadline until) {
  *result = co_await from->read_some(into, until);
}

struct wire {
  asio::io_context context{1};
  tests::fake_clock clock;
  core::system_random random;
  net::deadline_wheel wheel{context.get_executor(), clock};
  net::poller poller{context.get_executor(), wheel};
  tests::test_authority authority;
  tests::server_certificate issued = authority.issue();
  tests::temporary_file certificate{issued.certificate_pem};
  tests::temporary_file key{issued.key_pem};
  ticket_box tickets;
  std::unique_ptr<net::tls_server> server_side = made(settings());
  std::unique_ptr<net::tls_stream> server, client;
  std::unique_ptr<SSL_CTX, free_context> client_context;
  int client_descriptor = -1, server_descriptor = -1;

  net::tls_settings settings() const {
    net::tls_settings out;
    out.certificate_file = certificate.path();
    out.key_file = key.path();
    return out;
  }
  std::unique_ptr<net::tls_server> made(const net::tls_settings& from) {
    auto out = net::tls_server::create(from, clock, random);
    BOOST_REQUIRE_MESSAGE(out, (out ? std::string() : out.error().detail));
    return std::move(*out);
  }
  std::string refusal_of(const net::tls_settings& from) {
    auto out = net::tls_server::create(from, clock, random);
    BOOST_REQUIRE(!out);
    BOOST_TEST(out.error().code == net::errc::tls_failed);
    return out.error().detail;
  }

  void connect(const client_offer& offer) {
    server.reset();
    client.reset();
    client_context.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* context_of_client = client_context.get();
    SSL_CTX_set_security_level(context_of_client, 0);
    SSL_CTX_set_min_proto_version(context_of_client, offer.least);
    SSL_CTX_set_max_proto_version(context_of_client, offer.most);
    SSL_CTX_set_session_cache_mode(context_of_client,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context_of_client, keep_ticket);
    SSL_CTX_set_app_data(context_of_client, &tickets);
    if (offer.ciphers)
      BOOST_REQUIRE(SSL_CTX_set_cipher_list(context_of_client, offer.ciphers) == 1);
    net::ssl_ptr state(SSL_new(context_of_client));
    SSL_set_connect_state(state.get());
    if (!offer.protocols.empty())
      SSL_set_alpn_protos(state.get(),
                          reinterpret_cast<const unsigned char*>(offer.protocols.data()),
                          static_cast<unsigned>(offer.protocols.size()));
    if (offer.session) SSL_set_session(state.get(), offer.session);
    int ends[2];
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    client_descriptor = ends[0];
    server_descriptor = ends[1];
    auto raw = [this](int end) {
      return std::make_unique<net::socket_stream>(poller, end, net::peer{});
    };
    client = std::make_unique<net::tls_stream>(raw(ends[0]), std::move(state));
    server = std::make_unique<net::tls_stream>(raw(ends[1]), server_side->start());
  }
  tls_outcome handshake(const client_offer& offer = {}) {
    connect(offer);
    tls_outcome both;
    core::task_group group(context.get_executor());
    group.spawn(shake(server.get(), &both.server, in(1s)));
    group.spawn(shake(client.get(), &both.client, in(1s)));
    settle();
    return both;
  }
  void settle() {
    context.restart();
    while (context.poll() > 0) {
    }
  }
  core::deadline in(std::chrono::nanoseconds wait) const {
    return core::deadline::after(clock.steady_now(), wait);
  }
  // One read on each side, so that tickets arrive.
  std::string ping(std::string_view text) {
    BOOST_REQUIRE(server->write_available(text));
    char buffer[256];
    auto got = tests::run(context, client->read_some(buffer, in(1s)));
    return got ? std::string(buffer, *got) : "failed: " + got.error().detail;
  }
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(client->state(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tls_server, wire)

BOOST_AUTO_TEST_CASE(a_silent_client_is_waited_for_until_the_deadline) {
  connect({});
  core::result<void> result;
  core::task_group group(context.get_executor());
  group.spawn(shake(server.get(), &result, in(1s)));
  settle();
  clock.advance(1100ms);
  wheel.turn(clock.steady_now());
  settle();
  BOOST_REQUIRE(!result);
  BOOST_TEST(result.error().code == net::errc::timed_out);
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_in_the_middle_is_no_error_of_ours) {
  connect({});
  core::result<void> result;
  core::task_group group(context.get_executor());
  group.spawn(shake(server.get(), &result, in(1s)));
  settle();
  client->close();
  settle();
  BOOST_REQUIRE(!result);
  BOOST_TEST(result.error().code == net::errc::closed);
}

BOOST_AUTO_TEST_CASE(plain_http_is_no_handshake) {
  int ends[2];
  BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  net::socket_stream plain(poller, ends[0], {});
  net::tls_stream secure(std::make_unique<net::socket_stream>(poller, ends[1], net::peer{}),
                         server_side->start());
  BOOST_REQUIRE(plain.write_available("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  const auto result = tests::run(context, secure.handshake(in(1s)));
  BOOST_REQUIRE(!result);
  BOOST_TEST(result.error().code == net::errc::tls_failed);
}

BOOST_AUTO_TEST_CASE(tls_1_1_is_refused) {
  client_offer old;
  old.least = TLS1_VERSION;
  old.most = TLS1_1_VERSION;
  const auto both = handshake(old);
  BOOST_TEST(!both.server);
  BOOST_TEST(!both.client);
}

BOOST_AUTO_TEST_CASE(a_client_that_speaks_only_other_protocols_is_told_so) {
  client_offer h2_only;
  h2_only.protocols = "\x02h2";
  const auto both = handshake(h2_only);
  BOOST_TEST(!both.server);
  BOOST_REQUIRE(!both.client);
  BOOST_TEST(both.client.error().detail.find("no application protocol") != std::string::npos,
             both.client.error().detail);
}

BOOST_AUTO_TEST_CASE(http_1_1_is_chosen_among_others_and_assumed_where_nothing_is_offered) {
  client_offer both_protocols;
  both_protocols.protocols = "\x02h2\x08http/1.1";
  BOOST_TEST(handshake(both_protocols).client.has_value());
  BOOST_TEST(protocol() == "http/1.1");
  client_offer none;
  none.protocols.clear();
  BOOST_TEST(handshake(none).client.has_value());
  BOOST_TEST(protocol().empty());
}

BOOST_AUTO_TEST_CASE(both_versions_are_spoken_with_forward_secrecy_only) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    client_offer one;
    one.least = one.most = version;
    BOOST_TEST(handshake(one).client.has_value());
    BOOST_TEST(SSL_version(client->state()) == version);
    BOOST_TEST(ping("hello") == "hello");
  }
  for (const char* weak : {"AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384"}) {
    client_offer one;
    one.most = TLS1_2_VERSION;
    one.ciphers = weak;
    BOOST_TEST(!handshake(one).server, weak);
  }
}

BOOST_AUTO_TEST_CASE(renegotiation_is_refused) {
  client_offer twelve;
  twelve.most = TLS1_2_VERSION;
  BOOST_REQUIRE(handshake(twelve).client);
  SSL_renegotiate(client->state());
  SSL_do_handshake(client->state());
  char buffer[16];
  core::result<std::size_t> at_server = std::size_t{0}, at_client = std::size_t{0};
  core::task_group group(context.get_executor());
  group.spawn(read_once(server.get(), buffer, &at_server, in(1s)));
  group.spawn(read_once(client.get(), buffer, &at_client, in(1s)));
  settle();
  BOOST_REQUIRE(!at_client);
  BOOST_TEST(at_client.error().detail.find("no renegotiation") != std::string::npos,
             at_client.error().detail);
}

BOOST_AUTO_TEST_CASE(a_ticket_resumes_the_session_until_its_key_is_gone) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    client_offer offer;
    offer.least = offer.most = version;
    session_ptr ticket;
    // TLS 1.3 clients use a ticket once, so every connection hands over to the next.
    const auto resumes = [&] {
      offer.session = ticket.get();
      BOOST_REQUIRE(handshake(offer).client);
      BOOST_TEST(ping("x") == "x");
      // OpenSSL tells of new tickets in TLS 1.3 only; in 1.2 the session itself has changed.
      if (version == TLS1_2_VERSION) tickets.newest.reset(SSL_get1_session(client->state()));
      ticket = std::move(tickets.newest);
      return server->resumed();
    };
    BOOST_TEST(!resumes());
    BOOST_REQUIRE(ticket);
    BOOST_TEST(resumes());
    clock.advance(net::ticket_period + 1s);
    BOOST_TEST(resumes(), "under the key before the present one, version " << version);
    clock.advance(2 * net::ticket_period + 1s);
    BOOST_TEST(!resumes());
  }
}

BOOST_AUTO_TEST_CASE(a_reload_gives_new_connections_the_new_certificate_and_keeps_tickets_valid) {
  BOOST_REQUIRE(handshake().client);
  BOOST_TEST(ping("x") == "x");
  const session_ptr ticket = std::move(tickets.newest);
  auto old_server = std::move(server);
  auto old_client = std::move(client);

  tests::certificate_wish wish;
  wish.names = {"next.example"};
  const auto next = authority.issue(wish);
  certificate.write(next.certificate_pem);
  key.write(next.key_pem);
  BOOST_REQUIRE(server_side->reload(settings()));
  BOOST_REQUIRE(handshake().client);
  char name[64] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(client->state())),
                            NID_commonName, name, sizeof name);
  BOOST_TEST(std::string(name) == "next.example");
  client_offer resuming;
  resuming.session = ticket.get();
  BOOST_REQUIRE(handshake(resuming).client);
  BOOST_TEST(server->resumed());

  server = std::move(old_server);
  client = std::move(old_client);
  BOOST_TEST(ping("still here") == "still here");
}

BOOST_AUTO_TEST_CASE(a_bad_file_keeps_the_old_certificate) {
  certificate.write("not a certificate");
  const auto reloaded = server_side->reload(settings());
  BOOST_REQUIRE(!reloaded);
  BOOST_TEST(reloaded.error().detail.find(certificate.path()) != std::string::npos);
  BOOST_TEST(handshake().client.has_value());
}

BOOST_AUTO_TEST_CASE(every_mistake_in_the_files_has_its_sentence) {
  auto missing = settings();
  missing.certificate_file = "/nowhere/chain.pem";
  BOOST_TEST(refusal_of(missing).find("cannot read the certificate /nowhere/chain.pem") == 0u);
  missing = settings();
  missing.key_file = "/nowhere/key.pem";
  BOOST_TEST(refusal_of(missing).find("cannot read the private key /nowhere/key.pem") == 0u);

  const tests::temporary_file other_key(authority.issue().key_pem);
  auto mismatched = settings();
  mismatched.key_file = other_key.path();
  BOOST_TEST(refusal_of(mismatched).find("does not belong to the certificate") !=
             std::string::npos);

  auto no_key = settings();
  no_key.key_file = certificate.path();
  BOOST_TEST(refusal_of(no_key).find("holds no private key") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_key_with_a_passphrase_is_refused_without_asking_on_the_terminal) {
  std::unique_ptr<BIO, decltype(&BIO_free)> source(BIO_new_mem_buf(issued.key_pem.data(), -1),
                                                   &BIO_free);
  EVP_PKEY* plain = PEM_read_bio_PrivateKey(source.get(), nullptr, nullptr, nullptr);
  std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  char passphrase[] = "secret";
  PEM_write_bio_PKCS8PrivateKey(out.get(), plain, EVP_aes_128_cbc(), passphrase, 6, nullptr,
                                nullptr);
  EVP_PKEY_free(plain);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  key.write({text, static_cast<std::size_t>(size)});
  BOOST_TEST(refusal_of(settings()).find("without a passphrase") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_key_may_come_as_a_secret) {
  net::tls_settings inline_key;
  inline_key.certificate_file = certificate.path();
  inline_key.key = core::secret(issued.key_pem);
  server_side = made(inline_key);
  BOOST_TEST(handshake().client.has_value());
}

BOOST_AUTO_TEST_CASE(a_certificate_that_never_ends_expires_when_the_clock_does) {
  tests::certificate_wish wish;
  wish.ends = std::chrono::years{7900};
  const auto endless = authority.issue(wish);
  certificate.write(endless.certificate_pem);
  key.write(endless.key_pem);
  server_side = made(settings());
  BOOST_TEST(core::unix_seconds(server_side->facts().expires) == 9'000'000'000);
}

BOOST_AUTO_TEST_CASE(tells_when_the_certificate_expires_and_who_may_read_the_key) {
  ::chmod(key.path().c_str(), 0640);
  BOOST_REQUIRE(server_side->reload(settings()));
  BOOST_TEST(!server_side->facts().key_readable_by_all);
  const auto left = server_side->facts().expires - std::chrono::system_clock::now();
  BOOST_TEST((left > 50min && left <= 60min));
  ::chmod(key.path().c_str(), 0644);
  BOOST_REQUIRE(server_side->reload(settings()));
  BOOST_TEST(server_side->facts().key_readable_by_all);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(tls_stream, wire)

BOOST_AUTO_TEST_CASE(the_peer_is_known_to_speak_tls) {
  connect({});
  BOOST_TEST(server->other().is_tls);
}

BOOST_AUTO_TEST_CASE(an_end_with_close_notify_is_an_end_and_one_without_is_a_cut) {
  BOOST_REQUIRE(handshake().client);
  BOOST_TEST(ping("x") == "x");
  server->finish_writing();
  char buffer[16];
  auto got = tests::run(context, client->read_some(buffer, in(1s)));
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().code == net::errc::closed);
  // Reading goes on in the other direction.
  BOOST_REQUIRE(client->write_available("late"));
  got = tests::run(context, server->read_some(buffer, in(1s)));
  BOOST_REQUIRE(got);
  BOOST_TEST(std::string(buffer, *got) == "late");

  BOOST_REQUIRE(handshake().client);
  BOOST_TEST(ping("x") == "x");
  ::shutdown(server_descriptor, SHUT_RDWR);
  got = tests::run(context, client->read_some(buffer, in(1s)));
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().code == net::errc::broken);
}

BOOST_AUTO_TEST_CASE(many_records_are_read_without_waiting_for_more) {
  BOOST_REQUIRE(handshake().client);
  for (int i = 0; i < 10; ++i) BOOST_REQUIRE(server->write_available("0123456789"));
  std::string all;
  while (all.size() < 100) {
    char buffer[7];
    auto got = tests::run(context, client->read_some(buffer, in(1s)));
    BOOST_REQUIRE(got);
    all.append(buffer, *got);
  }
  BOOST_TEST(all.substr(90) == "0123456789");
}

BOOST_AUTO_TEST_CASE(half_a_record_is_waited_for_and_not_asked_for_again_and_again) {
  BOOST_REQUIRE(handshake().client);
  BOOST_TEST(ping("x") == "x");
  // A record of 64 bytes, of which only the header comes.
  const unsigned char header[] = {23, 3, 3, 0, 64, 1, 2, 3};
  BOOST_REQUIRE(::send(client_descriptor, header, sizeof header, MSG_NOSIGNAL) == sizeof header);
  char buffer[16];
  core::result<std::size_t> got = std::size_t{0};
  core::task_group group(context.get_executor());
  group.spawn(read_once(server.get(), buffer, &got, in(1s)));
  context.restart();
  int turns = 0;
  while (turns < 1000 && context.poll_one() > 0) ++turns;
  BOOST_TEST(turns < 100);
  BOOST_TEST(poller.waiting() == 1u);
  clock.advance(1100ms);
  wheel.turn(clock.steady_now());
  settle();
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().code == net::errc::timed_out);
}

BOOST_AUTO_TEST_CASE(a_long_answer_arrives_whole_through_a_full_socket) {
  BOOST_REQUIRE(handshake().client);
  const std::string text(3 << 20, 'x');
  core::result<void> written = core::fail(core::errc::internal);
  auto write = [](net::tls_stream* to, const std::string* what, core::result<void>* result,
                  core::deadline until) -> core::task<void> {
    *result = co_await to->write_all(*what, until);
  };
  core::task_group group(context.get_executor());
  group.spawn(write(server.get(), &text, &written, in(1s)));
  settle();
  std::vector<char> buffer(50'000);
  std::size_t received = 0;
  while (received < text.size()) {
    auto got = tests::run(context, client->read_some(buffer, in(1s)));
    BOOST_REQUIRE(got);
    received += *got;
  }
  settle();
  BOOST_TEST(received == text.size());
  BOOST_TEST(written.has_value());
}

BOOST_AUTO_TEST_CASE(tickets_do_not_make_a_connection_stale_but_bytes_and_ends_do) {
  BOOST_REQUIRE(handshake().client);
  BOOST_TEST(!client->is_stale());  // two tickets are there, unread
  BOOST_TEST(tickets.newest != nullptr);
  BOOST_REQUIRE(server->write_available("surplus"));
  BOOST_TEST(client->is_stale());

  BOOST_REQUIRE(handshake().client);
  server->close();
  BOOST_TEST(client->is_stale());
}

BOOST_AUTO_TEST_SUITE_END()
