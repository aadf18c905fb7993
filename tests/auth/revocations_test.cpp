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

  std::shared_ptr<const auth::session_settings> settings;
  std::unique_ptr<auth::verifier> verifier;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_remembered_token_is_out_at_once_and_its_neighbours_stay) {
  scene at;
  const std::string mine = scene::token("u1", "a"), other = scene::token("u1", "b");
  BOOST_TEST(at.good(mine));
  BOOST_TEST(at.good(other));
  at.verifier->revoke({"", "a", {}});
  BOOST_TEST(at.verifier->remembered() == 1u);
  BOOST_TEST(!at.good(mine));
  BOOST_TEST(at.good(other));
}

BOOST_AUTO_TEST_CASE(many_at_once_are_out_as_one_by_one) {
  scene at;
  const std::string first = scene::token("u1", "a"), second = scene::token("u2", "b");
  const std::string other = scene::token("u3", "c");
  for (const auto* one : {&first, &second, &other}) BOOST_TEST(at.good(*one));
  const std::vector<core::revocation> both{{"", "a", {}}, {"u2", "", tests::test_now()}};
  at.verifier->revoke(both);
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
  at.verifier->revoke({"u1", "", tests::test_now() - 30s});
  BOOST_TEST(!at.good(old));
  BOOST_TEST(at.good(young));
  BOOST_TEST(!at.good(undated));
  BOOST_TEST(at.good(other));
  // An earlier instant takes nothing back of what a later one has said.
  at.verifier->revoke({"u1", "", tests::test_now() - 300s});
  BOOST_TEST(!at.good(old));
}

BOOST_AUTO_TEST_CASE(everybody_before_an_instant) {
  scene at;
  BOOST_TEST(at.good(scene::token("u1", "a", -60)));
  at.verifier->revoke({"", "", tests::test_now() - 30s});
  BOOST_TEST(!at.good(scene::token("u1", "a", -60)));
  BOOST_TEST(!at.good(scene::token("u2", "b", -31)));
  BOOST_TEST(at.good(scene::token("u2", "c", -30)));
}

BOOST_AUTO_TEST_CASE(what_is_revoked_now_covers_tokens_that_a_fast_clock_dated_ahead) {
  scene at;
  const core::wall_time before = at.verifier->made_before(tests::test_now());
  BOOST_TEST(core::unix_seconds(before) == now_seconds + 31);
  at.verifier->revoke({"u1", "", before});
  for (const int ahead : {0, 1, 20, 30}) {
    const std::string claims = R"({"sub":"u1","exp":)" + std::to_string(now_seconds + 3600) +
                               R"(,"iat":)" + std::to_string(now_seconds + ahead) + "}";
    BOOST_TEST(!at.good(tests::token_of(R"({"alg":"HS256"})", claims,
                                        tests::signing_key(jose::algorithm::hs256))),
               ahead);
  }
}

BOOST_AUTO_TEST_CASE(other_settings_forget_no_revocation) {
  scene at;
  at.verifier->revoke({"", "a", {}});
  at.verifier->use(at.settings);
  BOOST_TEST(!at.good(scene::token("u1", "a")));
}

BOOST_AUTO_TEST_SUITE_END()
