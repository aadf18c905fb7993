// The verifier: tokens become identities, remembered ones are checked again, refusals say the right
// thing to each side.
#include "auth/verifier.hpp"

#include <boost/test/unit_test.hpp>

#include "auth/error.hpp"
#include "auth/heads.hpp"
#include "core/json.hpp"
#include "support/fakes.hpp"
#include "support/made_keys.hpp"

BOOST_AUTO_TEST_SUITE(verifier)

using auth::errc;
using tests::now_seconds;

namespace {

const jose::key& with() {
  static const jose::key one = tests::signing_key(jose::algorithm::hs256);
  return one;
}

std::shared_ptr<auth::session_settings> plain_settings() {
  auto out = std::make_shared<auth::session_settings>();
  out->keys.add(with());
  out->cookies = {"session"};
  return out;
}

std::string token_of(std::string_view claims) {
  return tests::token_of(R"({"alg":"HS256"})", claims, with());
}

std::string claims_with(std::string_view members) {
  return R"({"exp":)" + std::to_string(now_seconds + 3600) + ',' + std::string(members) + '}';
}

auth::identity identity_from(std::string_view members,
                             std::shared_ptr<auth::session_settings> settings = plain_settings()) {
  auth::verifier verifier(settings);
  const auto got = verifier.verify_token(token_of(claims_with(members)), tests::test_now());
  BOOST_REQUIRE_MESSAGE(got, members);
  return **got;
}

std::error_code code_from(std::string_view members) {
  auth::verifier verifier(plain_settings());
  const auto got = verifier.verify_token(token_of(claims_with(members)), tests::test_now());
  return got ? std::error_code() : got.error().code;
}

std::vector<core::role> roles(std::initializer_list<core::role> list) { return list; }
constexpr auto expert = core::role::expert;
constexpr auto client = core::role::client;

}  // namespace

BOOST_AUTO_TEST_CASE(a_user_claim_that_names_nobody_is_refused) {
  for (const char* bad :
       {R"("x":1)", R"("sub":"")", R"("sub":null)", R"("sub":7)", R"("sub":["u1"])",
        R"("sub":"a\u0000b")", R"("sub":"a\nb")", R"("sub":"\u007f")"})
    BOOST_TEST((code_from(bad) == errc::unauthenticated), bad);
  BOOST_TEST((code_from(R"("sub":")" + std::string(256, 'u') + '"') == errc::unauthenticated));
  BOOST_TEST(!code_from(R"("sub":")" + std::string(255, 'u') + '"'));
}

BOOST_AUTO_TEST_CASE(a_good_token_becomes_an_identity) {
  const auto who = identity_from(R"("sub":"u1","name":"Ada Lovelace","role":"expert")");
  BOOST_TEST(who.user.text() == "u1");
  BOOST_TEST(who.name == "Ada Lovelace");
  BOOST_TEST(who.names_roles);
  BOOST_TEST((who.roles == roles({expert})));
  BOOST_TEST(core::unix_seconds(who.expires_at) == now_seconds + 3600);
}

BOOST_AUTO_TEST_CASE(names_are_made_fit_to_be_shown) {
  const auto name_from = [](std::string_view json) {
    return identity_from(R"("sub":"u1","name":)" + std::string(json)).name;
  };
  BOOST_TEST(name_from(R"("  Ada ")") == "Ada");
  BOOST_TEST(name_from(R"("Zo\u00eb")") == "Zo\xc3\xab");
  for (const char* hidden : {R"("")", R"("   ")", R"("a\u0000b")", R"("a\nb")", R"("a\u001bb")",
                             R"("a\u007fb")", R"("a\u0085b")", R"("a\u202eb")", R"("a\u2066b")",
                             R"("a\u200fb")", R"("a\u061cb")", R"("a\u2028b")", "7", "null", "[]"})
    BOOST_TEST(name_from(hidden) == "", hidden);
  // 64 code points, whatever their bytes.
  BOOST_TEST(name_from('"' + std::string(64, 'a') + '"') == std::string(64, 'a'));
  BOOST_TEST(name_from('"' + std::string(65, 'a') + '"') == std::string(64, 'a'));
  std::string emoji;
  for (int i = 0; i < 70; ++i) emoji += "\xf0\x9f\x98\x80";
  BOOST_TEST(name_from('"' + emoji + '"') == emoji.substr(0, 64 * 4));
  // What is cut off is looked at all the same.
  BOOST_TEST(name_from('"' + std::string(70, 'a') + "\\u202e\"") == "");
  BOOST_TEST(identity_from(R"("sub":"u1")").name == "");
}

BOOST_AUTO_TEST_CASE(roles_come_as_text_or_list_and_unknown_ones_are_left_out) {
  const auto of = [](std::string_view members) {
    return identity_from(R"("sub":"u1",)" + std::string(members));
  };
  BOOST_TEST((of(R"("role":"client")").roles == roles({client})));
  BOOST_TEST((of(R"("roles":["client","expert"])").roles == roles({client, expert})));
  BOOST_TEST(
      (of(R"("role":"expert","roles":["expert","client"])").roles == roles({expert, client})));
  BOOST_TEST((of(R"("roles":["admin",7,null,["expert"],"expert"])").roles == roles({expert})));
  for (const char* none :
       {R"("role":"admin")", R"("role":"Expert")", R"("role":" expert")", R"("role":"")",
        R"("roles":[])", R"("roles":{"expert":true})", R"("role":7)"}) {
    BOOST_TEST(of(none).roles.empty(), none);
    BOOST_TEST(of(none).names_roles, none);
  }
  BOOST_TEST(!of(R"("role":null)").names_roles);
  BOOST_TEST(!of(R"("x":1)").names_roles);
}

BOOST_AUTO_TEST_CASE(claims_are_required_or_refused_by_what_they_say) {
  auto settings = plain_settings();
  settings->required = {{"email_verified", "true"}, {"tid", "t1"}};
  settings->refused = {{"sts", "pending"}, {"user.banned", "true"}};
  const auto lets_in = [&](std::string_view members) {
    auth::verifier door(settings);
    return door
        .verify_token(token_of(claims_with(R"("sub":"u1",)" + std::string(members))),
                      tests::test_now())
        .has_value();
  };
  const std::string good = R"("email_verified":true,"tid":"t1")";
  BOOST_TEST(lets_in(good));
  BOOST_TEST(
      lets_in(R"("email_verified":"true","tid":"t1","sts":"active","user":{"banned":false})"));
  BOOST_TEST(!lets_in(R"("email_verified":false,"tid":"t1")"));
  BOOST_TEST(!lets_in(R"("email_verified":1,"tid":"t1")"));
  BOOST_TEST(!lets_in(R"("email_verified":true)"));
  BOOST_TEST(!lets_in(good + R"(,"sts":"pending")"));
  BOOST_TEST(!lets_in(good + R"(,"user":{"banned":true})"));
}

BOOST_AUTO_TEST_CASE(claims_are_found_by_path_or_by_a_name_with_dots) {
  auto settings = plain_settings();
  settings->user_claim = "user.id";
  settings->name_claim = "https://acme.example/name";
  settings->role_claims = {"realm_access.roles", "https://acme.example/roles"};
  settings->expert_roles = {"therapist", "coach"};
  const auto who = identity_from(
      R"("user":{"id":"u7"},"https://acme.example/name":"Ada","realm_access":{"roles":["x","coach"]},"https://acme.example/roles":"client")",
      settings);
  BOOST_TEST(who.user.text() == "u7");
  BOOST_TEST(who.name == "Ada");
  BOOST_TEST((who.roles == roles({expert, client})));
  BOOST_TEST(identity_from(R"("user.id":"flat","realm_access":"x")", settings).user.text() ==
             "flat");
}

BOOST_AUTO_TEST_CASE(expired_is_told_apart_from_everything_else) {
  auth::verifier verifier(plain_settings());
  const auto expired =
      verifier.verify_token(token_of(R"({"sub":"u1","exp":1})"), tests::test_now());
  BOOST_TEST((expired.error().code == errc::session_expired));
  const std::string good = token_of(claims_with(R"("sub":"u1")"));
  for (const std::string& bad :
       {std::string(), std::string("x"), good + 'x', good.substr(0, good.size() - 2),
        token_of(R"({"sub":"u1"})"), token_of(claims_with(R"("sub":"u1","nbf":9999999999)"))})
    BOOST_TEST(
        (verifier.verify_token(bad, tests::test_now()).error().code == errc::unauthenticated));
}

BOOST_AUTO_TEST_CASE(the_log_learns_why_and_never_sees_the_token) {
  auth::verifier verifier(plain_settings());
  std::string bent = token_of(claims_with(R"("sub":"u1")"));
  bent[bent.size() - 5] = bent[bent.size() - 5] == 'a' ? 'b' : 'a';
  const auto refused = verifier.verify_token(bent, tests::test_now());
  BOOST_TEST(refused.error().detail == "token bad signature: signature does not match");
  for (const char* part : {"u1", "HS256", "eyJ"})
    BOOST_TEST(refused.error().detail.find(part) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_remembered_token_is_checked_for_its_times_again) {
  auth::verifier verifier(plain_settings());
  const std::string token = token_of(R"({"sub":"u1","nbf":)" + std::to_string(now_seconds) +
                                     R"(,"exp":)" + std::to_string(now_seconds + 60) + "}");
  const auto end = core::from_unix_seconds(now_seconds + 90);
  const auto first = verifier.verify_token(token, tests::test_now());
  BOOST_REQUIRE(first);
  BOOST_TEST(verifier.remembered() == 1u);
  const auto again = verifier.verify_token(token, end - std::chrono::nanoseconds(1));
  BOOST_REQUIRE(again);
  BOOST_TEST(again->get() == first->get());  // the same object: nothing was verified anew
  BOOST_TEST((verifier.verify_token(token, end).error().code == errc::session_expired));
  BOOST_TEST(verifier.remembered() == 0u);
  BOOST_TEST((verifier.verify_token(token, end).error().code == errc::session_expired));
  // The clock is set back: before its time the token is refused, then it is good again.
  const auto before = core::from_unix_seconds(now_seconds - 31);
  BOOST_TEST(verifier.verify_token(token, tests::test_now()).has_value());
  BOOST_TEST((verifier.verify_token(token, before).error().code == errc::unauthenticated));
  BOOST_TEST(verifier.verify_token(token, tests::test_now()).has_value());
}

BOOST_AUTO_TEST_CASE(a_remembered_token_does_not_vouch_for_its_neighbours) {
  auth::verifier verifier(plain_settings());
  const std::string token = token_of(claims_with(R"("sub":"u1")"));
  BOOST_REQUIRE(verifier.verify_token(token, tests::test_now()));
  const std::string signature = token.substr(token.rfind('.'));
  const std::string other = token_of(claims_with(R"("sub":"u2")"));
  const std::string stolen =
      other.substr(0, other.rfind('.')) + signature;  // equal in length and in its end
  BOOST_REQUIRE(stolen.size() == token.size());
  BOOST_TEST(
      (verifier.verify_token(stolen, tests::test_now()).error().code == errc::unauthenticated));
  for (std::size_t i = 0; i < token.size(); i += 7) {
    std::string bent = token;
    bent[i] = bent[i] == 'A' ? 'B' : 'A';
    BOOST_TEST(!verifier.verify_token(bent, tests::test_now()), i);
  }
  BOOST_TEST(!verifier.verify_token(token.substr(0, token.size() - 1), tests::test_now()));
  BOOST_TEST(verifier.remembered() == 1u);  // refusals are not remembered
}

BOOST_AUTO_TEST_CASE(memory_is_bounded_by_the_setting) {
  auto settings = plain_settings();
  settings->cache_tokens = 16;
  auth::verifier verifier(settings);
  for (int i = 0; i < 100; ++i) {
    const std::string sub = R"("sub":"u)" + std::to_string(i) + '"';
    const auto who = verifier.verify_token(token_of(claims_with(sub)), tests::test_now());
    BOOST_REQUIRE(who);
    BOOST_TEST((*who)->user.text() == "u" + std::to_string(i));
  }
  BOOST_TEST(verifier.remembered() == 16u);
}

BOOST_AUTO_TEST_CASE(new_keys_end_what_the_old_ones_vouched_for) {
  auth::verifier verifier(plain_settings());
  const std::string token = token_of(claims_with(R"("sub":"u1")"));
  BOOST_REQUIRE(verifier.verify_token(token, tests::test_now()));
  verifier.use_keys(tests::only(tests::verifying_key(jose::algorithm::es256)));
  BOOST_TEST(
      (verifier.verify_token(token, tests::test_now()).error().code == errc::unauthenticated));
}

BOOST_AUTO_TEST_CASE(a_request_is_verified_by_its_bearer_or_its_cookie) {
  auth::verifier verifier(plain_settings());
  const std::string good = token_of(claims_with(R"("sub":"u1")"));
  const auto now = tests::test_now();
  BOOST_TEST(
      verifier.verify(tests::made_head{{"Authorization", "Bearer " + good}}, now).has_value());
  BOOST_TEST(verifier.verify(tests::made_head{{"Cookie", "session=" + good}}, now).has_value());
  const tests::made_head rescued{{"Authorization", "Bearer x.y.z"}, {"Cookie", "session=" + good}};
  BOOST_TEST((verifier.verify(rescued, now).error().code == errc::unauthenticated));
  BOOST_TEST((verifier.verify(tests::made_head{}, now).error().code == errc::unauthenticated));
}

BOOST_AUTO_TEST_CASE(a_minted_session_is_a_good_one) {
  auto settings = plain_settings();
  settings->rules.issuers = {"https://id.example", "https://other.example"};
  settings->rules.audiences = {"calls"};
  auth::session_wish wish;
  wish.user = *core::user_id::from("u1");
  wish.role = core::role::client;
  wish.name = "Ada \"the\" Client";
  wish.lifetime = std::chrono::seconds(600);
  const auto token = auth::mint_session(*settings, wish, tests::test_now(), "id-1");
  BOOST_REQUIRE(token);
  auth::verifier verifier(settings);
  const auto who = verifier.verify_token(*token, tests::test_now());
  BOOST_REQUIRE(who);
  BOOST_TEST((*who)->user.text() == "u1");
  BOOST_TEST((*who)->name == "Ada \"the\" Client");
  BOOST_TEST(((*who)->roles == roles({client})));
  BOOST_TEST(core::unix_seconds((*who)->expires_at) == now_seconds + 600);
  BOOST_TEST(
      (verifier.verify_token(*token, tests::test_now() + std::chrono::seconds(630)).error().code ==
       errc::session_expired));
}

BOOST_AUTO_TEST_CASE(a_minted_session_follows_the_configured_claims) {
  auto settings = plain_settings();
  settings->user_claim = "user.id";
  settings->name_claim = "user.name";
  settings->role_claims = {"https://acme.example/roles"};
  settings->expert_roles = {"coach"};
  settings->required = {{"tid", "acme"}, {"user.email_verified", "true"}};
  auth::session_wish wish;
  wish.user = *core::user_id::from("u1");
  wish.role = core::role::expert;
  wish.name = "Ada";
  const auto token = auth::mint_session(*settings, wish, tests::test_now(), "id-1");
  BOOST_REQUIRE(token);
  const auto read = jose::verify_jwt(*token, settings->keys, settings->rules, tests::test_now());
  BOOST_REQUIRE(read);
  BOOST_TEST(*read->claims.find_string("https://acme.example/roles") == "coach");
  BOOST_TEST(*read->claims.find("user")->find_string("name") == "Ada");
  BOOST_TEST(*read->claims.find_string("jti") == "id-1");
  const auto who = auth::verifier(settings).verify_token(*token, tests::test_now());
  BOOST_REQUIRE(who);
  BOOST_TEST((*who)->user.text() == "u1");
  BOOST_TEST(((*who)->roles == roles({expert})));
}

BOOST_AUTO_TEST_CASE(sessions_are_not_minted_without_a_key_or_a_user) {
  auth::session_settings settings;
  settings.keys.add(tests::verifying_key(jose::algorithm::es256));
  auth::session_wish wish;
  wish.user = *core::user_id::from("u1");
  BOOST_TEST(!auth::mint_session(settings, wish, tests::test_now(), "id"));
  settings.keys.add(with());
  BOOST_TEST(auth::mint_session(settings, wish, tests::test_now(), "id").has_value());
  wish.lifetime = std::chrono::seconds(0);
  BOOST_TEST(!auth::mint_session(settings, wish, tests::test_now(), "id"));
  wish = {};
  BOOST_TEST(!auth::mint_session(settings, wish, tests::test_now(), "id"));
}

BOOST_AUTO_TEST_SUITE_END()
