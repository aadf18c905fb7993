// RSA signatures whose padding is not exactly what PKCS#1 v1.5 or PSS prescribe, made with the
// private key itself. The cases follow C2SP/wycheproof's groups ModifiedPadding and
// ModifiedSignature (Apache-2.0).
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include <boost/test/unit_test.hpp>

#include "core/encoding.hpp"
#include "jose/keys.hpp"
#include "support/made_keys.hpp"

BOOST_AUTO_TEST_SUITE(rsa_padding)

using jose::algorithm;

namespace {

constexpr std::string_view input = "header.claims";

struct raw_rsa {
  EVP_PKEY* pair = nullptr;

  raw_rsa() {
    const std::string& pem = tests::pair_of("rsa").private_pem;
    BIO* text = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    pair = PEM_read_bio_PrivateKey(text, nullptr, nullptr, nullptr);
    BIO_free(text);
  }
  ~raw_rsa() { EVP_PKEY_free(pair); }

  // The private operation on 256 bytes as they are.
  std::string apply(std::string_view block) const {
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(pair, nullptr);
    std::string out(256, '\0');
    std::size_t size = out.size();
    EVP_PKEY_sign_init(context);
    EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING);
    BOOST_REQUIRE(EVP_PKEY_sign(context, reinterpret_cast<unsigned char*>(out.data()), &size,
                                core::as_bytes(block).data(), block.size()) == 1);
    EVP_PKEY_CTX_free(context);
    return out;
  }

  std::string pss(int salt_bytes, const EVP_MD* hash, const EVP_MD* mask_hash) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* inner = nullptr;
    std::string out(256, '\0');
    std::size_t size = out.size();
    EVP_DigestSignInit(context, &inner, hash, nullptr, pair);
    EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, salt_bytes);
    EVP_PKEY_CTX_set_rsa_mgf1_md(inner, mask_hash);
    BOOST_REQUIRE(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size,
                                 core::as_bytes(input).data(), input.size()) == 1);
    EVP_MD_CTX_free(context);
    return out;
  }

  std::string modulus() const {
    BIGNUM* n = nullptr;
    EVP_PKEY_get_bn_param(pair, OSSL_PKEY_PARAM_RSA_N, &n);
    std::string out(256, '\0');
    BN_bn2bin(n, reinterpret_cast<unsigned char*>(out.data()));
    BN_free(n);
    return out;
  }
};

std::string hashed() {
  std::string out(32, '\0');
  SHA256(core::as_bytes(input).data(), input.size(), reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

std::string hex(std::string_view digits) { return core::from_hex(digits).value(); }

// 00 01 FF … FF 00 and what follows, filled to 256 bytes.
std::string padded(const std::string& info) {
  return std::string("\0\x01", 2) + std::string(253 - info.size(), '\xff') + '\0' + info;
}

}  // namespace

BOOST_AUTO_TEST_CASE(only_the_one_encoding_of_the_hash_is_taken) {
  const raw_rsa rsa;
  const jose::key checker = tests::verifying_key(algorithm::rs256);
  const std::string h = hashed();
  const std::string oid = "0609608648016503040201";  // SHA-256
  BOOST_REQUIRE(checker.verify(input, rsa.apply(padded(hex("3031300d" + oid + "05000420") + h))));
  for (const std::string& info : {
           hex("302f300b" + oid + "0420") + h,  // no NULL
           hex("3031300d0609608648016503040202"
               "05000420") +
               h,  // SHA-384's name
           hex("3031300d0609608648016503040203"
               "05000420") +
               h,                                      // SHA-512's name
           hex("3021300906052b0e03021a05000420") + h,  // SHA-1's name
           hex("308131300d" + oid + "05000420") + h,   // long form of a length
           hex("30820031300d" + oid + "05000420") + h,
           hex("303230810d" + oid + "05000420") + h,
           hex("3032300d" + oid + "0500048120") + h,
           hex("3032300e" + oid + "0581000420") + h,
           hex("3032300e060a60864801650304020100"
               "05000420") +
               h,
           hex("3080300d" + oid + "05000420") + h + hex("0000"),  // indefinite length
           hex("3031300d" + oid + "05000420") + h + hex("00"),    // bytes behind
           hex("3033300d" + oid + "05000420") + h + hex("0500"),
           hex("3031300d" + oid + "05000420") + h + std::string(32, 'x'),
           hex("3033300f" + oid + "050005000420") + h,  // NULL twice
           hex("3032300e" + oid + "0501000420") + h,    // NULL with content
           hex("3031300d" + oid + "05000520") + h,      // another tag
           hex("3131300d" + oid + "05000420") + h,
           hex("3031310d" + oid + "05000420") + h,
           hex("3031300d" + oid + "05002420") + h,            // composed octet string
           hex("3030300d" + oid + "0500041f") + h.substr(1),  // hash cut
           hex("3032300d" + oid + "05000421") + h + 'x',
           hex("0420") + h,  // octet string alone
           h,                // hash alone
           hex("3031300d" + oid + "05000420") + std::string(32, '\0'),
           hex("3051300d" + oid + "05000440") + h + h,
           std::string(),
       })
    BOOST_TEST(!checker.verify(input, rsa.apply(padded(info))), core::to_hex(core::as_bytes(info)));
}

BOOST_AUTO_TEST_CASE(only_the_one_padding_before_it_is_taken) {
  const raw_rsa rsa;
  const jose::key checker = tests::verifying_key(algorithm::rs256);
  const std::string info = hex("3031300d06096086480165030402010500"
                               "0420") +
                           hashed();
  const std::string good = padded(info);
  BOOST_REQUIRE(checker.verify(input, rsa.apply(good)));
  const auto with = [&](std::size_t at, char byte) {
    std::string out = good;
    out[at] = byte;
    return out;
  };
  const std::string head("\0\x01", 2);
  for (const std::string& block : {
           with(1, 2),
           with(1, 0),
           with(2, '\xfe'),
           with(100, '\0'),
           with(203, '\0'),
           with(204, '\xff'),
           // Bleichenbacher's short padding with the rest behind the hash (CVE-2006-4339).
           head + std::string(8, '\xff') + '\0' + info + std::string(256 - 11 - info.size(), '\0'),
           head + std::string(8, '\xff') + '\0' + info + std::string(256 - 11 - info.size(), 'x'),
           head + std::string(255 - 2 - info.size(), '\0') + '\0' + info,
           std::string(256 - info.size(), '\0') + info,
       })
    BOOST_TEST(!checker.verify(input, rsa.apply(block)));
}

BOOST_AUTO_TEST_CASE(the_salt_of_pss_is_as_long_as_its_hash) {
  const raw_rsa rsa;
  const jose::key checker = tests::verifying_key(algorithm::ps256);
  BOOST_REQUIRE(checker.verify(input, rsa.pss(32, EVP_sha256(), EVP_sha256())));
  for (const int salt_bytes : {0, 1, 20, 31, 33, 48, 64, 222})
    BOOST_TEST(!checker.verify(input, rsa.pss(salt_bytes, EVP_sha256(), EVP_sha256())), salt_bytes);
  BOOST_TEST(!checker.verify(input, rsa.pss(32, EVP_sha256(), EVP_sha1())));
  BOOST_TEST(!checker.verify(input, rsa.pss(32, EVP_sha256(), EVP_sha512())));
  BOOST_TEST(!checker.verify(input, rsa.pss(32, EVP_sha512(), EVP_sha512())));
  BOOST_TEST(!tests::verifying_key(algorithm::ps512)
                  .verify(input, rsa.pss(32, EVP_sha512(), EVP_sha512())));
}

BOOST_AUTO_TEST_CASE(numbers_at_the_edge_are_no_signatures) {
  const raw_rsa rsa;
  const std::string n = rsa.modulus();
  std::string below = n;
  below.back() = static_cast<char>(below.back() - 1);  // n is odd
  std::string one(256, '\0');
  one.back() = 1;
  for (const algorithm alg : {algorithm::rs256, algorithm::ps256}) {
    const jose::key checker = tests::verifying_key(alg);
    std::string good;
    BOOST_REQUIRE(tests::signing_key(alg).sign(input, good));
    BOOST_REQUIRE(checker.verify(input, good));
    // The same number with n added: valid arithmetic, and a second spelling.
    std::string more = std::string(1, '\0') + good;
    unsigned carry = 0;
    for (std::size_t i = 256; i > 0; --i) {
      carry += static_cast<unsigned char>(more[i]) + static_cast<unsigned char>(n[i - 1]);
      more[i] = static_cast<char>(carry & 0xff);
      carry >>= 8;
    }
    more[0] = static_cast<char>(carry);
    const std::string same_size = more[0] == 0 ? more.substr(1) : more;
    for (const std::string& bad :
         {std::string(256, '\0'), one, below, n, more, same_size, std::string(256, '\xff'),
          std::string(2, '\0') + good, good + std::string(2, '\0'), good.substr(0, 254)})
      BOOST_TEST(!checker.verify(input, bad));
  }
}

BOOST_AUTO_TEST_SUITE_END()
