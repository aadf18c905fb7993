// jitsi: links to a server of one's own, whose tokens name room, person and who runs the call.
#include <boost/test/unit_test.hpp>

#include <set>

#include "jose/jwt.hpp"
#include "providers/desk.hpp"
#include "providers/error.hpp"
#include "providers/vendors.hpp"
#include "support/made_keys.hpp"

namespace providers {
provider_maker make_jitsi(provider_setup setup);
}

BOOST_AUTO_TEST_SUITE(jitsi_provider)

using namespace std::chrono_literals;
using providers::errc;
using namespace std::string_literals;

namespace {

constexpr const char* app_secret = "kT4vXz9pQm2wLb7nRj5cYh8gFd3sAe6u";

tests::pairs usual() {
  static const tests::pairs values = {{"url", "https://meet.acme.com"s},
                                      {"app_id", "my_app_id"s},
                                      {"secret", std::string(app_secret)}};
  return values;
}

struct jitsi : tests::one_provider {
  explicit jitsi(tests::pairs more = {}) : one_provider(&providers::make_jitsi, usual(), more) {}
};

std::string token_in(const core::result<providers::join_link>& link) {
  const std::string token = tests::query_value(link->url, "jwt");
  return token.substr(0, token.find('#'));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_token_is_what_prosody_checks_and_the_link_what_the_page_reads) {
  jitsi at;
  const auto link = at.admit();
  BOOST_REQUIRE(link);
  BOOST_TEST(link->url == "https://meet.acme.com/" + tests::usual_name() +
                              "?jwt=" + token_in(link) + "#config.prejoinConfig.enabled=false");
  BOOST_TEST(tests::part_of(token_in(link), 0) == R"({"alg":"HS256","typ":"JWT"})");
  const std::int64_t now = core::unix_seconds(at.clock.wall_now());
  BOOST_TEST(
      tests::part_of(token_in(link), 1) ==
      R"({"aud":"jitsi","iss":"my_app_id","sub":"meet.acme.com","room":")" + tests::usual_name() +
          R"(","iat":)" + std::to_string(now) + R"(,"nbf":)" + std::to_string(now - 10) +
          R"(,"exp":)" + std::to_string(now + 600) +
          R"(,"context":{"user":{"id":"exp-7","name":"Expert","moderator":"true","affiliation":"owner"}}})");
  jose::key_set keys;
  keys.add(*jose::key::from_secret(core::secret(app_secret), jose::algorithm::hs256));
  BOOST_TEST(jose::verify_jwt(token_in(link), keys, {}, at.clock.wall_now()).has_value());
  BOOST_TEST(at.client.count() == 0u);
  BOOST_TEST(!at.provider->traits().needs_room);
}

BOOST_AUTO_TEST_CASE(a_client_is_a_member_unless_told_otherwise) {
  jitsi at;
  const auto claims = tests::claims_of(token_in(at.admit({}, core::role::client)));
  const auto* user = claims.find("context")->find("user");
  BOOST_TEST(*user->find_string("moderator") == "false");
  BOOST_TEST(*user->find_string("affiliation") == "member");
}

BOOST_AUTO_TEST_CASE(rooms_that_differ_in_case_or_generation_stay_apart) {
  jitsi at;
  std::set<std::string> rooms;
  for (const char* room : {"Room", "room", "ROOM", "room~", "room@", ".."}) {
    const auto link = *at.provider->admit_now(tests::admission_of(at, room, "u1"));
    rooms.insert(*tests::claims_of(token_in(link)).find_string("room"));
  }
  auto again = tests::admission_of(at, "room", "u1");
  again.generation = 2;
  rooms.insert(*tests::claims_of(token_in(*at.provider->admit_now(again))).find_string("room"));
  BOOST_TEST(rooms.size() == 7u);
  for (const std::string& room : rooms) BOOST_TEST(room == core::lower_case(room));
}

BOOST_AUTO_TEST_CASE(tenant_subject_audience_and_prejoin_are_settings) {
  jitsi at({{"tenant", "acme"s}, {"audience", "video"s}, {"prejoin", true}});
  const auto link = at.admit();
  BOOST_TEST(link->url.starts_with("https://meet.acme.com/acme/sd-"));
  BOOST_TEST(link->url.find('#') == std::string::npos);
  BOOST_TEST(*tests::claims_of(token_in(link)).find_string("sub") == "acme");
  BOOST_TEST(*tests::claims_of(token_in(link)).find_string("aud") == "video");
  jitsi docker({{"subject", "meet.jitsi"s}});
  BOOST_TEST(*tests::claims_of(token_in(docker.admit())).find_string("sub") == "meet.jitsi");
}

BOOST_AUTO_TEST_CASE(an_rsa_key_signs_with_its_kid) {
  tests::one_provider at(&providers::make_jitsi,
                         {{"url", "https://meet.acme.com"s},
                          {"app_id", "my_app_id"s},
                          {"kid", "jitsi/1"s},
                          {"private_key", tests::pair_of("rsa").private_pem}});
  const std::string token = token_in(at.admit());
  BOOST_TEST(tests::part_of(token, 0) == R"({"alg":"RS256","kid":"jitsi/1","typ":"JWT"})");
  const auto keys = tests::only(tests::verifying_key(jose::algorithm::rs256, "jitsi/1"));
  BOOST_TEST(jose::verify_jwt(token, keys, {}, at.clock.wall_now()).has_value());
}

BOOST_AUTO_TEST_CASE(a_long_call_may_have_a_long_token_but_never_beyond_the_door) {
  jitsi at({{"lifetime", "24h"s}});
  BOOST_TEST((at.admit()->expires_at == at.clock.wall_now() + 2h));
  auto late = tests::admission_of(at, "room-42", "u1");
  late.closes_at = late.now;
  BOOST_TEST((*at.provider->admit_now(late)).error().code == errc::rejected);
}

BOOST_AUTO_TEST_CASE(each_setting_that_cannot_work_is_a_mistake) {
  const auto with = [](tests::pairs changes) {
    return tests::mistakes_of(&providers::make_jitsi, usual(), changes);
  };
  BOOST_TEST(with({}).found.empty());
  BOOST_TEST(with({{"url", "https://meet.jit.si"s}}).complains("url", "public"));
  BOOST_TEST(with({{"url", "https://meet.acme.com/tenant"s}}).complains("url"));
  BOOST_TEST(with({{"url", "http://meet.acme.com"s}}).complains("url"));
  BOOST_TEST(with({{"tenant", "Acme"s}}).complains("tenant"));
  BOOST_TEST(with({{"secret", "short"s}}).complains("secret"));
  BOOST_TEST(with({{"private_key", tests::pair_of("rsa").private_pem}}).complains("secret", "too"));
  BOOST_TEST(with({{"private_key", tests::pair_of("rsa").private_pem}}).complains("kid"));
  BOOST_TEST(with({{"lifetime", "25h"s}}).complains("lifetime"));
}

BOOST_AUTO_TEST_SUITE_END()
