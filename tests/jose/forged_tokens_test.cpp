// Forged tokens: every attack that we know of on a JWT's header, shape and key. The
// cases follow what C2SP/wycheproof's JSON Web Signature vectors cover (Apache-2.0), made anew with
// keys of this test.
#include <boost/test/unit_test.hpp>

#include "core/encoding.hpp"
#include "jose/error.hpp"
#include "jose/jwt.hpp"
#include "support/made_keys.hpp"

BOOST_AUTO_TEST_SUITE(forged_tokens)

using jose::algorithm;
using jose::errc;
using tests::encoded;
using tests::good_claims;
using tests::only;
using tests::signing_key;
using tests::token_of;
using tests::token_of_parts;
using tests::verifying_key;

namespace {

std::error_code code_of(std::string_view token, const jose::key_set& keys,
                        const jose::jwt_rules& rules = {}) {
  const auto got = jose::verify_jwt(token, keys, rules, tests::test_now());
  return got ? std::error_code() : got.error().code;
}

const jose::key& hs256() {
  static const jose::key one = signing_key(algorithm::hs256);
  return one;
}
const jose::key_set& hs256_set() {
  static const jose::key_set one = only(hs256());
  return one;
}

std::string hs256_token() { return token_of(R"({"alg":"HS256"})", good_claims, hs256()); }

// A header, signed with the very key that would fit.
std::error_code code_of_header(std::string_view header) {
  return code_of(token_of(header, good_claims, hs256()), hs256_set());
}

std::string with_signature(std::string_view header, std::string_view signature) {
  return encoded(header) + '.' + encoded(good_claims) + '.' + encoded(signature);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_token_that_all_forgeries_start_from_is_good) {
  BOOST_TEST(!code_of(hs256_token(), hs256_set()));
}

BOOST_AUTO_TEST_CASE(alg_none_in_any_spelling) {
  for (const char* name :
       {"none", "None", "NONE", "nOnE", "none ", " none", "nonE", "", "null", "noneHS256"})
    for (const std::string& signature : {std::string(), std::string("x"), std::string(32, '\0')}) {
      const std::string header = R"({"alg":")" + std::string(name) + R"(","typ":"JWT"})";
      BOOST_TEST((code_of(with_signature(header, signature), hs256_set()) == errc::unsupported),
                 header);
    }
  // An algorithm that is known, with nothing signed.
  BOOST_TEST(
      (code_of(with_signature(R"({"alg":"HS256"})", ""), hs256_set()) == errc::bad_signature));
}

BOOST_AUTO_TEST_CASE(alg_that_is_no_algorithm_of_ours) {
  for (const char* name : {"hs256", "Hs256", "HS256 ", "HS-256", "HS1", "SHA256", "ES256K", "RS1",
                           "Ed25519", "EDDSA", "dir", "A128KW", "RSA-OAEP", "RSA1_5", "ECDH-ES",
                           "PBES2-HS256+A128KW", "HS256\\u0000", "HS256,none"})
    BOOST_TEST((code_of_header(R"({"alg":")" + std::string(name) + "\"}") == errc::unsupported),
               name);
  for (const char* header :
       {R"({})", R"({"typ":"JWT"})", R"({"alg":null})", R"({"alg":["HS256"]})",
        R"({"alg":{"HS256":1}})", R"({"alg":256})", R"({"alg":true})", R"({"Alg":"HS256"})",
        R"({"alg":"HS256","alg":"HS256"})", R"({"alg":"none","alg":"HS256"})",
        R"({"alg":"HS256","\u0061lg":"none"})"})
    BOOST_TEST((code_of_header(header) == errc::malformed), header);
  // The iteration count of a password-based algorithm is not even looked at.
  BOOST_TEST(
      (code_of_header(
           R"({"alg":"PBES2-HS512+A256KW","enc":"A256GCM","p2c":2147483647,"p2s":"AAAA"})") ==
       errc::unsupported));
}

BOOST_AUTO_TEST_CASE(a_public_key_used_as_a_shared_secret) {
  for (const algorithm alg : {algorithm::rs256, algorithm::es256, algorithm::eddsa}) {
    const auto& texts = tests::pair_of(tests::kind_of(alg));
    const jose::key checker = verifying_key(alg);
    const std::string pem = texts.public_pem;
    const std::string jwk = *checker.public_jwk();
    std::string crlf;
    for (const char c : pem) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
    const auto x = jwk.find(alg == algorithm::rs256 ? "\"n\":\"" : "\"x\":\"") + 5;
    const std::string number = jwk.substr(x, jwk.find('"', x) - x);
    for (const std::string& secret :
         {pem, pem.substr(0, pem.size() - 1), crlf, texts.public_der,
          core::to_base64(core::as_bytes(texts.public_der)),
          core::to_base64url(core::as_bytes(texts.public_der)), jwk, "{\"keys\":[" + jwk + "]}",
          number, core::from_base64url(number).value()}) {
      for (const algorithm forged : {algorithm::hs256, algorithm::hs384, algorithm::hs512}) {
        const auto with = jose::key::from_secret(core::secret(secret), forged);
        if (!with) continue;  // too short for this hash: the attacker's own key would be refused
        const std::string header = R"({"alg":")" + std::string(name_of(forged)) + "\"}";
        BOOST_TEST(
            (code_of(token_of(header, good_claims, *with), only(checker)) == errc::unknown_key));
        // The same bytes under the name of the right algorithm.
        const std::string named = R"({"alg":")" + std::string(name_of(alg)) + "\"}";
        BOOST_TEST(
            (code_of(token_of(named, good_claims, *with), only(checker)) == errc::bad_signature));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(an_algorithm_that_the_key_was_not_made_for) {
  constexpr algorithm all[] = {
      algorithm::hs256, algorithm::hs384, algorithm::hs512, algorithm::rs256, algorithm::rs384,
      algorithm::rs512, algorithm::ps256, algorithm::ps384, algorithm::ps512, algorithm::es256,
      algorithm::es384, algorithm::es512, algorithm::eddsa};
  for (const algorithm signed_with : all)
    for (const algorithm bound_to : all) {
      if (signed_with == bound_to) continue;
      BOOST_TEST_CONTEXT(name_of(signed_with) << " under a key for " << name_of(bound_to)) {
        const auto keys = only(verifying_key(bound_to));
        const auto true_header = R"({"alg":")" + std::string(name_of(signed_with)) + "\"}";
        BOOST_TEST((code_of(token_of(true_header, good_claims, signing_key(signed_with)), keys) ==
                    errc::unknown_key));
        const auto false_header = R"({"alg":")" + std::string(name_of(bound_to)) + "\"}";
        BOOST_TEST((code_of(token_of(false_header, good_claims, signing_key(signed_with)), keys) ==
                    errc::bad_signature));
      }
    }
}

BOOST_AUTO_TEST_CASE(crit_b64_zip_and_keys_of_the_senders_choice) {
  const std::string jwk = *verifying_key(algorithm::es256).public_jwk();
  for (const std::string& member :
       {std::string(R"("crit":[])"),
        std::string(R"("crit":["exp"])"),
        std::string(R"("crit":["alg"])"),
        std::string(R"("crit":["b64"],"b64":true)"),
        std::string(R"("crit":["b64"],"b64":false)"),
        std::string(R"("crit":["http://example.com/ext"],"http://example.com/ext":1)"),
        std::string(R"("crit":"exp")"),
        std::string(R"("crit":null)"),
        std::string(R"("crit":["kid"],"kid":"k1")"),
        std::string(R"("b64":false)"),
        std::string(R"("b64":true)"),
        std::string(R"("b64":"false")"),
        std::string(R"("zip":"DEF")"),
        std::string(R"("zip":null)"),
        R"("jwk":)" + jwk,
        std::string(R"("jwk":null)"),
        std::string(R"("jwk":{"kty":"oct","k":"AAAA"})"),
        std::string(R"("jku":"https://evil.example/keys")"),
        std::string(R"("jku":"file:///dev/null")"),
        std::string(R"("x5u":"https://evil.example/cert")"),
        std::string(R"("cty":"JWT")"),
        std::string(R"("cty":"application/jwt")")})
    BOOST_TEST((code_of_header(R"({"alg":"HS256",)" + member + "}") == errc::unsupported), member);
}

BOOST_AUTO_TEST_CASE(a_key_inside_the_token_is_no_key) {
  const jose::key attacker = jose::key::from_pem(tests::other_pair_of("P-256").private_pem).value();
  const auto keys = only(verifying_key(algorithm::es256, "k1"));
  const std::string header = R"({"alg":"ES256","kid":"k1","jwk":)" + *attacker.public_jwk() + "}";
  BOOST_TEST((code_of(token_of(header, good_claims, attacker), keys) == errc::unsupported));
  BOOST_TEST((code_of(token_of(R"({"alg":"ES256","kid":"k1"})", good_claims, attacker), keys) ==
              errc::bad_signature));
}

BOOST_AUTO_TEST_CASE(certificates_in_a_header_are_passed_over) {
  for (const char* member :
       {R"("x5t":"AAAA")", R"("x5t#S256":"AAAA")", R"("x5c":["MIIB"])", R"("x5t":7)"})
    BOOST_TEST(!code_of_header(R"({"alg":"HS256",)" + std::string(member) + "}"), member);
}

BOOST_AUTO_TEST_CASE(kid_is_a_string_and_nothing_more) {
  const auto keys = only(signing_key(algorithm::hs256, "k1"));
  const auto code_of_kid = [&](std::string_view kid) {
    return code_of(
        token_of(R"({"alg":"HS256","kid":)" + std::string(kid) + "}", good_claims, hs256()), keys);
  };
  BOOST_TEST(!code_of_kid(R"("k1")"));
  BOOST_TEST(!code_of_kid(R"("\u006b1")"));  // the same string, written in another way
  for (const std::string& odd :
       {std::string("1"), std::string("null"), std::string("true"), std::string("[\"k1\"]"),
        std::string("{\"kid\":\"k1\"}"), '"' + std::string(257, 'k') + '"'})
    BOOST_TEST((code_of_kid(odd) == errc::malformed), odd);
  for (const char* foreign : {R"("K1")", R"("k1 ")", R"("k")", R"("k11")", R"("")", R"("k1\u0000")",
                              R"("../../dev/null")", R"("/proc/sys/kernel/randomize_va_space")",
                              R"("https://evil.example/key")", R"("k1' OR '1'='1")",
                              R"("' UNION SELECT 'secret")", R"("|/usr/bin/id")"})
    BOOST_TEST((code_of_kid(foreign) == errc::unknown_key), foreign);
}

BOOST_AUTO_TEST_CASE(kid_chooses_among_keys_and_falls_back_to_nameless_ones) {
  const auto secret = [](char c) { return core::secret(std::string(31, c) + "-distinct"); };
  const auto key_of = [&](char c, std::string kid) {
    return jose::key::from_secret(secret(c), algorithm::hs256, std::move(kid)).value();
  };
  jose::key_set keys;
  keys.add(key_of('a', "a"));
  keys.add(key_of('b', "b"));
  keys.add(key_of('c', ""));
  const auto code_of_pair = [&](std::string_view header, char signer) {
    return code_of(token_of(header, good_claims, key_of(signer, "")), keys);
  };
  BOOST_TEST(!code_of_pair(R"({"alg":"HS256","kid":"a"})", 'a'));
  BOOST_TEST(!code_of_pair(R"({"alg":"HS256","kid":"b"})", 'b'));
  BOOST_TEST((code_of_pair(R"({"alg":"HS256","kid":"a"})", 'b') == errc::bad_signature));
  BOOST_TEST((code_of_pair(R"({"alg":"HS256","kid":"a"})", 'c') == errc::bad_signature));
  BOOST_TEST(!code_of_pair(R"({"alg":"HS256","kid":"elsewhere"})", 'c'));
  BOOST_TEST((code_of_pair(R"({"alg":"HS256","kid":"elsewhere"})", 'a') == errc::bad_signature));
  for (const char signer : {'a', 'b', 'c'}) BOOST_TEST(!code_of_pair(R"({"alg":"HS256"})", signer));
  BOOST_TEST((code_of_pair(R"({"alg":"HS256"})", 'd') == errc::bad_signature));
}

BOOST_AUTO_TEST_CASE(a_token_without_kid_is_tried_with_four_keys_at_most) {
  jose::key_set keys;
  for (char c = 'a'; c < 'f'; ++c)
    keys.add(jose::key::from_secret(core::secret(std::string(40, c)), algorithm::hs256,
                                    std::string(1, c))
                 .value());
  const auto code_by = [&](std::size_t i) {
    return code_of(token_of(R"({"alg":"HS256"})", good_claims, keys.keys()[i]), keys);
  };
  BOOST_TEST(!code_by(3));
  BOOST_TEST((code_by(4) == errc::bad_signature));
}

BOOST_AUTO_TEST_CASE(shapes_that_are_no_compact_jws) {
  const std::string token = hs256_token();
  const auto first = token.find('.');
  const auto second = token.rfind('.');
  const std::string header = token.substr(0, first);
  const std::string claims = token.substr(first + 1, second - first - 1);
  const std::string signature = token.substr(second + 1);
  for (const std::string& bad : {std::string(),
                                 std::string("."),
                                 std::string(".."),
                                 std::string("..."),
                                 std::string("...."),
                                 header,
                                 claims,
                                 header + '.' + claims,
                                 claims + '.' + signature,
                                 '.' + claims + '.' + signature,
                                 header + ".." + signature,
                                 ".." + signature,
                                 token + '.',
                                 token + ".x",
                                 token + ".x.y",
                                 '.' + token,
                                 token + '\0',
                                 token + ' ',
                                 token + '\n',
                                 ' ' + token,
                                 "Bearer " + token,
                                 token + "..",
                                 header + '.' + claims + '.' + claims + '.' + signature,
                                 R"({"payload":")" + claims + R"(","protected":")" + header +
                                     R"(","signature":")" + signature + "\"}",
                                 R"({"payload":")" + claims + R"(","signatures":[{"protected":")" +
                                     header + R"(","signature":")" + signature + "\"}]}",
                                 header + '.' + claims + '.' + signature + '=',
                                 header + "=." + claims + '.' + signature,
                                 std::string("eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0.."
                                             "AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA")})
    BOOST_TEST((code_of(bad, hs256_set()) == errc::malformed), bad);
  BOOST_TEST((code_of(header + '.' + claims + '.', hs256_set()) == errc::bad_signature));
}

BOOST_AUTO_TEST_CASE(size_is_looked_at_first) {
  std::string padded = R"({"sub":"u1","exp":1795345200,"x":")";
  padded.append(6200, 'x');
  BOOST_TEST((code_of(token_of(R"({"alg":"HS256"})", padded + "\"}", hs256()), hs256_set()) ==
              errc::malformed));
  std::string less = padded.substr(0, 6000) + "\"}";
  const std::string token = token_of(R"({"alg":"HS256"})", less, hs256());
  BOOST_REQUIRE(token.size() <= 8192);
  BOOST_TEST(!code_of(token, hs256_set()));
  jose::jwt_rules tight;
  tight.token_bytes_max = token.size() - 1;
  BOOST_TEST((code_of(token, hs256_set(), tight) == errc::malformed));
  BOOST_TEST((code_of(std::string(100'000, '.'), hs256_set()) == errc::malformed));
}

// Each is signed over the text as it stands, so that only the strict reading of base64url refuses
// it.
BOOST_AUTO_TEST_CASE(base64_that_is_not_strict_base64url) {
  const std::string header = encoded(R"({"alg":"HS256"})");
  const std::string claims = encoded(good_claims);
  const auto inserted = [](std::string text, std::string_view what) {
    return text.insert(4, what);
  };
  for (const std::string_view what :
       {" ", "\n", "\r\n", "\t", "=", "+", "/", "%", "!", "\x80", "\xe2\x80\x8b", ",", ":"}) {
    BOOST_TEST((code_of(token_of_parts(inserted(header, what), claims, hs256()), hs256_set()) ==
                errc::malformed));
    BOOST_TEST((code_of(token_of_parts(header, inserted(claims, what), hs256()), hs256_set()) ==
                errc::malformed));
    std::string token = token_of_parts(header, claims, hs256());
    token.insert(token.rfind('.') + 5, what);
    BOOST_TEST((code_of(token, hs256_set()) == errc::malformed));
  }
  for (const std::string_view padding : {"=", "==", "===", "A"}) {
    BOOST_TEST(
        code_of(token_of_parts(header + std::string(padding), claims, hs256()), hs256_set()));
    BOOST_TEST(
        code_of(token_of_parts(header, claims + std::string(padding), hs256()), hs256_set()));
    BOOST_TEST(
        code_of(token_of_parts(header, claims, hs256()) + std::string(padding), hs256_set()));
  }
}

BOOST_AUTO_TEST_CASE(loose_bits_at_the_end_of_base64) {
  // 43 characters hold 258 bits for 256: the last two must be zero, else one signature had four
  // spellings.
  const std::string token = hs256_token();
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const auto at = alphabet.find(token.back());
  BOOST_REQUIRE(at % 4 == 0);
  for (std::size_t loose = 1; loose < 4; ++loose) {
    std::string bent = token;
    bent.back() = alphabet[at + loose];
    BOOST_TEST((code_of(bent, hs256_set()) == errc::malformed));
  }
  // The same in the header (16 characters less one) and in the claims, signed as they stand.
  const std::string header = encoded(R"({"alg":"HS256" })");
  std::string claims = encoded(std::string(good_claims) + (good_claims.size() % 3 == 0 ? " " : ""));
  BOOST_REQUIRE(claims.size() % 4 != 0);
  claims.back() = alphabet[alphabet.find(claims.back()) + 1];
  BOOST_TEST((code_of(token_of_parts(header, claims, hs256()), hs256_set()) == errc::malformed));
}

BOOST_AUTO_TEST_CASE(headers_that_are_no_json_object) {
  for (const std::string& header :
       {std::string("null"), std::string("[]"), std::string("\"HS256\""), std::string("{"),
        std::string(R"({"alg":"HS256"}x)"), std::string(R"({"alg":"HS256"})") + '\0',
        std::string(R"({"alg":"HS256",})"), std::string(R"({alg:"HS256"})"),
        std::string("\xef\xbb\xbf{\"alg\":\"HS256\"}"),
        std::string("{\"alg\":\"HS256\",\"x\":\"\xff\"}"),
        std::string(R"({"alg":"HS256","x":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}})"),
        std::string(R"({"alg":"HS256","kid":"a","kid":"b"})"),
        std::string(R"({"alg":"HS256","typ":7})"), std::string(R"({"alg":"HS256","cty":7})")})
    BOOST_TEST((code_of_header(header) == errc::malformed), header);
  BOOST_TEST(!code_of_header(" { \"alg\" :\n\t\"HS256\" } "));
}

BOOST_AUTO_TEST_CASE(typ_of_another_kind_of_token) {
  for (const char* fine :
       {"JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "Application/JWT"})
    BOOST_TEST(!code_of_header(R"({"alg":"HS256","typ":")" + std::string(fine) + "\"}"), fine);
  for (const char* other : {"", "JOSE", "dpop+jwt", "secevent+jwt", "logout+jwt", "JWT ",
                            "application/", "x/JWT", "JWE"})
    BOOST_TEST((code_of_header(R"({"alg":"HS256","typ":")" + std::string(other) + "\"}") ==
                errc::unsupported),
               other);
}

BOOST_AUTO_TEST_SUITE_END()
