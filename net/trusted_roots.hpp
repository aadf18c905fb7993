// trusted_roots: the certificate authorities that a TLS client believes, read once for all shards.
#pragma once

#include <openssl/x509_vfy.h>

#include <memory>
#include <mutex>
#include <string>

#include "core/result.hpp"
#include "net/error.hpp"

namespace net {

class trusted_roots {
 public:
  // Those of the system (OpenSSL's default places; SSL_CERT_FILE and SSL_CERT_DIR name others).
  // Read when the first connection needs them: a megabyte and some ten milliseconds that a server
  // which calls nobody does not pay.
  static std::shared_ptr<trusted_roots> of_system();
  // Those in a PEM file, read now; the system's where its name is empty. Fails with
  // errc::tls_failed when the file cannot be read.
  static core::result<std::shared_ptr<trusted_roots>> from(const std::string& ca_file);

  trusted_roots(const trusted_roots&) = delete;
  trusted_roots& operator=(const trusted_roots&) = delete;

  // From any thread; OpenSSL locks the store itself.
  X509_STORE* store();

 private:
  struct free_store {
    void operator()(X509_STORE* one) const { X509_STORE_free(one); }
  };
  trusted_roots();

  std::unique_ptr<X509_STORE, free_store> store_;
  std::once_flag read_;
};

}  // namespace net
