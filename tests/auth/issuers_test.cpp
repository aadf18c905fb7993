// Several logins side by side: a token's issuer chooses whose keys count, and waits for them where
// they are not there yet.
#include <boost/test/unit_test.hpp>

#include "auth/key_scene.hpp"
#include "auth/verifier.hpp"

BOOST_AUTO_TEST_SUITE(issuers)

using auth::errc;
using jose::algorithm;
using tests::issuer;
using tests::now_seconds;

namespace {

// Asks the cache without crossing threads.
class direct_source final : public auth::key_source {
 public:
  explicit direct_source(tests::key_scene& at) : at_(at) {}
  bool worth_asking(const auth::issuer_keys* known, std::string_view kid) const override {
    if (!known || known->keys.empty()) return true;
    const auto now = at_.clock.steady_now();
    return now >= known->ask_again_at && !known->misses(kid, now);
  }
  core::task<core::result<auth::issuer_keys_ptr>> ask(std::string name, std::string kid,
                                                      core::deadline until) override {
    ++asked;
    return at_.cache.find(std::move(name), std::move(kid), until);
  }
  int asked = 0;

 private:
  tests::key_scene& at_;
};

std::string claims(std::string_view iss, std::string_view more = "") {
  return R"({"sub":"u1","iss":")" + std::string(iss) + R"(","exp":)" +
         std::to_string(now_seconds + 3600) + std::string(more) + "}";
}

struct scene : tests::key_scene {
  scene() {
    auto made = std::make_shared<auth::session_settings>();
    made->keys.add(tests::signing_key(algorithm::hs256));
    made->issuers = {issuer("one", "https://a.example/k"), issuer("two", "https://b.example/k")};
    settings = made;
    verifier = std::make_unique<auth::verifier>(settings);
    verifier->meet(source);
    cache.follow(settings->issuers);
    client.on(http::method::get, "https://a.example/k", 200,
              tests::set_of({tests::verifying_key(algorithm::es256, "k1")}));
    client.on(http::method::get, "https://b.example/k", 200,
              tests::set_of({tests::verifying_key(algorithm::rs256, "k1")}));
  }

  std::error_code now(const std::string& token) {
    const auto got = verifier->verify_token(token, clock.wall_now());
    return got ? std::error_code() : got.error().code;
  }
  std::error_code later(const std::string& token) {
    const auto got = tests::run(
        context, verifier->verify_later({core::secret(token)}, &clock, tests::far_deadline()));
    return got ? std::error_code() : got.error().code;
  }

  std::shared_ptr<const auth::session_settings> settings;
  direct_source source{*this};
  std::unique_ptr<auth::verifier> verifier;
};

const std::string es_header = R"({"alg":"ES256","kid":"k1"})";
const std::string rs_header = R"({"alg":"RS256","kid":"k1"})";

std::string es(const std::string& body) {
  return tests::token_of(es_header, body, tests::signing_key(algorithm::es256));
}
std::string rs(const std::string& body) {
  return tests::token_of(rs_header, body, tests::signing_key(algorithm::rs256));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_first_token_waits_for_the_keys_and_the_next_ones_do_not) {
  scene at;
  const std::string first = es(claims("https://one.example.com"));
  BOOST_TEST((at.now(first) == errc::must_wait));
  BOOST_TEST(!at.later(first));
  BOOST_TEST(!at.now(first));
  BOOST_TEST(!at.now(es(claims("https://one.example.com", R"(,"x":1)"))));
  BOOST_TEST(at.client.count() == 1u);
}

BOOST_AUTO_TEST_CASE(keys_never_cross_issuers) {
  scene at;
  BOOST_TEST(!at.later(es(claims("https://one.example.com"))));
  BOOST_TEST(!at.later(rs(claims("https://two.example.com"))));
  // Each signed by the other's key, and both by the secret that belongs to neither.
  BOOST_TEST((at.later(rs(claims("https://one.example.com"))) == errc::unauthenticated));
  BOOST_TEST((at.later(es(claims("https://two.example.com"))) == errc::unauthenticated));
  const auto secret = tests::signing_key(algorithm::hs256);
  const std::string hs = R"({"alg":"HS256"})";
  BOOST_TEST((at.later(tests::token_of(hs, claims("https://one.example.com"), secret)) ==
              errc::unauthenticated));
  BOOST_TEST(!at.later(tests::token_of(hs, claims("https://backend.example.com"), secret)));
  BOOST_TEST((at.later(es(claims("https://backend.example.com"))) == errc::unauthenticated));
  // Nearly the issuer is another one.
  for (const char* near : {"https://one.example.com/", "https://ONE.example.com",
                           "http://one.example.com", "https://one.example.com.evil.example"})
    BOOST_TEST((at.later(es(claims(near))) == errc::unauthenticated), near);
}

BOOST_AUTO_TEST_CASE(forged_tokens_lead_to_no_fetch) {
  scene at;
  const std::string body = claims("https://one.example.com");
  const auto secret = tests::signing_key(algorithm::hs256);
  for (const char* header :
       {R"({"alg":"none"})", R"({"alg":"HS256","kid":"x"})",
        R"({"alg":"ES256","kid":"k1","jku":"https://evil.example/k"})",
        R"({"alg":"ES256","kid":"k1","jwk":{}})", R"({"alg":"ES256","crit":["x"],"x":1})",
        R"({"alg":"ES256","kid":7})", R"({"alg":"ES256","typ":"logout+jwt"})"})
    BOOST_TEST((at.now(tests::token_of(header, body, secret)) == errc::unauthenticated), header);
  BOOST_TEST((at.now("a.b.c") == errc::unauthenticated));
  BOOST_TEST(at.client.count() == 0u);
  BOOST_TEST(at.source.asked == 0);
}

BOOST_AUTO_TEST_CASE(a_flood_of_unknown_kids_is_refused_without_waiting) {
  scene at;
  BOOST_TEST(!at.later(es(claims("https://one.example.com"))));
  const auto with_kid = [](int i) {
    return tests::token_of(R"({"alg":"ES256","kid":"k)" + std::to_string(1000 + i) + R"("})",
                           claims("https://one.example.com"), tests::signing_key(algorithm::es256));
  };
  BOOST_TEST((at.now(with_kid(0)) == errc::must_wait));
  BOOST_TEST((at.later(with_kid(0)) == errc::unauthenticated));
  for (int i = 1; i < 50; ++i) BOOST_TEST((at.now(with_kid(i)) == errc::unauthenticated));
  BOOST_TEST(at.client.count() == 2u);
}

BOOST_AUTO_TEST_CASE(a_bad_signature_under_a_known_kid_is_final) {
  scene at;
  BOOST_TEST(!at.later(es(claims("https://one.example.com"))));
  std::string bent = es(claims("https://one.example.com"));
  bent[bent.size() - 10] = bent[bent.size() - 10] == 'A' ? 'B' : 'A';
  BOOST_TEST((at.now(bent) == errc::unauthenticated));
  BOOST_TEST(at.source.asked == 1);
}

BOOST_AUTO_TEST_CASE(a_key_that_is_withdrawn_takes_verified_tokens_along) {
  scene at;
  const std::string token = es(claims("https://one.example.com"));
  BOOST_TEST(!at.later(token));
  BOOST_TEST(at.verifier->remembered() == 1u);
  auth::issuer_keys other;
  other.origin = origin_of(at.settings->issuers[0]);
  other.keys.add(tests::verifying_key(algorithm::rs256, "k9"));
  other.edition = 7;
  other.ask_again_at = at.clock.steady_now() + std::chrono::seconds(30);
  BOOST_TEST(at.verifier->learn(std::make_shared<const auth::issuer_keys>(std::move(other))));
  BOOST_TEST(at.verifier->remembered() == 0u);
  BOOST_TEST((at.now(token) == errc::unauthenticated));
}

BOOST_AUTO_TEST_CASE(keys_from_before_an_issuer_moved_are_not_taken_for_its_new_ones) {
  scene at;
  const std::string token = es(claims("https://one.example.com"));
  BOOST_TEST(!at.later(token));
  const auth::issuer_keys_ptr before = at.find("one", "k1").value();
  auto made = std::make_shared<auth::session_settings>(*at.settings);
  made->issuers[0].jwks_url = "https://b.example/k";
  at.verifier->use(made);
  BOOST_TEST(!at.verifier->learn(before));
  // A shard that was told before the cache cannot tell yet, and refuses nobody for good.
  BOOST_TEST((at.later(token) == errc::login_unavailable));
  at.cache.follow(made->issuers);
  BOOST_TEST((at.later(token) == errc::unauthenticated));
  BOOST_TEST(!at.later(rs(claims("https://one.example.com"))));
}

BOOST_AUTO_TEST_CASE(rules_and_claims_belong_to_the_issuer) {
  scene at;
  auto made = std::make_shared<auth::session_settings>(*at.settings);
  made->issuers[0].rules.audiences = {"door"};
  made->issuers[0].rules.parties = {"https://www.example.com"};
  made->issuers[0].rules.algorithms = {algorithm::es256};
  made->issuers[0].claims.user_claim = "uid";
  made->issuers[0].claims.required = {{"tid", "t1"}};
  made->issuers[0].claims.role_claims = {"resource_access.web.app.roles"};
  made->issuers[0].claims.expert_roles = {"coach"};
  at.verifier->use(made);
  const std::string good = R"(,"aud":"door","azp":"https://www.example.com","uid":"x9","tid":"t1",)"
                           R"("resource_access":{"web.app":{"roles":["coach"]}})";
  const std::string one = "https://one.example.com";
  const auto got =
      tests::run(at.context, at.verifier->verify_later({core::secret(es(claims(one, good)))},
                                                       &at.clock, tests::far_deadline()));
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST((*got)->user.text() == "x9");
  BOOST_TEST((*got)->roles.size() == 1u);
  const auto without = [&](std::string_view part, std::string_view instead) {
    std::string more = good;
    more.replace(more.find(part), part.size(), instead);
    return at.later(es(claims(one, more)));
  };
  BOOST_TEST((without(R"("aud":"door")", R"("aud":"x")") == errc::unauthenticated));
  BOOST_TEST((without(R"("azp":"https://www.example.com",)", "") == errc::unauthenticated));
  BOOST_TEST((without("www.example.com", "evil.example.com") == errc::unauthenticated));
  BOOST_TEST((without(R"("tid":"t1")", R"("tid":"t2")") == errc::unauthenticated));
  BOOST_TEST((without(R"("tid":"t1")", R"("tid":["t1"])") == errc::unauthenticated));
}

BOOST_AUTO_TEST_CASE(a_login_that_is_away_is_said_to_be_away) {
  scene at;
  at.cache.follow({issuer("one", "https://down.example/k")});
  at.client.on(http::method::get, "https://down.example/k", 500, "");
  BOOST_TEST((at.later(es(claims("https://one.example.com"))) == errc::login_unavailable));
}

BOOST_AUTO_TEST_SUITE_END()
