// Keys: what is accepted as one, what each signs and verifies, and what is refused as weak or
// foreign.
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <boost/test/unit_test.hpp>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "jose/error.hpp"
#include "jose/keys.hpp"
#include "support/made_keys.hpp"

BOOST_AUTO_TEST_SUITE(keys)

using jose::algorithm;
using jose::errc;
using jose::key;

namespace {

// A certificate of the pair's own, in PEM. Its dates are long past: only the key is looked at.
std::string certificate_of(const std::string& private_pem) {
  BIO* in = BIO_new_mem_buf(private_pem.data(), static_cast<int>(private_pem.size()));
  EVP_PKEY* pair = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
  X509* made = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
  X509_time_adj_ex(X509_getm_notBefore(made), -20, 0, nullptr);
  X509_time_adj_ex(X509_getm_notAfter(made), -10, 0, nullptr);
  X509_set_pubkey(made, pair);
  BOOST_REQUIRE(X509_sign(made, pair, EVP_sha256()) > 0);
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(out, made);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(out);
  X509_free(made);
  EVP_PKEY_free(pair);
  BIO_free(in);
  return text;
}

constexpr algorithm all_algorithms[] = {
    algorithm::hs256, algorithm::hs384, algorithm::hs512, algorithm::rs256, algorithm::rs384,
    algorithm::rs512, algorithm::ps256, algorithm::ps384, algorithm::ps512, algorithm::es256,
    algorithm::es384, algorithm::es512, algorithm::eddsa};

std::string signed_by(const key& with, std::string_view input) {
  std::string out;
  BOOST_REQUIRE(with.sign(input, out));
  return out;
}

core::secret secret_bytes(std::size_t bytes) { return core::secret(tests::secret_of(bytes)); }

}  // namespace

BOOST_AUTO_TEST_CASE(names_of_algorithms_are_exact) {
  for (const algorithm alg : all_algorithms)
    BOOST_TEST((jose::algorithm_from(name_of(alg)) == alg));
  for (const char* foreign :
       {"", "none", "None", "NONE", "hs256", "HS256 ", "HS1", "ES256K", "EDDSA", "EdDSA\n", "Ed448",
        "RS1", "RSA1_5", "dir", "A256GCM", "PBES2-HS256+A128KW"})
    BOOST_TEST(!jose::algorithm_from(foreign), foreign);
}

BOOST_AUTO_TEST_CASE(every_algorithm_verifies_what_it_signed_and_nothing_else) {
  for (const algorithm alg : all_algorithms) {
    BOOST_TEST_CONTEXT(name_of(alg)) {
      const key signer = tests::signing_key(alg);
      const key checker = tests::verifying_key(alg);
      const std::string good = signed_by(signer, "input");
      BOOST_TEST(checker.verify("input", good));
      BOOST_TEST(signer.verify("input", good));
      BOOST_TEST(!checker.verify("inpuT", good));
      BOOST_TEST(!checker.verify("", good));
      BOOST_TEST(!checker.verify("input", ""));
      BOOST_TEST(!checker.verify("input", "x"));
      BOOST_TEST(!checker.verify("input", good.substr(1)));
      BOOST_TEST(!checker.verify("input", good.substr(0, good.size() - 1)));
      BOOST_TEST(!checker.verify("input", good + '\0'));
      BOOST_TEST(!checker.verify("input", '\0' + good));
      for (const std::size_t at : {std::size_t{0}, good.size() / 2, good.size() - 1}) {
        std::string bent = good;
        bent[at] = static_cast<char>(bent[at] ^ 1);
        BOOST_TEST(!checker.verify("input", bent));
      }
      BOOST_TEST(checker.verify("input", good));  // refusals leave nothing behind
    }
  }
}

BOOST_AUTO_TEST_CASE(a_copy_for_another_thread_does_the_same) {
  for (const algorithm alg : all_algorithms) {
    BOOST_TEST_CONTEXT(name_of(alg)) {
      const key signer = tests::signing_key(alg, "k1").for_this_thread();
      const key checker = tests::verifying_key(alg, "k1").for_this_thread();
      BOOST_TEST(checker.verify("input", signed_by(signer, "input")));
      BOOST_TEST(checker.kid() == "k1");
      BOOST_TEST(signer.jwt_header() == tests::signing_key(alg, "k1").jwt_header());
      BOOST_TEST(signer.can_sign());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_public_key_does_not_sign) {
  std::string out;
  const key checker = tests::verifying_key(algorithm::es256);
  BOOST_TEST(!checker.can_sign());
  BOOST_TEST((checker.sign("input", out).error().code == errc::bad_key));
  BOOST_TEST(out.empty());
}

BOOST_AUTO_TEST_CASE(shared_secrets_shorter_than_the_hash_are_weak) {
  const std::pair<algorithm, std::size_t> least[] = {
      {algorithm::hs256, 32}, {algorithm::hs384, 48}, {algorithm::hs512, 64}};
  for (const auto& [alg, bytes] : least) {
    BOOST_TEST((key::from_secret(secret_bytes(bytes - 1), alg).error().code == errc::weak_key));
    BOOST_TEST(key::from_secret(secret_bytes(bytes), alg).has_value());
    BOOST_TEST(key::from_secret(secret_bytes(300), alg).has_value());
  }
  BOOST_TEST((key::from_secret(core::secret(), algorithm::hs256).error().code == errc::weak_key));
  BOOST_TEST((key::from_secret(secret_bytes(64), algorithm::rs256).error().code == errc::bad_key));
}

BOOST_AUTO_TEST_CASE(pem_comes_in_the_usual_forms) {
  for (const std::string_view kind : {"rsa", "P-256", "P-384", "P-521", "ed25519"}) {
    BOOST_TEST_CONTEXT(kind) {
      const auto& texts = tests::pair_of(kind);
      BOOST_TEST(key::from_pem(texts.private_pem)->can_sign());
      BOOST_TEST(!key::from_pem(texts.public_pem)->can_sign());
      BOOST_TEST(key::from_pem("a line of comment\n" + texts.public_pem).has_value());
      if (!texts.legacy_pem.empty()) BOOST_TEST(key::from_pem(texts.legacy_pem)->can_sign());
    }
  }
  BOOST_TEST((key::from_pem(tests::pair_of("rsa").public_pem)->algorithm() == algorithm::rs256));
  BOOST_TEST((key::from_pem(tests::pair_of("P-384").public_pem)->algorithm() == algorithm::es384));
  BOOST_TEST(
      (key::from_pem(tests::pair_of("ed25519").public_pem)->algorithm() == algorithm::eddsa));
}

BOOST_AUTO_TEST_CASE(a_certificate_gives_its_key) {
  for (const std::string_view kind : {"rsa", "P-256"}) {
    const auto& texts = tests::pair_of(kind);
    const auto from_certificate = key::from_pem(certificate_of(texts.private_pem));
    BOOST_REQUIRE(from_certificate);
    BOOST_TEST(!from_certificate->can_sign());
    BOOST_TEST(*from_certificate->public_jwk() == *key::from_pem(texts.public_pem)->public_jwk());
  }
}

BOOST_AUTO_TEST_CASE(a_private_key_that_does_not_belong_to_its_public_key_is_refused) {
  // SEC1 keeps the public point beside the private number: put another pair's point there.
  const auto body = [](const std::string& pem) {
    std::string out;
    for (const char c :
         pem.substr(pem.find("-----\n") + 6, pem.rfind("-----END") - pem.find("-----\n") - 6))
      if (c != '\n') out += c;
    return core::from_base64(out).value();
  };
  std::string mixed = body(tests::pair_of("P-256").legacy_pem);
  const std::string other = body(tests::other_pair_of("P-256").legacy_pem);
  BOOST_REQUIRE(mixed.size() == other.size());
  mixed.replace(mixed.size() - 64, 64, other.substr(other.size() - 64));
  const std::string pem =
      "-----BEGIN EC PRIVATE KEY-----\n" +
      core::to_base64(core::as_bytes(mixed)).insert(64, "\n").insert(129, "\n") +
      "\n-----END EC PRIVATE KEY-----\n";
  const auto refused = key::from_pem(pem);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().detail == "the private key does not belong to its public key");
}

BOOST_AUTO_TEST_CASE(pem_that_is_no_key_of_ours_is_refused) {
  std::string encrypted = tests::pair_of("rsa").private_pem;
  encrypted.replace(encrypted.find("PRIVATE"), 7, "ENCRYPTED PRIVATE");
  std::string cut = tests::pair_of("rsa").public_pem;
  cut.erase(100, 8);
  for (const std::string& text :
       {std::string(), std::string("no key"), encrypted, cut, std::string(70'000, 'x'),
        std::string("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"),
        std::string("-----BEGIN DH PARAMETERS-----\nMAYCAQcCAQI=\n-----END DH PARAMETERS-----\n")})
    BOOST_TEST((key::from_pem(text).error().code == errc::bad_key));
}

BOOST_AUTO_TEST_CASE(a_key_is_bound_to_algorithms_of_its_kind) {
  for (const algorithm alg : all_algorithms)
    for (const std::string_view kind : {"rsa", "P-256", "P-384", "P-521", "secp256k1", "ed25519"}) {
      const bool fits = !jose::is_symmetric(alg) && tests::kind_of(alg) == kind;
      BOOST_TEST(key::from_pem(tests::pair_of(kind).public_pem, alg).has_value() == fits,
                 name_of(alg) << " " << kind);
    }
  BOOST_TEST(!key::from_pem(tests::pair_of("secp256k1").public_pem));
}

BOOST_AUTO_TEST_CASE(rsa_under_2048_bits_is_weak) {
  for (const std::string* pem :
       {&tests::pair_of("rsa1024").public_pem, &tests::pair_of("rsa1024").private_pem})
    BOOST_TEST((key::from_pem(*pem, algorithm::rs256).error().code == errc::weak_key));
}

BOOST_AUTO_TEST_CASE(the_public_part_goes_out_and_comes_back_as_a_jwk) {
  for (const algorithm alg : all_algorithms) {
    if (jose::is_symmetric(alg)) {
      BOOST_TEST(!tests::signing_key(alg).public_jwk());
      continue;
    }
    BOOST_TEST_CONTEXT(name_of(alg)) {
      const key signer = tests::signing_key(alg, "k\"1");
      const auto text = signer.public_jwk();
      BOOST_REQUIRE(text);
      for (const char* hidden : {"\"d\"", "\"p\"", "\"q\"", "\"dp\"", "\"qi\""})
        BOOST_TEST(text->find(hidden) == std::string::npos);
      const auto set = jose::key_set::from_jwks("{\"keys\":[" + *text + "]}", false);
      BOOST_REQUIRE(set);
      const key& back = set->keys().front();
      BOOST_TEST(back.kid() == "k\"1");
      BOOST_TEST((back.algorithm() == alg));
      BOOST_TEST(!back.can_sign());
      BOOST_TEST(back.verify("input", signed_by(signer, "input")));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
