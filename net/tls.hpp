// tls_server: how we speak TLS as a server: certificate and key, replaced while connections go on;
// session tickets whose keys rotate.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "core/clock.hpp"
#include "core/options.hpp"
#include "core/random.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "net/tls_client.hpp"

namespace net {

struct tls_settings {
  std::string certificate_file;  // PEM, the server's own certificate first, then its chain
  std::string key_file;          // PEM; empty: `key` holds it
  core::secret key;
};
// [tls] certificate_file and key_file; whether they can be read is seen by tls_server::create.
tls_settings read_tls_settings(core::options& from);
// Notes at their keys what is wrong with the files: not there, not PEM, key and certificate that do
// not belong together.
void check_tls_files(core::options& from, const tls_settings& settings);

// What an operator should know of a certificate that was loaded.
struct tls_facts {
  core::wall_time expires;
  bool key_readable_by_all = false;  // the key file's mode lets every user of this machine read it
};

// Shared by all shards; every call is safe from any thread.
class tls_server {
 public:
  // errc::tls_failed with a sentence: which file, and what is wrong with it.
  static core::result<std::unique_ptr<tls_server>> create(const tls_settings& settings,
                                                          const core::clock& time,
                                                          core::random_source& random);
  ~tls_server();
  tls_server(const tls_server&) = delete;
  tls_server& operator=(const tls_server&) = delete;

  // New connections get the new certificate; on failure all stays as it is. Tickets stay valid.
  core::result<void> reload(const tls_settings& settings);
  tls_facts facts() const;

  // A connection's state in server mode, for net::tls_stream. Throws std::bad_alloc.
  ssl_ptr start() const;

 private:
  class ticket_keys;
  struct free_context {
    void operator()(SSL_CTX* one) const { SSL_CTX_free(one); }
  };
  using context_ptr = std::unique_ptr<SSL_CTX, free_context>;
  struct loaded {
    context_ptr context;
    tls_facts facts;
  };
  tls_server(const core::clock& time, core::random_source& random);
  core::result<loaded> load(const tls_settings& settings) const;

  std::shared_ptr<ticket_keys> tickets_;  // contexts of connections that outlive us hold it too
  mutable std::mutex lock_;               // held for as long as a pointer is copied
  loaded current_;
};

// A peer that goes away in the middle of an answer must be an error of that write, not the end of
// the process. Our own sends say so themselves; this is for libraries that do not. Call once, at
// start.
void ignore_broken_pipes();

}  // namespace net
