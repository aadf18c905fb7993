// livekit: tokens as its SDKs make them, rooms by its server API, webhooks by its signature.
#include <boost/test/unit_test.hpp>

#include "auth/heads.hpp"
#include "jose/jwt.hpp"
#include "providers/desk.hpp"
#include "providers/error.hpp"
#include "providers/vendors.hpp"

namespace providers {
provider_maker make_livekit(provider_setup setup);
}

BOOST_AUTO_TEST_SUITE(livekit_provider)

using namespace std::chrono_literals;
using providers::errc;
using namespace std::string_literals;

namespace {

constexpr const char* api_secret = "secret-for-tests-kT4vXz9pQm2wLb7nRj5c";
constexpr const char* api = "https://acme.livekit.cloud/twirp/livekit.RoomService/";

tests::pairs usual() {
  static const tests::pairs values = {{"url", "wss://acme.livekit.cloud"s},
                                      {"api_key", "APItestkey"s},
                                      {"secret", std::string(api_secret)}};
  return values;
}

struct livekit : tests::one_provider {
  explicit livekit(tests::pairs more = {})
      : one_provider(&providers::make_livekit, usual(), more) {}
};

struct with_rooms : livekit {
  with_rooms() : livekit({{"create_rooms", true}}) {}
  std::string closes() const {
    return std::to_string(core::unix_seconds(tests::wish_of(*this).closes_at));
  }
};

jose::key_set keys_of(std::string_view secret) {
  jose::key_set keys;
  keys.add(*jose::key::from_secret(core::secret(std::string(secret)), jose::algorithm::hs256));
  return keys;
}

std::string room_answer(const std::string& name) {
  return R"({"sid":"RM_6Y2Vq4LbTf8t", "name":")" + name +
         R"(",  "creation_time":"1800000000","num_participants":0,"version":null})";
}

// A webhook as livekit-server sends it, signed with `secret` for `body`.
std::string webhook_token(const tests::desk& at, std::string_view body,
                          std::string_view secret = api_secret, std::string_view key = "APItestkey",
                          std::chrono::seconds life = 300s) {
  const auto digest = core::from_hex(core::short_digest(body, 32));
  std::string claims;
  core::json_writer json(claims);
  json.begin_object().member("iss", key);
  json.member("exp", core::unix_seconds(at.clock.wall_now() + life));
  json.member("sha256", core::to_base64(core::as_bytes(*digest))).end_object();
  const auto keys = keys_of(secret);
  return *jose::sign_jwt(keys.keys().front(), claims);
}

std::string finished(const std::string& name = tests::usual_name()) {
  return R"({"event":"room_finished","room":{"sid":"RM_x","name":")" + name +
         R"(","emptyTimeout":300,"creationTime":"1800000000"},"id":"EV_x","createdAt":"1800000601"})";
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_token_names_room_person_and_rights_and_ends) {
  livekit at;
  const auto room = at.prepare();
  BOOST_REQUIRE(room);
  BOOST_TEST(*room == tests::usual_name());
  const auto link = at.admit(*room);
  BOOST_REQUIRE(link);
  BOOST_TEST(at.client.count() == 0u);  // LiveKit makes the room by itself
  BOOST_TEST(link->url.starts_with(
      "https://meet.livekit.io/custom?liveKitUrl=wss%3A%2F%2Facme.livekit.cloud&token=eyJ"));
  BOOST_TEST(tests::query_value(link->url, "token") == link->token);
  BOOST_TEST(tests::part_of(link->token, 0) == R"({"alg":"HS256","typ":"JWT"})");
  const std::string now = std::to_string(core::unix_seconds(at.clock.wall_now()));
  const std::string before = std::to_string(core::unix_seconds(at.clock.wall_now() - 10s));
  const std::string end = std::to_string(core::unix_seconds(at.clock.wall_now() + 600s));
  BOOST_TEST(
      tests::part_of(link->token, 1) ==
      R"({"iss":"APItestkey","sub":"exp-7","iat":)" + now + R"(,"nbf":)" + before + R"(,"exp":)" +
          end + R"(,"name":"Expert","video":{"roomJoin":true,"room":")" + *room +
          R"(","canPublish":true,"canSubscribe":true,"canPublishData":true,"roomAdmin":true}})");
  BOOST_TEST(
      jose::verify_jwt(link->token, keys_of(api_secret), {}, at.clock.wall_now()).has_value());
  BOOST_TEST(at.provider->traits().server_url == "wss://acme.livekit.cloud");
}

BOOST_AUTO_TEST_CASE(only_moderators_administer_the_room) {
  livekit at;
  const auto guest = at.admit(tests::usual_name(), core::role::client);
  BOOST_TEST(!tests::claims_of(guest->token).find("video")->find("roomAdmin"));
  livekit both({{"moderators", core::options::list{{"expert"s, ""}, {"client"s, ""}}}});
  const auto host = both.admit(tests::usual_name(), core::role::client);
  BOOST_TEST(tests::claims_of(host->token).find("video")->find("roomAdmin"));
}

BOOST_AUTO_TEST_CASE(no_token_without_a_room_or_after_the_doors_closing) {
  livekit at;
  BOOST_TEST(at.admit("").error().code == errc::rejected);
  auto late = tests::admission_of(at, "room-42", "exp-7", tests::usual_name());
  late.closes_at = late.now;
  BOOST_TEST((*at.provider->admit_now(late)).error().code == errc::rejected);
  late.closes_at = late.now + 90s;
  BOOST_TEST(((*at.provider->admit_now(late))->expires_at == late.now + 90s));
}

BOOST_AUTO_TEST_CASE(two_people_never_share_an_identity) {
  livekit at;
  const auto identity = [&](const std::string& user) {
    return *tests::claims_of(at.admit(tests::usual_name(), core::role::expert, user)->token)
                .find_string("sub");
  };
  const std::string longest(255, 'x');
  BOOST_TEST(identity(longest) == longest);
  BOOST_TEST(identity("u-1") != identity("u-2"));
  BOOST_TEST(identity(identity("u-1")) != identity("u-1"));
}

BOOST_AUTO_TEST_CASE(a_page_of_ones_own_takes_server_and_token) {
  livekit at({{"page_url", "https://call.acme.com/{roomId}?s={server}&u={user}#t={token}"s},
              {"url", "ws://127.0.0.1:7880"s}});
  const auto link = at.admit(tests::usual_name());
  BOOST_TEST(link->url.starts_with(
      "https://call.acme.com/room-42?s=ws%3A%2F%2F127.0.0.1%3A7880&u=Expert#t=eyJ"));
  BOOST_TEST(at.provider->traits().origin == "https://call.acme.com");
}

BOOST_AUTO_TEST_CASE(where_rooms_are_not_made_by_themselves_it_makes_them_until_the_door_closes) {
  with_rooms at;
  at.client.reply(200, room_answer(tests::usual_name()));
  const auto room = at.prepare();
  BOOST_REQUIRE(room);
  BOOST_TEST(*room == tests::usual_name() + " " + at.closes());
  BOOST_TEST(at.client.last().line() == "POST "s + api + "CreateRoom");
  BOOST_TEST(at.client.last().what.body ==
             R"({"name":")" + tests::usual_name() +
                 R"(","empty_timeout":7200,"departure_timeout":7200})");
  const std::string token(at.client.last().find("Authorization").substr(7));
  const auto claims = tests::claims_of(token);
  BOOST_TEST(*claims.find_string("iss") == "APItestkey");
  BOOST_TEST(*claims.find("video")->find("roomCreate")->as_bool());
  BOOST_TEST(*claims.find("nbf")->as_integer() > 0);
  BOOST_TEST(*claims.find("exp")->as_integer() - *claims.find("iat")->as_integer() == 60);
  const auto link = at.admit(*room);
  BOOST_TEST(*tests::claims_of(link->token).find("video")->find_string("room") ==
             tests::usual_name());
  const auto wish = tests::wish_of(at);
  BOOST_TEST(at.provider->still_right({wish.starts_at, wish.closes_at, 2}, *room));
  const providers::room_terms longer{wish.starts_at, wish.closes_at + 1s, 2};
  BOOST_TEST(!at.provider->still_right(longer, *room));
  BOOST_TEST(at.provider->still_opens(longer, *room, wish.closes_at - 1s));
  BOOST_TEST(!at.provider->still_opens(longer, *room, wish.closes_at));
}

BOOST_AUTO_TEST_CASE(answers_that_are_no_room_of_ours_are_rejected) {
  for (const std::string& body : {"{}"s, room_answer("another"), "[]"s, "<html>"s, ""s}) {
    with_rooms at;
    at.client.reply(200, body);
    BOOST_TEST(at.prepare().error().code == errc::rejected);
  }
  with_rooms at;
  at.client.reply(401, R"({"code":"unauthenticated","msg":"permissions denied"})");
  BOOST_TEST(at.prepare().error().code == errc::rejected);
  at.client.reply(401, "invalid API key");
  BOOST_TEST(at.prepare().error().code == errc::rejected);
  at.client.reply(429, R"({"code":"resource_exhausted","msg":"slow down"})");
  BOOST_TEST(at.prepare().error().code == errc::unavailable);
}

BOOST_AUTO_TEST_CASE(closing_deletes_the_room_and_a_missing_one_is_closed) {
  livekit at;
  at.client.reply(200, "{}");
  BOOST_TEST(at.close(tests::usual_name()).has_value());
  BOOST_TEST(at.client.last().line() == "POST "s + api + "DeleteRoom");
  BOOST_TEST(at.client.last().what.body == R"({"room":")" + tests::usual_name() + R"("})");
  at.client.reply(404, R"({"code":"not_found","msg":"requested room does not exist"})");
  BOOST_TEST(at.close(tests::usual_name() + " 1800000000").has_value());
  BOOST_TEST(at.client.last().what.body == R"({"room":")" + tests::usual_name() + R"("})");
  // Another server's 404 is no proof that the room is gone.
  at.client.reply(404, R"({"code":"bad_route","msg":"no handler"})");
  BOOST_TEST(!at.close(tests::usual_name()).has_value());
  BOOST_TEST(at.close("").has_value());
  BOOST_TEST(at.client.count() == 3u);
}

BOOST_AUTO_TEST_CASE(the_online_check_lists_rooms) {
  livekit at;
  at.client.reply(200, R"({"rooms":[]})");
  BOOST_TEST(at.check().has_value());
  BOOST_TEST(at.client.last().line() == "POST "s + api + "ListRooms");
  at.client.reply(200, "{}");
  BOOST_TEST(!at.check().has_value());
  at.client.reply(401, "invalid API key");
  BOOST_TEST(!at.check().has_value());
}

BOOST_AUTO_TEST_CASE(a_webhook_is_read_when_its_token_covers_its_body) {
  with_rooms at;
  const std::string body = finished();
  const std::string token = webhook_token(at, body);
  const auto read = at.read_webhook(tests::made_head{{"Authorization", token}}, body);
  BOOST_REQUIRE(read);
  BOOST_REQUIRE(read->events.size() == 1u);
  BOOST_TEST((read->events.front().what == providers::call_news::ended));
  BOOST_TEST("sd-" + read->events.front().about.digest == tests::usual_name());
  BOOST_TEST(read->events.front().id == "EV_x");
  BOOST_TEST(core::unix_seconds(read->events.front().at) == 1800000601);
  BOOST_TEST(read->events.front().room_is_gone);
  livekit by_itself;
  BOOST_TEST(!by_itself.read_webhook(tests::made_head{{"Authorization", token}}, body)
                  ->events.front()
                  .room_is_gone);
}

BOOST_AUTO_TEST_CASE(what_is_not_signed_by_our_key_for_this_body_is_forged) {
  livekit at;
  const std::string body = finished();
  const auto code = [&](const tests::made_head& head, std::string_view sent) {
    const auto read = at.read_webhook(head, sent);
    return read ? std::error_code() : read.error().code;
  };
  const std::string good = webhook_token(at, body);
  BOOST_TEST(code({{"Authorization", "Bearer " + good}}, body) == std::error_code());
  BOOST_TEST(code({}, body) == errc::forged_webhook);
  BOOST_TEST(code({{"Authorization", good}, {"Authorization", good}}, body) ==
             errc::forged_webhook);
  BOOST_TEST(code({{"Authorization", good}}, body + " ") == errc::forged_webhook);
  BOOST_TEST(code({{"Authorization", webhook_token(at, body, std::string(40, 'k') + "1")}}, body) ==
             errc::forged_webhook);
  BOOST_TEST(code({{"Authorization", webhook_token(at, body, api_secret, "APIother")}}, body) ==
             errc::forged_webhook);
  BOOST_TEST(code({{"Authorization", webhook_token(at, body, api_secret, "APItestkey", -61s)}},
                  body) == errc::forged_webhook);
  // A participant's token is signed with the same key, and is no webhook.
  BOOST_TEST(code({{"Authorization", at.admit(tests::usual_name())->token}}, body) ==
             errc::forged_webhook);
}

BOOST_AUTO_TEST_CASE(events_of_no_interest_and_of_rooms_of_others_are_fine) {
  livekit at;
  for (const std::string& body : {R"({"event":"track_published","id":"EV_1"})"s, finished("lobby"),
                                  finished("sd-"), R"({"event":"room_finished"})"s}) {
    const std::string token = webhook_token(at, body);
    const auto read = at.read_webhook(tests::made_head{{"Authorization", token}}, body);
    BOOST_REQUIRE(read);
    BOOST_TEST(read->events.empty());
  }
  for (const std::string& body : {"{}"s, "[]"s, "x"s, R"({"event":1})"s}) {
    const std::string token = webhook_token(at, body);
    BOOST_TEST(at.read_webhook(tests::made_head{{"Authorization", token}}, body).error().code ==
               errc::bad_webhook);
  }
}

BOOST_AUTO_TEST_CASE(each_setting_that_cannot_work_is_a_mistake) {
  const auto with = [](tests::pairs changes) {
    return tests::mistakes_of(&providers::make_livekit, usual(), changes);
  };
  BOOST_TEST(with({}).found.empty());
  BOOST_TEST(with({{"url", "ws://video.example.com"s}}).complains("url"));
  BOOST_TEST(with({{"url", "wss://video.example.com/path"s}}).complains("url"));
  BOOST_TEST(with({{"secret", "short"s}}).complains("secret", "too short"));
  BOOST_TEST(with({{"page_url", "https://meet.example.com/"s}}).complains("page_url", "{token}"));
  BOOST_TEST(with({{"page_url", "http://meet.example.com/{token}"s}}).complains("page_url"));
  BOOST_TEST(with({{"room_prefix", "Sd_"s}}).complains("room_prefix"));
  BOOST_TEST(with({{"lifetime", "2h"s}}).complains("lifetime"));
  BOOST_TEST(with({{"moderators", core::options::list{{"host"s, ""}}}}).complains("moderators"));
  BOOST_TEST(with({{"api_keys", "x"s}}).complains("api_keys", "not a known key"));
}

BOOST_AUTO_TEST_CASE(a_room_that_was_told_another_end_is_the_same_room) {
  with_rooms at;
  const std::string name = tests::usual_name();
  // As two nodes may have remembered it: what is not the same is deleted as left over.
  BOOST_TEST(at.provider->same_room(name + " 1800000000", name + " 1800009000"));
  BOOST_TEST(at.provider->same_room(name, name + " 1800009000"));
  BOOST_TEST(!at.provider->same_room(name + " 1800000000", "sd-another 1800000000"));
}

BOOST_AUTO_TEST_SUITE_END()
