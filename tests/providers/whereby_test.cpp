// Whereby: the host's link for the expert alone, points, and meetings that end too early.
#include <boost/test/unit_test.hpp>

#include "auth/heads.hpp"
#include "core/encoding.hpp"
#include "core/time_text.hpp"
#include "jose/hmac.hpp"
#include "providers/desk.hpp"
#include "providers/error.hpp"

namespace providers {
provider_maker make_whereby(provider_setup setup);
}

BOOST_AUTO_TEST_SUITE(whereby)

using namespace std::chrono_literals;
using providers::errc;
using namespace std::string_literals;

namespace {

constexpr const char* meetings = "https://api.whereby.dev/v1/meetings";

std::string meeting_json(std::string id = "87673375", std::string host = "acme.whereby.com") {
  return R"({"meetingId":")" + id + R"(","roomName":"/r","roomUrl":"https://)" + host + R"(/r-)" +
         id + R"(","hostRoomUrl":"https://)" + host + "/r-" + id +
         R"(?roomKey=eyJhost","endDate":"2026-11-22T12:00:00.000Z"})";
}

struct acme : tests::desk {
  explicit acme(tests::pairs more = {}) {
    settings.add({{"api_key", "wK3nZ8kT5vB1xQ7mL4cR9sD2fH6gJ0yE"s}, {"subdomain", "acme"s}});
    settings.add(more);
    providers::provider_setup setup = tests::setup_of(settings);
    setup.advice = &advice;
    auto make = providers::make_whereby(setup);
    BOOST_REQUIRE(settings.found.empty());
    provider = make(tools());
  }
  core::result<std::string> prepare(providers::room_wish wish) {
    return tests::run(context, provider->prepare(std::move(wish), within(5s)));
  }
  std::string made(std::string id = "87673375") {
    client.on(http::method::post, meetings, 201, meeting_json(id));
    return prepare(tests::wish_of(*this)).value();
  }
  std::string link(std::string room, core::role seat, std::string name = "Dr. X & Y") {
    auto who = tests::admission_of(*this, "room-42", "u/1", std::move(room), seat);
    who.name = std::move(name);
    return (*provider->admit_now(who))->url;
  }
  std::vector<std::string> advice;
  tests::settings_table settings;
  std::unique_ptr<providers::provider> provider;
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_meeting_ends_when_the_room_closes) {
  acme at;
  at.made();
  BOOST_TEST(at.client.last().find("Authorization") == "Bearer wK3nZ8kT5vB1xQ7mL4cR9sD2fH6gJ0yE");
  BOOST_TEST(
      at.client.last().what.body ==
      R"({"endDate":"2026-11-22T12:00:00Z","isLocked":true,"roomMode":"normal","roomNamePattern":"uuid","fields":["hostRoomUrl"]})");
}

BOOST_AUTO_TEST_CASE(the_hosts_link_goes_to_the_expert_alone) {
  acme at({{"lang", "de"s}});
  const std::string room = at.made();
  BOOST_TEST(at.link(room, core::role::expert) ==
             "https://acme.whereby.com/r-87673375?roomKey=eyJhost&displayName=Dr.%20X%20%26%20Y"
             "&externalId=u%2F1&lang=de");
  const std::string guest = at.link(room, core::role::client);
  BOOST_TEST(guest ==
             "https://acme.whereby.com/r-87673375?displayName=Dr.%20X%20%26%20Y"
             "&externalId=u%2F1&lang=de");
  BOOST_TEST(at.client.count() == 1u);
}

BOOST_AUTO_TEST_CASE(the_frame_allows_what_it_does_to_their_origin) {
  acme at;
  BOOST_TEST((at.provider->traits().mode == providers::embed_mode::iframe));
  BOOST_TEST(at.provider->traits().origin == "https://acme.whereby.com");
  BOOST_TEST(
      at.provider->traits().allow.starts_with("camera https://acme.whereby.com; microphone "));
}

BOOST_AUTO_TEST_CASE(a_booking_that_ends_much_later_gets_another_meeting) {
  acme at;
  const std::string room = at.made("1");
  const auto now = at.clock.wall_now();
  BOOST_TEST(at.provider->still_right({now, now + 2h, 2}, room));
  BOOST_TEST(at.provider->still_right({now, now + 1h, 2}, room));
  BOOST_TEST(at.provider->still_right({now, now + 3h, 2}, room));
  BOOST_TEST(!at.provider->still_right({now, now + 3h + 1s, 2}, room));
  auto moved = tests::wish_of(at);
  moved.closes_at += 5h;
  moved.provider_room = room;
  at.client.on(http::method::post, meetings, 201, meeting_json("2"));
  const auto next = at.prepare(moved);
  BOOST_REQUIRE(next);
  BOOST_TEST(!at.provider->same_room(room, *next));
  // Who asks for it closes the one before, unless a call is running there; until its own end it
  // lets people in.
  BOOST_TEST(at.provider->replaces_room());
  BOOST_TEST(at.provider->still_opens({now, now + 9h, 2}, room, now + 1h));
  BOOST_TEST(!at.provider->still_opens({now, now + 9h, 2}, room, now + 2h));
}

BOOST_AUTO_TEST_CASE(more_people_than_a_small_room_holds_get_a_large_one) {
  const auto mode_for = [](acme& at, std::size_t people) {
    at.client.on(http::method::post, meetings, 201, meeting_json());
    auto wish = tests::wish_of(at);
    wish.participants = people;
    const std::string room = at.prepare(wish).value();
    const std::string& asked = at.client.last().what.body;
    return std::pair(asked.find(R"("roomMode":"group")") != std::string::npos, room);
  };
  acme at;
  const auto now = at.clock.wall_now();
  BOOST_TEST(!mode_for(at, 4).first);
  const auto [is_large, large] = mode_for(at, 5);
  BOOST_TEST(is_large);
  // A booking that grows outgrows its meeting; one that shrinks keeps it.
  const auto small = mode_for(at, 2).second;
  BOOST_TEST(at.provider->still_right({now, now + 2h, 4}, small));
  BOOST_TEST(!at.provider->still_right({now, now + 2h, 5}, small));
  BOOST_TEST(at.provider->still_right({now, now + 2h, 2}, large));
  // Of one that was remembered before there were two kinds nothing is known.
  const std::string older =
      R"({"id":"1","room_url":"https://acme.whereby.com/r","host_url":"https://acme.whereby.com/r?k=1","end":)" +
      std::to_string(core::unix_seconds(now + 2h)) + "}";
  BOOST_TEST(at.provider->still_right({now, now + 2h, 9}, older));
  // Who names a mode has it, whatever the number.
  acme fixed({{"room_mode", "normal"s}});
  const auto [grown, kept] = mode_for(fixed, 9);
  BOOST_TEST(!grown);
  BOOST_TEST(fixed.provider->still_right({now, now + 2h, 64}, kept));
  acme all({{"room_mode", "group"s}});
  BOOST_TEST(mode_for(all, 2).first);
}

BOOST_AUTO_TEST_CASE(a_minutes_points_are_not_overdrawn) {
  acme at;
  at.client.on(http::method::post, meetings, 201, meeting_json());
  std::size_t made = 0;
  for (int i = 0; i < 40; ++i)
    if (at.prepare(tests::wish_of(at))) ++made;
  BOOST_TEST(made == 33u);
}

BOOST_AUTO_TEST_CASE(rooms_elsewhere_are_refused) {
  for (const char* host : {"other.whereby.com", "whereby.com.evil.example"}) {
    acme at;
    at.client.on(http::method::post, meetings, 201, meeting_json("1", host));
    BOOST_TEST(at.prepare(tests::wish_of(at)).error().code == errc::rejected);
  }
  acme at;
  at.client.on(http::method::post, meetings, 201,
               R"({"meetingId":"1","roomUrl":"https://acme.whereby.com/r"})");
  BOOST_TEST(!at.prepare(tests::wish_of(at)).has_value());
}

BOOST_AUTO_TEST_CASE(closing_deletes_and_may_be_repeated) {
  acme at;
  const std::string room = at.made();
  for (const int status : {204, 404}) {
    at.client.on(http::method::delete_, meetings, status, "");
    BOOST_TEST(tests::run(at.context, at.provider->close(tests::wish_of(at), room, at.within(5s)))
                   .has_value());
  }
}

BOOST_AUTO_TEST_CASE(the_check_says_what_to_fix) {
  const std::vector<std::tuple<int, std::string, std::string>> cases = {
      {401, "{}", "api_key"},
      {403, "{}", "plan"},
      {200, "{}", "list"},
      {200, R"({"results":[{"roomUrl":"https://other.whereby.com/x"}]})", "subdomain"},
      {200, R"({"cursor":null,"results":[]})", ""}};
  for (const auto& [status, body, words] : cases) {
    acme at;
    at.client.on(http::method::get, meetings, status, body);
    const auto got = tests::run(at.context, at.provider->try_credentials(at.within(5s)));
    BOOST_TEST(got.has_value() == words.empty());
    if (!got) BOOST_TEST(got.error().detail.find(words) != std::string::npos, words);
  }
}

BOOST_AUTO_TEST_CASE(direct_links_come_with_advice) {
  acme tickets;
  BOOST_TEST(tickets.provider->traits().by_ticket);
  BOOST_TEST(tickets.advice.empty());
  acme direct({{"links", "direct"s}});
  BOOST_TEST(!direct.provider->traits().by_ticket);
  BOOST_TEST(direct.advice.size() == 2u);
}

BOOST_AUTO_TEST_CASE(bad_settings_are_told) {
  tests::settings_table table({{"subdomain", "a.b"s}, {"room_mode", "big"s}, {"lang", "de/../"s}});
  providers::make_whereby(tests::setup_of(table));
  for (const char* key : {"subdomain", "room_mode", "lang", "api_key"})
    BOOST_TEST(table.complains(key), key);
}

namespace {

struct reporting : acme {
  reporting() : acme({{"webhook_secret", "whereby-secret"s}}) {}

  core::result<providers::webhook_reading> hear(std::string field, std::string_view body) {
    const tests::made_head head{{"Whereby-Signature", field}};
    return provider->read_webhook({head, body, clock.wall_now()});
  }
  core::result<providers::webhook_reading> hear(std::string_view body) {
    const std::string time = std::to_string(core::unix_seconds(clock.wall_now()));
    const auto mac = jose::hmac_key("whereby-secret", 32).of(time + "." + std::string(body));
    return hear("t=" + time + ",v1=" + core::to_hex(core::as_bytes(mac.view())), body);
  }
};

std::string report(std::string type, std::string meeting = "87673375") {
  return R"({"id":"e2","apiVersion":"1.0","createdAt":"2027-01-15T08:10:01.000Z","type":")" + type +
         R"(","data":{"meetingId":")" + meeting + R"(","roomName":"/room-42-abc"}})";
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_report_with_the_documented_signature_is_read_and_no_other) {
  reporting at;
  at.clock.set_wall(core::from_unix_seconds(1800000610));
  // openssl dgst -sha256 -hmac of "1800000601.<body>".
  const std::string body =
      R"({"id":"e2","apiVersion":"1.0","createdAt":"2027-01-15T08:10:01.000Z","type":)"
      R"("room.session.ended","data":{"meetingId":"1","roomName":"/room-42-abc","subdomain":"example"}})";
  const std::string mac = "fce01167abddfa4699832930cbea774d8cdb3f2dc07f6dbd0f809c2a5384ab92";
  const auto good = at.hear("t=1800000601,v1=" + mac, body);
  BOOST_REQUIRE(good);
  BOOST_REQUIRE(good->events.size() == 1u);
  const providers::room_event& event = good->events.front();
  BOOST_TEST((event.what == providers::call_news::ended));
  BOOST_TEST(event.id == "e2");
  BOOST_TEST((event.at == *core::from_rfc3339("2027-01-15T08:10:01Z")));
  BOOST_TEST(at.made("1").starts_with(event.about.remembered));
  BOOST_TEST(!at.made("12").starts_with(event.about.remembered));
  // While the secret is being changed, the new signature stands beside the old one.
  BOOST_TEST(at.hear("t=1800000601,v1=00ff,v1=" + mac, body).has_value());

  const auto forged = [&](std::string field, std::string_view text) {
    return at.hear(field, text).error().code == errc::forged_webhook;
  };
  BOOST_TEST(forged("t=1800000602,v1=" + mac, body));
  BOOST_TEST(forged("t=1800000601,v1=" + mac, body + " "));
  BOOST_TEST(forged("t=1800000601,v0=" + mac, body));
  BOOST_TEST(forged("t=1800000601", body));
  BOOST_TEST(forged("v1=" + mac, body));
  // More than a clock can hold, in seconds and in milliseconds.
  for (const char* time : {"9000000001", "18000000201", "99999999999", "9000000001000",
                           "9223372036854775807", "9223372036854775808"})
    BOOST_TEST(forged("t=" + std::string(time) + ",v1=" + mac, body), time);
  at.clock.set_wall(core::from_unix_seconds(1800000601 + 301));
  BOOST_TEST(forged("t=1800000601,v1=" + mac, body));
}

BOOST_AUTO_TEST_CASE(sessions_are_of_interest_and_the_rest_is_not) {
  reporting at;
  BOOST_TEST(
      (at.hear(report("room.session.started"))->events.front().what == providers::call_news::live));
  // One who waits alone is no call, and nothing would tell of his leaving.
  for (const char* other : {"room.client.joined", "room.client.knocked", "recording.finished"})
    BOOST_TEST(at.hear(report(other))->events.empty());
  for (const std::string& bad : {"{}"s, "[]"s, report("room.session.ended", "a\\u0022b"),
                                 R"({"type":"room.session.ended"})"s})
    BOOST_TEST(at.hear(bad).error().code == errc::bad_webhook, bad);
  acme deaf;
  const tests::made_head head{{"Whereby-Signature", "t=1,v1=00"}};
  BOOST_TEST(deaf.provider->read_webhook({head, "{}", deaf.clock.wall_now()}).error().code ==
             errc::no_webhooks);
}

BOOST_AUTO_TEST_SUITE_END()
