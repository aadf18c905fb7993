// Revoked sessions: by user, by token, by time; remembered ones too.
#include "auth/revocations.hpp"

#include <boost/test/unit_test.hpp>

#include "auth/error.hpp"
#include "auth/verifier.hpp"
#include "support/made_keys.hpp"

BOOST_AUTO_TEST_SUITE(revocations)

using namespace std::chrono_literals;
using auth::errc;
using tests::now_seconds;

namespace {

struct scene {
  scene() {
    auto made = std::make_shared<auth::session_settings>();
    made->keys.add(tests::signing_key(jose::algorithm::hs256));
    settings = made;
    verifier = std::make_unique<auth::verifier>(settings);
  }
  // iat in seconds from now; none where it is positive.
  static std::string token(std::string_view user, std::string_view id, int age = -60) {
    std::string claims = R"({"sub":")" + std::string(user) + R"(","jti":")" + std::string(id) +
                         R"(","exp":)" + std::to_string(now_seconds + 3600);
    if (age <= 0) claims += R"(,"iat":)" + std::to_string(now_seconds + age);
    return tests::token_of(R"({"alg":"HS256"})", claims + "}",
                           tests::signing_key(jose::algorithm::hs256));
  }
  bool good(const std::string& one) {
    const auto got = verifier->verify_token(one, tests::test_now());
    if (!got) BOOST_TEST((got.error().code == errc::unauthenticated));
    return got.has_value();
  }
  // With an end that is far away.
  static std::string long_lived(std::chrono::seconds age) {
    return tests::token_of(R"({"alg":"HS256"})",
                           R"({"sub":"u1","exp":)" + std::to_string(now_seconds + 400 * 86'400) +
                               R"(,"iat":)" + std::to_string(now_seconds - age.count()) + "}",
                           tests::signing_key(jose::algorithm::hs256));
  }

  std::shared_ptr<const auth::session_settings> settings;
  std::unique_ptr<auth::verifier> verifier;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_remembered_token_is_out_at_once_and_its_neighbours_stay) {
  scene at;
  const std::string mine = scene::token("u1", "a"), other = scene::token("u1", "b");
  BOOST_TEST(at.good(mine));
  BOOST_TEST(at.good(other));
  at.verifier->revoke({"", "a", {}}, tests::test_now());
  BOOST_TEST(at.verifier->remembered() == 1u);
  BOOST_TEST(!at.good(mine));
  BOOST_TEST(at.good(other));
  // The audit log learns who it was.
  const auto refused = at.verifier->verify_token(mine, tests::test_now());
  BOOST_TEST_REQUIRE(refused.error().facts.size() == 3u);
  BOOST_TEST(refused.error().facts[0].value == "u1");
  BOOST_TEST(refused.error().facts[1].value == "a");
  for (const core::fact& one : refused.error().facts) BOOST_TEST(auth::is_for_audit(one.name));
}

BOOST_AUTO_TEST_CASE(many_at_once_are_out_as_one_by_one) {
  scene at;
  const std::string first = scene::token("u1", "a"), second = scene::token("u2", "b");
  const std::string other = scene::token("u3", "c");
  for (const auto* one : {&first, &second, &other}) BOOST_TEST(at.good(*one));
  const std::vector<core::revocation> both{{"", "a", {}}, {"u2", "", tests::test_now()}};
  at.verifier->revoke(both, tests::test_now());
  BOOST_TEST(at.verifier->remembered() == 1u);
  BOOST_TEST(!at.good(first));
  BOOST_TEST(!at.good(second));
  BOOST_TEST(at.good(other));
}

BOOST_AUTO_TEST_CASE(a_users_sessions_are_out_that_were_made_before) {
  scene at;
  const std::string old = scene::token("u1", "a", -60), young = scene::token("u1", "b", -5);
  const std::string undated = scene::token("u1", "c", 1), other = scene::token("u2", "d", -60);
  for (const auto* one : {&old, &young, &undated, &other}) BOOST_TEST(at.good(*one));
  at.verifier->revoke({"u1", "", tests::test_now() - 30s}, tests::test_now());
  BOOST_TEST(!at.good(old));
  BOOST_TEST(at.good(young));
  BOOST_TEST(!at.good(undated));
  BOOST_TEST(at.good(other));
  // An earlier instant takes nothing back of what a later one has said.
  at.verifier->revoke({"u1", "", tests::test_now() - 300s}, tests::test_now());
  BOOST_TEST(!at.good(old));
}

BOOST_AUTO_TEST_CASE(everybody_before_an_instant) {
  scene at;
  BOOST_TEST(at.good(scene::token("u1", "a", -60)));
  at.verifier->revoke({"", "", tests::test_now() - 30s}, tests::test_now());
  BOOST_TEST(!at.good(scene::token("u1", "a", -60)));
  BOOST_TEST(!at.good(scene::token("u2", "b", -31)));
  BOOST_TEST(at.good(scene::token("u2", "c", -30)));
}

BOOST_AUTO_TEST_CASE(what_is_revoked_now_covers_tokens_that_a_fast_clock_dated_ahead) {
  scene at;
  const core::wall_time before = at.verifier->made_before(tests::test_now());
  BOOST_TEST(core::unix_seconds(before) == now_seconds + 31);
  at.verifier->revoke({"u1", "", before}, tests::test_now());
  for (const int ahead : {0, 1, 20, 30}) {
    const std::string claims = R"({"sub":"u1","exp":)" + std::to_string(now_seconds + 3600) +
                               R"(,"iat":)" + std::to_string(now_seconds + ahead) + "}";
    BOOST_TEST(!at.good(tests::token_of(R"({"alg":"HS256"})", claims,
                                        tests::signing_key(jose::algorithm::hs256))),
               ahead);
  }
}

BOOST_AUTO_TEST_CASE(a_session_older_than_what_is_remembered_of_revocations_counts_no_more) {
  scene at;
  const auto kept = at.settings->revocations_kept;
  const auto judged = [&](const std::string& one, std::chrono::seconds later = 0s) {
    return at.verifier->verify_token(one, tests::test_now() + later);
  };
  const std::string young = scene::long_lived(kept - 1h), old = scene::long_lived(kept + 1h);
  const auto got = judged(young);
  BOOST_TEST_REQUIRE(got.has_value());
  BOOST_TEST(((*got)->expires_at == tests::test_now() + 1h));
  BOOST_TEST((judged(old).error().code == errc::session_expired));
  // One that is remembered ages as well.
  BOOST_TEST(at.verifier->remembered() == 1u);
  BOOST_TEST(judged(young, 3'600s + 29s).has_value());
  BOOST_TEST((judged(young, 3'600s + 30s).error().code == errc::session_expired));
}

BOOST_AUTO_TEST_CASE(what_covers_nothing_that_counts_is_forgotten_and_nothing_else) {
  auth::revocations known;
  constexpr std::chrono::hours kept{24};
  const core::wall_time then = tests::test_now(), now = then + 3 * kept;
  const auto add = [&](int number, core::wall_time at) {
    const std::string name = std::to_string(number);
    known.add(number % 2 ? core::revocation{name, "", at} : core::revocation{"", name, {}}, at,
              kept);
  };
  for (int i = 0; i < 100'000; ++i) add(i, then);
  BOOST_TEST(known.size() == 100'000u);
  // Twice as many as there were at the last look bring the next one.
  for (int i = 100'000; i < 300'000; ++i) add(i, now);
  BOOST_TEST(known.size() == 200'000u);
  auth::identity who{.user = core::user_id::from("100001").value(), .token_id = "t"};
  BOOST_TEST(known.covers(who));
  who.user = core::user_id::from("99999").value();
  BOOST_TEST(!known.covers(who));
  who.token_id = "100000";
  BOOST_TEST(known.covers(who));
}

BOOST_AUTO_TEST_CASE(
    what_was_told_of_a_session_is_held_against_revocations_where_it_dates_or_names_it) {
  auth::revocations known;
  const core::wall_time now = tests::test_now();
  const auto kept = std::chrono::hours{24};
  auth::identity who;
  who.user = core::user_id::from("u1").value();
  known.add({"u1", "", now}, now, kept);
  BOOST_TEST(known.covers(who));
  BOOST_TEST(!known.covers_told(who));
  who.issued_at = now - 1s;
  BOOST_TEST(known.covers_told(who));
  who.issued_at = now;
  BOOST_TEST(!known.covers_told(who));
  known.add({"", "t1", {}}, now, kept);
  for (const bool dated : {true, false}) {
    if (!dated) who.issued_at.reset();
    who.token_id = "t1";
    BOOST_TEST(known.covers_told(who));
    who.token_id = "t2";
    BOOST_TEST(!known.covers_told(who));
  }
}

BOOST_AUTO_TEST_CASE(other_settings_forget_no_revocation) {
  scene at;
  at.verifier->revoke({"", "a", {}}, tests::test_now());
  at.verifier->use(at.settings);
  BOOST_TEST(!at.good(scene::token("u1", "a")));
}

BOOST_AUTO_TEST_SUITE_END()
