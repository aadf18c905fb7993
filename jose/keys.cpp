#include "jose/keys.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>

#include <array>
#include <stdexcept>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "jose/error.hpp"
#include "jose/key_material.hpp"
#include "jose/public_key.hpp"

namespace jose {
namespace {

constexpr std::array<std::string_view, 13> names = {"HS256", "HS384", "HS512", "RS256", "RS384",
                                                    "RS512", "PS256", "PS384", "PS512", "ES256",
                                                    "ES384", "ES512", "EdDSA"};

std::string header_of(algorithm alg, const std::string& kid) {
  std::string json;
  core::json_writer writer(json);
  writer.begin_object().member("alg", name_of(alg));
  if (!kid.empty()) writer.member("kid", kid);
  writer.member("typ", "JWT").end_object();
  return core::to_base64url(core::as_bytes(json));
}

}  // namespace

std::string_view name_of(algorithm alg) { return names[static_cast<std::size_t>(alg)]; }

std::optional<algorithm> algorithm_from(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return static_cast<algorithm>(i);
  return std::nullopt;
}

bool is_symmetric(algorithm alg) { return alg <= algorithm::hs512; }

namespace {

core::result<void> check_kid(const std::string& kid) {
  if (kid.size() > kid_bytes_max || !core::is_utf8(kid))
    return core::fail(errc::bad_key, "kid is not UTF-8 or over 256 bytes");
  return {};
}

}  // namespace

core::result<key> key::from_secret(const core::secret& shared, jose::algorithm alg,
                                   std::string kid) {
  if (!is_symmetric(alg))
    return core::fail(errc::bad_key, "a shared secret needs HS256, HS384 or HS512");
  if (shared.size() < hash_bytes_of(alg))
    return core::fail(errc::weak_key, "the secret is shorter than its algorithm's hash");
  if (auto fine = check_kid(kid); !fine) return core::same_failure(fine);
  auto made = std::make_shared<material>();
  made->alg = alg;
  made->kid = std::move(kid);
  made->jwt_header = header_of(alg, made->kid);
  made->is_private = true;
  made->shared.emplace(shared.reveal(), hash_bytes_of(alg));
  return key(std::move(made));
}

// One way in for PEM and JWK; takes `pair` over.
core::result<key> key::from_pair(evp_pkey_st* pair, bool is_private,
                                 std::optional<jose::algorithm> wanted, std::string kid) {
  auto made = std::make_shared<material>();
  made->pair.reset(pair);
  const auto alg = wanted ? wanted : natural_algorithm(made->pair.get());
  if (!alg) return core::fail(errc::bad_key, "no algorithm of ours for this key");
  if (auto fine = check_kid(kid); !fine) return core::same_failure(fine);
  auto fit = check_fitness(made->pair.get(), *alg);
  ERR_clear_error();
  if (!fit) return core::same_failure(fit);
  made->alg = *alg;
  made->kid = std::move(kid);
  made->jwt_header = header_of(*alg, made->kid);
  made->is_private = is_private;
  if (!made->prepare()) return core::fail(errc::bad_key, "OpenSSL cannot use this key");
  key out(std::move(made));
  if (!is_private) return out;
  // A private part that does not belong to its public part shows here, not at the first customer.
  std::string signature;
  if (!out.sign("probe", signature) || !out.verify("probe", signature))
    return core::fail(errc::bad_key, "the private key does not belong to its public key");
  return out;
}

core::result<key> key::from_pem(std::string_view pem, jose::algorithm alg, std::string kid) {
  auto read = read_pem(pem);
  ERR_clear_error();
  if (!read) return core::same_failure(read);
  return from_pair(read->key.release(), read->is_private, alg, std::move(kid));
}

core::result<key> key::from_pem(std::string_view pem, std::string kid) {
  auto read = read_pem(pem);
  ERR_clear_error();
  if (!read) return core::same_failure(read);
  return from_pair(read->key.release(), read->is_private, std::nullopt, std::move(kid));
}

core::result<key> key::from_public_jwk(const core::json_value& jwk,
                                       std::optional<jose::algorithm> alg, std::string kid) {
  auto read = public_key_from_jwk(jwk);
  ERR_clear_error();
  if (!read) return core::same_failure(read);
  return from_pair(read->release(), false, alg, std::move(kid));
}

jose::algorithm key::algorithm() const { return held_->alg; }
const std::string& key::kid() const { return held_->kid; }
bool key::can_sign() const { return held_->is_private; }
const std::string& key::jwt_header() const { return held_->jwt_header; }

key key::for_this_thread() const {
  auto copy = std::make_shared<material>();
  copy->alg = held_->alg;
  copy->kid = held_->kid;
  copy->jwt_header = held_->jwt_header;
  copy->is_private = held_->is_private;
  copy->shared = held_->shared;
  if (copy->shared) copy->signing_series.emplace(*copy->shared);
  if (held_->pair) {
    // A key of its own: a shared one would meet the other shards at its locks and reference counts.
    copy->pair.reset(EVP_PKEY_dup(held_->pair.get()));
    if (!copy->pair || !copy->prepare()) throw std::runtime_error("OpenSSL cannot copy a key");
  }
  return key(std::move(copy));
}

core::result<void> key::sign(std::string_view input, std::string& out) const {
  material& with = *held_;
  if (!with.is_private) return core::fail(errc::bad_key, "a public key cannot sign");
  if (with.shared) {
    out += (with.signing_series ? with.signing_series->of(input) : with.shared->of(input)).view();
    return {};
  }
  std::array<unsigned char, 64> hashed;
  bool done = false;
  if (with.alg == algorithm::eddsa)
    done = with.sign_eddsa(input, out);
  else if (with.digest_of(input, hashed))
    done = with.order ? with.sign_ecdsa(hashed.data(), out) : with.sign_rsa(hashed.data(), out);
  if (done) return {};
  ERR_clear_error();
  return core::fail(errc::bad_key, "OpenSSL could not sign");
}

bool key::verify(std::string_view input, std::string_view signature) const {
  const bool good = held_->verify(input, signature);
  // OpenSSL queues a reason for each refusal; TLS on this thread would read it as its own.
  if (!good && !held_->shared) ERR_clear_error();
  return good;
}

std::optional<std::string> key::public_jwk() const {
  EVP_PKEY* const pair = held_->pair.get();
  if (!pair) return std::nullopt;
  const auto number = [&](const char* name, std::size_t bytes) -> std::string {
    BIGNUM* found = nullptr;
    if (EVP_PKEY_get_bn_param(pair, name, &found) != 1) return {};
    const bignum value(found);
    std::vector<unsigned char> data(bytes ? bytes : static_cast<std::size_t>(BN_num_bytes(found)));
    if (BN_bn2binpad(found, data.data(), static_cast<int>(data.size())) < 0) return {};
    return core::to_base64url(data);
  };
  std::string out;
  core::json_writer writer(out);
  writer.begin_object();
  if (const curve* on = curve_of(held_->alg)) {
    writer.member("kty", "EC").member("crv", on->jose_name);
    writer.member("x", number(OSSL_PKEY_PARAM_EC_PUB_X, on->coordinate_bytes));
    writer.member("y", number(OSSL_PKEY_PARAM_EC_PUB_Y, on->coordinate_bytes));
  } else if (held_->alg == algorithm::eddsa) {
    std::array<unsigned char, 32> raw{};
    std::size_t size = raw.size();
    if (EVP_PKEY_get_raw_public_key(pair, raw.data(), &size) != 1) return std::nullopt;
    writer.member("kty", "OKP").member("crv", "Ed25519").member("x", core::to_base64url(raw));
  } else {
    writer.member("kty", "RSA").member("n", number(OSSL_PKEY_PARAM_RSA_N, 0));
    writer.member("e", number(OSSL_PKEY_PARAM_RSA_E, 0));
  }
  if (!held_->kid.empty()) writer.member("kid", held_->kid);
  writer.member("alg", name_of(held_->alg)).member("use", "sig").end_object();
  return out;
}

key_set key_set::for_this_thread() const {
  key_set out;
  for (const key& one : keys_) out.add(one.for_this_thread());
  return out;
}

}  // namespace jose
