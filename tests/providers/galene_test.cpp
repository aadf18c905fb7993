// galene: sub-groups of a parent, entered with tokens for exactly their address.
#include <boost/test/unit_test.hpp>

#include "jose/jwt.hpp"
#include "providers/desk.hpp"
#include "providers/error.hpp"
#include "providers/vendors.hpp"
#include "support/made_keys.hpp"

namespace providers {
provider_maker make_galene(provider_setup setup);
}

BOOST_AUTO_TEST_SUITE(galene_provider)

using namespace std::chrono_literals;
using providers::errc;
using namespace std::string_literals;

namespace {

// Bytes 00 to 1f, as k of a JWK.
constexpr const char* secret_k = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
constexpr const char* parent = "https://galene.acme.org:8443/group/calls/";

tests::pairs usual() {
  static const tests::pairs values = {{"url", "https://galene.acme.org:8443"s},
                                      {"group", "calls"s},
                                      {"secret", std::string(secret_k)}};
  return values;
}

struct galene : tests::one_provider {
  explicit galene(tests::pairs more = {}) : one_provider(&providers::make_galene, usual(), more) {}
  core::json_value claims(core::role seat = core::role::expert, std::string name = "Expert") {
    auto who = tests::admission_of(*this, "room-42", "exp-7", {}, seat);
    who.name = std::move(name);
    return tests::claims_of(tests::query_value((*provider->admit_now(who))->url, "token"));
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_token_is_for_the_groups_whole_address) {
  galene at;
  const auto link = at.admit();
  BOOST_REQUIRE(link);
  const std::string group = parent + tests::usual_name() + "/";
  BOOST_TEST(link->url.starts_with(group + "?token=eyJ"));
  const std::string token = tests::query_value(link->url, "token");
  const std::int64_t now = core::unix_seconds(at.clock.wall_now());
  BOOST_TEST(tests::part_of(token, 0) == R"({"alg":"HS256","typ":"JWT"})");
  BOOST_TEST(
      tests::part_of(token, 1) ==
      R"({"sub":"Expert","aud":[")" + group +
          R"("],"iss":"https://call.example.com","permissions":["op","present","message","token"],)" +
          R"("iat":)" + std::to_string(now - 10) + R"(,"exp":)" + std::to_string(now + 600) + "}");
  jose::key_set keys;
  keys.add(*jose::key::from_secret(core::secret(*core::from_base64url(secret_k)),
                                   jose::algorithm::hs256));
  BOOST_TEST(jose::verify_jwt(token, keys, {}, at.clock.wall_now()).has_value());
  BOOST_TEST(at.client.count() == 0u);
  BOOST_TEST(!at.provider->traits().needs_room);
}

BOOST_AUTO_TEST_CASE(who_does_not_run_the_call_may_speak_and_write) {
  galene at;
  const auto claims = at.claims(core::role::client);
  const auto* list = claims.find("permissions")->as_array();
  BOOST_REQUIRE(list);
  BOOST_REQUIRE(list->size() == 2u);
  BOOST_TEST(*(*list)[0].as_string() == "present");
  BOOST_TEST(*(*list)[1].as_string() == "message");
}

BOOST_AUTO_TEST_CASE(a_name_is_never_taken_for_a_path) {
  galene at;
  const auto shown = [&](std::string name) {
    return *at.claims(core::role::expert, std::move(name)).find_string("sub");
  };
  BOOST_TEST(shown("Dr. X") == "Dr. X");
  BOOST_TEST(shown("a\\b") == "a/b");
  BOOST_TEST(shown("..") == ".");
  BOOST_TEST(shown("a....b") == "a.b");
  BOOST_TEST(shown("//x") == "x");
  BOOST_TEST(shown("\\") == "Guest");
}

BOOST_AUTO_TEST_CASE(a_p256_key_signs_too) {
  tests::one_provider at(&providers::make_galene,
                         {{"url", "https://galene.acme.org:8443"s},
                          {"group", "acme/calls"s},
                          {"kid", "k7"s},
                          {"private_key", tests::pair_of("P-256").private_pem}});
  const std::string token = tests::query_value(at.admit()->url, "token");
  BOOST_TEST(tests::part_of(token, 0) == R"({"alg":"ES256","kid":"k7","typ":"JWT"})");
  const auto keys = tests::only(tests::verifying_key(jose::algorithm::es256, "k7"));
  BOOST_TEST(jose::verify_jwt(token, keys, {}, at.clock.wall_now()).has_value());
}

BOOST_AUTO_TEST_CASE(the_online_check_looks_for_the_parent_group_under_its_address) {
  galene at;
  at.client.reply(200,
                  R"({"name":"calls","location":"https://galene.acme.org:8443/group/calls/"})");
  BOOST_TEST(at.check().has_value());
  BOOST_TEST(at.client.last().line() == "GET "s + parent + ".status");
  at.client.reply(404, "<html>not found</html>");
  BOOST_TEST(!at.check().has_value());
  at.client.reply(200, R"({"location":"https://video.acme.org/group/calls/"})");
  BOOST_TEST(at.check().error().detail.find("video.acme.org") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(each_setting_that_cannot_work_is_a_mistake) {
  const auto with = [](tests::pairs changes) {
    return tests::mistakes_of(&providers::make_galene, usual(), changes);
  };
  BOOST_TEST(with({}).found.empty());
  for (const char* bad : {"/calls", "calls/", "a//b", "..", ".calls", "a b", "a\\b"})
    BOOST_TEST(with({{"group", std::string(bad)}}).complains("group"));
  BOOST_TEST(with({{"url", "https://galene.acme.org/group/calls"s}}).complains("url"));
  BOOST_TEST(with({{"secret", "short"s}}).complains("secret"));
  BOOST_TEST(with({{"secret", std::string(secret_k) + "AA"}}).complains("secret"));
  BOOST_TEST(with({{"secret", std::string(43, '!') + "x"}}).complains("secret"));
  BOOST_TEST(with({{"private_key", tests::pair_of("rsa").private_pem}}).complains("private_key"));
}

BOOST_AUTO_TEST_SUITE_END()
