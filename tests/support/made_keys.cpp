#include "support/made_keys.hpp"

#include <openssl/bio.h>
#include <openssl/encoder.h>
#include <openssl/pem.h>

#include <map>
#include <memory>
#include <stdexcept>

#include "core/encoding.hpp"

namespace tests {
namespace {

std::string encoded_key(EVP_PKEY* pair, int selection, const char* form, const char* structure) {
  OSSL_ENCODER_CTX* encoder =
      OSSL_ENCODER_CTX_new_for_pkey(pair, selection, form, structure, nullptr);
  unsigned char* data = nullptr;
  std::size_t size = 0;
  if (OSSL_ENCODER_to_data(encoder, &data, &size) != 1)
    throw std::runtime_error("cannot encode a key");
  std::string out(reinterpret_cast<char*>(data), size);
  OPENSSL_free(data);
  OSSL_ENCODER_CTX_free(encoder);
  return out;
}

EVP_PKEY* generate(std::string_view kind) {
  if (kind == "rsa") return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048});
  if (kind == "rsa1024") return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024});
  if (kind == "ed25519") return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", std::string(kind).c_str());
}

pair_texts make_pair_texts(std::string_view kind) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair(generate(kind), &EVP_PKEY_free);
  if (!pair) throw std::runtime_error("cannot make a key pair");
  pair_texts out;
  out.private_pem = encoded_key(pair.get(), EVP_PKEY_KEYPAIR, "PEM", "PrivateKeyInfo");
  out.public_pem = encoded_key(pair.get(), EVP_PKEY_PUBLIC_KEY, "PEM", "SubjectPublicKeyInfo");
  out.public_der = encoded_key(pair.get(), EVP_PKEY_PUBLIC_KEY, "DER", "SubjectPublicKeyInfo");
  if (kind != "ed25519")
    out.legacy_pem = encoded_key(pair.get(), EVP_PKEY_KEYPAIR, "PEM", "type-specific");
  return out;
}

const pair_texts& remembered(std::map<std::string, pair_texts, std::less<>>& made,
                             std::string_view kind) {
  auto found = made.find(kind);
  if (found == made.end()) found = made.emplace(kind, make_pair_texts(kind)).first;
  return found->second;
}

}  // namespace

const pair_texts& pair_of(std::string_view kind) {
  static std::map<std::string, pair_texts, std::less<>> made;
  return remembered(made, kind);
}

const pair_texts& other_pair_of(std::string_view kind) {
  static std::map<std::string, pair_texts, std::less<>> made;
  return remembered(made, kind);
}

std::string_view kind_of(jose::algorithm alg) {
  if (alg == jose::algorithm::es256) return "P-256";
  if (alg == jose::algorithm::es384) return "P-384";
  if (alg == jose::algorithm::es512) return "P-521";
  if (alg == jose::algorithm::eddsa) return "ed25519";
  return "rsa";
}

std::string secret_of(std::size_t bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>(i * 7 + 3));
  return out;
}

jose::key signing_key(jose::algorithm alg, std::string kid) {
  if (jose::is_symmetric(alg))
    return jose::key::from_secret(core::secret(secret_of(64)), alg, std::move(kid)).value();
  return jose::key::from_pem(pair_of(kind_of(alg)).private_pem, alg, std::move(kid)).value();
}

jose::key verifying_key(jose::algorithm alg, std::string kid) {
  if (jose::is_symmetric(alg)) return signing_key(alg, std::move(kid));
  return jose::key::from_pem(pair_of(kind_of(alg)).public_pem, alg, std::move(kid)).value();
}

jose::key_set only(jose::key one) {
  jose::key_set out;
  out.add(std::move(one));
  return out;
}

std::string encoded(std::string_view text) { return core::to_base64url(core::as_bytes(text)); }

std::string token_of_parts(std::string_view header, std::string_view claims,
                           const jose::key& with) {
  std::string out = std::string(header) + '.' + std::string(claims);
  std::string signature;
  if (!with.sign(out, signature)) throw std::runtime_error("cannot sign");
  return out + '.' + encoded(signature);
}

std::string token_of(std::string_view header_json, std::string_view claims_json,
                     const jose::key& with) {
  return token_of_parts(encoded(header_json), encoded(claims_json), with);
}

core::wall_time test_now() { return core::from_unix_seconds(now_seconds); }

}  // namespace tests
