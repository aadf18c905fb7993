#include "jose/key_material.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "core/encoding.hpp"

namespace jose {
namespace {

using ecdsa_signature = owned<ECDSA_SIG, ECDSA_SIG_free>;

bool is_pss(algorithm alg) {
  return alg == algorithm::ps256 || alg == algorithm::ps384 || alg == algorithm::ps512;
}
bool is_rsa(algorithm alg) { return alg >= algorithm::rs256 && alg <= algorithm::ps512; }

const char* digest_name(std::size_t hash_bytes) {
  return hash_bytes == 32 ? "SHA256" : hash_bytes == 48 ? "SHA384" : "SHA512";
}

}  // namespace

std::size_t hash_bytes_of(algorithm alg) {
  switch (alg) {
    case algorithm::hs256:
    case algorithm::rs256:
    case algorithm::ps256:
    case algorithm::es256:
      return 32;
    case algorithm::hs384:
    case algorithm::rs384:
    case algorithm::ps384:
    case algorithm::es384:
      return 48;
    case algorithm::hs512:
    case algorithm::rs512:
    case algorithm::ps512:
    case algorithm::es512:
      return 64;
    case algorithm::eddsa:
      return 0;  // hashes by itself
  }
  return 0;
}

// Fills what is derived from `pair`.
bool key::material::prepare() {
  hashing.reset(EVP_MD_CTX_new());
  if (!hashing) return false;
  if (alg == algorithm::eddsa) {
    signature_bytes = 64;
    return true;
  }
  hash.reset(EVP_MD_fetch(nullptr, digest_name(hash_bytes_of(alg)), nullptr));
  if (!hash) return false;
  if (const curve* on = curve_of(alg)) {
    signature_bytes = 2 * on->coordinate_bytes;
    BIGNUM* n = nullptr;
    if (EVP_PKEY_get_bn_param(pair.get(), OSSL_PKEY_PARAM_EC_ORDER, &n) != 1) return false;
    order.reset(n);
  } else {
    signature_bytes = static_cast<std::size_t>(EVP_PKEY_get_size(pair.get()));
  }
  const auto ready = [this](pkey_context& context, int (*begin)(EVP_PKEY_CTX*)) {
    context.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, pair.get(), nullptr));
    if (!context || begin(context.get()) != 1) return false;
    if (is_rsa(alg)) {
      const int padding = is_pss(alg) ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
      if (EVP_PKEY_CTX_set_rsa_padding(context.get(), padding) != 1) return false;
    }
    if (EVP_PKEY_CTX_set_signature_md(context.get(), hash.get()) != 1) return false;
    // RFC 7518 section 3.5: the salt is exactly as long as the hash.
    return !is_pss(alg) ||
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), RSA_PSS_SALTLEN_DIGEST) == 1;
  };
  if (!ready(verifying, &EVP_PKEY_verify_init)) return false;
  return !is_private || ready(signing, &EVP_PKEY_sign_init);
}

bool key::material::digest_of(std::string_view input, std::array<unsigned char, 64>& out) {
  return EVP_DigestInit_ex(hashing.get(), hash.get(), nullptr) == 1 &&
         EVP_DigestUpdate(hashing.get(), input.data(), input.size()) == 1 &&
         EVP_DigestFinal_ex(hashing.get(), out.data(), nullptr) == 1;
}

bool key::material::verify_ecdsa(const unsigned char* hashed, std::string_view signature) {
  const std::size_t half = signature_bytes / 2;
  const auto data = core::as_bytes(signature);
  bignum r(BN_bin2bn(data.data(), static_cast<int>(half), nullptr));
  bignum s(BN_bin2bn(data.data() + half, static_cast<int>(half), nullptr));
  ecdsa_signature pair_of(ECDSA_SIG_new());
  if (!r || !s || !pair_of) return false;
  // Zero and the group's order are where verifiers have been fooled (CVE-2022-21449); OpenSSL looks
  // too.
  if (BN_is_zero(r.get()) || BN_is_zero(s.get()) || BN_cmp(r.get(), order.get()) >= 0 ||
      BN_cmp(s.get(), order.get()) >= 0)
    return false;
  ECDSA_SIG_set0(pair_of.get(), r.release(), s.release());
  std::array<unsigned char, 160> der;  // P-521: 2 * 68 bytes of numbers and 3 of frame
  unsigned char* end = der.data();
  const int size = i2d_ECDSA_SIG(pair_of.get(), nullptr);
  if (size <= 0 || static_cast<std::size_t>(size) > der.size() ||
      i2d_ECDSA_SIG(pair_of.get(), &end) != size)
    return false;
  return EVP_PKEY_verify(verifying.get(), der.data(), static_cast<std::size_t>(size), hashed,
                         hash_bytes_of(alg)) == 1;
}

bool key::material::verify(std::string_view input, std::string_view signature) {
  if (shared) return core::same_in_constant_time(shared->of(input).view(), signature);
  // Before anything is converted or computed: the length is exact for every algorithm.
  if (signature.size() != signature_bytes) return false;
  const auto data = core::as_bytes(signature);
  if (alg == algorithm::eddsa) {
    EVP_MD_CTX_reset(hashing.get());
    return EVP_DigestVerifyInit(hashing.get(), nullptr, nullptr, nullptr, pair.get()) == 1 &&
           EVP_DigestVerify(hashing.get(), data.data(), data.size(), core::as_bytes(input).data(),
                            input.size()) == 1;
  }
  std::array<unsigned char, 64> hashed;
  if (!digest_of(input, hashed)) return false;
  if (order) return verify_ecdsa(hashed.data(), signature);
  return EVP_PKEY_verify(verifying.get(), data.data(), data.size(), hashed.data(),
                         hash_bytes_of(alg)) == 1;
}

bool key::material::sign_ecdsa(const unsigned char* hashed, std::string& out) {
  std::array<unsigned char, 160> der;
  std::size_t size = der.size();
  if (EVP_PKEY_sign(signing.get(), der.data(), &size, hashed, hash_bytes_of(alg)) != 1)
    return false;
  const unsigned char* at = der.data();
  const ecdsa_signature made(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  if (!made) return false;
  const int half = static_cast<int>(signature_bytes / 2);
  std::array<unsigned char, 132> raw;
  if (BN_bn2binpad(ECDSA_SIG_get0_r(made.get()), raw.data(), half) != half ||
      BN_bn2binpad(ECDSA_SIG_get0_s(made.get()), raw.data() + half, half) != half)
    return false;
  out += core::as_text({raw.data(), signature_bytes});
  return true;
}

bool key::material::sign_rsa(const unsigned char* hashed, std::string& out) {
  std::array<unsigned char, 1024> raw;  // 8192 bits
  std::size_t size = raw.size();
  if (EVP_PKEY_sign(signing.get(), raw.data(), &size, hashed, hash_bytes_of(alg)) != 1)
    return false;
  out += core::as_text({raw.data(), size});
  return true;
}

bool key::material::sign_eddsa(std::string_view input, std::string& out) {
  std::array<unsigned char, 64> raw;
  std::size_t size = raw.size();
  EVP_MD_CTX_reset(hashing.get());
  if (EVP_DigestSignInit(hashing.get(), nullptr, nullptr, nullptr, pair.get()) != 1 ||
      EVP_DigestSign(hashing.get(), raw.data(), &size, core::as_bytes(input).data(),
                     input.size()) != 1)
    return false;
  out += core::as_text({raw.data(), size});
  return true;
}

}  // namespace jose
