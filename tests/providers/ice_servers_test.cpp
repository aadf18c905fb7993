// ice_servers: which settings make sense, and credentials that coturn takes.
#include "providers/ice_servers.hpp"

#include <boost/test/unit_test.hpp>

#include "providers/desk.hpp"

BOOST_AUTO_TEST_SUITE(ice_servers)

namespace {

// What is wrong with these settings: "key, key"; empty where nothing is.
std::string mistakes(tests::pairs values) {
  tests::settings_table settings(values);
  providers::read_ice_settings(settings.options);
  std::string out;
  for (const auto& one : settings.found) out += (out.empty() ? "" : ", ") + one.key.substr(15);
  return out;
}

using namespace std::string_literals;

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_no_stun_or_turn_address_is_refused) {
  for (const char* url : {"https://stun.example.com", "stun://stun.example.com", "stun:", "stun",
                          "turn:user@turn.example.com", "stun:a b"})
    BOOST_TEST(mistakes({{"ice_servers", std::string(url)}}).find("ice_servers") == 0U, url);
  BOOST_TEST(mistakes({{"ice_servers",
                        "stun:a,stun:b,stun:c,stun:d,stun:e,stun:f,stun:g,stun:h,stun:i"s}}) ==
             "ice_servers");
}

BOOST_AUTO_TEST_CASE(a_turn_server_needs_its_secret_and_nothing_else_does) {
  BOOST_TEST(mistakes({{"ice_servers", "turn:turn.example.com"s}}) == "turn_secret");
  BOOST_TEST(mistakes({{"ice_servers", "turns:turn.example.com"s}, {"turn_secret", "short"s}}) ==
             "turn_secret");
  BOOST_TEST(mistakes({{"ice_servers", "stun:stun.example.com"s},
                       {"turn_secret", "north-wind-and-sun"s}}) == "turn_secret");
  BOOST_TEST(mistakes({{"turn_secret", "north-wind-and-sun"s}}) == "turn_secret");
  BOOST_TEST(mistakes({{"ice_servers", "stun:a:3478,turns:b:443?transport=tcp"s},
                       {"turn_secret", "north-wind-and-sun"s}}) == "");
  BOOST_TEST(mistakes({}) == "");
}

// printf '1795348800:u1' | openssl dgst -sha1 -hmac north-wind-and-sun -binary | base64
BOOST_AUTO_TEST_CASE(a_credential_is_the_hmac_of_a_name_that_begins_with_its_end) {
  const providers::ice_settings settings{{"stun:a", "turn:b"}, core::secret("north-wind-and-sun")};
  BOOST_TEST(providers::ice_servers_json(settings, "u1", core::from_unix_seconds(1795348800)) ==
             R"([{"urls":"stun:a"},{"urls":"turn:b","username":"1795348800:u1",)"
             R"("credential":"+7SNaBhNPx48OuSZeOvAR4vYwcI="}])");
  BOOST_TEST(providers::ice_servers_json({}, "u1", {}) == "[]");
}

BOOST_AUTO_TEST_SUITE_END()
