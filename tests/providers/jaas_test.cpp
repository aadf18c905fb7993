// jaas: RS256 tokens under the console's key id, moderators in the right place, signed webhooks.
#include <boost/test/unit_test.hpp>

#include "auth/heads.hpp"
#include "jose/jwt.hpp"
#include "providers/desk.hpp"
#include "providers/error.hpp"
#include "providers/vendors.hpp"
#include "support/made_keys.hpp"

namespace providers {
provider_maker make_jaas(provider_setup setup);
}

BOOST_AUTO_TEST_SUITE(jaas_provider)

using namespace std::chrono_literals;
using providers::errc;
using namespace std::string_literals;

namespace {

constexpr const char* app_id = "vpaas-magic-cookie-c1";

tests::pairs usual() {
  static const tests::pairs values = {{"app_id", std::string(app_id)},
                                      {"key_id", "vpaas-magic-cookie-c1/4f8ab2"s},
                                      {"private_key", tests::pair_of("rsa").private_pem},
                                      {"webhook_secret", "jaas-secret"s}};
  return values;
}

struct jaas : tests::one_provider {
  explicit jaas(tests::pairs more = {}) : one_provider(&providers::make_jaas, usual(), more) {}
  core::result<providers::webhook_reading> webhook(std::string field, std::string body) {
    return read_webhook(tests::made_head{{"X-Jaas-Signature", std::move(field)}}, body);
  }
  core::result<providers::webhook_reading> signed_webhook(std::string body) {
    const jose::hmac_key secret("jaas-secret", 32);
    const std::string time = std::to_string(core::unix_seconds(clock.wall_now()));
    const auto mac = secret.of(time + "." + body);
    return webhook("t=" + time + ",v1=" + core::to_base64(core::as_bytes(mac.view())),
                   std::move(body));
  }
};

std::string event(std::string type, std::string fqn, std::string data = "{}") {
  return R"({"idempotencyKey":"i1","appId":"vpaas-magic-cookie-c1","eventType":")" + type +
         R"(","sessionId":"s1","timestamp":1800000601123,"fqn":")" + fqn + R"(","data":)" + data +
         "}";
}
std::string ours() { return app_id + "/"s + tests::usual_name(); }

}  // namespace

BOOST_AUTO_TEST_CASE(the_token_is_as_8x8_documents_it) {
  jaas at;
  const auto link = at.admit();
  BOOST_REQUIRE(link);
  BOOST_TEST(link->url.starts_with("https://8x8.vc/vpaas-magic-cookie-c1/" + tests::usual_name() +
                                   "?jwt=eyJ"));
  std::string token = tests::query_value(link->url, "jwt");
  token = token.substr(0, token.find('#'));
  BOOST_TEST(tests::part_of(token, 0) ==
             R"({"alg":"RS256","kid":"vpaas-magic-cookie-c1/4f8ab2","typ":"JWT"})");
  const auto keys =
      tests::only(tests::verifying_key(jose::algorithm::rs256, "vpaas-magic-cookie-c1/4f8ab2"));
  BOOST_TEST(jose::verify_jwt(token, keys, {}, at.clock.wall_now()).has_value());
  const auto claims = tests::claims_of(token);
  BOOST_TEST(*claims.find_string("aud") == "jitsi");
  BOOST_TEST(*claims.find_string("iss") == "chat");
  BOOST_TEST(*claims.find_string("sub") == app_id);
  BOOST_TEST(*claims.find_string("room") == tests::usual_name());
  const auto* user = claims.find("context")->find("user");
  BOOST_TEST(*user->find_string("moderator") == "true");  // text, and inside user
  BOOST_TEST(*user->find_string("id") == "exp-7");
  BOOST_TEST(!user->find("affiliation"));
  BOOST_TEST(*claims.find("context")->find("features")->find_string("recording") == "false");
  BOOST_TEST(at.client.count() == 0u);
}

BOOST_AUTO_TEST_CASE(the_last_part_of_a_key_id_is_enough) {
  jaas at({{"key_id", "4f8ab2"s}});
  const auto token = tests::query_value(at.admit()->url, "jwt");
  BOOST_TEST(tests::part_of(token, 0).find("vpaas-magic-cookie-c1/4f8ab2") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_webhook_with_the_documented_signature_is_read) {
  jaas at;
  at.clock.set_wall(core::from_unix_seconds(1800000610));
  // Computed with openssl: HMAC-SHA256 of "1800000601.<body>" with "jaas-secret".
  const std::string body =
      R"({"idempotencyKey":"i1","customerId":"c1","appId":"vpaas-magic-cookie-c1",)"
      R"("eventType":"ROOM_DESTROYED","sessionId":"s1","timestamp":1800000601000,)"
      R"("fqn":"vpaas-magic-cookie-c1/room-42","data":{}})";
  const std::string good = "xwgCDOD8o2SjHesjzORq3HqDrRTKgFyM7kor8BEY+Ds=";
  BOOST_TEST(at.webhook("t=1800000601,v1=" + good, body).has_value());
  BOOST_TEST(at.webhook("t=1800000601, v0=x,v1=AAAA,v1=" + good, body).has_value());
  for (const std::string& bad :
       {"t=1800000602,v1=" + good, "t=1800000601,v0=" + good, "v1=" + good, "t=1800000601"s, ""s})
    BOOST_TEST(at.webhook(bad, body).error().code == errc::forged_webhook);
  BOOST_TEST(at.webhook("t=1800000601,v1=" + good, body + "\n").error().code ==
             errc::forged_webhook);
  at.clock.set_wall(core::from_unix_seconds(1800000601 - 301));
  BOOST_TEST(at.webhook("t=1800000601,v1=" + good, body).error().code == errc::forged_webhook);
}

BOOST_AUTO_TEST_CASE(the_signed_time_may_be_in_milliseconds) {
  jaas at;
  const jose::hmac_key secret("jaas-secret", 32);
  const std::string time = std::to_string(core::unix_seconds(at.clock.wall_now())) + "123";
  const auto mac = secret.of(time + ".{}");
  const auto read =
      at.webhook("t=" + time + ",v1=" + core::to_base64(core::as_bytes(mac.view())), "{}");
  BOOST_TEST(read.error().code == errc::bad_webhook);  // signed, and without an event
}

BOOST_AUTO_TEST_CASE(rooms_begin_and_end_by_webhook) {
  jaas at;
  const auto began = at.signed_webhook(event("ROOM_CREATED", ours()));
  BOOST_REQUIRE(began);
  BOOST_REQUIRE(began->events.size() == 1u);
  BOOST_TEST((began->events.front().what == providers::call_news::live));
  BOOST_TEST("sd-" + began->events.front().about.digest == tests::usual_name());
  BOOST_TEST((began->events.front().at == core::from_unix_seconds(1800000601) + 123ms));
  BOOST_TEST(began->events.front().id == "i1");
  BOOST_TEST((at.signed_webhook(event("ROOM_DESTROYED", ours()))->events.front().what ==
              providers::call_news::ended));
  for (const std::string& body :
       {event("ROOM_CREATED", "vpaas-magic-cookie-c2/" + tests::usual_name()),
        event("ROOM_CREATED", app_id + "/lobby"s), event("USAGE", ours()),
        event("ROOM_DESTROYED", ours(), R"({"isBreakout":true})")})
    BOOST_TEST(at.signed_webhook(body)->events.empty());
}

BOOST_AUTO_TEST_CASE(without_a_secret_no_webhook_is_believed) {
  tests::one_provider at(&providers::make_jaas,
                         {{"app_id", std::string(app_id)},
                          {"key_id", "4f8ab2"s},
                          {"private_key", tests::pair_of("rsa").private_pem}});
  BOOST_TEST(
      at.read_webhook(tests::made_head{{"X-Jaas-Signature", "t=1,v1="}}, "{}").error().code ==
      errc::no_webhooks);
}

BOOST_AUTO_TEST_CASE(each_setting_that_cannot_work_is_a_mistake) {
  const auto with = [](tests::pairs changes) {
    return tests::mistakes_of(&providers::make_jaas, usual(), changes);
  };
  BOOST_TEST(with({}).found.empty());
  BOOST_TEST(with({{"app_id", "acme"s}}).complains("app_id"));
  BOOST_TEST(with({{"base_url", "https://8x8.vc;script-src"s}}).complains("base_url"));
  BOOST_TEST(with({{"key_id", "vpaas-magic-cookie-c2/4f8ab2"s}}).complains("key_id", "another"));
  BOOST_TEST(with({{"private_key", tests::pair_of("rsa").public_pem}}).complains("private_key"));
  BOOST_TEST(with({{"private_key", tests::pair_of("P-256").private_pem}}).complains("private_key"));
}

BOOST_AUTO_TEST_SUITE_END()
