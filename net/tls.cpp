#include "net/tls.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <new>
#include <string_view>
#include <utility>

#include "net/error.hpp"
#include "net/openssl_error.hpp"
#include "net/tls_tickets.hpp"

namespace net {
namespace {

// Mozilla's intermediate configuration, version 5.7, without the DHE suites: no browser of the last
// ten years needs them, and they let a stranger make the server compute.
constexpr const char* ciphers_12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* groups = "X25519:P-256:P-384";

constexpr std::string_view protocol = "http/1.1";

std::string last_reason() {
  if (auto said = system_reason(); !said.empty()) return said;
  const unsigned long last = ERR_peek_last_error();
  const char* reason = last ? ERR_reason_error_string(last) : nullptr;
  return reason ? reason : "";
}

tl::unexpected<core::failure> failed(std::string what) {
  if (const auto reason = last_reason(); !reason.empty()) what += ": " + reason;
  ERR_clear_error();
  return core::fail(errc::tls_failed, std::move(what));
}

// RFC 7301: who offers protocols and not ours is told so (no_application_protocol); who offers none
// speaks HTTP/1.1.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned int size, void*) {
  for (unsigned int at = 0; at < size; at += 1u + offered[at]) {
    const std::string_view one(reinterpret_cast<const char*>(offered) + at + 1, offered[at]);
    if (at + 1u + offered[at] > size) break;
    if (one != protocol) continue;
    *out = offered + at + 1;
    *out_size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// OpenSSL would otherwise ask for the passphrase on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

core::result<void> harden(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // One recv for all that has come instead of two per record.
  SSL_CTX_set_read_ahead(context, 1);
  // Sessions live in tickets only: a table in memory would be one more thing to bound.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(context, ciphers_12) != 1 ||
      SSL_CTX_set1_groups_list(context, groups) != 1)
    return failed("cannot configure TLS");
  return {};
}

struct free_bio {
  void operator()(BIO* one) const { BIO_free(one); }
};
struct free_key {
  void operator()(EVP_PKEY* one) const { EVP_PKEY_free(one); }
};

using key_ptr = std::unique_ptr<EVP_PKEY, free_key>;

core::result<void> use_certificate(SSL_CTX* context, const tls_settings& settings) {
  const std::string& file = settings.certificate_file;
  if (SSL_CTX_use_certificate_chain_file(context, file.c_str()) == 1) return {};
  if (!system_reason().empty()) return failed(fmt::format("cannot read the certificate {}", file));
  return failed(fmt::format("{} holds no certificate in PEM", file));
}

core::result<key_ptr> read_key(const tls_settings& settings) {
  const bool in_file = !settings.key_file.empty();
  const std::string where = in_file ? settings.key_file : "the configured key";
  const std::string_view text = settings.key.reveal();
  const std::unique_ptr<BIO, free_bio> source(
      in_file ? BIO_new_file(settings.key_file.c_str(), "r")
              : BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!source) return failed(fmt::format("cannot read the private key {}", where));
  key_ptr key(PEM_read_bio_PrivateKey(source.get(), nullptr, no_passphrase, nullptr));
  if (!key)
    return failed(fmt::format("{} holds no private key in PEM without a passphrase", where));
  return key;
}

core::result<void> use_key(SSL_CTX* context, EVP_PKEY* key, const tls_settings& settings) {
  if (SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1)
    return {};
  ERR_clear_error();
  return core::fail(
      errc::tls_failed,
      fmt::format("the private key {} does not belong to the certificate {}",
                  settings.key_file.empty() ? "that is configured" : settings.key_file,
                  settings.certificate_file));
}

core::wall_time expiry_of(const X509* certificate) {
  std::tm parts{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return {};
  // One that never ends says the end of the year 9999 (RFC 5280 section 4.1.2.5), which is more
  // than a wall_time holds.
  constexpr std::int64_t seconds_most = 9'000'000'000;
  return core::from_unix_seconds(std::min<std::int64_t>(::timegm(&parts), seconds_most));
}

bool readable_by_all(const std::string& file) {
  struct ::stat found{};
  return !file.empty() && ::stat(file.c_str(), &found) == 0 && (found.st_mode & S_IROTH) != 0;
}

}  // namespace

tls_settings read_tls_settings(core::options& from) {
  tls_settings made;
  made.certificate_file = from.required_text("certificate_file");
  made.key_file = from.required_text("key_file");
  return made;
}

void check_tls_files(core::options& from, const tls_settings& settings) {
  ERR_clear_error();
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()),
                                                                  SSL_CTX_free);
  if (!context) throw std::bad_alloc();
  SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
  const auto certificate = use_certificate(context.get(), settings);
  const auto key = read_key(settings);
  const auto note = [&](std::string_view at, const core::failure& why) {
    from.note(at, "cannot be used: " + why.detail);
  };
  // A file that was not named has its mistake already.
  if (!certificate && !settings.certificate_file.empty())
    note("certificate_file", certificate.error());
  if (!key && !settings.key_file.empty()) note("key_file", key.error());
  if (!certificate || !key) return;
  const auto pair = use_key(context.get(), key->get(), settings);
  if (!pair) note("key_file", pair.error());
}

tls_server::tls_server(const core::clock& time, core::random_source& random)
    : tickets_(std::make_shared<ticket_keys>(time, random)) {}

tls_server::~tls_server() = default;

core::result<std::unique_ptr<tls_server>> tls_server::create(const tls_settings& settings,
                                                             const core::clock& time,
                                                             core::random_source& random) {
  std::unique_ptr<tls_server> made(new tls_server(time, random));
  auto first = made->reload(settings);
  if (!first) return core::same_failure(first);
  return made;
}

core::result<tls_server::loaded> tls_server::load(const tls_settings& settings) const {
  ERR_clear_error();
  loaded made;
  made.context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = made.context.get();
  if (!context) return failed("cannot make a TLS context");
  auto hardened = harden(context);
  if (!hardened) return core::same_failure(hardened);
  const auto certificate = use_certificate(context, settings);
  if (!certificate) return core::same_failure(certificate);
  const auto key = read_key(settings);
  if (!key) return core::same_failure(key);
  const auto used = use_key(context, key->get(), settings);
  if (!used) return core::same_failure(used);
  ticket_keys::install(tickets_, context);
  made.facts.expires = expiry_of(SSL_CTX_get0_certificate(context));
  made.facts.key_readable_by_all = readable_by_all(settings.key_file);
  return made;
}

core::result<void> tls_server::reload(const tls_settings& settings) {
  auto next = load(settings);
  if (!next) return core::same_failure(next);
  const std::lock_guard held(lock_);
  current_ = std::move(*next);
  return {};
}

tls_facts tls_server::facts() const {
  const std::lock_guard held(lock_);
  return current_.facts;
}

ssl_ptr tls_server::start() const {
  context_ptr context;
  {
    const std::lock_guard held(lock_);
    SSL_CTX_up_ref(current_.context.get());
    context.reset(current_.context.get());
  }
  ssl_ptr made(SSL_new(context.get()));  // which holds the context from now on
  if (!made) throw std::bad_alloc();
  SSL_set_accept_state(made.get());
  return made;
}

void ignore_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

}  // namespace net
