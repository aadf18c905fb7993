// daily: private rooms whatever it answers, tokens signed with the API key, webhooks by their HMAC.
#include <boost/test/unit_test.hpp>

#include "auth/heads.hpp"
#include "jose/jwt.hpp"
#include "providers/desk.hpp"
#include "providers/error.hpp"
#include "providers/vendors.hpp"

namespace providers {
provider_maker make_daily(provider_setup setup);
}

BOOST_AUTO_TEST_SUITE(daily_provider)

using namespace std::chrono_literals;
using providers::errc;
using namespace std::string_literals;

namespace {

constexpr const char* api_key = "7f3a9c51d2e84b60a1c7f3e95b8d2046e1f7a3c9b5d80e62";
constexpr const char* domain_id = "30f866c3-9123-452a-8723-ff58322d09c5";

tests::pairs usual() {
  static const tests::pairs values = {{"domain", "acme"s},
                                      {"api_key", std::string(api_key)},
                                      {"webhook_secret", "ZGFpbHktd2ViaG9vay1zZWNyZXQ="s}};
  return values;
}

constexpr const char* our_domain =
    R"({"domain_name":"acme","domain_id":"30f866c3-9123-452a-8723-ff58322d09c5"})";

struct daily : tests::one_provider {
  explicit daily(tests::pairs more = {}, std::string domain = our_domain)
      : one_provider(&providers::make_daily, usual(), more) {
    client.on(http::method::get, "https://api.daily.co/v1/", 200, std::move(domain));
  }
  std::int64_t room_end() const {
    return core::unix_seconds(tests::wish_of(*this).closes_at + 5min);
  }
  std::string room() const {
    return tests::usual_name() + " " + domain_id + " " + std::to_string(room_end());
  }
  core::result<providers::webhook_reading> webhook(std::string time, std::string signature,
                                                   std::string body) {
    return read_webhook(tests::made_head{{"X-Webhook-Timestamp", std::move(time)},
                                         {"X-Webhook-Signature", std::move(signature)}},
                        body);
  }
};

std::string room_json(std::string privacy = "private", std::string name = tests::usual_name(),
                      std::string domain = "acme") {
  return R"({"id":"d61cd7b2","name":")" + name + R"(","api_created":true,"privacy":")" + privacy +
         R"(","url":"https://)" + domain + ".daily.co/" + name + R"(","config":{}})";
}

constexpr const char* exists =
    R"({"error":"invalid-request-error","info":"a room named x already exists"})";

}  // namespace

BOOST_AUTO_TEST_CASE(a_new_room_is_private_and_ends_by_itself) {
  daily at;
  at.client.on(http::method::post, "https://api.daily.co/v1/rooms", 200, room_json());
  const auto room = at.prepare();
  BOOST_REQUIRE(room);
  BOOST_TEST(*room == at.room());
  BOOST_TEST(at.client.last().what.body ==
             R"({"name":")" + tests::usual_name() +
                 R"(","privacy":"private","properties":{"exp":)" + std::to_string(at.room_end()) +
                 R"(,"eject_at_room_exp":true,"enable_knocking":false}})");
  BOOST_TEST(at.client.last().find("Authorization") == "Bearer "s + api_key);
}

BOOST_AUTO_TEST_CASE(the_domains_id_is_asked_for_once_and_kept_with_each_room) {
  daily at;
  at.client.on(http::method::post, "https://api.daily.co/v1/rooms", 200, room_json());
  BOOST_REQUIRE(at.prepare());
  BOOST_REQUIRE(at.prepare());
  BOOST_TEST(at.client.count() == 3u);
  // Another process that knows only what was remembered asks nobody.
  daily later;
  BOOST_REQUIRE(later.admit(at.room()));
  BOOST_TEST(later.client.count() == 0u);
  daily told({{"domain_id", std::string(domain_id)}});
  told.client.on(http::method::post, "https://api.daily.co/v1/rooms", 200, room_json());
  BOOST_REQUIRE(told.prepare());
  BOOST_TEST(told.client.count() == 1u);
}

BOOST_AUTO_TEST_CASE(many_at_once_ask_for_the_domains_id_once) {
  daily at;
  at.client.on(http::method::post, "https://api.daily.co/v1/rooms", 200, room_json());
  core::notice gate(at.context.get_executor());
  at.client.hold(gate);
  int made = 0;
  for (int i = 0; i < 5; ++i)
    asio::co_spawn(at.context, at.provider->prepare(tests::wish_of(at), at.within(5s)),
                   [&](std::exception_ptr, core::result<std::string> got) { made += got ? 1 : 0; });
  at.context.poll();
  BOOST_TEST(at.client.count() == 1u);
  gate.give();
  at.client.hold(std::nullopt);
  at.context.run_for(2s);
  BOOST_TEST(made == 5);
  BOOST_TEST(at.client.count() == 6u);
}

BOOST_AUTO_TEST_CASE(a_room_that_exists_hears_of_its_new_end) {
  for (const int status : {400, 409}) {
    daily at({{"domain_id", std::string(domain_id)}});
    at.client.reply(status, status == 400 ? exists : "").reply(200, room_json());
    BOOST_REQUIRE(at.prepare());
    BOOST_TEST(at.client.last().line() ==
               "POST https://api.daily.co/v1/rooms/" + tests::usual_name());
    BOOST_TEST(at.client.last().what.body.find("\"private\"") != std::string::npos);
    BOOST_TEST(at.client.last().what.body.find("\"name\"") == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_create_whose_answer_was_lost_is_found_again) {
  daily at({{"domain_id", std::string(domain_id)}});
  at.client.refuse(net::errc::broken).reply(400, exists).reply(200, room_json());
  BOOST_TEST(at.prepare().has_value());
}

BOOST_AUTO_TEST_CASE(rooms_that_are_public_or_not_ours_are_rejected) {
  for (const std::string& body :
       {room_json("public"), room_json("private", "other"),
        room_json("private", tests::usual_name(), "evil"), "{}"s, "[]"s, "<html>"s}) {
    daily at({{"domain_id", std::string(domain_id)}});
    at.client.reply(200, body);
    const auto made = at.prepare();
    BOOST_REQUIRE(!made);
    BOOST_TEST(made.error().code == errc::rejected);
  }
  daily at({{"domain_id", std::string(domain_id)}});
  at.client.reply(400, R"({"error":"invalid-request-error","info":"exp must be in the future"})");
  const auto made = at.prepare();
  BOOST_TEST(made.error().code == errc::rejected);
  BOOST_TEST(made.error().detail.find("in the future") != std::string::npos);
  at.client.reply(429, R"({"error":"rate-limit-error"})");
  BOOST_TEST(at.prepare().error().code == errc::unavailable);
}

BOOST_AUTO_TEST_CASE(another_domains_key_is_told_apart) {
  daily at({}, R"({"domain_name":"other","domain_id":"30f866c3"})");
  BOOST_TEST(at.prepare().error().detail.find("other") != std::string::npos);
  BOOST_TEST(!at.check().has_value());
  daily odd({}, R"({"domain_id":"a b"})");
  BOOST_TEST(odd.check().error().code == errc::rejected);
  daily good;
  BOOST_TEST(good.check().has_value());
}

BOOST_AUTO_TEST_CASE(the_token_names_room_and_domain_and_ends) {
  daily at;
  const auto link = at.admit(at.room());
  BOOST_REQUIRE(link);
  BOOST_TEST(link->url.starts_with("https://acme.daily.co/" + tests::usual_name() + "?t=eyJ"));
  const std::string token = tests::query_value(link->url, "t");
  BOOST_TEST(tests::part_of(token, 0) == R"({"alg":"HS256","typ":"JWT"})");
  const std::int64_t now = core::unix_seconds(at.clock.wall_now());
  BOOST_TEST(tests::part_of(token, 1) ==
             R"({"r":")" + tests::usual_name() + R"(","d":")" + domain_id + R"(","iat":)" +
                 std::to_string(now) + R"(,"nbf":)" + std::to_string(now - 10) + R"(,"exp":)" +
                 std::to_string(now + 600) + R"(,"o":true,"u":"Expert","ud":"exp-7"})");
  jose::key_set keys;
  keys.add(*jose::key::from_secret(core::secret(api_key), jose::algorithm::hs256));
  BOOST_TEST(jose::verify_jwt(token, keys, {}, at.clock.wall_now()).has_value());
  const auto guest = at.admit(at.room(), core::role::client, std::string(200, 'x'));
  const auto claims = tests::claims_of(tests::query_value(guest->url, "t"));
  BOOST_TEST(!claims.find("o"));
  BOOST_TEST(claims.find_string("ud")->size() <= 36u);
}

BOOST_AUTO_TEST_CASE(no_token_without_a_room) {
  daily at;
  for (const std::string& room : {""s, "name"s, "name domain"s, " x 1"s, "a  1"s, "a b c"s})
    BOOST_TEST(at.admit(room).error().code == errc::rejected);
  BOOST_TEST(at.client.count() == 0u);
}

BOOST_AUTO_TEST_CASE(a_booking_that_closes_at_another_time_needs_its_room_told) {
  daily at;
  const auto wish = tests::wish_of(at);
  BOOST_TEST(at.provider->still_right({wish.starts_at, wish.closes_at, 2}, at.room()));
  const providers::room_terms longer{wish.starts_at, wish.closes_at + 1h, 2};
  BOOST_TEST(!at.provider->still_right(longer, at.room()));
  BOOST_TEST(at.provider->still_opens(longer, at.room(), wish.closes_at - 1s));
  BOOST_TEST(!at.provider->still_opens(longer, at.room(), wish.closes_at + 30min));
}

BOOST_AUTO_TEST_CASE(closing_deletes_and_gone_is_gone) {
  daily at;
  at.client.reply(200, R"({"deleted":true})").reply(404, R"({"error":"not-found"})").reply(403);
  BOOST_TEST(at.close(at.room()).has_value());
  BOOST_TEST(at.client.last().line() ==
             "DELETE https://api.daily.co/v1/rooms/" + tests::usual_name());
  BOOST_TEST(at.close(at.room()).has_value());
  BOOST_TEST(!at.close(at.room()).has_value());
  BOOST_TEST(at.close("").has_value());
}

BOOST_AUTO_TEST_CASE(too_many_deletes_stop_no_join) {
  daily at({{"domain_id", std::string(domain_id)}});
  at.client.on(http::method::delete_, "https://api.daily.co/v1/rooms/", 429, "{}");
  BOOST_TEST(at.close(at.room()).error().code == errc::unavailable);
  BOOST_TEST(!at.provider->away().has_value());
  at.client.on(http::method::post, "https://api.daily.co/v1/rooms", 200, room_json());
  BOOST_TEST(at.prepare().has_value());
  // Nor is Daily asked again before it may be.
  const std::size_t before = at.client.count();
  BOOST_TEST(!at.close(at.room()));
  BOOST_TEST(at.client.count() == before);
}

BOOST_AUTO_TEST_CASE(rooms_made_ahead_leave_calls_for_joins) {
  daily at({{"domain_id", std::string(domain_id)}});
  at.client.on(http::method::post, "https://api.daily.co/v1/rooms", 200, room_json());
  const auto made = [&](providers::urgency who) {
    auto wish = tests::wish_of(at);
    wish.wanted_for = who;
    return tests::run(at.context, at.provider->prepare(wish, at.within(100ms))).has_value();
  };
  std::size_t ahead = 0, at_the_door = 0;
  for (int i = 0; i < 120; ++i) ahead += made(providers::urgency::prepare) ? 1 : 0;
  for (int i = 0; i < 120; ++i) at_the_door += made(providers::urgency::join) ? 1 : 0;
  BOOST_TEST(ahead == 75u);
  BOOST_TEST(at_the_door == 25u);
  at.clock.advance(5s);
  BOOST_TEST(made(providers::urgency::prepare));
}

BOOST_AUTO_TEST_CASE(a_webhook_with_the_documented_signature_is_read) {
  daily at;
  at.clock.set_wall(core::from_unix_seconds(1800000610));
  // Computed with openssl: HMAC-SHA256 of "1800000601.<body>" with "daily-webhook-secret".
  const std::string body =
      R"({"version":"1.0.0","type":"meeting.ended","id":"e1","payload":{"start_ts":1800000000.1,)"
      R"("end_ts":1800000600.2,"meeting_id":"m1","room":"room-42"},"event_ts":1800000600.3})";
  const std::string signature = "nPD67RCKkeREF99kEgZ+dPuinWPVt9cc4w2MpL0w228=";
  BOOST_TEST(at.webhook("1800000601", signature, body).has_value());
  BOOST_TEST(at.webhook("1800000602", signature, body).error().code == errc::forged_webhook);
  BOOST_TEST(at.webhook("1800000601", signature, body + " ").error().code == errc::forged_webhook);
  BOOST_TEST(at.webhook("1800000601", "", body).error().code == errc::forged_webhook);
  at.clock.set_wall(core::from_unix_seconds(1800000601 + 301));
  BOOST_TEST(at.webhook("1800000601", signature, body).error().code == errc::forged_webhook);
}

BOOST_AUTO_TEST_CASE(a_webhook_tells_of_our_rooms_only) {
  daily at;
  jose::hmac_key secret("daily-webhook-secret", 32);
  const std::string time = std::to_string(core::unix_seconds(at.clock.wall_now()));
  const auto read = [&](const std::string& body) {
    const auto mac = secret.of(time + "." + body);
    return at.webhook(time, core::to_base64(core::as_bytes(mac.view())), body);
  };
  const auto event = [](std::string type, std::string room) {
    return R"({"type":")" + type + R"(","id":"e1","payload":{"room":")" + room +
           R"("},"event_ts":1800000600.3})";
  };
  const auto started = read(event("meeting.started", tests::usual_name()));
  BOOST_REQUIRE(started);
  BOOST_REQUIRE(started->events.size() == 1u);
  BOOST_TEST((started->events.front().what == providers::call_news::live));
  BOOST_TEST("sd-" + started->events.front().about.digest == tests::usual_name());
  BOOST_TEST(core::unix_seconds(started->events.front().at) == 1800000600);
  BOOST_TEST(read(event("meeting.started", "lobby"))->events.empty());
  BOOST_TEST(read(event("recording.started", tests::usual_name()))->events.empty());
  BOOST_TEST(read("[]").error().code == errc::bad_webhook);
}

BOOST_AUTO_TEST_CASE(the_trial_of_a_new_webhook_is_answered_whoever_signed_it) {
  daily at;
  const auto trial = at.read_webhook(tests::made_head{}, R"({"test":"test"})");
  BOOST_REQUIRE(trial);
  BOOST_TEST(trial->events.empty());
  BOOST_TEST(trial->reply == "{}");
  BOOST_TEST(trial->reply_to_anybody);
  const std::string time = std::to_string(core::unix_seconds(at.clock.wall_now()));
  BOOST_TEST(at.webhook(time, "AAAA", R"( { "test" : "test" } )").has_value());
  for (const char* body : {R"({"test":"tests"})", R"({"test":"test","type":"meeting.ended"})",
                           R"({"test":1})", R"({})", R"(["test"])", ""})
    BOOST_TEST(at.webhook(time, "AAAA", body).error().code == errc::forged_webhook, body);
}

BOOST_AUTO_TEST_CASE(without_a_secret_no_webhook_is_believed) {
  tests::one_provider at(&providers::make_daily,
                         {{"domain", "acme"s}, {"api_key", std::string(api_key)}});
  BOOST_TEST(at.read_webhook(tests::made_head{{"X-Webhook-Timestamp", "1"}}, "{}").error().code ==
             errc::no_webhooks);
}

BOOST_AUTO_TEST_CASE(each_setting_that_cannot_work_is_a_mistake) {
  const auto with = [](tests::pairs changes) {
    return tests::mistakes_of(&providers::make_daily, usual(), changes);
  };
  BOOST_TEST(with({}).found.empty());
  BOOST_TEST(with({{"domain", "acme.daily.co"s}}).complains("domain"));
  BOOST_TEST(with({{"api_key", "short"s}}).complains("api_key", "too short"));
  BOOST_TEST(
      with({{"webhook_secret", "not base64, but long enough"s}}).complains("webhook_secret"));
  BOOST_TEST(with({{"base_url", "http://api.example.com"s}}).complains("base_url"));
}

BOOST_AUTO_TEST_CASE(a_room_that_was_told_another_end_is_the_same_room) {
  daily at;
  const std::string name = tests::usual_name();
  // As two nodes may have remembered it: what is not the same is deleted as left over.
  BOOST_TEST(at.provider->same_room(name + " d1 1800000000", name + " d1 1800009000"));
  BOOST_TEST(!at.provider->same_room(name + " d1 1800000000", "sd-another d1 1800000000"));
  BOOST_TEST(!at.provider->same_room(name + " d1 1800000000", ""));
}

BOOST_AUTO_TEST_SUITE_END()
