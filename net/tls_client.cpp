#include "net/tls_client.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>
#include <vector>

#include "net/address.hpp"
#include "net/openssl_error.hpp"

namespace net {
namespace {

struct free_session {
  void operator()(SSL_SESSION* one) const { SSL_SESSION_free(one); }
};
using session_ptr = std::unique_ptr<SSL_SESSION, free_session>;

// Servers send two tickets per connection; four serve a burst of new connections.
constexpr std::size_t sessions_per_origin_max = 4;
constexpr std::size_t origins_max = 64;
// A resumed session is not verified anew, so it must not outlive a certificate's revocation or
// expiry by much.
constexpr std::chrono::hours session_lifetime{1};

std::string last_openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  if (code == 0) return "the other side closed the connection";
  const char* reason = ERR_reason_error_string(code);
  return reason ? reason : fmt::format("OpenSSL error {:x}", code);
}

core::result<ssl_ptr> failed(const char* step) {
  auto why = fmt::format("{}: {}", step, last_openssl_error());
  ERR_clear_error();
  return core::fail(errc::tls_failed, std::move(why));
}

// What we remember beside an SSL.
struct connection_notes {
  std::string origin;
  std::string their_names;  // of a certificate that is for somebody else
};

int notes_index() {
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* notes, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<connection_notes*>(notes);
      });
  return index;
}

connection_notes* notes_of(const SSL* connection) {
  return static_cast<connection_notes*>(SSL_get_ex_data(connection, notes_index()));
}

std::string printable(const ASN1_STRING* text) {
  std::string out(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                  std::min<std::size_t>(static_cast<std::size_t>(ASN1_STRING_length(text)), 100));
  for (char& c : out)
    if (c < 0x20 || c > 0x7e) c = '?';
  return out;
}

// The first names of a certificate, so that the operator sees which server answered.
std::string names_of(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> all(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  std::string out;
  int told = 0;
  for (int i = 0; all && told < 3 && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* one = sk_GENERAL_NAME_value(all.get(), i);
    if (one->type != GEN_DNS) continue;
    out += (told++ > 0 ? ", " : "") + printable(one->d.dNSName);
  }
  return out;
}

// Decides nothing: notes the names while the certificate can still be seen.
int on_verified(int good, X509_STORE_CTX* about) {
  const int verdict = X509_STORE_CTX_get_error(about);
  const bool for_another =
      verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH;
  if (good == 1 || !for_another) return good;
  const auto* connection = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(about, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const X509* theirs = X509_STORE_CTX_get_current_cert(about);
  connection_notes* notes = connection ? notes_of(connection) : nullptr;
  if (notes && theirs) notes->their_names = names_of(theirs);
  return good;
}

}  // namespace

// Filled by OpenSSL whenever a server hands out a ticket, also while an answer is being read.
struct tls_client::session_store {
  struct kept {
    session_ptr session;
    core::steady_time until;
  };

  explicit session_store(const core::clock& c) : time(c) {}

  static int on_new_session(SSL* connection, SSL_SESSION* session) {
    auto* self = static_cast<session_store*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
    const connection_notes* notes = notes_of(connection);
    if (!self || !notes || !SSL_SESSION_is_resumable(session)) return 0;
    self->keep(notes->origin, session_ptr(session));
    return 1;  // the reference is ours now
  }

  void keep(const std::string& origin, session_ptr session) {
    if (!by_origin.contains(origin) && by_origin.size() >= origins_max)
      by_origin.erase(by_origin.begin());
    auto& mine = by_origin[origin];
    if (mine.size() >= sessions_per_origin_max) mine.erase(mine.begin());
    mine.push_back({std::move(session), time.steady_now() + session_lifetime});
  }

  // The newest one. A TLS 1.3 ticket is offered once only: reuse would let observers link
  // connections (RFC 8446 C.4).
  session_ptr take(const std::string& origin) {
    const auto found = by_origin.find(origin);
    if (found == by_origin.end()) return {};
    auto& mine = found->second;
    std::erase_if(mine, [now = time.steady_now()](const kept& one) { return now >= one.until; });
    if (mine.empty()) {
      by_origin.erase(found);
      return {};
    }
    SSL_SESSION* newest = mine.back().session.get();
    if (SSL_SESSION_get_protocol_version(newest) < TLS1_3_VERSION) {
      SSL_SESSION_up_ref(newest);
      return session_ptr(newest);
    }
    session_ptr out = std::move(mine.back().session);
    mine.pop_back();
    if (mine.empty()) by_origin.erase(found);
    return out;
  }

  const core::clock& time;
  std::map<std::string, std::vector<kept>> by_origin;
};

tls_client::tls_client(std::shared_ptr<trusted_roots> roots, const core::clock& time)
    : roots_(std::move(roots)),
      sessions_(std::make_unique<session_store>(time)),
      context_(SSL_CTX_new(TLS_client_method())) {}

tls_client::~tls_client() {
  // Streams hold the context alive; tickets that come later have no place to go.
  if (context_) SSL_CTX_set_app_data(context_.get(), nullptr);
}

std::size_t tls_client::sessions_kept() const {
  std::size_t sum = 0;
  for (const auto& [origin, kept] : sessions_->by_origin) sum += kept.size();
  return sum;
}

core::result<std::unique_ptr<tls_client>> tls_client::create(const tls_client_settings& settings,
                                                             const core::clock& time) {
  ERR_clear_error();
  std::unique_ptr<tls_client> made(new tls_client(settings.roots, time));
  SSL_CTX* context = made->context_.get();
  if (!context)
    return core::fail(errc::tls_failed, "cannot make a TLS context: " + last_openssl_error());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, &on_verified);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // The stream may move a buffer between a write and its repetition, and idle connections give
  // theirs back.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, &session_store::on_new_session);
  SSL_CTX_set_app_data(context, made->sessions_.get());
  return made;
}

core::result<ssl_ptr> tls_client::start(std::string host, unsigned short port) {
  static constexpr unsigned char protocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  // "example.com." is the same host; neither SNI nor certificates have the dot.
  if (host.ends_with('.')) host.pop_back();
  ERR_clear_error();
  ssl_ptr made(SSL_new(context_.get()));
  if (!made) return failed("TLS state");
  if (SSL_set1_verify_cert_store(made.get(), roots_->store()) != 1) return failed("whom to trust");
  SSL_set_connect_state(made.get());
  // Here 0 is success, unlike everywhere else.
  if (SSL_set_alpn_protos(made.get(), protocols, sizeof protocols) != 0) return failed("ALPN");

  X509_VERIFY_PARAM* rules = SSL_get0_param(made.get());
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (ip_address::from(host)) {
    // RFC 6066 section 3 allows only names in SNI.
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) != 1) return failed("address to verify");
  } else {
    if (X509_VERIFY_PARAM_set1_host(rules, host.c_str(), host.size()) != 1)
      return failed("name to verify");
    if (SSL_set_tlsext_host_name(made.get(), host.c_str()) != 1) return failed("SNI");
  }

  auto notes = std::make_unique<connection_notes>();
  notes->origin = fmt::format("{}:{}", host, port);
  if (const auto earlier = sessions_->take(notes->origin))
    SSL_set_session(made.get(), earlier.get());
  if (SSL_set_ex_data(made.get(), notes_index(), notes.get()) == 1)
    static_cast<void>(notes.release());  // freed with the SSL
  return made;
}

std::string why_handshake_failed(SSL* connection) {
  const long verdict = SSL_get_verify_result(connection);
  switch (verdict) {
    case X509_V_OK:
      return last_openssl_error();
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const connection_notes* notes = notes_of(connection);
      if (!notes || notes->their_names.empty()) return "host name mismatch";
      return "host name mismatch: the certificate is for " + notes->their_names;
    }
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return fmt::format("unknown certificate authority: {}",
                         X509_verify_cert_error_string(verdict));
    default:
      return X509_verify_cert_error_string(verdict);
  }
}

}  // namespace net
