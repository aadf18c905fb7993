#include "net/tls_tickets.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace net {

tls_server::ticket_keys::ticket_keys(const core::clock& time, core::random_source& random)
    : clock_(time),
      random_(random),
      aes_(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr)),
      present_(make()),
      previous_(make()),
      rotated_(time.steady_now()) {
  if (!aes_) throw std::bad_alloc();
}

tls_server::ticket_keys::~ticket_keys() {
  OPENSSL_cleanse(&present_, sizeof present_);
  OPENSSL_cleanse(&previous_, sizeof previous_);
}

// The context owns a reference, so the keys live as long as any connection.
int tls_server::ticket_keys::context_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* held, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<std::shared_ptr<ticket_keys>*>(held);
      });
  return index;
}

void tls_server::ticket_keys::install(const std::shared_ptr<ticket_keys>& keys, SSL_CTX* context) {
  auto held = std::make_unique<std::shared_ptr<ticket_keys>>(keys);
  if (SSL_CTX_set_ex_data(context, context_index(), held.get()) != 1) throw std::bad_alloc();
  static_cast<void>(held.release());  // freed with the context
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &ticket_keys::on_ticket);
  SSL_CTX_set_timeout(context, static_cast<long>(std::chrono::seconds(ticket_period).count()));
}

tls_server::ticket_keys::key tls_server::ticket_keys::make() {
  key made;
  random_.fill(made.name);
  random_.fill(made.cipher);
  random_.fill(made.mac);
  return made;
}

void tls_server::ticket_keys::rotate(core::steady_time now) {
  if (now - rotated_ < ticket_period) return;
  // After two periods without a caller even the present key is too old to be accepted.
  const bool both = now - rotated_ >= 2 * ticket_period;
  previous_ = both ? make() : present_;
  present_ = make();
  rotated_ = now;
}

int tls_server::ticket_keys::begin(const key& with, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                                   EVP_MAC_CTX* mac, bool encrypting) const {
  if (EVP_CipherInit_ex2(cipher, aes_.get(), with.cipher.data(), iv, encrypting, nullptr) != 1)
    return -1;
  char digest[] = "SHA256";
  auto mac_key = with.mac;
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key.data(), mac_key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  const bool set = EVP_MAC_CTX_set_params(mac, parameters) == 1;
  OPENSSL_cleanse(mac_key.data(), mac_key.size());
  return set ? 1 : -1;
}

int tls_server::ticket_keys::on_ticket(SSL* connection, unsigned char* name, unsigned char* iv,
                                       EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int encrypting) {
  const auto* held = static_cast<std::shared_ptr<ticket_keys>*>(
      SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), context_index()));
  if (!held) return -1;
  ticket_keys& keys = **held;
  const std::lock_guard held_lock(keys.lock_);
  try {
    keys.rotate(keys.clock_.steady_now());
  } catch (...) {
    return -1;  // no randomness: the handshake fails, as it would anyway
  }
  if (encrypting) {
    std::copy(keys.present_.name.begin(), keys.present_.name.end(), name);
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(keys.aes_.get())) != 1) return -1;
    return keys.begin(keys.present_, iv, cipher, mac, true);
  }
  const auto named = [name](const key& one) {
    return std::memcmp(name, one.name.data(), one.name.size()) == 0;
  };
  const bool fresh = named(keys.present_);
  if (!fresh && !named(keys.previous_)) return 0;  // a full handshake follows
  if (keys.begin(fresh ? keys.present_ : keys.previous_, iv, cipher, mac, false) != 1) return -1;
  // 2: welcome, and here is a new ticket. TLS 1.3 clients use a ticket once (RFC 8446 C.4), so each
  // resumption has to hand out the next.
  return fresh && SSL_version(connection) < TLS1_3_VERSION ? 1 : 2;
}

}  // namespace net
