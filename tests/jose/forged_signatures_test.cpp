// Forged signatures: bent, cut, prolonged, moved, and numbers at the edge of what an algorithm
// allows. The cases follow C2SP/wycheproof's JSON Web Signature vectors (Apache-2.0), made anew
// with keys of this test.
#include <openssl/bn.h>
#include <openssl/ec.h>

#include <boost/test/unit_test.hpp>

#include "core/encoding.hpp"
#include "jose/error.hpp"
#include "jose/jwt.hpp"
#include "support/made_keys.hpp"

BOOST_AUTO_TEST_SUITE(forged_signatures)

using jose::algorithm;
using jose::errc;
using tests::encoded;
using tests::good_claims;
using tests::only;
using tests::signing_key;
using tests::token_of;
using tests::verifying_key;

namespace {

std::error_code code_of(std::string_view token, const jose::key_set& keys) {
  const auto got = jose::verify_jwt(token, keys, {}, tests::test_now());
  return got ? std::error_code() : got.error().code;
}

std::string with_signature(std::string_view header, std::string_view signature) {
  return encoded(header) + '.' + encoded(good_claims) + '.' + encoded(signature);
}

std::string bytes_of(const BIGNUM* number, int size) {
  std::string out(static_cast<std::size_t>(size), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), size);
  return out;
}

// 0, 1, n-1, n, n+1 of the curve as raw bytes.
std::vector<std::string> numbers_at_the_edge(int nid, int size) {
  EC_GROUP* group = EC_GROUP_new_by_curve_name(nid);
  BIGNUM* n = BN_dup(EC_GROUP_get0_order(group));
  std::vector<std::string> out = {std::string(static_cast<std::size_t>(size), '\0')};
  out.push_back(out[0]);
  out.back().back() = 1;
  BN_sub_word(n, 1);
  for (int i = 0; i < 3; ++i) {
    out.push_back(bytes_of(n, size));
    BN_add_word(n, 1);
  }
  BN_free(n);
  EC_GROUP_free(group);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(bent_cut_and_prolonged_signatures_of_every_kind) {
  for (const algorithm alg :
       {algorithm::hs256, algorithm::hs512, algorithm::rs256, algorithm::ps256, algorithm::es256,
        algorithm::es384, algorithm::es512, algorithm::eddsa}) {
    const std::string header = R"({"alg":")" + std::string(name_of(alg)) + "\"}";
    const auto keys = only(verifying_key(alg));
    const std::string input = encoded(header) + '.' + encoded(good_claims);
    std::string good;
    BOOST_REQUIRE(signing_key(alg).sign(input, good));
    BOOST_REQUIRE(!code_of(input + '.' + encoded(good), keys));
    std::string bent_first = good;
    bent_first[0] = static_cast<char>(bent_first[0] ^ 0x80);
    std::string bent_last = good;
    bent_last.back() = static_cast<char>(bent_last.back() ^ 1);
    const std::string zeros(good.size(), '\0');
    for (const std::string& bad :
         {std::string(), std::string(1, '\0'), std::string("x"), good.substr(0, 1), good.substr(1),
          good.substr(0, good.size() - 1), good + '\0', '\0' + good, good + good, zeros,
          std::string(good.size(), '\xff'), bent_first, bent_last, std::string(4000, 'A'),
          good.substr(0, good.size() / 2), std::string(good.rbegin(), good.rend())})
      BOOST_TEST((code_of(input + '.' + encoded(bad), keys) == errc::bad_signature),
                 name_of(alg) << ' ' << bad.size());
  }
}

BOOST_AUTO_TEST_CASE(a_signature_moved_to_other_claims_or_another_header) {
  for (const algorithm alg :
       {algorithm::hs256, algorithm::rs256, algorithm::ps256, algorithm::es256, algorithm::eddsa}) {
    const std::string header = R"({"alg":")" + std::string(name_of(alg)) + "\"}";
    const std::string token = token_of(header, good_claims, signing_key(alg));
    const std::string signature = token.substr(token.rfind('.'));
    const auto keys = only(verifying_key(alg));
    const std::string other = R"({"sub":"admin","exp":1795345200})";
    BOOST_TEST(
        (code_of(encoded(header) + '.' + encoded(other) + signature, keys) == errc::bad_signature));
    BOOST_TEST((code_of(encoded(header + ' ') + '.' + encoded(good_claims) + signature, keys) ==
                errc::bad_signature));
  }
}

BOOST_AUTO_TEST_CASE(ecdsa_numbers_at_the_edge) {
  const std::tuple<algorithm, int, int> kinds[] = {{algorithm::es256, NID_X9_62_prime256v1, 32},
                                                   {algorithm::es384, NID_secp384r1, 48},
                                                   {algorithm::es512, NID_secp521r1, 66}};
  for (const auto& [alg, nid, size] : kinds) {
    const std::string header = R"({"alg":")" + std::string(name_of(alg)) + "\"}";
    const auto keys = only(verifying_key(alg));
    for (const std::string& r : numbers_at_the_edge(nid, size))
      for (const std::string& s : numbers_at_the_edge(nid, size))
        BOOST_TEST((code_of(with_signature(header, r + s), keys) == errc::bad_signature));
  }
}

BOOST_AUTO_TEST_CASE(ecdsa_in_der_or_of_another_length) {
  const std::string header = R"({"alg":"ES256"})";
  const std::string input = encoded(header) + '.' + encoded(good_claims);
  std::string raw;
  BOOST_REQUIRE(signing_key(algorithm::es256).sign(input, raw));
  const auto keys = only(verifying_key(algorithm::es256));
  const auto integer = [](std::string half) {
    if (static_cast<unsigned char>(half[0]) >= 0x80) half.insert(0, 1, '\0');
    return std::string("\x02") + static_cast<char>(half.size()) + half;
  };
  const std::string both = integer(raw.substr(0, 32)) + integer(raw.substr(32));
  const std::string der = std::string("\x30") + static_cast<char>(both.size()) + both;
  for (const std::string& bad :
       {der, der.substr(0, 64), '\0' + raw.substr(0, 32) + '\0' + raw.substr(32),
        raw.substr(0, 32) + '\0' + raw.substr(32), std::string(600, 'A'),
        raw.substr(0, 31) + raw.substr(32), raw + std::string(64, '\0')})
    BOOST_TEST((code_of(input + '.' + encoded(bad), keys) == errc::bad_signature));
}

BOOST_AUTO_TEST_CASE(ed25519_with_s_beyond_the_groups_order) {
  // L as little-endian bytes (RFC 8032 section 5.1). S + L signs the same and must not be taken
  // (section 5.1.7).
  constexpr unsigned char order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                       0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                       0,    0,    0,    0,    0,    0,    0,    0,
                                       0,    0,    0,    0,    0,    0,    0,    0x10};
  const std::string input = encoded(R"({"alg":"EdDSA"})") + '.' + encoded(good_claims);
  std::string raw;
  BOOST_REQUIRE(signing_key(algorithm::eddsa).sign(input, raw));
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += static_cast<unsigned char>(raw[32 + i]) + order[i];
    raw[32 + i] = static_cast<char>(carry & 0xff);
    carry >>= 8;
  }
  BOOST_TEST((code_of(input + '.' + encoded(raw), only(verifying_key(algorithm::eddsa))) ==
              errc::bad_signature));
}

BOOST_AUTO_TEST_SUITE_END()
