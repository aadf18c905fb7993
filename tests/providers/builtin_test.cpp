// builtin: the embedded room's links, and the check of the token that they carry.
#include "providers/builtin.hpp"

#include <boost/test/unit_test.hpp>

#include "jose/error.hpp"
#include "jose/jwt.hpp"
#include "providers/desk.hpp"
#include "providers/vendors.hpp"

namespace providers {
provider_maker make_builtin(provider_setup setup);
}

BOOST_AUTO_TEST_SUITE(builtin)

using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

constexpr const char* room_secret = "rB7yKm3xQz9wTn5vLc2hJp8gDf4sEa6u";

struct house : tests::desk {
  explicit house(tests::pairs values = {{"secret", std::string(room_secret)}},
                 std::string public_url = "http://localhost:3002")
      : settings(values) {
    auto make = providers::make_builtin(tests::setup_of(settings, std::move(public_url)));
    BOOST_REQUIRE(settings.found.empty());
    provider = make(tools());
    other_shard = make(tools());
  }
  std::string token(std::string_view room = "room-42", std::string_view user = "u1") {
    return tests::query_value((*provider->admit_now(tests::admission_of(*this, room, user)))->url,
                              "token");
  }
  const providers::builtin_tokens& tokens() { return *providers::tokens_of(*other_shard); }

  tests::settings_table settings;
  std::unique_ptr<providers::provider> provider;
  std::unique_ptr<providers::provider> other_shard;
};

std::error_code refusal(const core::result<providers::room_pass>& got) {
  return got ? std::error_code() : got.error().code;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_link_opens_our_own_page_and_any_shard_can_check_it) {
  house at;
  const auto got = *at.provider->admit_now(tests::admission_of(at, "a@b:c", "u1"));
  BOOST_REQUIRE(got);
  BOOST_TEST(got->url.starts_with("http://localhost:3002/room/a%40b%3Ac?token=eyJ"));
  BOOST_TEST((got->expires_at == at.clock.wall_now() + 10min));
  BOOST_TEST(at.provider->traits().origin == "http://localhost:3002");
  BOOST_TEST(!at.provider->traits().needs_room);
  const auto pass = at.tokens().verify(tests::query_value(got->url, "token"), at.clock.wall_now());
  BOOST_REQUIRE(pass);
  BOOST_TEST(pass->room.text() == "a@b:c");
  BOOST_TEST(pass->user.text() == "u1");
  BOOST_TEST((pass->seat == core::role::expert));
  BOOST_TEST(pass->name == "Expert");
  BOOST_TEST(pass->id.size() == 36u);
  BOOST_TEST((pass->expires_at == got->expires_at));
}

BOOST_AUTO_TEST_CASE(an_expired_or_altered_or_foreign_token_opens_nothing) {
  house at;
  const std::string good = at.token();
  BOOST_TEST(refusal(at.tokens().verify(good, at.clock.wall_now() + 11min)) == jose::errc::expired);
  std::string altered = good;
  altered[good.find('.') + 10] = altered[good.find('.') + 10] == 'A' ? 'B' : 'A';
  BOOST_TEST(refusal(at.tokens().verify(altered, at.clock.wall_now())) ==
             jose::errc::bad_signature);
  BOOST_TEST(refusal(at.tokens().verify("", at.clock.wall_now())) == jose::errc::malformed);
  house elsewhere({{"secret", std::string(room_secret)}}, "https://other.example.com");
  BOOST_TEST(refusal(at.tokens().verify(elsewhere.token(), at.clock.wall_now())) ==
             jose::errc::bad_claims);
}

BOOST_AUTO_TEST_CASE(a_session_signed_with_the_same_secret_is_no_pass) {
  house at;
  const auto key = *jose::key::from_secret(core::secret(room_secret), jose::algorithm::hs256);
  const auto now = core::unix_seconds(at.clock.wall_now());
  const std::string claims =
      R"({"iss":"http://localhost:3002","aud":"http://localhost:3002/room","sub":"u1","room":"r",)"
      R"("role":"expert","name":"x","exp":)" +
      std::to_string(now + 60) + "}";
  BOOST_TEST(
      !at.tokens().verify(*jose::sign_jwt(key, claims, "JWT"), at.clock.wall_now()).has_value());
  BOOST_TEST(at.tokens()
                 .verify(*jose::sign_jwt(key, claims, "stagedoor-room+jwt"), at.clock.wall_now())
                 .has_value());
  std::string roomless = claims;
  roomless.replace(roomless.find("\"room\""), 6, "\"xoom\"");
  BOOST_TEST(refusal(at.tokens().verify(*jose::sign_jwt(key, roomless, "stagedoor-room+jwt"),
                                        at.clock.wall_now())) == jose::errc::bad_claims);
}

BOOST_AUTO_TEST_CASE(without_a_secret_the_key_lives_as_long_as_the_process) {
  house first({});
  house second({});
  const std::string token = first.token();
  BOOST_TEST(first.tokens().verify(token, first.clock.wall_now()).has_value());
  BOOST_TEST(!second.tokens().verify(token, second.clock.wall_now()).has_value());
}

BOOST_AUTO_TEST_CASE(no_link_outlives_the_room_and_none_loses_its_name) {
  house at;
  auto who = tests::admission_of(at, "room-42", "u1");
  who.closes_at = who.now + 30s;
  BOOST_TEST(((*at.provider->admit_now(who))->expires_at == who.closes_at));
  who.closes_at = who.now - 1s;
  BOOST_TEST(!at.provider->admit_now(who)->has_value());
  BOOST_TEST(!at.provider->admit_now(tests::admission_of(at, "..", "u1"))->has_value());
}

BOOST_AUTO_TEST_CASE(bad_settings_are_mistakes_and_other_providers_have_no_tokens) {
  for (const auto& [key, value] : {std::pair("secret", "short"), std::pair("lifetime", "2h")}) {
    tests::settings_table table({{key, std::string(value)}});
    providers::make_builtin(tests::setup_of(table));
    BOOST_TEST(table.complains(key));
  }
}

BOOST_AUTO_TEST_SUITE_END()
