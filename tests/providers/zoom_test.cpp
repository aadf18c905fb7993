// Zoom: meetings, hosts and their days, links for whom, and the SDK's signature.
#include <boost/test/unit_test.hpp>

#include "auth/heads.hpp"
#include "core/encoding.hpp"
#include "jose/hmac.hpp"
#include "jose/jwt.hpp"
#include "net/error.hpp"
#include "providers/desk.hpp"
#include "providers/error.hpp"

namespace providers {
provider_maker make_zoom(provider_setup setup);
}

BOOST_AUTO_TEST_SUITE(zoom)

using namespace std::chrono_literals;
using providers::errc;
using namespace std::string_literals;

namespace {

constexpr const char* api = "https://api.zoom.us/v2";
constexpr const char* client_secret = "zOs8sLr3Jk2nTz7mYx4cHb6gPd9fRe1a";
constexpr const char* sdk_secret = "sDk8sLr3Jk2nTz7mYx4cHb6gPd9fRe1a";

std::string meeting_json(std::string id = "93123456789") {
  return R"({"uuid":"/4444AAAiAAAAAiAiAiiAii==","id":)" + id +
         R"(,"host_id":"KDcuGIm1QgePTO8WbOqwIQ","join_url":"https://us02web.zoom.us/j/)" + id +
         R"(?pwd=aTIqAFZx.1","start_url":"https://us02web.zoom.us/s/)" + id +
         R"(?zak=eyJsecret","password":"a1B2c3D4"})";
}

struct account : tests::desk {
  explicit account(tests::pairs more = {}, std::vector<std::string> hosts = {"a@x.example"}) {
    core::options::list list;
    for (auto& one : hosts) list.push_back({one, {}});
    settings.add({{"account_id", "acct"s},
                  {"client_id", "client"s},
                  {"client_secret", std::string(client_secret)},
                  {"hosts", list}});
    settings.add(more);
    auto make = providers::make_zoom(tests::setup_of(settings));
    BOOST_REQUIRE(settings.found.empty());
    provider = make(tools());
    client.on(http::method::post, "https://zoom.us/oauth/token", 200,
              R"({"access_token":"token","token_type":"bearer","expires_in":3599,"scope":")" +
                  scope + "\"}");
  }
  core::result<std::string> prepare(providers::room_wish wish) {
    return tests::run(context, provider->prepare(std::move(wish), within(5s)));
  }
  std::string made() {
    client.on(http::method::post, std::string(api) + "/users/", 201, meeting_json());
    const auto room = prepare(tests::wish_of(*this));
    BOOST_REQUIRE(room);
    return *room;
  }
  core::result<providers::join_link> admit(std::string room, core::role seat) {
    auto who = tests::admission_of(*this, "room-42", "u1", std::move(room), seat);
    who.name = "Dr. X & Y";
    return tests::run(context, provider->admit(std::move(who), within(5s)));
  }
  std::size_t asked(std::string_view line) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        client.requests(), [&](const auto& one) { return one.line().starts_with(line); }));
  }

  std::string scope =
      "meeting:write:meeting:admin meeting:read:meeting:admin meeting:update:meeting:admin "
      "meeting:update:status:admin meeting:delete:meeting:admin user:read:token:admin";
  tests::settings_table settings;
  std::unique_ptr<providers::provider> provider;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_meeting_is_scheduled_at_the_host_with_all_that_counts) {
  account at;
  const std::string room = at.made();
  BOOST_TEST(at.client.last().line() == "POST https://api.zoom.us/v2/users/a%40x.example/meetings");
  const auto body = *core::read_json(at.client.last().what.body);
  BOOST_TEST(*body.find("type")->as_integer() == 2);
  BOOST_TEST(*body.find_string("start_time") == "2026-11-22T10:00:00Z");
  BOOST_TEST(*body.find("duration")->as_integer() == 120);
  BOOST_TEST(body.find_string("password")->size() == 10u);
  BOOST_TEST(*body.find("settings")->find("waiting_room")->as_bool());
  BOOST_TEST(room.find("93123456789") != std::string::npos);
  BOOST_TEST(room.find("zak") == std::string::npos);  // the host's link is never kept
  BOOST_TEST(at.provider->makes_another());
}

BOOST_AUTO_TEST_CASE(a_client_gets_the_join_link_without_a_call_and_the_expert_a_fresh_start_link) {
  account at;
  const std::string room = at.made();
  const std::size_t before = at.client.count();
  BOOST_TEST(at.admit(room, core::role::client)->url ==
             "https://us02web.zoom.us/j/93123456789?pwd=aTIqAFZx.1");
  BOOST_TEST(at.client.count() == before);
  at.client.on(http::method::get, std::string(api) + "/meetings/93123456789", 200, meeting_json());
  for (int i = 0; i < 2; ++i)
    BOOST_TEST(at.admit(room, core::role::expert)->url ==
               "https://us02web.zoom.us/s/93123456789?zak=eyJsecret");
  BOOST_TEST(at.asked("GET https://api.zoom.us/v2/meetings/93123456789") == 2u);
  BOOST_TEST(at.provider->traits().by_ticket);
  BOOST_TEST((at.provider->traits().mode == providers::embed_mode::new_tab));
}

// All of its members are optional in Zoom's own types: a meeting that was made is not lost for one.
BOOST_AUTO_TEST_CASE(an_answer_without_all_it_usually_has_is_a_meeting_too) {
  account at;
  const auto answered = [&](const std::string& rest) {
    at.client.on(http::method::post, std::string(api) + "/users/", 201,
                 R"({"join_url":"https://us02web.zoom.us/j/93123456789",)" + rest);
    const auto room = at.prepare(tests::wish_of(at));
    BOOST_REQUIRE(room);
    const auto sent = *core::read_json(at.client.last().what.body);
    return std::pair(*core::read_json(*room), *sent.find_string("password"));
  };
  const auto [kept, wished] = answered(R"("id":"93123456789"})");
  BOOST_TEST(*kept.find_string("id") == "93123456789");
  BOOST_TEST(*kept.find_string("passcode") == wished);
  BOOST_TEST(*answered(R"("id":93123456789,"password":"theirs"})").first.find_string("passcode") ==
             "theirs");
  BOOST_TEST(answered(R"("id":93123456789,"password":""})").first.find_string("passcode")->empty());
  for (const char* id : {"-93123456789", "\"-9312345678\"", "\"9312345678/x\"", "931234567.89"}) {
    at.client.on(http::method::post, std::string(api) + "/users/", 201, meeting_json(id));
    BOOST_TEST(at.prepare(tests::wish_of(at)).error().code == errc::rejected, id);
  }
}

BOOST_AUTO_TEST_CASE(links_to_elsewhere_are_refused) {
  for (const char* url :
       {"http://us02web.zoom.us/j/1", "https://zoom.us.evil.example/j/1", "https://evilzoom.us/j/1",
        "javascript:alert(1)", "", "https://us02web.zoom.us@evil.example/"}) {
    account at;
    at.client.on(http::method::post, std::string(api) + "/users/", 201,
                 R"({"id":93123456789,"join_url":")" + std::string(url) + "\"}");
    BOOST_TEST(at.prepare(tests::wish_of(at)).error().code == errc::rejected, url);
  }
}

BOOST_AUTO_TEST_CASE(a_moved_booking_moves_the_meeting_and_makes_another_only_where_it_is_gone) {
  account at;
  const std::string room = at.made();
  const auto now = at.clock.wall_now();
  BOOST_TEST(at.provider->still_right({now, now + 2h, 2}, room));
  BOOST_TEST(!at.provider->still_right({now + 30min, now + 2h, 2}, room));
  auto moved = tests::wish_of(at);
  moved.starts_at += 24h;
  moved.closes_at += 24h;
  moved.provider_room = room;
  at.client.on(http::method::patch, std::string(api) + "/meetings/93123456789", 204, "");
  const auto same = at.prepare(moved);
  BOOST_REQUIRE(same);
  BOOST_TEST(at.provider->same_room(room, *same));
  BOOST_TEST(at.provider->still_right({moved.starts_at, moved.closes_at, 2}, *same));
  BOOST_TEST(at.asked("POST https://api.zoom.us/v2/users/") == 1u);
  at.client.on(http::method::patch, std::string(api) + "/meetings/93123456789", 404,
               R"({"code":3001,"message":"Meeting does not exist"})");
  BOOST_TEST(at.prepare(moved).has_value());
  BOOST_TEST(at.asked("POST https://api.zoom.us/v2/users/") == 2u);
}

BOOST_AUTO_TEST_CASE(a_meeting_that_zoom_does_not_know_is_gone_and_any_other_404_a_refusal) {
  for (const bool invites : {false, true}) {
    for (const auto& [body, expected] :
         {std::pair{R"({"code":3001,"message":"Meeting does not exist: 93123456789."})",
                    errc::room_gone},
          std::pair{R"({"code":300,"message":"Meeting not found."})", errc::room_gone},
          std::pair{R"({"code":1001,"message":"User does not exist: x."})", errc::rejected},
          std::pair{"<html>no such page</html>", errc::rejected}}) {
      account at({{"invite_links", invites}});
      const std::string room = at.made();
      at.client.on(invites ? http::method::post : http::method::get,
                   std::string(api) + "/meetings/93123456789", 404, body);
      const auto seat = invites ? core::role::client : core::role::expert;
      // One that was made just now may not be known yet.
      at.clock.advance(9s);
      const auto early = at.admit(room, seat);
      BOOST_REQUIRE(!early);
      const bool is_gone = expected == errc::room_gone;
      BOOST_TEST(early.error().code == (is_gone ? errc::unavailable : expected), body);
      BOOST_TEST((early.error().retry_after == std::optional(2s)) == is_gone);
      at.clock.advance(1s);
      const auto got = at.admit(room, seat);
      BOOST_REQUIRE(!got);
      BOOST_TEST(got.error().code == expected, body);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_host_whose_day_is_used_up_gives_way_to_the_next) {
  account at({}, {"a@x.example", "b@x.example"});
  std::vector<std::string> hosts;
  at.client.on(http::method::post, std::string(api) + "/users/", [&](const http::request& what) {
    hosts.push_back(what.url);
    if (hosts.size() > 1)
      return tests::scripted_client::answer(tests::json_response(201, meeting_json()));
    return tests::scripted_client::answer(tests::json_response(
        429,
        R"({"code":429,"message":"You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted for this particular user."})",
        {{"Retry-After", "2026-11-23T00:00:00Z"}}));
  });
  BOOST_TEST(at.prepare(tests::wish_of(at)).has_value());
  BOOST_REQUIRE(hosts.size() == 2u);
  BOOST_TEST(hosts[0] != hosts[1]);
  // From now on nobody asks for the first one, until tomorrow.
  BOOST_TEST(at.prepare(tests::wish_of(at)).has_value());
  BOOST_TEST(hosts[2] == hosts[1]);
  at.clock.advance(14h);
  BOOST_TEST(at.prepare(tests::wish_of(at)).has_value());
  BOOST_TEST(hosts[3] == hosts[0]);
}

BOOST_AUTO_TEST_CASE(a_create_whose_answer_is_lost_is_not_made_at_the_next_host) {
  account at({}, {"a@x.example", "b@x.example"});
  at.client.on(http::method::post, std::string(api) + "/users/", 201, meeting_json());
  for (int i = 0; i < 99; ++i) {
    BOOST_TEST(at.prepare(tests::wish_of(at)).has_value());
    at.clock.advance(1s);
  }
  at.client.on(http::method::post, std::string(api) + "/users/", [](const http::request&) {
    return tests::scripted_client::answer(core::fail(net::errc::broken));
  });
  BOOST_TEST(at.prepare(tests::wish_of(at)).error().code == errc::unavailable);
  BOOST_TEST(at.asked("POST https://api.zoom.us/v2/users/") == 100u);
}

BOOST_AUTO_TEST_CASE(where_all_hosts_are_done_the_caller_is_told_until_when) {
  account at;
  at.client.on(http::method::post, std::string(api) + "/users/", [&](const http::request&) {
    return tests::scripted_client::answer(
        tests::json_response(429, R"({"code":429,"message":"daily rate limit"})"));
  });
  for (int i = 0; i < 2; ++i) {
    const auto got = at.prepare(tests::wish_of(at));
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().code == errc::unavailable);
    BOOST_TEST((got.error().retry_after == 14h));
  }
  BOOST_TEST(at.asked("POST https://api.zoom.us/v2/users/") == 1u);
}

BOOST_AUTO_TEST_CASE(invitations_name_the_person_and_end) {
  account at({{"invite_links", true}});
  const std::string room = at.made();
  at.client.on(
      http::method::post, std::string(api) + "/meetings/93123456789/invite_links", 201,
      R"({"attendees":[{"name":"Dr. X & Y","join_url":"https://us02web.zoom.us/w/1?tk=x"}]})");
  BOOST_TEST(at.admit(room, core::role::client)->url == "https://us02web.zoom.us/w/1?tk=x");
  BOOST_TEST(at.client.last().what.body == R"({"attendees":[{"name":"Dr. X & Y"}],"ttl":600})");
}

BOOST_AUTO_TEST_CASE(a_page_of_the_sites_own_gets_a_signature_for_the_meeting_and_role) {
  account at({{"embed_url", "https://www.example.com/zoom"s},
              {"sdk_key", "sdk-key"s},
              {"sdk_secret", std::string(sdk_secret)}});
  BOOST_TEST(!at.provider->traits().by_ticket);
  BOOST_TEST((at.provider->traits().mode == providers::embed_mode::iframe));
  BOOST_TEST(at.provider->traits().origin == "https://www.example.com");
  const std::string room = at.made();
  const auto link = at.admit(room, core::role::client);
  BOOST_REQUIRE(link);
  BOOST_TEST(link->url.starts_with("https://www.example.com/zoom#meetingNumber=93123456789&"));
  BOOST_TEST(link->url.find("userName=Dr.%20X%20%26%20Y") != std::string::npos);
  BOOST_TEST(link->url.find("zak=") == std::string::npos);
  const auto from = link->url.find("signature=") + 10;
  const std::string token = link->url.substr(from, link->url.find('&', from) - from);
  jose::key_set keys;
  keys.add(*jose::key::from_secret(core::secret(sdk_secret), jose::algorithm::hs256));
  BOOST_TEST(jose::verify_jwt(token, keys, {}, at.clock.wall_now()).has_value());
  BOOST_TEST(tests::part_of(token, 0) == R"({"alg":"HS256","typ":"JWT"})");
  const auto claims = tests::claims_of(token);
  BOOST_TEST(*claims.find_string("mn") == "93123456789");
  BOOST_TEST(*claims.find("role")->as_integer() == 0);
  const auto life = *claims.find("exp")->as_integer() - *claims.find("iat")->as_integer();
  BOOST_TEST(life >= 1800);
  BOOST_TEST(life <= 172800);
  BOOST_TEST(*claims.find("exp")->as_integer() == core::unix_seconds(link->expires_at));

  at.client.on(http::method::get, std::string(api) + "/users/a%40x.example/token", 200,
               R"({"token":"eyJzak+/="})");
  const auto host = at.admit(room, core::role::expert);
  BOOST_REQUIRE(host);
  BOOST_TEST(host->url.find("&zak=eyJzak%2B%2F%3D") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(closing_ends_the_call_and_deletes_the_meeting_and_may_be_repeated) {
  account at;
  const std::string room = at.made();
  for (const int status : {204, 404}) {
    at.client.on(http::method::put, std::string(api) + "/meetings/93123456789/status", status, "");
    at.client.on(http::method::delete_, std::string(api) + "/meetings/93123456789", status, "");
    BOOST_TEST(tests::run(at.context, at.provider->close(tests::wish_of(at), room, at.within(5s)))
                   .has_value());
  }
  BOOST_TEST(at.asked("DELETE https://api.zoom.us/v2/meetings/93123456789") == 2u);
}

BOOST_AUTO_TEST_CASE(the_check_names_missing_scopes_and_unknown_hosts) {
  account good;
  good.client.on(http::method::get, std::string(api) + "/users/", 200, R"({"token":"t"})");
  BOOST_TEST(tests::run(good.context, good.provider->try_credentials(good.within(5s))).has_value());
  account lacks({{"invite_links", true}});
  const auto why = tests::run(lacks.context, lacks.provider->try_credentials(lacks.within(5s)));
  BOOST_REQUIRE(!why);
  BOOST_TEST(why.error().detail.find("meeting:write:invite_links:admin") != std::string::npos);
  account stranger;
  stranger.client.on(http::method::get, std::string(api) + "/users/", 404,
                     R"({"code":1001,"message":"User does not exist"})");
  BOOST_TEST(tests::run(stranger.context, stranger.provider->try_credentials(stranger.within(5s)))
                 .error()
                 .detail.find("a@x.example") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(bad_settings_are_told_all_at_once) {
  tests::settings_table table;
  table.add({{"client_secret", "short"s},
             {"hosts", core::options::list{{"nobody"s, {}}}},
             {"expert_as", "participant"s},
             {"waiting_room", true},
             {"sdk_key", "x"s}});
  providers::make_zoom(tests::setup_of(table));
  for (const char* key :
       {"account_id", "client_id", "client_secret", "hosts", "waiting_room", "embed_url"})
    BOOST_TEST(table.complains(key), key);
}

namespace {

constexpr const char* hook_secret = "zoom-webhook-secret-token";

// A Zoom whose reports are believed, and reports as it would sign them.
struct reporting : account {
  explicit reporting(std::string secret = hook_secret)
      : account({{"webhook_secret", std::move(secret)}}) {}

  core::result<providers::webhook_reading> hear(std::string time, std::string signature,
                                                std::string_view body) {
    const tests::made_head head{{"x-zm-request-timestamp", time}, {"x-zm-signature", signature}};
    return provider->read_webhook({head, body, clock.wall_now()});
  }
  core::result<providers::webhook_reading> hear(std::string_view body,
                                                std::string_view secret = hook_secret) {
    const std::string time = std::to_string(core::unix_seconds(clock.wall_now()));
    const auto mac = jose::hmac_key(secret, 32).of("v0:" + time + ":" + std::string(body));
    return hear(time, "v0=" + core::to_hex(core::as_bytes(mac.view())), body);
  }
};

std::string report(std::string event, std::string id = "\"93123456789\"",
                   std::string at = "1800000600250") {
  return R"({"event":")" + event + R"(","event_ts":)" + at +
         R"(,"payload":{"account_id":"abc","object":{"id":)" + id + R"(,"uuid":"4444A=="}}})";
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_report_with_zooms_signature_is_read_and_no_other) {
  reporting at;
  at.clock.set_wall(core::from_unix_seconds(1800000610));
  // openssl dgst -sha256 -hmac of "v0:1800000601:<body>".
  const std::string body =
      R"({"event":"meeting.ended","event_ts":1800000600250,"payload":{"account_id":"abc",)"
      R"("object":{"id":"93123456789","uuid":"4444AAAiAAAAAiAiAiiAii==","type":2}}})";
  const std::string signature =
      "v0=f5f512d352cc035399a562c8f5ec30338d0d5f26ea5f15c56ef13a0a7ab2f748";
  const auto good = at.hear("1800000601", signature, body);
  BOOST_REQUIRE(good);
  BOOST_REQUIRE(good->events.size() == 1u);
  const providers::room_event& event = good->events.front();
  BOOST_TEST((event.what == providers::call_news::ended));
  BOOST_TEST(event.about.remembered == R"({"id":"93123456789",)");
  BOOST_TEST((event.at == core::from_unix_seconds(1800000600) + 250ms));
  BOOST_TEST(at.made().starts_with(event.about.remembered));

  const auto forged = [&](std::string time, std::string shown, std::string_view text) {
    return at.hear(time, shown, text).error().code == errc::forged_webhook;
  };
  BOOST_TEST(forged("1800000602", signature, body));
  BOOST_TEST(forged("1800000601", signature, body + " "));
  BOOST_TEST(forged("1800000601", signature.substr(3), body));
  BOOST_TEST(forged("1800000601", "v0=", body));
  BOOST_TEST(forged("1800000601", "", body));
  BOOST_TEST(forged("soon", signature, body));
  at.clock.set_wall(core::from_unix_seconds(1800000601 + 301));
  BOOST_TEST(forged("1800000601", signature, body));
  at.clock.set_wall(core::from_unix_seconds(1800000601 - 301));
  BOOST_TEST(forged("1800000601", signature, body));
}

BOOST_AUTO_TEST_CASE(starts_ends_and_people_are_of_interest_and_the_rest_is_not) {
  reporting at;
  for (const char* begins : {"meeting.started", "meeting.participant_joined"})
    BOOST_TEST((at.hear(report(begins))->events.front().what == providers::call_news::live));
  // The id is a string in some events and a number in others.
  BOOST_TEST(at.hear(report("meeting.started", "93123456789"))->events.front().about.remembered ==
             R"({"id":"93123456789",)");
  // A repetition has the same name, the next event another.
  const auto name_of = [&](std::string body) { return at.hear(body)->events.front().id; };
  BOOST_TEST(name_of(report("meeting.ended")) == name_of(report("meeting.ended")));
  BOOST_TEST(name_of(report("meeting.ended")) !=
             name_of(report("meeting.ended", "93123456789", "1800000600251")));
  for (const char* other : {"meeting.created", "meeting.deleted", "meeting.participant_left"})
    BOOST_TEST(at.hear(report(other, "93123456789"))->events.empty());
  for (const std::string& bad : {"{}"s, "[]"s, "x"s, report("meeting.ended", "\"room\""),
                                 report("meeting.ended", "null"), R"({"event":"meeting.ended"})"s})
    BOOST_TEST(at.hear(bad).error().code == errc::bad_webhook, bad);
  BOOST_TEST(at.hear("{}", "another secret of Zoom").error().code == errc::forged_webhook);
}

BOOST_AUTO_TEST_CASE(zoom_is_shown_that_we_know_the_secret) {
  const std::string asked =
      R"({"event":"endpoint.url_validation","event_ts":1,"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}})";
  reporting at;
  const auto shown = at.hear(asked);
  BOOST_REQUIRE(shown);
  // openssl dgst -sha256 -hmac of the plain token.
  BOOST_TEST(shown->reply ==
             R"({"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":)"
             R"("303d596c41398000067ebaef31f940ff99945195fe501fc03a7549f882aa6c08"})");
  BOOST_TEST(shown->events.empty());
  // Whoever cannot sign the question gets nothing signed.
  BOOST_TEST(at.hear(asked, "another secret of Zoom").error().code == errc::forged_webhook);
  BOOST_TEST(at.hear(R"({"event":"endpoint.url_validation","payload":{}})").error().code ==
             errc::bad_webhook);
  account deaf;
  const tests::made_head head{{"x-zm-signature", "v0=00"}};
  BOOST_TEST(deaf.provider->read_webhook({head, asked, deaf.clock.wall_now()}).error().code ==
             errc::no_webhooks);
}

BOOST_AUTO_TEST_SUITE_END()
