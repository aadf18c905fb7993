// ticket_keys: the keys of TLS session tickets, which change often enough to be worth little when
// stolen.
#pragma once

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <memory>
#include <mutex>

#include "core/clock.hpp"
#include "core/random.hpp"
#include "net/tls.hpp"

namespace net {

// A ticket is accepted under the present key and the one before; so it lives for one period at
// least and two at most, and its session for one.
inline constexpr std::chrono::hours ticket_period{6};

class tls_server::ticket_keys {
 public:
  ticket_keys(const core::clock& time, core::random_source& random);
  ~ticket_keys();
  ticket_keys(const ticket_keys&) = delete;
  ticket_keys& operator=(const ticket_keys&) = delete;

  // OpenSSL's callback for the contexts that `install` was called for.
  static void install(const std::shared_ptr<ticket_keys>& keys, SSL_CTX* context);

 private:
  struct key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
  };
  struct free_cipher {
    void operator()(EVP_CIPHER* one) const { EVP_CIPHER_free(one); }
  };
  static int context_index();
  static int on_ticket(SSL* connection, unsigned char* name, unsigned char* iv,
                       EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int encrypting);
  void rotate(core::steady_time now);
  key make();
  int begin(const key& with, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
            bool encrypting) const;

  const core::clock& clock_;
  core::random_source& random_;
  std::unique_ptr<EVP_CIPHER, free_cipher> aes_;
  std::mutex lock_;
  key present_, previous_;
  core::steady_time rotated_;
};

}  // namespace net
