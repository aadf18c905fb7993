#include "jose/public_key.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>

#include "core/encoding.hpp"
#include "jose/error.hpp"

namespace jose {
namespace {

using bio = owned<BIO, BIO_free>;
using certificate = owned<X509, X509_free>;
using param_builder = owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using params = owned<OSSL_PARAM, OSSL_PARAM_free>;

// A chain of certificates has some ten KiB; larger texts are not keys.
constexpr std::size_t pem_bytes_max = 64 * 1024;
constexpr int rsa_bits_min = 2048;  // RFC 7518 section 3.3
constexpr int rsa_bits_max = 8192;  // each signature of a larger one would cost milliseconds
constexpr int rsa_exponent_bits_max = 64;

constexpr std::array<curve, 3> curves{{{algorithm::es256, "P-256", "prime256v1", 32},
                                       {algorithm::es384, "P-384", "secp384r1", 48},
                                       {algorithm::es512, "P-521", "secp521r1", 66}}};

// One block of a PEM text, freed (and wiped, as it may be a private key) at the end.
struct pem_block {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;

  ~pem_block() {
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<std::size_t>(size));
  }
};

pkey private_key_in(const unsigned char** at, long size) {
  return pkey(d2i_AutoPrivateKey(nullptr, at, size));
}

core::result<parsed_pem> read_block(const pem_block& block) {
  const std::string_view name = block.name;
  const unsigned char* at = block.data;
  parsed_pem out;
  if (name == "PUBLIC KEY") {
    out.key.reset(d2i_PUBKEY(nullptr, &at, block.size));
  } else if (name == "RSA PUBLIC KEY") {
    out.key.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, block.size));
  } else if (name == "CERTIFICATE" || name == "X509 CERTIFICATE") {
    const certificate read(d2i_X509(nullptr, &at, block.size));
    if (read) out.key.reset(X509_get_pubkey(read.get()));
  } else if (name == "PRIVATE KEY" || name == "RSA PRIVATE KEY" || name == "EC PRIVATE KEY") {
    out.key = private_key_in(&at, block.size);
    out.is_private = true;
  } else {
    return core::fail(errc::bad_key, "PEM without a key that is supported");
  }
  if (!out.key) return core::fail(errc::bad_key, "the PEM block does not hold a key");
  if (at != block.data + block.size)
    return core::fail(errc::bad_key, "bytes follow the key in PEM");
  return out;
}

bignum number_of(EVP_PKEY* one, const char* name) {
  BIGNUM* out = nullptr;
  EVP_PKEY_get_bn_param(one, name, &out);
  return bignum(out);
}

core::result<void> check_rsa(EVP_PKEY* one) {
  const int bits = EVP_PKEY_get_bits(one);
  if (bits < rsa_bits_min) return core::fail(errc::weak_key, "RSA needs at least 2048 bits");
  if (bits > rsa_bits_max) return core::fail(errc::bad_key, "RSA with more than 8192 bits");
  const auto modulus = number_of(one, OSSL_PKEY_PARAM_RSA_N);
  const auto exponent = number_of(one, OSSL_PKEY_PARAM_RSA_E);
  if (!modulus || !exponent) return core::fail(errc::bad_key, "RSA without modulus or exponent");
  // With an exponent of 1 every number is its own signature; an even one has no inverse.
  if (!BN_is_odd(exponent.get()) || BN_is_one(exponent.get()) || BN_is_negative(exponent.get()))
    return core::fail(errc::weak_key, "RSA with an even exponent or 1");
  if (BN_num_bits(exponent.get()) > rsa_exponent_bits_max)
    return core::fail(errc::bad_key, "RSA with an exponent over 64 bits");
  if (!BN_is_odd(modulus.get())) return core::fail(errc::weak_key, "RSA with an even modulus");
  return {};
}

core::result<void> check_curve(EVP_PKEY* one, const curve& wanted) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(one, name.data(), name.size(), &size) != 1 ||
      std::string_view(name.data(), size) != wanted.openssl_name)
    return core::fail(errc::bad_key, "the curve does not belong to the algorithm");
  // A curve that is written out may look like the named one and have another generator
  // (CVE-2020-0601).
  int written_out = 0;
  if (EVP_PKEY_get_int_param(one, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &written_out) ==
          1 &&
      written_out != 0)
    return core::fail(errc::bad_key, "EC with explicit parameters");
  return {};
}

bool belongs_to(int type, algorithm alg) {
  switch (alg) {
    case algorithm::hs256:
    case algorithm::hs384:
    case algorithm::hs512:
      return false;
    case algorithm::rs256:
    case algorithm::rs384:
    case algorithm::rs512:
    case algorithm::ps256:
    case algorithm::ps384:
    case algorithm::ps512:
      return type == EVP_PKEY_RSA;
    case algorithm::es256:
    case algorithm::es384:
    case algorithm::es512:
      return type == EVP_PKEY_EC;
    case algorithm::eddsa:
      return type == EVP_PKEY_ED25519;
  }
  return false;
}

std::optional<std::string> member_bytes(const core::json_value& jwk, std::string_view name) {
  const std::string* text = jwk.find_string(name);
  return text ? core::from_base64url(*text) : std::nullopt;
}

pkey from_params(const char* type, OSSL_PARAM_BLD* builder) {
  const params built(OSSL_PARAM_BLD_to_param(builder));
  const pkey_context context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* out = nullptr;
  if (!built || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &out, EVP_PKEY_PUBLIC_KEY, built.get()) != 1)
    return nullptr;
  return pkey(out);
}

pkey rsa_from(const std::string& modulus, const std::string& exponent) {
  const auto number = [](const std::string& text) {
    return bignum(BN_bin2bn(core::as_bytes(text).data(), static_cast<int>(text.size()), nullptr));
  };
  const bignum n = number(modulus);
  const bignum e = number(exponent);
  const param_builder builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder ||
      !OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) ||
      !OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()))
    return nullptr;
  return from_params("RSA", builder.get());
}

pkey ec_from(const curve& on, const std::string& x, const std::string& y) {
  const std::string point = '\x04' + x + y;  // SEC 1 section 2.3.3, uncompressed
  const param_builder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      !OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, on.openssl_name,
                                       0) ||
      !OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                        point.size()))
    return nullptr;
  return from_params("EC", builder.get());
}

}  // namespace

const curve* curve_of(algorithm alg) {
  for (const curve& one : curves)
    if (one.alg == alg) return &one;
  return nullptr;
}

const curve* curve_named(std::string_view jose_name) {
  for (const curve& one : curves)
    if (one.jose_name == jose_name) return &one;
  return nullptr;
}

core::result<parsed_pem> read_pem(std::string_view pem) {
  if (pem.size() > pem_bytes_max) return core::fail(errc::bad_key, "PEM over 64 KiB");
  const bio text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  for (;;) {
    pem_block block;
    if (!text ||
        PEM_read_bio(text.get(), &block.name, &block.header, &block.data, &block.size) != 1)
      return core::fail(errc::bad_key, "not a PEM text with a key");
    const std::string_view name = block.name;
    // Old ones say it in a header, PKCS#8 in the name. Nobody is there to type a password.
    if (name == "ENCRYPTED PRIVATE KEY" ||
        std::string_view(block.header).find("ENCRYPTED") != std::string_view::npos)
      return core::fail(errc::bad_key, "the PEM key is encrypted");
    if (name == "EC PARAMETERS") continue;  // `openssl ecparam -genkey` writes them before the key
    return read_block(block);
  }
}

core::result<pkey> public_key_from_jwk(const core::json_value& jwk) {
  const std::string* type = jwk.find_string("kty");
  if (!type) return core::fail(errc::bad_key, "JWK without kty");
  pkey out;
  if (*type == "RSA") {
    const auto modulus = member_bytes(jwk, "n");
    const auto exponent = member_bytes(jwk, "e");
    if (modulus && exponent && modulus->size() <= rsa_bits_max / 8 + 1)
      out = rsa_from(*modulus, *exponent);
  } else if (*type == "EC") {
    const std::string* name = jwk.find_string("crv");
    const curve* on = name ? curve_named(*name) : nullptr;
    const auto x = member_bytes(jwk, "x");
    const auto y = member_bytes(jwk, "y");
    // Full length, leading zeros included (RFC 7518 section 6.2.1.2).
    if (on && x && y && x->size() == on->coordinate_bytes && y->size() == on->coordinate_bytes)
      out = ec_from(*on, *x, *y);
  } else if (*type == "OKP") {
    const std::string* name = jwk.find_string("crv");
    const auto x = member_bytes(jwk, "x");
    if (name && *name == "Ed25519" && x && x->size() == 32)
      out.reset(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, core::as_bytes(*x).data(),
                                            x->size()));
  }
  if (!out)
    return core::fail(errc::bad_key, "JWK that is incomplete, off its curve or of an unknown kind");
  return out;
}

std::optional<algorithm> natural_algorithm(EVP_PKEY* one) {
  switch (EVP_PKEY_get_base_id(one)) {
    case EVP_PKEY_RSA:
      return algorithm::rs256;
    case EVP_PKEY_ED25519:
      return algorithm::eddsa;
    case EVP_PKEY_EC:
      for (const curve& each : curves)
        if (check_curve(one, each)) return each.alg;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

core::result<void> check_fitness(EVP_PKEY* one, algorithm alg) {
  const int type = EVP_PKEY_get_base_id(one);
  if (!belongs_to(type, alg))
    return core::fail(errc::bad_key, "the key is not one for its algorithm");
  if (type == EVP_PKEY_RSA)
    if (auto strong = check_rsa(one); !strong) return strong;
  if (const curve* wanted = curve_of(alg))
    if (auto fits = check_curve(one, *wanted); !fits) return fits;
  const pkey_context context(EVP_PKEY_CTX_new_from_pkey(nullptr, one, nullptr));
  if (!context || EVP_PKEY_public_check(context.get()) != 1)
    return core::fail(errc::bad_key, "the public key is not a valid one");
  return {};
}

}  // namespace jose
