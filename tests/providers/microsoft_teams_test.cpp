// Microsoft Teams: createOrGet by our own id, lobby, moving, deleting, and 403s in plain words.
#include <boost/test/unit_test.hpp>

#include "core/time_text.hpp"
#include "providers/desk.hpp"
#include "providers/error.hpp"

namespace providers {
provider_maker make_microsoft_teams(provider_setup setup);
}

BOOST_AUTO_TEST_SUITE(microsoft_teams)

using namespace std::chrono_literals;
using providers::errc;
using namespace std::string_literals;

namespace {

constexpr const char* meetings =
    "https://graph.microsoft.com/v1.0/users/550fae72-d251-43ec-868c-373732c2704f/onlineMeetings";
// As Microsoft gives it, escapes and all.
constexpr const char* join_url =
    "https://teams.microsoft.com/l/meetup-join/"
    "19%3ameeting_NTg0@thread.v2/0?context=%7b%22Tid%22%3a%22t%22%7d";

std::string meeting_json(std::string lobby = "organization") {
  return R"({"id":"MSpkYzE3Njc0Yy0=","joinWebUrl":")" + std::string(join_url) +
         R"(","lobbyBypassSettings":{"scope":")" + lobby + R"("}})";
}

struct tenant : tests::desk {
  explicit tenant(tests::pairs more = {}) {
    settings.add(
        {{"tenant", "contoso.onmicrosoft.com"s},
         {"client_id", "1f3b8a52-7c1d-4a7e-9a1b-0c5d2e3f4a5b"s},
         {"client_secret", "vWq8~sLr3Jk2nTz7mYx4cHb6gPd9fRe1aUo5"s},
         {"organizers", core::options::list{{"550fae72-d251-43ec-868c-373732c2704f"s, {}}}}});
    settings.add(more);
    auto make = providers::make_microsoft_teams(tests::setup_of(settings));
    BOOST_REQUIRE(settings.found.empty());
    provider = make(tools());
    client.on(http::method::post,
              "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token", 200,
              R"({"token_type":"Bearer","expires_in":3599,"access_token":"eyJ0"})");
  }
  core::result<std::string> prepare(providers::room_wish wish) {
    return tests::run(context, provider->prepare(std::move(wish), within(5s)));
  }
  tests::settings_table settings;
  std::unique_ptr<providers::provider> provider;
};

std::string body_member(const tests::desk& at, std::size_t index, std::string_view name) {
  const auto json = core::read_json(at.client.requests().at(index).what.body);
  return json && json->find_string(name) ? *json->find_string(name) : "-";
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_same_booking_is_the_same_meeting_and_another_one_is_not) {
  tenant at({{"lobby_bypass", "tenant"s}});
  at.client.on(http::method::post, std::string(meetings) + "/createOrGet", 201, meeting_json());
  const auto room = at.prepare(tests::wish_of(at, "Room-A"));
  BOOST_REQUIRE(room);
  at.prepare(tests::wish_of(at, "Room-A")).value();
  at.prepare(tests::wish_of(at, "room-a")).value();
  at.prepare(tests::wish_of(at, "Room-A", 2)).value();
  const std::string first = body_member(at, 1, "externalId");
  BOOST_TEST(first.starts_with("sd-"));
  BOOST_TEST(body_member(at, 2, "externalId") == first);
  BOOST_TEST(body_member(at, 3, "externalId") != first);
  BOOST_TEST(body_member(at, 4, "externalId") != first);
  BOOST_TEST(body_member(at, 1, "startDateTime") == "2026-11-22T10:00:00Z");
  BOOST_TEST(body_member(at, 1, "endDateTime") == "2026-11-22T12:00:00Z");
  const auto link = at.provider->admit_now(tests::admission_of(at, "Room-A", "u1", *room));
  BOOST_TEST((*link)->url == join_url);
}

BOOST_AUTO_TEST_CASE(guests_are_let_past_the_lobby_unless_it_is_so_already) {
  tenant at;
  at.client.on(http::method::post, std::string(meetings) + "/createOrGet", 201, meeting_json());
  at.client.on(http::method::patch, meetings, 200, "{}");
  BOOST_TEST(at.prepare(tests::wish_of(at)).has_value());
  BOOST_TEST(at.client.last().line() == "PATCH " + std::string(meetings) + "/MSpkYzE3Njc0Yy0%3D");
  BOOST_TEST(at.client.last().what.body ==
             R"({"lobbyBypassSettings":{"scope":"everyone","isDialInBypassEnabled":true}})");
  const std::size_t before = at.client.count();
  at.client.on(http::method::post, std::string(meetings) + "/createOrGet", 200,
               meeting_json("everyone"));
  BOOST_TEST(at.prepare(tests::wish_of(at)).has_value());
  BOOST_TEST(at.client.count() == before + 1);
}

BOOST_AUTO_TEST_CASE(a_moved_booking_moves_the_meeting_or_asks_for_it_anew) {
  tenant at({{"lobby_bypass", "tenant"s}});
  at.client.on(http::method::post, std::string(meetings) + "/createOrGet", 201, meeting_json());
  auto moved = tests::wish_of(at);
  const auto room = at.prepare(moved);
  moved.provider_room = *room;
  moved.starts_at += 1h;
  moved.closes_at += 1h;
  BOOST_TEST(!at.provider->still_right({moved.starts_at, moved.closes_at, 2}, *room));
  at.client.on(http::method::patch, meetings, 200, "{}");
  const auto same = at.prepare(moved);
  BOOST_TEST(at.client.last().what.body ==
             R"({"startDateTime":"2026-11-22T11:00:00Z","endDateTime":"2026-11-22T13:00:00Z"})");
  BOOST_TEST(at.provider->still_right({moved.starts_at, moved.closes_at, 2}, *same));
  at.client.on(http::method::patch, meetings, 404,
               R"({"error":{"code":"NotFound","message":"3004: Specified meeting is not found"}})");
  BOOST_TEST(at.prepare(moved).has_value());
  BOOST_TEST(at.client.last().line().ends_with("/createOrGet"));
}

BOOST_AUTO_TEST_CASE(a_meeting_that_is_found_has_its_times_told) {
  tenant at({{"lobby_bypass", "tenant"s}});
  const std::string found =
      R"({"startDateTime":"2026-11-22T09:00:00.0000000Z","endDateTime":"2026-11-22T12:00:00Z",)" +
      meeting_json().substr(1);
  at.client.on(http::method::post, std::string(meetings) + "/createOrGet", 200, found);
  at.client.on(http::method::patch, meetings, 200, "{}");
  BOOST_TEST(at.prepare(tests::wish_of(at)).has_value());
  BOOST_TEST(at.client.last().what.body ==
             R"({"startDateTime":"2026-11-22T10:00:00Z","endDateTime":"2026-11-22T12:00:00Z"})");
}

BOOST_AUTO_TEST_CASE(a_403_says_policy_or_permission) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"error":{"code":"Forbidden","message":"No Application Access Policy found for this app."}})",
       "New-CsApplicationAccessPolicy"},
      {R"({"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges"}})",
       "OnlineMeetings.ReadWrite.All"},
      {"<html>", "403"}};
  for (const auto& [body, words] : cases) {
    tenant at;
    at.client.on(http::method::post, std::string(meetings) + "/createOrGet", 403, body);
    const auto got = at.prepare(tests::wish_of(at));
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().detail.find(words) != std::string::npos, words);
    at.client.on(http::method::get, meetings, 403, body);
    BOOST_TEST(tests::run(at.context, at.provider->try_credentials(at.within(5s)))
                   .error()
                   .detail.find(words) != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(the_check_takes_not_found_for_an_answer) {
  for (const int status : {200, 400, 404}) {
    tenant at;
    at.client.on(http::method::get, meetings, status, R"({"value":[]})");
    BOOST_TEST(tests::run(at.context, at.provider->try_credentials(at.within(5s))).has_value());
  }
  tenant at;
  at.client.on(http::method::get, meetings, 404,
               R"({"error":{"code":"NotFound","message":"User not found"}})");
  const auto wrong = tests::run(at.context, at.provider->try_credentials(at.within(5s)));
  BOOST_REQUIRE(!wrong);
  BOOST_TEST(wrong.error().detail.find("check organizers") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(links_to_elsewhere_are_refused) {
  for (const char* url :
       {"https://teams.microsoft.com.evil.example/x", "http://teams.microsoft.com/x",
        "https://evil.example/?teams.microsoft.com", ""}) {
    tenant at;
    at.client.on(http::method::post, std::string(meetings) + "/createOrGet", 201,
                 R"({"id":"x","joinWebUrl":")" + std::string(url) + "\"}");
    BOOST_TEST(at.prepare(tests::wish_of(at)).error().code == errc::rejected, url);
  }
}

BOOST_AUTO_TEST_CASE(closing_deletes_and_may_be_repeated) {
  tenant at({{"lobby_bypass", "tenant"s}});
  at.client.on(http::method::post, std::string(meetings) + "/createOrGet", 201, meeting_json());
  const auto room = at.prepare(tests::wish_of(at));
  for (const int status : {204, 404}) {
    at.client.on(http::method::delete_, meetings, status, "");
    BOOST_TEST(tests::run(at.context, at.provider->close(tests::wish_of(at), *room, at.within(5s)))
                   .has_value());
  }
}

namespace {

struct subscribed : tenant {
  subscribed()
      : tenant({{"webhook_secret", "the-state-of-now"s},
                {"previous_webhook_secret", "the-state-before"s}}) {}
  core::result<providers::webhook_reading> hear(std::string_view body,
                                                std::string_view query = {}) {
    http::request_head head;
    head.method = http::method::post;
    head.query = query;
    return provider->read_webhook({head, body, clock.wall_now()});
  }
};

std::string entry(std::string_view state) {
  return R"({"subscriptionId":"s","changeType":"updated","clientState":")" + std::string(state) +
         R"(","encryptedContent":{"data":"AA=="}})";
}
std::string told(std::string entries) { return R"({"value":[)" + entries + "]}"; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_subscriptions_handshake_gets_its_token_back_decoded) {
  subscribed at;
  const auto got = at.hear("", "validationToken=Validation%3a+Testing%20%3Cb%3E%26%2B%c3%a9");
  BOOST_REQUIRE(got);
  BOOST_TEST(got->reply == "Validation: Testing <b>&+\xc3\xa9");
  BOOST_TEST(got->reply_type == "text/plain");
  BOOST_TEST(got->reply_to_anybody);
  BOOST_TEST(got->events.empty());
  BOOST_TEST(at.hear("", "validationToken=" + std::string(1024, 'a')).has_value());
  for (const std::string& bad :
       {"validationToken="s, "validationToken=a%0d%0ab"s, "validationToken=a&validationToken=b"s,
        "validationToken=%zz"s, "validationToken=" + std::string(1025, 'a'), "xvalidationToken=a"s})
    BOOST_TEST(at.hear(told(entry("the-state-of-now")), bad).error().code == errc::bad_webhook,
               bad);
}

BOOST_AUTO_TEST_CASE(notifications_count_only_when_every_entry_has_the_secret) {
  subscribed at;
  const std::string now = entry("the-state-of-now"), before = entry("the-state-before");
  for (const std::string& good : {told(now), told(before), told(now + "," + before)}) {
    const auto got = at.hear(good);
    BOOST_REQUIRE(got);
    BOOST_TEST(got->events.empty());
    BOOST_TEST(got->reply.empty());
  }
  for (const std::string& forged :
       {told(entry("another-state")), told(entry("")), told(now + "," + entry("the-state-of-no")),
        told("{}," + now), told(now + ",1"), told(R"({"clientState":7})")})
    BOOST_TEST(at.hear(forged).error().code == errc::forged_webhook, forged);
  for (const std::string& bad : {""s, "{"s, "[]"s, "{}"s, told(""), R"({"value":{}})"s})
    BOOST_TEST(at.hear(bad).error().code == errc::bad_webhook, bad);
}

BOOST_AUTO_TEST_CASE(without_a_secret_not_even_the_handshake_is_answered) {
  tenant deaf;
  http::request_head head;
  head.query = "validationToken=a";
  BOOST_TEST(deaf.provider->read_webhook({head, "", deaf.clock.wall_now()}).error().code ==
             errc::no_webhooks);
}

BOOST_AUTO_TEST_CASE(bad_settings_are_told) {
  tests::settings_table table;
  table.add({{"tenant", "common"s},
             {"client_id", "my-app"s},
             {"organizers", core::options::list{{"host@contoso.com"s, {}}}},
             {"lobby_bypass", "nobody"s},
             {"room_prefix", "A"s}});
  providers::make_microsoft_teams(tests::setup_of(table));
  for (const char* key :
       {"tenant", "client_id", "client_secret", "organizers", "lobby_bypass", "room_prefix"})
    BOOST_TEST(table.complains(key), key);
}

BOOST_AUTO_TEST_SUITE_END()
