// Key sets: what is used, what is skipped, what spoils the set.
#include <boost/test/unit_test.hpp>

#include "core/encoding.hpp"
#include "jose/error.hpp"
#include "jose/keys.hpp"
#include "support/made_keys.hpp"

BOOST_AUTO_TEST_SUITE(jwks)

using jose::algorithm;
using jose::errc;
using jose::key_set;

namespace {

std::string set_text(const std::string& keys) { return "{\"keys\":[" + keys + "]}"; }

// The JWK of a fresh public key with members put in front.
std::string jwk_of(algorithm alg, const std::string& members = {}) {
  std::string out = *tests::verifying_key(alg).public_jwk();
  const auto tail = out.find(",\"alg\"");
  return "{" + members + out.substr(1, tail - 1) + "}";
}

std::string oct(std::size_t bytes, const std::string& members = {}) {
  return R"({"kty":"oct",)" + members + R"("k":")" + tests::encoded(tests::secret_of(bytes)) +
         "\"}";
}

std::size_t usable(const std::string& keys, bool allow_symmetric = true) {
  const auto set = key_set::from_jwks(set_text(keys), allow_symmetric);
  if (!set) BOOST_TEST((set.error().code == errc::bad_key));
  return set ? set->keys().size() : 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_text_that_is_no_set_is_refused) {
  for (const std::string& text :
       {std::string(), std::string("x"), std::string("[]"), std::string("{}"),
        std::string(R"({"keys":{}})"), std::string(R"({"keys":null})"),
        std::string(R"({"keys":[]})"), std::string(R"({"keys":[7,"x",null]})"),
        std::string(R"({"keys":[],"keys":[]})"), jwk_of(algorithm::es256),
        std::string(300'000, ' ')})
    BOOST_TEST((key_set::from_jwks(text, true).error().code == errc::bad_key), text.substr(0, 40));
  std::string many = jwk_of(algorithm::eddsa);
  for (int i = 0; i < 64; ++i) many += ',' + jwk_of(algorithm::eddsa);
  BOOST_TEST(usable(many) == 0);
}

BOOST_AUTO_TEST_CASE(a_key_without_alg_gets_its_natural_one) {
  const std::pair<algorithm, algorithm> natural[] = {{algorithm::ps512, algorithm::rs256},
                                                     {algorithm::es256, algorithm::es256},
                                                     {algorithm::es384, algorithm::es384},
                                                     {algorithm::es512, algorithm::es512},
                                                     {algorithm::eddsa, algorithm::eddsa}};
  for (const auto& [made_for, expected] : natural) {
    const auto set = key_set::from_jwks(set_text(jwk_of(made_for)), false);
    BOOST_REQUIRE(set);
    BOOST_TEST((set->keys().front().algorithm() == expected));
    BOOST_TEST(set->keys().front().kid() == "");
  }
  const auto shared = key_set::from_jwks(set_text(oct(32)), true);
  BOOST_REQUIRE(shared);
  BOOST_TEST((shared->keys().front().algorithm() == algorithm::hs256));
}

BOOST_AUTO_TEST_CASE(odd_keys_are_skipped_and_the_good_one_stays) {
  const std::string good =
      jwk_of(algorithm::es256, R"("kid":"good","alg":"ES256","use":"sig","key_ops":["verify"],)");
  for (const std::string& odd :
       {jwk_of(algorithm::rs256, R"("use":"enc",)"),
        jwk_of(algorithm::rs256, R"("use":7,)"),
        jwk_of(algorithm::rs256, R"("use":"SIG",)"),
        jwk_of(algorithm::rs256, R"("key_ops":["encrypt","wrapKey"],)"),
        jwk_of(algorithm::rs256, R"("key_ops":["sign, verify"],)"),
        jwk_of(algorithm::rs256, R"("key_ops":"verify",)"),
        jwk_of(algorithm::rs256, R"("key_ops":[],)"),
        jwk_of(algorithm::rs256, R"("alg":"RSA-OAEP",)"),
        jwk_of(algorithm::rs256, R"("alg":"none",)"),
        jwk_of(algorithm::rs256, R"("alg":"ES256",)"),
        jwk_of(algorithm::rs256, R"("alg":"HS256",)"),
        jwk_of(algorithm::rs256, R"("alg":null,)"),
        jwk_of(algorithm::es256, R"("alg":"ES384",)"),
        jwk_of(algorithm::es512, R"("alg":"ES521",)"),
        jwk_of(algorithm::es256, R"("alg":"RS256",)"),
        jwk_of(algorithm::eddsa, R"("alg":"ES256",)"),
        jwk_of(algorithm::rs256, R"("kid":7,)"),
        jwk_of(algorithm::rs256, R"("kid":null,)"),
        jwk_of(algorithm::rs256, R"("kid":")" + std::string(257, 'k') + "\","),
        std::string("{}"),
        std::string("7"),
        std::string(R"({"kty":"rsa"})"),
        std::string(R"({"kty":"RSA"})"),
        std::string(R"({"kty":"RSA","n":"AQAB"})"),
        std::string(R"({"kty":"RSA","n":"","e":""})"),
        std::string(R"({"kty":"RSA","n":"AQAB","e":"AQAB"})"),
        std::string(R"({"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"})"),
        std::string(R"({"kty":"EC","crv":"secp256k1","x":"AAAA","y":"AAAA"})"),
        std::string(
            R"({"kty":"OKP","crv":"X25519","x":"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"})"),
        std::string(R"({"kty":"OKP","crv":"Ed25519","x":"AAAA"})"),
        std::string(R"({"kty":"AKP","alg":"ML-DSA-44"})"),
        oct(31),
        oct(47, R"("alg":"HS384",)"),
        oct(64, R"("alg":"RS256",)"),
        oct(64, R"("alg":"A256KW",)"),
        oct(32, R"("use":"enc",)"),
        std::string(R"({"kty":"oct"})"),
        std::string(R"({"kty":"oct","k":7})"),
        std::string(R"({"kty":"oct","k":"not base64"})")}) {
    const auto set = key_set::from_jwks(set_text(odd + ',' + good), true);
    BOOST_REQUIRE_MESSAGE(set, odd);
    BOOST_TEST(set->keys().size() == 1u, odd);
    BOOST_TEST(set->keys().front().kid() == "good");
    BOOST_TEST(usable(odd) == 0u, odd);
  }
}

BOOST_AUTO_TEST_CASE(points_off_the_curve_and_short_coordinates_are_no_keys) {
  std::string off = jwk_of(algorithm::es256);
  const auto y = off.find("\"y\":\"") + 5;
  off[y] = off[y] == 'A' ? 'B' : 'A';
  BOOST_TEST(usable(off) == 0u);
  std::string moved = jwk_of(algorithm::es256);
  moved.replace(moved.find("P-256"), 5, "P-384");
  BOOST_TEST(usable(moved) == 0u);
  BOOST_TEST(
      usable(R"({"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",)"
             R"("y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})") == 0u);
}

BOOST_AUTO_TEST_CASE(rsa_exponents_that_give_signatures_away_are_refused) {
  const std::string good = jwk_of(algorithm::rs256);
  const auto with_exponent = [&](std::string_view raw) {
    std::string out = good;
    const auto at = out.find("\"e\":\"") + 5;
    return out.replace(at, out.find('"', at) - at, tests::encoded(raw));
  };
  BOOST_TEST(usable(with_exponent(std::string_view("\x01\0\x01", 3))) == 1u);
  BOOST_TEST(usable(with_exponent("\x03")) == 1u);
  BOOST_TEST(usable(with_exponent("\x01")) == 0u);
  BOOST_TEST(usable(with_exponent("\x02")) == 0u);
  BOOST_TEST(usable(with_exponent(std::string_view("\0", 1))) == 0u);
  BOOST_TEST(usable(with_exponent(std::string_view("\x01\0\x01\0", 4))) == 0u);
  BOOST_TEST(usable(with_exponent(std::string(9, '\x01'))) == 0u);
  BOOST_TEST(usable(with_exponent(std::string(256, '\x7f'))) == 0u);
  // An even modulus, and one far too long.
  std::string even = good;
  const auto n = even.find("\"n\":\"") + 5;
  const auto end = even.find('"', n);
  std::string modulus = core::from_base64url(even.substr(n, end - n)).value();
  modulus.back() = static_cast<char>(modulus.back() & ~1);
  BOOST_TEST(usable(std::string(even).replace(n, end - n, tests::encoded(modulus))) == 0u);
  BOOST_TEST(usable(std::string(even).replace(n, end - n,
                                              tests::encoded(std::string(1100, '\x7f')))) == 0u);
}

BOOST_AUTO_TEST_CASE(shared_secrets_in_a_published_set_are_never_used) {
  const std::string good = jwk_of(algorithm::es256, R"("kid":"good",)");
  BOOST_TEST(usable(oct(64), true) == 1u);
  BOOST_TEST(usable(oct(64), false) == 0u);
  const auto set =
      key_set::from_jwks(set_text(oct(64, R"("kid":"good","alg":"HS256",)") + ',' + good), false);
  BOOST_REQUIRE(set);
  BOOST_TEST(set->keys().size() == 1u);
  BOOST_TEST((set->keys().front().algorithm() == algorithm::es256));
}

BOOST_AUTO_TEST_CASE(one_kid_and_alg_means_one_key) {
  const std::string a = jwk_of(algorithm::es256, R"("kid":"k",)");
  BOOST_TEST(usable(a + ',' + a) == 1u);  // the same twice says nothing new
  const auto other =
      jose::key::from_pem(tests::other_pair_of("P-256").public_pem, algorithm::es256, "k");
  const auto refused = key_set::from_jwks(set_text(a + ',' + *other->public_jwk()), false);
  BOOST_TEST((refused.error().code == errc::bad_key));
  BOOST_TEST(usable(oct(32, R"("kid":"k",)") + ',' + oct(40, R"("kid":"k",)")) == 0u);
  BOOST_TEST(usable(oct(32, R"("kid":"k",)") + ',' + oct(32, R"("kid":"k",)")) == 1u);
  // One kid for two algorithms is two keys, and so are two without kid.
  BOOST_TEST(usable(a + ',' + jwk_of(algorithm::eddsa, R"("kid":"k",)")) == 2u);
  BOOST_TEST(usable(jwk_of(algorithm::es256) + ',' + jwk_of(algorithm::es256)) == 2u);
}

BOOST_AUTO_TEST_CASE(private_members_are_not_read) {
  const auto set = key_set::from_jwks(set_text(jwk_of(algorithm::es256, R"("d":"AAAA",)")), true);
  BOOST_REQUIRE(set);
  BOOST_TEST(!set->keys().front().can_sign());
}

BOOST_AUTO_TEST_SUITE_END()
