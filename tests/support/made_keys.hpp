// Keys made while the tests run: PEM and DER texts of fresh pairs, and tokens put together piece by
// piece.
#pragma once

#include <openssl/evp.h>

#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "jose/jwt.hpp"
#include "jose/keys.hpp"

namespace tests {

struct pair_texts {
  std::string private_pem;  // PKCS#8
  std::string public_pem;   // SPKI
  std::string public_der;
  std::string legacy_pem;  // PKCS#1 or SEC1; empty for Ed25519
};

// "rsa", "rsa1024", "P-256", "P-384", "P-521", "secp256k1", "ed25519". One pair per kind and test
// program.
const pair_texts& pair_of(std::string_view kind);
// A second pair of the same kind.
const pair_texts& other_pair_of(std::string_view kind);
std::string_view kind_of(jose::algorithm alg);

// A signing key of the algorithm: a fixed secret as long as the hash, or the private half of
// pair_of().
jose::key signing_key(jose::algorithm alg, std::string kid = {});
// What verifies it: the same secret, or the public half.
jose::key verifying_key(jose::algorithm alg, std::string kid = {});
jose::key_set only(jose::key one);
std::string secret_of(std::size_t bytes);

std::string encoded(std::string_view text);
// header and claims as given, signed by `with` whatever the header says.
std::string token_of(std::string_view header_json, std::string_view claims_json,
                     const jose::key& with);
// The same for parts that are encoded already, or wrongly.
std::string token_of_parts(std::string_view header, std::string_view claims, const jose::key& with);

// 2026-11-22T10:00:00Z, and claims that are good then.
inline constexpr std::int64_t now_seconds = 1795341600;
core::wall_time test_now();
inline constexpr std::string_view good_claims = R"({"sub":"u1","iat":1795341500,"exp":1795345200})";

}  // namespace tests
