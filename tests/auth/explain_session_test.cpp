// Why a session is not accepted: the rule that failed is named, those before it have passed, and
// nothing of the token is shown.
#include "auth/explain_session.hpp"

#include <boost/test/unit_test.hpp>

#include "auth/error.hpp"
#include "core/encoding.hpp"
#include "support/made_keys.hpp"

BOOST_AUTO_TEST_SUITE(explain_session)

using jose::algorithm;
using tests::now_seconds;

namespace {

struct scene {
  scene() {
    settings.keys.add(tests::signing_key(algorithm::hs256));
    settings.rules.audiences = {"door"};
    auth::issuer_settings one;
    one.name = "one";
    one.issuer = "https://one.example.com";
    settings.issuers.push_back(one);
  }
  std::string text(std::string_view token) {
    auth::session_question asked;
    asked.token = token;
    asked.at = tests::test_now();
    asked.keys_of = [this](const auth::issuer_settings&) -> core::result<jose::key_set> {
      if (remote.empty()) return core::fail(auth::errc::login_unavailable, "down");
      return remote;
    };
    asked.ask = [this](const auth::asked_settings&, std::string_view text) {
      forwarded = text;
      return answer;
    };
    asked.revoked = &revoked;
    const auto told = auth::explain_session(settings, asked);
    BOOST_TEST(told.accepted == (told.text.find("decision       accepted") != std::string::npos));
    if (token.size() > 20) BOOST_TEST(told.text.find(token.substr(0, 20)) == std::string::npos);
    return told.text;
  }
  // The rule that failed; "none" where the session is accepted.
  std::string failed(std::string_view token) {
    const std::string all = text(token);
    const auto at = all.find("  failed ");
    if (at == std::string::npos) return "none";
    const auto line = all.rfind('\n', at) + 1;
    return all.substr(line, all.find(' ', line) - line);
  }
  static std::string signed_by(algorithm alg, std::string_view members, int life = 3600) {
    const std::string claims =
        R"({"exp":)" + std::to_string(now_seconds + life) + ',' + std::string(members) + '}';
    return tests::token_of(R"({"alg":")" + std::string(jose::name_of(alg)) + R"("})", claims,
                           tests::signing_key(alg));
  }

  auth::session_settings settings;
  auth::revocations revoked;
  jose::key_set remote;
  std::string forwarded;  // to the server that is asked
  core::result<auth::identity> answer = core::fail(auth::errc::unauthenticated, "no session");
};

}  // namespace

BOOST_AUTO_TEST_CASE(each_rule_is_named_where_it_fails) {
  scene at;
  const auto hs = [](std::string_view members, int life = 3600) {
    return scene::signed_by(algorithm::hs256, members, life);
  };
  const std::string good = R"("sub":"u1","aud":"door","role":"expert","jti":"j1")";
  BOOST_TEST(at.failed(hs(good)) == "none");
  BOOST_TEST(at.text(hs(good)).find("the user u1 with the role expert") != std::string::npos);
  BOOST_TEST(at.failed("x") == "shape");
  BOOST_TEST(at.failed(tests::token_of(R"({"alg":"none"})", "{}",
                                       tests::signing_key(algorithm::hs256))) == "shape");
  BOOST_TEST(at.failed(scene::signed_by(algorithm::es256, good)) == "key");
  BOOST_TEST(at.failed(hs(good) + "=") == "signature");
  std::string bent = hs(good);
  bent[bent.size() - 5] = bent[bent.size() - 5] == 'A' ? 'B' : 'A';
  BOOST_TEST(at.failed(bent) == "signature");
  BOOST_TEST(at.failed(hs(R"("sub":"u1","aud":"shop")")) == "claims");
  BOOST_TEST(at.failed(hs(good, -3600)) == "times");
  BOOST_TEST(at.failed(hs(R"("aud":"door")")) == "user");
  at.revoked.add({"", "j1", {}}, tests::test_now(), at.settings.revocations_kept);
  BOOST_TEST(at.failed(hs(good)) == "not_revoked");
  const std::int64_t long_ago =
      now_seconds - at.settings.revocations_kept / std::chrono::seconds{1};
  const auto made = [&](std::int64_t when) {
    return hs(good + R"(,"iat":)" + std::to_string(when));
  };
  BOOST_TEST(at.failed(made(long_ago - 60)) == "times");
  BOOST_TEST(at.text(made(long_ago - 60)).find("session.revocations_kept") != std::string::npos);
  BOOST_TEST(at.failed(made(long_ago + 60)) == "not_revoked");
}

BOOST_AUTO_TEST_CASE(an_issuers_token_is_judged_by_its_keys) {
  scene at;
  const std::string token =
      scene::signed_by(algorithm::es256, R"("sub":"u1","iss":"https://one.example.com")");
  BOOST_TEST(at.failed(token) == "key");
  at.remote = tests::only(tests::verifying_key(algorithm::es256));
  BOOST_TEST(at.failed(token) == "none");
  BOOST_TEST(at.text(token).find("[session.issuers.one]") != std::string::npos);
  const std::string slash =
      scene::signed_by(algorithm::es256, R"("sub":"u1","iss":"https://one.example.com/")");
  BOOST_TEST(at.text(slash).find("that of [session.issuers.one] but for") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_pasted_need_not_be_the_token_alone) {
  scene at;
  at.settings.cookies = {"session"};
  const std::string good =
      scene::signed_by(algorithm::hs256, R"("sub":"u1","aud":"door","role":"expert")");
  for (const std::string& before :
       {"", " \t", "\xef\xbb\xbf", "Bearer ", "bearer  ", "Authorization: Bearer ",
        "authorization:bearer ", "session=", "Cookie: a=b; session=", "cookie: session="})
    for (const std::string& after : {"", "\n", "\r\n", " \t\n\n", "\nX-Other: line"})
      BOOST_TEST(at.failed(before + good + after) == "none", before + "…" + after);
  BOOST_TEST(at.failed("Cookie: other=" + good) == "found");
  BOOST_TEST(at.failed("other=" + good) == "found");
  BOOST_TEST(at.failed("Authorization: Basic abc") == "found");
  BOOST_TEST(at.failed("session=" + good + "; session=" + good) == "found");
  BOOST_TEST(at.failed("") == "found");
  // Where bearers are off, a token can only have been a cookie's.
  at.settings.bearer = false;
  BOOST_TEST(at.failed(good) == "none");
  BOOST_TEST(at.failed("Bearer " + good) == "none");
  BOOST_TEST(at.failed("Authorization: Bearer " + good) == "found");
}

BOOST_AUTO_TEST_CASE(the_session_of_supabase_is_looked_for_in_its_cookie) {
  scene at;
  at.settings.supabase_cookies = {"sb-x-auth-token"};
  const std::string token = scene::signed_by(algorithm::hs256, R"("sub":"u1","aud":"door")");
  const std::string value =
      "base64-" + core::to_base64url(core::as_bytes(R"({"access_token":")" + token + R"("})"));
  BOOST_TEST(at.failed(value) == "none");
  BOOST_TEST(at.failed("sb-x-auth-token.0=" + value.substr(0, 50) +
                       "; sb-x-auth-token.1=" + value.substr(50)) == "none");
}

BOOST_AUTO_TEST_CASE(sessions_that_others_know_are_asked_about_as_the_server_would) {
  scene at;
  const std::string token = scene::signed_by(algorithm::hs256, R"("sub":"u1","aud":"door")");
  at.settings.introspection.emplace();
  at.settings.introspection->kind = auth::asked_kind::introspection;
  // A JWT of ours is still ours to judge.
  BOOST_TEST(at.failed(token) == "none");
  BOOST_TEST(at.forwarded.empty());
  BOOST_TEST(at.failed("opaque-token-of-the-login") == "user");
  BOOST_TEST(at.forwarded == "bearer opaque-token-of-the-login");
  at.answer = auth::identity{};
  at.answer->user = core::user_id::from("u7").value();
  BOOST_TEST(at.failed("opaque-token-of-the-login") == "none");
  BOOST_TEST(at.text("opaque").find("[session.introspection] judges it") != std::string::npos);
  // It is asked again after a revocation, and its word counts.
  at.answer->expires_at = tests::test_now() + std::chrono::hours(1);
  at.revoked.add({"u7", "", tests::test_now()}, tests::test_now(), at.settings.revocations_kept);
  BOOST_TEST(at.failed("opaque-token-of-the-login") == "none");
  // Unless it says when it was made, or which one it is.
  at.answer->issued_at = tests::test_now() - std::chrono::seconds(1);
  BOOST_TEST(at.failed("opaque-token-of-the-login") == "not_revoked");
  at.answer->issued_at = tests::test_now();
  at.answer->token_id = "t7";
  BOOST_TEST(at.failed("opaque-token-of-the-login") == "none");
  at.revoked.add({"", "t7", {}}, tests::test_now(), at.settings.revocations_kept);
  BOOST_TEST(at.failed("opaque-token-of-the-login") == "not_revoked");
  at.answer->token_id.clear();
  at.answer->issued_at = tests::test_now() - at.settings.revocations_kept - std::chrono::hours(1);
  BOOST_TEST(at.failed("opaque-token-of-the-login") == "not_revoked");
  at.answer->issued_at.reset();
  // Without a key of ours, every JWT is the login's.
  at.settings.keys = {};
  at.settings.issuers.clear();
  at.failed(token);
  BOOST_TEST(at.forwarded == "bearer " + token);

  scene other;
  other.settings.callback.emplace();
  other.settings.callback->cookies = {"sid"};
  BOOST_TEST(other.failed("Cookie: a=b; sid=very-long-session-id") == "user");
  BOOST_TEST(other.forwarded == "cookie sid=very-long-session-id");
}

BOOST_AUTO_TEST_CASE(sealed_cookies_are_opened) {
  scene at;
  const core::secret key(std::string(64, 'k'));
  const auto sealed = [&](std::string_view claims) {
    return jose::encrypt_direct(claims, jose::encryption::a256cbc_hs512, key, std::string(16, 'n'))
        .value();
  };
  const std::string good = sealed(R"({"sub":"u1","exp":)" + std::to_string(now_seconds + 60) + "}");
  BOOST_TEST(at.failed(good) == "shape");
  at.settings.authjs.emplace();
  at.settings.authjs->cookies.push_back(
      {"c", {jose::encryption::a256gcm, {}}, {jose::encryption::a256cbc_hs512, {key}}});
  BOOST_TEST(at.failed(good) == "none");
  BOOST_TEST(at.failed(sealed(R"({"sub":"u1","exp":1})")) == "times");
  BOOST_TEST(at.failed(sealed(R"({"sub":"u1"})")) == "claims");
  at.settings.authjs->cookies[0].cbc.keys = {core::secret(std::string(64, 'x'))};
  BOOST_TEST(at.failed(good) == "key");
}

BOOST_AUTO_TEST_SUITE_END()
