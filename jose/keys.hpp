// Keys for signing and verifying. A key has exactly one algorithm, so a token cannot choose another
// (RFC 8725 section 3.1), and a shared secret and a public key are different alternatives of one
// type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace jose {

// RFC 7518 section 3.1, RFC 8037 section 3.1.
enum class algorithm : std::uint8_t {
  hs256,
  hs384,
  hs512,
  rs256,
  rs384,
  rs512,
  ps256,
  ps384,
  ps512,
  es256,
  es384,
  es512,
  eddsa
};
std::string_view name_of(algorithm alg);
std::optional<algorithm> algorithm_from(std::string_view name);  // case-sensitive
bool is_symmetric(algorithm alg);

// Of a key's name, in keys and in tokens.
inline constexpr std::size_t kid_bytes_max = 256;

// Cheap to copy. The secret or private part stays inside. Immutable, but not for use by two threads
// at once: it keeps prepared OpenSSL contexts. Each shard makes its own copy with
// for_this_thread().
class key {
 public:
  // Shared secrets shorter than the hash's output (RFC 7518 section 3.2) are errc::weak_key.
  static core::result<key> from_secret(const core::secret& shared, algorithm alg,
                                       std::string kid = {});
  // PEM: public key (SPKI), certificate, or private key (PKCS#8, SEC1, PKCS#1). RSA under 2048
  // bits, curves that do not fit the algorithm and encrypted PEM are refused.
  static core::result<key> from_pem(std::string_view pem, algorithm alg, std::string kid = {});
  // The natural algorithm of a PEM key where none is configured: RS256, ES256/384/512 by curve,
  // EdDSA.
  static core::result<key> from_pem(std::string_view pem, std::string kid = {});

  // The public part of an RSA, EC or OKP key in JSON; its natural algorithm where none is given.
  static core::result<key> from_public_jwk(const core::json_value& jwk,
                                           std::optional<jose::algorithm> alg, std::string kid);

  jose::algorithm algorithm() const;
  const std::string& kid() const;
  bool can_sign() const;
  key for_this_thread() const;

  // Appends the signature of `input` to `out` as raw JWS bytes (ECDSA as r||s). Requires
  // can_sign().
  core::result<void> sign(std::string_view input, std::string& out) const;
  bool verify(std::string_view input, std::string_view signature) const;

  // The public part as a JWK object's JSON text with kid, alg and use=sig. nullopt for shared
  // secrets.
  std::optional<std::string> public_jwk() const;

  // The encoded header {"alg":…,["kid":…,]"typ":"JWT"} of tokens that this key signs, made once.
  const std::string& jwt_header() const;

  struct material;  // defined in keys.cpp

 private:
  static core::result<key> from_pair(evp_pkey_st* pair, bool is_private,
                                     std::optional<jose::algorithm> wanted, std::string kid);
  explicit key(std::shared_ptr<material> held) : held_(std::move(held)) {}
  std::shared_ptr<material> held_;
};

// Keys to verify with, found by kid.
class key_set {
 public:
  // RFC 7517 section 5: keys that we cannot use are skipped, so that one odd key does not lock
  // everybody out: use other than sig, key_ops without verify, unknown or ill-fitting kty, crv or
  // alg, a kid that is no string, weak keys. A key without alg gets its natural algorithm (oct:
  // HS256). `allow_symmetric` is false for sets that came over the network: oct keys are then never
  // used. Private members are not read. errc::bad_key: not a set, more than 64 keys, none that is
  // usable, or two different keys of the same kid and alg.
  static core::result<key_set> from_jwks(std::string_view json, bool allow_symmetric);

  void add(key one) { keys_.push_back(std::move(one)); }
  const std::vector<key>& keys() const { return keys_; }
  bool empty() const { return keys_.empty(); }
  key_set for_this_thread() const;

 private:
  std::vector<key> keys_;
};

}  // namespace jose
