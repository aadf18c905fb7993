// public_key: OpenSSL's asymmetric keys behind owners, read from PEM and JWK and checked for
// strength.
#pragma once

#include <openssl/bn.h>
#include <openssl/evp.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.hpp"
#include "core/result.hpp"
#include "jose/keys.hpp"

namespace jose {

// Frees with the function that belongs to the type.
template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* one) const {
    Free(one);
  }
};
template <class T, auto Free>
using owned = std::unique_ptr<T, freed_by<Free>>;

using bignum = owned<BIGNUM, BN_free>;
using pkey = owned<EVP_PKEY, EVP_PKEY_free>;
using pkey_context = owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using digest = owned<EVP_MD, EVP_MD_free>;
using digest_context = owned<EVP_MD_CTX, EVP_MD_CTX_free>;

// The curve that an ECDSA algorithm is bound to (RFC 7518 section 3.4).
struct curve {
  algorithm alg;
  std::string_view jose_name;  // "P-256"
  const char* openssl_name;    // "prime256v1"
  std::size_t coordinate_bytes;
};
const curve* curve_of(algorithm alg);
const curve* curve_named(std::string_view jose_name);

struct parsed_pem {
  pkey key;
  bool is_private = false;
};
// The first key or certificate of the text; a certificate's dates are not looked at, only its key
// is taken.
core::result<parsed_pem> read_pem(std::string_view pem);

// RSA, EC and OKP members of a JWK (RFC 7518 section 6, RFC 8037 section 2); private members are
// not read.
core::result<pkey> public_key_from_jwk(const core::json_value& jwk);

// The algorithm that fits where none is named.
std::optional<algorithm> natural_algorithm(EVP_PKEY* one);

// Whether the key belongs to the algorithm and is strong enough.
core::result<void> check_fitness(EVP_PKEY* one, algorithm alg);

}  // namespace jose
