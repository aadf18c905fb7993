// key::material: the secret or key pair inside a key, and the cryptography done with it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "jose/hmac.hpp"
#include "jose/hmac_series.hpp"
#include "jose/keys.hpp"
#include "jose/public_key.hpp"

namespace jose {

// Bytes of the hash that an algorithm uses; 0 for EdDSA, which hashes by itself.
std::size_t hash_bytes_of(algorithm alg);

// Either a shared secret or an asymmetric key, never both: a public key's bytes cannot become a
// secret.
struct key::material {
  jose::algorithm alg = algorithm::hs256;
  std::string kid;
  std::string jwt_header;  // of tokens that this key signs
  bool is_private = false;

  std::optional<hmac_key> shared;
  std::optional<hmac_series> signing_series;  // where the key belongs to one thread

  pkey pair;
  digest hash;  // fetched once: OpenSSL 3 looks algorithms up by name on each use
  digest_context hashing;
  pkey_context verifying;  // prepared with padding and hash
  pkey_context signing;
  std::size_t signature_bytes = 0;
  bignum order;  // of the curve's group

  bool prepare();
  bool digest_of(std::string_view input, std::array<unsigned char, 64>& out);
  bool verify(std::string_view input, std::string_view signature);
  bool verify_ecdsa(const unsigned char* hashed, std::string_view signature);
  bool sign_ecdsa(const unsigned char* hashed, std::string& out);
  bool sign_rsa(const unsigned char* hashed, std::string& out);
  bool sign_eddsa(std::string_view input, std::string& out);
};

}  // namespace jose
