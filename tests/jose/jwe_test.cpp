// Encrypted sessions: what we seal we open, what was touched nobody opens, and what is none of the
// two kinds that are known is refused before a key is looked at.
#include "jose/jwe.hpp"

#include <boost/test/unit_test.hpp>

#include "core/encoding.hpp"
#include "jose/error.hpp"
#include "support/made_keys.hpp"

BOOST_AUTO_TEST_SUITE(jwe)

using jose::encryption;
using jose::errc;

namespace {

const core::secret main_secret("a-secret-of-the-website-for-its-sessions");

jose::direct_keys keys(encryption enc, std::string_view salt = "authjs.session-token") {
  return {enc, {jose::hkdf_sha256(main_secret, salt, "words", jose::key_bytes_of(enc))}};
}

std::string nonce(encryption enc) { return std::string(enc == encryption::a256gcm ? 12 : 16, 'n'); }

std::string sealed(encryption enc, std::string_view plain = R"({"sub":"u1"})") {
  return jose::encrypt_direct(plain, enc, keys(enc).keys.front(), nonce(enc)).value();
}

std::error_code refusal(std::string_view token, const jose::direct_keys& with) {
  const auto got = jose::decrypt_direct(token, with);
  return got ? std::error_code() : got.error().code;
}

std::string with_header(std::string token, std::string_view json) {
  return tests::encoded(json) + token.substr(token.find('.'));
}

constexpr encryption both[] = {encryption::a256gcm, encryption::a256cbc_hs512};

}  // namespace

// RFC 5869, test case 1.
BOOST_AUTO_TEST_CASE(hkdf_gives_what_its_rfc_says) {
  const core::secret input(std::string(22, '\x0b'));
  const auto salt = core::from_hex("000102030405060708090a0b0c").value();
  const auto info = core::from_hex("f0f1f2f3f4f5f6f7f8f9").value();
  const auto made = jose::hkdf_sha256(input, salt, info, 42);
  BOOST_TEST(
      core::to_hex(core::as_bytes(made.reveal())) ==
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  // And test case 3, without salt and info.
  const auto bare = jose::hkdf_sha256(input, "", "", 42);
  BOOST_TEST(
      core::to_hex(core::as_bytes(bare.reveal())) ==
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

BOOST_AUTO_TEST_CASE(what_is_sealed_is_opened) {
  for (const encryption enc : both)
    for (const std::string& plain : {std::string(R"({"sub":"u1"})"), std::string(5000, 'x')}) {
      const auto got = jose::decrypt_direct(sealed(enc, plain), keys(enc));
      BOOST_REQUIRE(got.has_value());
      BOOST_TEST(got->reveal() == plain);
    }
}

BOOST_AUTO_TEST_CASE(no_byte_may_be_touched) {
  for (const encryption enc : both) {
    const std::string good = sealed(enc);
    for (std::size_t i = 0; i < good.size(); ++i) {
      std::string bent = good;
      bent[i] = bent[i] == 'A' ? 'B' : 'A';
      BOOST_TEST(!jose::decrypt_direct(bent, keys(enc)), i);
      BOOST_TEST(!jose::decrypt_direct(good.substr(0, i), keys(enc)), i);
    }
    for (const char* more : {"A", "AAAA", ".", "=", " "})
      BOOST_TEST(!jose::decrypt_direct(good + more, keys(enc)));
  }
}

BOOST_AUTO_TEST_CASE(the_right_key_is_found_among_several_and_no_other_opens_it) {
  for (const encryption enc : both) {
    auto several = keys(enc, "another");
    BOOST_TEST((refusal(sealed(enc), several) == errc::bad_signature));
    several.keys.push_back(keys(enc).keys.front());
    BOOST_TEST(!refusal(sealed(enc), several));
    BOOST_TEST((refusal(sealed(enc), {enc, {}}) == errc::bad_signature));
  }
  // The two encryptions do not meet.
  BOOST_TEST(
      (refusal(sealed(encryption::a256gcm), keys(encryption::a256cbc_hs512)) == errc::unsupported));
}

BOOST_AUTO_TEST_CASE(other_headers_are_refused) {
  const auto enc = encryption::a256cbc_hs512;
  for (const char* header :
       {R"({"alg":"none","enc":"A256CBC-HS512"})", R"({"alg":"DIR","enc":"A256CBC-HS512"})",
        R"({"alg":"A256KW","enc":"A256CBC-HS512"})", R"({"alg":"RSA1_5","enc":"A256CBC-HS512"})",
        R"({"alg":"ECDH-ES","enc":"A256CBC-HS512","epk":{}})", R"({"alg":"dir"})",
        R"({"enc":"A256CBC-HS512"})", R"({"alg":["dir"],"enc":"A256CBC-HS512"})",
        R"({"alg":"dir","enc":"A128CBC-HS256"})", R"({"alg":"dir","enc":"a256cbc-hs512"})",
        R"({"alg":"dir","enc":"A256CBC-HS512","zip":"DEF"})",
        R"({"alg":"dir","enc":"A256CBC-HS512","crit":["exp"]})",
        R"({"alg":"dir","enc":"A256CBC-HS512","crit":[]})",
        R"({"alg":"dir","enc":"A256CBC-HS512","jku":"https://evil.example/k"})",
        R"({"alg":"dir","alg":"dir","enc":"A256CBC-HS512"})",
        R"({"alg":"PBES2-HS512+A256KW","p2c":2147483647,"p2s":"AA","enc":"A256CBC-HS512"})"}) {
    const auto why = refusal(with_header(sealed(enc), header), keys(enc));
    BOOST_TEST((why == errc::unsupported || why == errc::malformed), header);
  }
}

BOOST_AUTO_TEST_CASE(odd_shapes_are_refused) {
  for (const encryption enc : both)
    for (const std::string& odd :
         {std::string(), std::string("...."), std::string("a.b.c"), std::string("a.b.c.d.e"),
          std::string(20'000, 'a'), std::string(20'000, '.'), sealed(enc) + ".x"})
      BOOST_TEST((refusal(odd, keys(enc)) == errc::malformed), odd.substr(0, 20));
}

BOOST_AUTO_TEST_SUITE_END()
