// tls_client: how we speak TLS as a client: whom we trust, which name must be in the certificate,
// sessions kept per origin.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "net/error.hpp"
#include "net/trusted_roots.hpp"

namespace net {

struct free_ssl {
  void operator()(SSL* one) const { SSL_free(one); }
};
using ssl_ptr = std::unique_ptr<SSL, free_ssl>;

struct tls_client_settings {
  std::shared_ptr<trusted_roots> roots = trusted_roots::of_system();  // of all shards
};

// One per shard; streams may outlive it.
class tls_client {
 public:
  // Fails with errc::tls_failed when OpenSSL has no context for us.
  static core::result<std::unique_ptr<tls_client>> create(const tls_client_settings& settings,
                                                          const core::clock& time);
  ~tls_client();
  tls_client(const tls_client&) = delete;
  tls_client& operator=(const tls_client&) = delete;

  // A connection's state in client mode: TLS 1.2 or later, ALPN http/1.1, the certificate verified
  // against our store and this host (a name or an IP address), SNI for names, an earlier session of
  // this origin offered again.
  core::result<ssl_ptr> start(std::string host, unsigned short port);

  std::size_t sessions_kept() const;

 private:
  struct session_store;
  tls_client(std::shared_ptr<trusted_roots> roots, const core::clock& time);

  struct free_context {
    void operator()(SSL_CTX* one) const { SSL_CTX_free(one); }
  };
  std::shared_ptr<trusted_roots> roots_;
  std::unique_ptr<session_store> sessions_;
  std::unique_ptr<SSL_CTX, free_context> context_;
};

// What the operator reads after a handshake has failed: "certificate has expired", "host name
// mismatch: the certificate is for a.example", else OpenSSL's reason. Call it right after the
// failure, on its thread.
std::string why_handshake_failed(SSL* connection);

}  // namespace net
