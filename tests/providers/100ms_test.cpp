// 100ms: what it is asked, what it may answer, and the links that are made without asking.
#include <boost/test/unit_test.hpp>

#include <set>

#include "auth/heads.hpp"
#include "core/random.hpp"
#include "core/time_text.hpp"
#include "jose/jwt.hpp"
#include "providers/desk.hpp"
#include "providers/error.hpp"
#include "providers/token_parts.hpp"
#include "providers/vendors.hpp"

namespace providers {
provider_maker make_100ms(provider_setup setup);
}

BOOST_AUTO_TEST_SUITE(hundred_ms)

using namespace std::chrono_literals;
using providers::errc;
using namespace std::string_literals;

namespace {

constexpr const char* app_secret = "vWq8sLr3Jk2nTz7mYx4cHb6gPd9fRe1aUo5iKl0j";
constexpr const char* room_hex = "631b2654f771854d9bf633df";

tests::pairs with_subdomain() {
  static const tests::pairs values = {{"access_key", "627cdddff2e4e30487862ad1"s},
                                      {"secret", std::string(app_secret)},
                                      {"subdomain", "acme"s},
                                      {"template_id", "63188115d11d6db790c73c60"s},
                                      {"region", "eu"s}};
  return values;
}

std::string room_json(bool enabled, std::string id = room_hex) {
  return R"({"id":")" + id + R"(","enabled":)" + (enabled ? "true" : "false") +
         R"(,"updated_at":"0001-01-01T00:00:00Z","customer":"x","recording_info":{"enabled":false}})";
}

struct acme : tests::desk {
  explicit acme(tests::pairs more = {}) {
    settings.add(with_subdomain());
    settings.add(more);
    auto make = providers::make_100ms(tests::setup_of(settings));
    BOOST_REQUIRE(settings.found.empty());
    provider = make(tools());
  }
  core::result<std::string> prepare(std::string_view room = "room-42",
                                    std::uint32_t generation = 1) {
    return tests::run(context,
                      provider->prepare(tests::wish_of(*this, room, generation), within(5s)));
  }
  core::result<void> close(std::string provider_room = R"({"id":"631b2654f771854d9bf633df"})") {
    return tests::run(context,
                      provider->close(tests::wish_of(*this), std::move(provider_room), within(5s)));
  }
  core::result<providers::join_link> admit(std::string_view user, std::string name = "Expert",
                                           core::role seat = core::role::expert) {
    auto who =
        tests::admission_of(*this, "room-42", user, R"({"id":"631b2654f771854d9bf633df"})", seat);
    who.name = std::move(name);
    return *provider->admit_now(who);
  }
  std::string sent_name() const {
    return *core::read_json(client.last().what.body)->find_string("name");
  }

  tests::settings_table settings;
  std::unique_ptr<providers::provider> provider;
};

bool signed_by_us(const std::string& token, core::wall_time now) {
  jose::key_set keys;
  keys.add(*jose::key::from_secret(core::secret(app_secret), jose::algorithm::hs256));
  return jose::verify_jwt(token, keys, {}, now).has_value();
}

tests::settings_table mistakes_with(tests::pairs changes) {
  tests::settings_table table;
  table.add(with_subdomain());
  table.add(changes);
  providers::make_100ms(tests::setup_of(table));
  table.options.note_unknown();
  return table;
}

}  // namespace

BOOST_AUTO_TEST_CASE(creates_the_room_by_name_with_its_whole_configuration) {
  acme at;
  at.client.reply(200, room_json(true));
  const auto made = at.prepare();
  BOOST_REQUIRE(made);
  BOOST_TEST(*made == R"({"id":"631b2654f771854d9bf633df"})");
  BOOST_TEST(at.client.last().line() == "POST https://api.100ms.live/v2/rooms");
  const auto body = core::read_json(at.client.last().what.body);
  BOOST_REQUIRE(body);
  BOOST_TEST(*body->find_string("template_id") == "63188115d11d6db790c73c60");
  BOOST_TEST(*body->find_string("region") == "eu");
  BOOST_TEST(!body->find("template"));
  const std::string first = at.client.last().what.body;
  at.client.reply(200, room_json(true));
  BOOST_REQUIRE(at.prepare());
  BOOST_TEST(at.client.last().what.body == first);
}

BOOST_AUTO_TEST_CASE(room_names_keep_apart_what_100ms_would_confuse) {
  acme at;
  at.client.on(http::method::post, "https://api.100ms.live/v2/rooms", 200, room_json(true));
  std::set<std::string> names;
  const std::vector<std::string> rooms = {"room-a", "Room-A", "ROOM-A", "a~b",
                                          "a@b",    "ab",     "..",     std::string(128, 'x')};
  for (const std::string& room : rooms) {
    BOOST_REQUIRE(at.prepare(room));
    const std::string name = at.sent_name();
    BOOST_TEST(name.size() <= 64u);
    BOOST_TEST(name == core::lower_case(name));
    BOOST_TEST(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
               std::string::npos);
    names.insert(name);
  }
  BOOST_REQUIRE(at.prepare("room-a", 2));
  names.insert(at.sent_name());
  BOOST_TEST(names.size() == rooms.size() + 1);
}

BOOST_AUTO_TEST_CASE(
    the_management_token_is_as_documented_and_is_kept_until_a_minute_before_its_end) {
  acme at;
  at.client.on(http::method::post, "https://api.100ms.live/v2/rooms", 200, room_json(true));
  BOOST_REQUIRE(at.prepare());
  const std::string sent(at.client.last().find("Authorization"));
  BOOST_REQUIRE(sent.starts_with("Bearer "));
  const std::string token = sent.substr(7);
  BOOST_TEST(tests::part_of(token, 0) == R"({"alg":"HS256","typ":"JWT"})");
  BOOST_TEST(signed_by_us(token, at.clock.wall_now()));
  const auto claims = tests::claims_of(token);
  const auto now = core::unix_seconds(at.clock.wall_now());
  BOOST_TEST(*claims.find_string("access_key") == "627cdddff2e4e30487862ad1");
  BOOST_TEST(*claims.find_string("type") == "management");
  BOOST_TEST(*claims.find("version")->as_integer() == 2);
  BOOST_TEST(*claims.find("iat")->as_integer() == now - 10);
  BOOST_TEST(*claims.find("nbf")->as_integer() == now - 10);
  BOOST_TEST(*claims.find("exp")->as_integer() > now);
  BOOST_TEST(claims.find_string("jti")->size() == 36u);

  at.clock.advance(58min);
  BOOST_REQUIRE(at.prepare());
  BOOST_TEST(at.client.last().find("Authorization") == sent);
  at.clock.advance(1min);
  BOOST_REQUIRE(at.prepare());
  BOOST_TEST(at.client.last().find("Authorization") != sent);
}

BOOST_AUTO_TEST_CASE(a_401_is_answered_with_one_fresh_token) {
  acme at;
  at.client.reply(401, R"({"code":401,"message":"Token validation error"})")
      .reply(200, room_json(true));
  BOOST_REQUIRE(at.prepare());
  BOOST_REQUIRE(at.client.count() == 2u);
  BOOST_TEST(at.client.requests()[0].find("Authorization") !=
             at.client.requests()[1].find("Authorization"));
}

BOOST_AUTO_TEST_CASE(a_second_401_is_the_providers_last_word) {
  acme at;
  at.client.reply(401)
      .reply(401, R"({"code":401,"message":"Token validation error"})")
      .reply(200, room_json(true));
  const auto got = at.prepare();
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().code == errc::rejected);
  BOOST_TEST(at.client.count() == 2u);
  BOOST_TEST(got.error().detail.find("Token validation error") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_403_condemns_only_a_token_older_than_a_minute) {
  acme young;
  young.client.reply(403).reply(200, room_json(true));
  BOOST_TEST(young.prepare().error().code == errc::rejected);
  BOOST_TEST(young.client.count() == 1u);

  acme old;
  old.client.reply(200, room_json(true));
  BOOST_REQUIRE(old.prepare());
  old.clock.advance(61s);
  old.client.reply(403).reply(200, room_json(true));
  BOOST_TEST(old.prepare().has_value());
}

BOOST_AUTO_TEST_CASE(a_disabled_room_is_enabled_once) {
  acme at;
  at.client.reply(200, room_json(false)).reply(200, room_json(true));
  BOOST_REQUIRE(at.prepare());
  BOOST_TEST(at.client.last().line() ==
             "POST https://api.100ms.live/v2/rooms/631b2654f771854d9bf633df");
  BOOST_TEST(at.client.last().what.body == R"({"enabled":true})");
}

BOOST_AUTO_TEST_CASE(a_room_that_stays_disabled_is_no_room) {
  acme at;
  at.client.reply(200, room_json(false)).reply(200, room_json(false));
  const auto got = at.prepare();
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().code == errc::room_disabled);
  BOOST_TEST(at.client.count() == 2u);
}

BOOST_AUTO_TEST_CASE(answers_that_are_no_room_are_rejected) {
  const std::vector<std::string> bad = {
      "",
      "[]",
      "null",
      "\"631b2654f771854d9bf633df\"",
      "{}",
      R"({"enabled":true})",
      R"({"id":"631b2654f771854d9bf633df"})",
      R"({"id":631,"enabled":true})",
      R"({"id":"631b2654f771854d9bf633df","enabled":"true"})",
      R"({"id":"631b2654f771854d9bf633df","enabled":1})",
      R"({"id":"631b2654f771854d9bf633d","enabled":true})",
      R"({"id":"631b2654f771854d9bf633df0","enabled":true})",
      R"({"id":"../../admin/631b2654f771","enabled":true})",
      R"({"id":"631b2654f771854d9bf633dg","enabled":true})",
      R"({"id":"631b2654f771854d9bf633df","id":"631b2654f771854d9bf633d0","enabled":true})",
      R"({"id":"631b2654f771854d9bf633df","enabled":true,"name":"another-room"})",
      R"({"id":"631b2654f771854d9bf633df","enabled":true)",
      "<html>502</html>",
      std::string(300 * 1024, ' ') + "x",
  };
  for (const std::string& body : bad) {
    acme at;
    at.client.reply(200, body);
    const auto got = at.prepare();
    BOOST_TEST_CONTEXT(body.substr(0, 80)) {
      BOOST_REQUIRE(!got);
      BOOST_TEST(got.error().code == errc::rejected);
      BOOST_TEST(at.client.count() == 1u);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_rooms_name_may_come_back_in_another_case) {
  acme at;
  at.client.reply_by([](const http::request& what) {
    std::string name = *core::read_json(what.body)->find_string("name");
    for (char& c : name)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    return tests::json_response(
        200, R"({"id":"631b2654f771854d9bf633df","enabled":true,"name":")" + name + R"("})");
  });
  BOOST_TEST(at.prepare().has_value());
}

BOOST_AUTO_TEST_CASE(bad_settings_at_the_provider_are_rejected_without_a_retry) {
  acme at;
  at.client.reply(400, R"({"code":400,"message":"template not found","details":["x"]})");
  const auto got = at.prepare();
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().code == errc::rejected);
  BOOST_TEST(got.error().detail.find("template not found") != std::string::npos);
  BOOST_TEST(got.error().detail.find(app_secret) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(overload_without_retry_after_means_a_second) {
  acme at;
  at.client.reply(429, R"({"message":"rate limit exceeded"})");
  const auto got =
      tests::run(at.context, at.provider->prepare(tests::wish_of(at), at.within(600ms)));
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().code == errc::unavailable);
  BOOST_TEST((got.error().retry_after == 1s));
}

BOOST_AUTO_TEST_CASE(a_provider_that_does_not_answer_is_timed_out) {
  acme at;
  for (int i = 0; i < 3; ++i) at.client.refuse(net::errc::timed_out);
  const auto got =
      tests::run(at.context, at.provider->prepare(tests::wish_of(at), at.within(200ms)));
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().code == errc::timed_out);
}

BOOST_AUTO_TEST_CASE(the_link_opens_the_preview_page_with_a_token_for_this_room_and_person) {
  acme at;
  const auto got = at.admit("expert-7", "Åsa + Ö/&?");
  BOOST_REQUIRE(got);
  BOOST_TEST(got->url.starts_with(
      "https://acme.app.100ms.live/preview/631b2654f771854d9bf633df/host?auth_token=eyJ"));
  BOOST_TEST(got->url.ends_with("&name=%C3%85sa%20%2B%20%C3%96%2F%26%3F"));
  BOOST_TEST((got->expires_at == at.clock.wall_now() + 10min));
  const std::string token = tests::query_value(got->url, "auth_token");
  BOOST_TEST(tests::part_of(token, 0) == R"({"alg":"HS256","typ":"JWT"})");
  BOOST_TEST(signed_by_us(token, at.clock.wall_now()));
  const auto claims = tests::claims_of(token);
  const auto now = core::unix_seconds(at.clock.wall_now());
  BOOST_TEST(*claims.find_string("access_key") == "627cdddff2e4e30487862ad1");
  BOOST_TEST(*claims.find_string("type") == "app");
  BOOST_TEST(*claims.find("version")->as_integer() == 2);
  BOOST_TEST(*claims.find_string("room_id") == room_hex);
  BOOST_TEST(*claims.find_string("role") == "host");
  BOOST_TEST(*claims.find_string("user_id") == "expert-7");
  BOOST_TEST(*claims.find("iat")->as_integer() == now - 10);
  BOOST_TEST(*claims.find("nbf")->as_integer() == now - 10);
  BOOST_TEST(*claims.find("exp")->as_integer() == now + 600);
  BOOST_TEST(claims.as_object()->size() == 10u);
  BOOST_TEST(at.client.count() == 0u);
}

BOOST_AUTO_TEST_CASE(the_signature_is_the_one_that_openssl_gives) {
  // printf '%s' "$header.$payload" | openssl dgst -sha256 -hmac "$secret" -binary | basenc
  // --base64url
  acme at;
  const std::string token = tests::query_value(at.admit("expert-7")->url, "auth_token");
  BOOST_TEST(
      tests::part_of(token, 1) ==
      R"({"access_key":"627cdddff2e4e30487862ad1","type":"app","version":2,)"
      R"("room_id":"631b2654f771854d9bf633df","role":"host","user_id":"expert-7",)"
      R"("jti":"20212223-2425-4627-a829-2a2b2c2d2e2f","iat":1795341590,"nbf":1795341590,"exp":1795342200})");
  BOOST_TEST(token.substr(token.rfind('.') + 1) == "NppWg0ABZKPbls1i6IJVwzzyc-nQ9BB0CWe0DxikgXM");
}

BOOST_AUTO_TEST_CASE(the_other_seat_has_the_other_role_and_each_asking_a_fresh_token) {
  acme at;
  const auto client = at.admit("client-1", "Client", core::role::client);
  BOOST_REQUIRE(client);
  BOOST_TEST(client->url.find("/631b2654f771854d9bf633df/guest?") != std::string::npos);
  const auto again = at.admit("client-1", "Client", core::role::client);
  const auto first_claims = tests::claims_of(tests::query_value(client->url, "auth_token"));
  const auto second_claims = tests::claims_of(tests::query_value(again->url, "auth_token"));
  BOOST_TEST(*first_claims.find_string("user_id") == *second_claims.find_string("user_id"));
  BOOST_TEST(*first_claims.find_string("jti") != *second_claims.find_string("jti"));
}

BOOST_AUTO_TEST_CASE(no_link_outlives_the_room) {
  acme at;
  auto who = tests::admission_of(at, "room-42", "u1", R"({"id":"631b2654f771854d9bf633df"})");
  who.closes_at = who.now + 90s;
  const auto soon = *at.provider->admit_now(who);
  BOOST_REQUIRE(soon);
  BOOST_TEST((soon->expires_at == who.closes_at));
  const auto claims = tests::claims_of(tests::query_value(soon->url, "auth_token"));
  BOOST_TEST(*claims.find("exp")->as_integer() == core::unix_seconds(who.closes_at));
  who.closes_at = who.now;
  BOOST_TEST(!at.provider->admit_now(who)->has_value());
}

BOOST_AUTO_TEST_CASE(without_a_usable_room_nobody_is_admitted) {
  acme at;
  for (const char* bad : {"", "{}", "631b2654f771854d9bf633df", R"({"id":"../x"})",
                          R"({"id":"631b2654f771854d9bf633d\""})"}) {
    const auto who = tests::admission_of(at, "room-42", "u1", bad);
    BOOST_TEST(!at.provider->admit_now(who)->has_value());
  }
  const auto spaced =
      tests::admission_of(at, "room-42", "u1", R"({ "id": "631b2654f771854d9bf633df", "v": 2 })");
  BOOST_TEST(at.provider->admit_now(spaced)->has_value());
}

BOOST_AUTO_TEST_CASE(whatever_the_user_is_called_the_page_can_decode_the_token) {
  acme at;
  core::quick_random chance(at.random);
  const auto check = [&](std::string user) {
    if (!core::user_id::from(user)) return;
    const auto got = at.admit(user);
    BOOST_REQUIRE(got);
    const std::string token = tests::query_value(got->url, "auth_token");
    const auto start = token.find('.') + 1;
    const std::string payload = token.substr(start, token.rfind('.') - start);
    BOOST_TEST(payload.find_first_of("-_=") == std::string::npos);
    const std::string text = tests::part_of(token, 1);
    BOOST_TEST(std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; }));
  };
  for (const char* user : {"?", "~~~", ">>>", "a?b~c>d", "\"quoted\"", "back\\slash", "Ünïcode",
                           "用户", "auth0|abc", "u-1"})
    check(user);
  for (std::size_t length = 1; length < 70; ++length) check(std::string(length, '~'));
  for (int i = 0; i < 2000; ++i) {
    std::string user;
    const std::size_t length = 1 + chance.next() % 80;
    while (user.size() < length) user += static_cast<char>(0x20 + chance.next() % 0x5f);
    check(std::move(user));
  }
}

BOOST_AUTO_TEST_CASE(two_people_never_share_an_identity) {
  acme at;
  const std::string mark = "ü";
  std::set<std::string> ids;
  const auto id_of = [&](const std::string& user) {
    return *tests::claims_of(tests::query_value(at.admit(user)->url, "auth_token"))
                .find_string("user_id");
  };
  const std::string hashed = id_of(mark);
  BOOST_TEST(hashed.starts_with("u-"));
  BOOST_TEST(id_of(mark) == hashed);
  for (const std::string& user :
       {mark, hashed, "ab"s, "AB"s, "a b"s, std::string(200, 'a'), std::string(201, 'a')})
    ids.insert(id_of(user));
  BOOST_TEST(ids.size() == 7u);
}

BOOST_AUTO_TEST_CASE(closing_ends_the_call_and_disables_the_room) {
  acme at;
  at.client.reply(200, R"({"message":"session is ending"})").reply(200, room_json(false));
  BOOST_TEST(at.close().has_value());
  BOOST_REQUIRE(at.client.count() == 2u);
  BOOST_TEST(at.client.requests()[0].line() ==
             "POST https://api.100ms.live/v2/active-rooms/631b2654f771854d9bf633df/end-room");
  BOOST_TEST(*core::read_json(at.client.requests()[0].what.body)->find("lock")->as_bool());
  BOOST_TEST(at.client.requests()[1].line() ==
             "POST https://api.100ms.live/v2/rooms/631b2654f771854d9bf633df");
  BOOST_TEST(at.client.requests()[1].what.body == R"({"enabled":false})");
}

BOOST_AUTO_TEST_CASE(closing_twice_and_closing_an_empty_room_succeed) {
  acme at;
  for (int i = 0; i < 2; ++i) {
    at.client.reply(404, R"({"code":404,"message":"not found"})").reply(200, room_json(false));
    BOOST_TEST(at.close().has_value());
  }
  at.client.reply(404).reply(404);
  BOOST_TEST(at.close().has_value());
  BOOST_TEST(at.close("").has_value());
  BOOST_TEST(at.client.count() == 6u);
}

BOOST_AUTO_TEST_CASE(a_room_that_could_not_be_ended_is_disabled_all_the_same) {
  acme at;
  at.client.reply(400, R"({"message":"odd"})").reply(200, room_json(false));
  const auto got = at.close();
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().code == errc::rejected);
  BOOST_TEST(at.client.count() == 2u);

  acme stubborn;
  stubborn.client.reply(200, "{}").reply(200, room_json(true));
  BOOST_TEST(!stubborn.close().has_value());
}

BOOST_AUTO_TEST_CASE(says_where_its_pages_are_and_that_it_needs_rooms) {
  acme at;
  const auto& traits = at.provider->traits();
  BOOST_TEST(traits.type == "100ms");
  BOOST_TEST(traits.name.text() == "main");
  BOOST_TEST(traits.needs_room);
  BOOST_TEST(traits.origin == "https://acme.app.100ms.live");
  BOOST_TEST((traits.mode == providers::embed_mode::iframe));
  BOOST_TEST(at.provider->public_jwks().empty());
}

BOOST_AUTO_TEST_CASE(the_page_can_be_opened_without_preview_under_the_other_prefix) {
  acme at({{"path_prefix", "meeting"s},
           {"skip_preview", true},
           {"lifetime", "5m"s},
           {"max_duration", "2h"s},
           {"base_url", "http://127.0.0.1:9/v2/"s}});
  const auto got = at.admit("u1");
  BOOST_REQUIRE(got);
  BOOST_TEST(got->url.starts_with(
      "https://acme.app.100ms.live/meeting/631b2654f771854d9bf633df/host?auth_token="));
  BOOST_TEST(got->url.ends_with("&name=Expert&skip_preview_headful=true"));
  BOOST_TEST((got->expires_at == at.clock.wall_now() + 5min));
  at.client.reply(200, room_json(true));
  BOOST_REQUIRE(at.prepare());
  BOOST_TEST(at.client.last().line() == "POST http://127.0.0.1:9/v2/rooms");
  BOOST_TEST(
      *core::read_json(at.client.last().what.body)->find("max_duration_seconds")->as_integer() ==
      7200);
}

BOOST_AUTO_TEST_CASE(each_setting_that_cannot_work_is_a_mistake) {
  BOOST_TEST(mistakes_with({}).found.empty());
  BOOST_TEST(mistakes_with({{"access_key", ""s}}).complains("access_key", "too short"));
  BOOST_TEST(mistakes_with({{"access_key", "what is it?"s}})
                 .complains("access_key", "must be the app access key"));
  BOOST_TEST(mistakes_with({{"access_key", "changeme"s}}).complains("access_key", "sample value"));
  BOOST_TEST(mistakes_with({{"secret", "short"s}}).complains("secret", "too short"));
  BOOST_TEST(mistakes_with({{"subdomain", "app"s}}).complains("subdomain"));
  BOOST_TEST(mistakes_with({{"subdomain", "acme.app.100ms.live"s}}).complains("subdomain"));
  BOOST_TEST(mistakes_with({{"subdomain", "Acme"s}}).complains("subdomain"));
  BOOST_TEST(mistakes_with({{"subdomain", ""s}}).complains("subdomain"));
  BOOST_TEST(mistakes_with({{"join_origin", "https://x.app.100ms.live"s}})
                 .complains("join_origin", "subdomain too"));
  BOOST_TEST(mistakes_with({{"template_id", "mine"s}}).complains("template_id"));
  BOOST_TEST(mistakes_with({{"region", "mars"s}}).complains("region"));
  BOOST_TEST(mistakes_with({{"room_prefix", "Room Of"s}}).complains("room_prefix"));
  BOOST_TEST(mistakes_with({{"lifetime", "4m"s}}).complains("lifetime"));
  BOOST_TEST(mistakes_with({{"lifetime", "16m"s}}).complains("lifetime"));
  BOOST_TEST(mistakes_with({{"max_duration", "1m"s}}).complains("max_duration"));
  BOOST_TEST(mistakes_with({{"path_prefix", "room"s}}).complains("path_prefix"));
  BOOST_TEST(mistakes_with({{"base_url", "http://api.100ms.live/v2"s}}).complains("base_url"));
  BOOST_TEST(mistakes_with({{"sub_domain", "x"s}}).complains("sub_domain", "not a known key"));
}

BOOST_AUTO_TEST_CASE(the_roles_are_the_templates_and_the_seed_address_is_refused) {
  tests::settings_table roles;
  roles.add(with_subdomain());
  roles.table("roles", {{"expert", "doctor > all"s}, {"observer", "x"s}});
  providers::make_100ms(tests::setup_of(roles));
  roles.options.note_unknown();
  BOOST_TEST(roles.complains("roles.expert"));
  BOOST_TEST(roles.complains("roles.observer", "not a known key"));

  for (const char* bad : {"https://app.100ms.live", "https://acme.app.100ms.live/meeting",
                          "http://acme.app.100ms.live"}) {
    tests::settings_table table({{"access_key", "627cdddff2e4"s},
                                 {"secret", std::string(app_secret)},
                                 {"join_origin", std::string(bad)}});
    providers::make_100ms(tests::setup_of(table));
    BOOST_TEST(table.complains("join_origin"));
  }
  tests::settings_table none({{"access_key", "627cdddff2e4"s}});
  providers::make_100ms(tests::setup_of(none));
  BOOST_TEST(none.complains("subdomain", "required"));
  BOOST_TEST(none.complains("secret", "required"));

  tests::settings_table local({{"access_key", "627cdddff2e4"s},
                               {"secret", std::string(app_secret)},
                               {"join_origin", "http://127.0.0.1:8080/"s}});
  const auto make = providers::make_100ms(tests::setup_of(local));
  BOOST_REQUIRE(local.found.empty());
  tests::desk at;
  BOOST_TEST(make(at.tools())->traits().origin == "http://127.0.0.1:8080");
}

BOOST_AUTO_TEST_CASE(credentials_and_role_names_can_be_tried_without_a_room) {
  acme at;
  const auto attempt = [&at] {
    return tests::run(at.context, at.provider->try_credentials(at.within(5s)));
  };
  at.client.reply(200, R"({"id":"63188115d11d6db790c73c60","roles":{"host":{},"guest":{}}})");
  BOOST_TEST(attempt().has_value());
  BOOST_TEST(at.client.last().line() ==
             "GET https://api.100ms.live/v2/templates/63188115d11d6db790c73c60");
  at.client.reply(200, R"({"id":"63188115d11d6db790c73c60","roles":{"host":{}}})");
  const auto without_guest = attempt();
  BOOST_REQUIRE(!without_guest);
  BOOST_TEST(without_guest.error().detail.find("guest") != std::string::npos);
  at.client.reply(401, R"({"code":401,"message":"no"})");
  at.client.reply(401, R"({"code":401,"message":"no"})");
  const auto refused = attempt();
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == errc::rejected);
}

BOOST_AUTO_TEST_CASE(a_webhook_is_believed_for_the_secret_in_its_field) {
  acme at(
      {{"webhook_secret", "north wind and sun"s}, {"previous_webhook_secret", "old north wind"s}});
  at.clock.set_wall(*core::from_rfc3339("2026-11-25T09:10:40Z"));
  const auto read = [&](const tests::made_head& head, std::string body) {
    return at.provider->read_webhook({head, body, at.clock.wall_now()});
  };
  const auto event = [](std::string type, std::string name = tests::usual_name()) {
    return R"({"version":"2.0","id":"6c75","timestamp":"2026-11-25T09:10:35Z","type":")" + type +
           R"(","data":{"room_id":"631b2654f771854d9bf633df","room_name":")" + name + R"("}})";
  };
  for (const char* secret : {"north wind and sun", "old north wind"}) {
    const auto good = read({{"X-Stagedoor-Secret", secret}}, event("session.close.success"));
    BOOST_REQUIRE(good);
    BOOST_REQUIRE(good->events.size() == 1u);
    BOOST_TEST((good->events.front().what == providers::call_news::ended));
    BOOST_TEST("sd-" + good->events.front().about.digest == tests::usual_name());
    BOOST_TEST(good->events.front().id == "6c75");
    BOOST_TEST((good->events.front().at == *core::from_rfc3339("2026-11-25T09:10:35Z")));
  }
  const auto code = [&](const tests::made_head& head) {
    return read(head, event("room.end.success")).error().code;
  };
  BOOST_TEST(code({}) == errc::forged_webhook);
  BOOST_TEST(code({{"X-Stagedoor-Secret", "north wind and su"}}) == errc::forged_webhook);
  BOOST_TEST(code({{"X-Stagedoor-Secret", "north wind and sun"},
                   {"X-Stagedoor-Secret", "north wind and sun"}}) == errc::forged_webhook);
  const tests::made_head good{{"X-Stagedoor-Secret", "north wind and sun"}};
  BOOST_TEST(
      (read(good, event("peer.join.success"))->events.front().what == providers::call_news::live));
  BOOST_TEST(read(good, event("peer.leave.success"))->events.empty());
  BOOST_TEST(read(good, event("session.open.success", "lobby"))->events.empty());
  BOOST_TEST(read(good, "[]").error().code == errc::bad_webhook);
  // Without a time it would be new whenever it was sent again; and what is old is a repetition.
  std::string timeless = event("room.end.success");
  timeless.replace(timeless.find("timestamp"), 9, "otherwise");
  BOOST_TEST(read(good, timeless).error().code == errc::bad_webhook);
  at.clock.set_wall(*core::from_rfc3339("2026-11-25T09:15:36Z"));
  BOOST_TEST(read(good, event("room.end.success")).error().code == errc::forged_webhook);
  at.clock.set_wall(*core::from_rfc3339("2026-11-25T09:05:34Z"));
  BOOST_TEST(read(good, event("room.end.success")).error().code == errc::forged_webhook);
  acme without;
  BOOST_TEST(without.provider->read_webhook({good, "{}", at.clock.wall_now()}).error().code ==
             errc::no_webhooks);
}

BOOST_AUTO_TEST_SUITE_END()
