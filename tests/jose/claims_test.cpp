// Claims: times with their leeway, issuer, audience, types; and what a good token looks like.
#include <boost/test/unit_test.hpp>

#include "core/encoding.hpp"
#include "jose/error.hpp"
#include "jose/jwt.hpp"
#include "support/made_keys.hpp"

BOOST_AUTO_TEST_SUITE(claims)

using jose::algorithm;
using jose::errc;
using tests::now_seconds;

namespace {

const jose::key& hs256() {
  static const jose::key one = tests::signing_key(algorithm::hs256);
  return one;
}

std::error_code code_of(std::string_view claims, core::wall_time now = tests::test_now(),
                        const jose::jwt_rules& rules = {}) {
  const std::string token = tests::token_of(R"({"alg":"HS256","typ":"JWT"})", claims, hs256());
  const auto got = jose::verify_jwt(token, tests::only(hs256()), rules, now);
  return got ? std::error_code() : got.error().code;
}

std::string with_exp(std::string_view exp) {
  return R"({"sub":"u1","exp":)" + std::string(exp) + "}";
}
std::string with_member(std::string_view member) {
  return R"({"sub":"u1","exp":1795345200,)" + std::string(member) + "}";
}

jose::jwt_rules rules_of(std::vector<std::string> issuers, std::vector<std::string> audiences) {
  jose::jwt_rules out;
  out.issuers = std::move(issuers);
  out.audiences = std::move(audiences);
  return out;
}

bool good(std::error_code code) { return !code; }

}  // namespace

BOOST_AUTO_TEST_CASE(exp_is_required_and_a_number_within_reason) {
  for (const char* bad : {"{}", R"({"sub":"u1"})", R"({"sub":"u1","Exp":1795345200})"})
    BOOST_TEST((code_of(bad) == errc::bad_claims), bad);
  for (const char* bad :
       {"\"1795345200\"", "null", "true", "[1795345200]", "{}", "-1", "-1e300", "1e300", "1e18",
        "9223372036854775807", "18446744073709551615", "1795345200000", "253402300800"})
    BOOST_TEST((code_of(with_exp(bad)) == errc::bad_claims), bad);
  // What is no JSON number at all spoils the whole object.
  for (const char* bad : {"NaN", "Infinity", "-Infinity", "1e400", "01795345200", "+1795345200",
                          "0x6B0355F0", "1795345200.", "99999999999999999999999999", ""})
    BOOST_TEST((code_of(with_exp(bad)) == errc::malformed), bad);
  for (const char* fine :
       {"1795345200", "1795345200.75", "1.7953452e9", "9999999999", "253402300799"})
    BOOST_TEST(good(code_of(with_exp(fine))), fine);
}

BOOST_AUTO_TEST_CASE(a_far_expiry_stays_within_what_a_clock_can_hold) {
  const std::string token =
      tests::token_of(R"({"alg":"HS256"})", with_exp("253402300799"), hs256());
  const auto got = jose::verify_jwt(token, tests::only(hs256()), {}, tests::test_now());
  BOOST_REQUIRE(got);
  BOOST_TEST(core::unix_seconds(got->expires_at) == 9'000'000'000);
}

BOOST_AUTO_TEST_CASE(expiry_ends_with_the_leeway_to_the_nanosecond) {
  const std::string claims = with_exp(std::to_string(now_seconds));
  const auto end = core::from_unix_seconds(now_seconds + 30);
  BOOST_TEST(good(code_of(claims, tests::test_now())));
  BOOST_TEST(good(code_of(claims, end - std::chrono::nanoseconds(1))));
  BOOST_TEST((code_of(claims, end) == errc::expired));
  BOOST_TEST((code_of(claims, end + std::chrono::hours(24 * 365)) == errc::expired));
  jose::jwt_rules strict;
  strict.leeway = std::chrono::seconds(0);
  BOOST_TEST((code_of(claims, tests::test_now(), strict) == errc::expired));
  BOOST_TEST(good(code_of(claims, tests::test_now() - std::chrono::nanoseconds(1), strict)));
  // A fraction of a second is not given away.
  BOOST_TEST((code_of(with_exp(std::to_string(now_seconds) + ".9"), tests::test_now(), strict) ==
              errc::expired));
}

BOOST_AUTO_TEST_CASE(nbf_and_iat_may_lie_ahead_by_the_leeway_only) {
  for (const std::string name : {"nbf", "iat"}) {
    const auto at = [&](std::int64_t ahead) {
      return with_member('"' + name + "\":" + std::to_string(now_seconds + ahead));
    };
    BOOST_TEST(good(code_of(at(-1000))));
    BOOST_TEST(good(code_of(at(30))));
    BOOST_TEST((code_of(at(31)) == errc::not_yet_valid));
    BOOST_TEST(
        (code_of(at(30), tests::test_now() - std::chrono::nanoseconds(1)) == errc::not_yet_valid));
    for (const char* bad : {"\"1\"", "null", "[]", "-5", "1e300"})
      BOOST_TEST((code_of(with_member('"' + name + "\":" + bad)) == errc::bad_claims), name << bad);
  }
}

BOOST_AUTO_TEST_CASE(iss_is_compared_exactly) {
  const auto rules = rules_of({"https://id.example", "https://other.example"}, {});
  BOOST_TEST(good(code_of(with_member(R"("iss":"https://id.example")"), tests::test_now(), rules)));
  BOOST_TEST(
      good(code_of(with_member(R"("iss":"https://other.example")"), tests::test_now(), rules)));
  for (const char* bad :
       {R"("iss":"https://id.example/")", R"("iss":"https://ID.example")",
        R"("iss":"https://id.exampl")", R"("iss":"")", R"("iss":["https://id.example"])",
        R"("iss":null)", R"("iss":7)", R"("iss":"https://id.example\u0000")", R"("x":1)"})
    BOOST_TEST((code_of(with_member(bad), tests::test_now(), rules) == errc::bad_claims), bad);
  BOOST_TEST((code_of(with_member(R"("iss":7)")) ==
              errc::bad_claims));  // of the wrong type even where nobody asks
}

BOOST_AUTO_TEST_CASE(aud_is_a_string_or_a_list_that_names_us) {
  const auto rules = rules_of({}, {"calls", "video"});
  for (const char* fine :
       {R"("aud":"calls")", R"("aud":"video")", R"("aud":["shop","calls"])", R"("aud":["video"])"})
    BOOST_TEST(good(code_of(with_member(fine), tests::test_now(), rules)), fine);
  for (const char* bad : {R"("x":1)", R"("aud":"shop")", R"("aud":"Calls")", R"("aud":"calls ")",
                          R"("aud":"callsvideo")", R"("aud":[])", R"("aud":["shop"])",
                          R"("aud":[["calls"]])", R"("aud":["calls",7])", R"("aud":{"calls":true})",
                          R"("aud":null)", R"("aud":"")", R"("aud":"shop calls")"})
    BOOST_TEST((code_of(with_member(bad), tests::test_now(), rules) == errc::bad_claims), bad);
  BOOST_TEST(good(code_of(with_member(R"("aud":"anything")"))));
  BOOST_TEST((code_of(with_member(R"("aud":7)")) == errc::bad_claims));
}

BOOST_AUTO_TEST_CASE(sub_and_jti_are_strings) {
  for (const char* bad : {R"("jti":7)", R"("jti":null)", R"("jti":[])"})
    BOOST_TEST((code_of(with_member(bad)) == errc::bad_claims), bad);
  for (const char* bad : {"7", "null", "[\"u1\"]", "{}", "true"})
    BOOST_TEST(
        (code_of(R"({"exp":1795345200,"sub":)" + std::string(bad) + "}") == errc::bad_claims), bad);
}

BOOST_AUTO_TEST_CASE(claims_are_one_object_of_valid_json) {
  std::string deep = R"({"exp":1795345200,"x":)";
  for (int i = 0; i < 12; ++i) deep += '[';
  for (int i = 0; i < 12; ++i) deep += ']';
  deep += '}';
  for (const std::string& bad :
       {std::string(),
        std::string("null"),
        std::string("[]"),
        std::string("\"x\""),
        std::string("7"),
        std::string("{"),
        std::string(R"({"exp":1795345200}x)"),
        std::string(R"({"exp":1795345200}{})"),
        std::string(R"({"exp":1795345200})") + '\0',
        std::string(R"({"exp":1795345200,})"),
        std::string(R"({'exp':1795345200})"),
        std::string("\xef\xbb\xbf{\"exp\":1795345200}"),
        std::string(R"({"exp":1,"exp":1795345200})"),
        std::string(R"({"exp":1795345200,"sub":"a","sub":"b"})"),
        std::string(R"({"exp":1795345200,"\u0065xp":1795345200})"),
        std::string("{\"exp\":1795345200,\"sub\":\"\xff\"}"),
        std::string("{\"exp\":1795345200,\"sub\":\"\xc0\xaf\"}"),
        std::string(R"({"exp":1795345200,"x":{"a":1,"a":2}})"),
        std::string(R"({"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"exp":1795345200,"c":2})"),
        deep})
    BOOST_TEST((code_of(bad) == errc::malformed), bad);
  // What stands before and between is white space of JSON and fine.
  BOOST_TEST(good(code_of(" {\n\t\"exp\" : 1795345200 } ")));
}

BOOST_AUTO_TEST_CASE(a_signed_token_is_verified_with_its_claims) {
  for (const algorithm alg :
       {algorithm::hs256, algorithm::hs384, algorithm::hs512, algorithm::rs256, algorithm::ps384,
        algorithm::es256, algorithm::es512, algorithm::eddsa}) {
    const auto token = jose::sign_jwt(tests::signing_key(alg, "k1"), tests::good_claims);
    BOOST_REQUIRE(token);
    const auto got = jose::verify_jwt(*token, tests::only(tests::verifying_key(alg, "k1")), {},
                                      tests::test_now());
    BOOST_REQUIRE_MESSAGE(got, name_of(alg));
    BOOST_TEST(*got->claims.find_string("sub") == "u1");
    BOOST_TEST(core::unix_seconds(got->expires_at) == now_seconds + 3600);
    BOOST_TEST(core::unix_seconds(got->valid_from) == now_seconds - 100);
  }
}

BOOST_AUTO_TEST_CASE(signing_writes_the_header_that_was_asked_for) {
  const auto token = jose::sign_jwt(tests::signing_key(algorithm::hs256, "k1"), "{}", "at+jwt");
  BOOST_REQUIRE(token);
  BOOST_TEST(*core::from_base64url(token->substr(0, token->find('.'))) ==
             R"({"alg":"HS256","kid":"k1","typ":"at+jwt"})");
  const auto plain = jose::sign_jwt(hs256(), "{}");
  BOOST_TEST(*core::from_base64url(plain->substr(0, plain->find('.'))) ==
             R"({"alg":"HS256","typ":"JWT"})");
  BOOST_TEST((jose::sign_jwt(hs256(), "[]").error().code == errc::malformed));
  BOOST_TEST((jose::sign_jwt(hs256(), "").error().code == errc::malformed));
  BOOST_TEST(
      (jose::sign_jwt(tests::verifying_key(algorithm::es256), "{}").error().code == errc::bad_key));
}

BOOST_AUTO_TEST_SUITE_END()
