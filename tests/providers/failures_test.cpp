// The list of failures, and every adapter that asks a vendor for something.
#include <boost/test/unit_test.hpp>

#include "core/time_text.hpp"
#include "providers/error.hpp"
#include "providers/failure_list.hpp"
#include "providers/vendors.hpp"
#include "support/made_keys.hpp"

using namespace std::chrono_literals;
using providers::errc;
using namespace std::string_literals;

namespace tests {
namespace {

using answer = scripted_client::answer;

struct failure_row {
  std::string name;
  std::vector<answer> answers;  // in turn; the last one for ever
  std::optional<errc> ends_as;  // nothing: it succeeds
  std::size_t calls = 1;
  std::optional<std::chrono::seconds> retry_after = std::nullopt;
};

http::response plain(int status, std::string body, std::vector<http::field> fields = {}) {
  return json_response(status, std::move(body), std::move(fields));
}

std::vector<failure_row> rows_for(const adapter_under_test& one, core::wall_time now) {
  const std::size_t tries = one.repeats ? 3 : 1;
  const std::string said = R"({"error":{"code":"Odd","message":"inner vendor words"}})";
  const answer good = one.good;
  std::string huge = R"({"id":")" + std::string(300 * 1024, 'x') + "\"}";
  std::vector<failure_row> out = {
      {"a time-out", {core::fail(net::errc::timed_out)}, errc::timed_out, tries},
      {"a slow trickle", {core::fail(net::errc::timed_out, "body")}, errc::timed_out, tries},
      {"a reset", {core::fail(net::errc::broken)}, errc::unavailable, tries},
      {"a closed door", {core::fail(net::errc::connect_failed)}, errc::unavailable, tries},
      {"a truncated answer", {core::fail(http::errc::bad_response, "cut")}, errc::rejected},
      {"an answer of megabytes", {core::fail(http::errc::response_too_large)}, errc::rejected},
      {"garbage", {plain(200, "<html>no</html")}, errc::rejected},
      {"a list", {plain(200, "[]")}, errc::rejected},
      {"a huge string", {plain(200, huge)}, errc::rejected},
      {"a 403", {plain(403, said)}, errc::rejected},
      {"a 404", {plain(404, said)}, errc::rejected},
      {"a 409", {plain(409, said)}, errc::rejected, one.calls_for_409},
      {"a 429 with seconds", {plain(429, said, {{"Retry-After", "7"}})}, errc::unavailable, 1, 7s},
      {"a 429 with a date",
       {plain(429, said, {{"Retry-After", core::to_http_date(now + 7s)}})},
       errc::unavailable,
       1,
       7s},
      {"a 503 with seconds", {plain(503, said, {{"Retry-After", "7"}})}, errc::unavailable, 1, 7s},
      {"a 500 for ever", {plain(500, said)}, errc::rejected, tries},
      {"an HTML page with 502", {plain(502, "<html>bad gateway</html>")}, errc::rejected, tries},
  };
  if (!one.may_say_nothing) {
    out.push_back({"nothing", {plain(200, "")}, errc::rejected});
    out.push_back({"an empty object", {plain(200, "{}")}, errc::rejected});
  }
  if (one.repeats)
    out.push_back({"a 500 twice, then good", {plain(500, said), plain(500, said), good}, {}, 3});
  else
    out.push_back({"a 500, which may have made a room", {plain(500, said), good}, errc::rejected});
  if (one.renews) {
    out.push_back({"a 401, then good", {plain(401, said), good}, {}, 2});
    out.push_back({"a 401 for ever", {plain(401, said)}, errc::rejected, 2});
  } else {
    out.push_back({"a 401", {plain(401, said), good}, errc::rejected, 1});
  }
  return out;
}

void run_row(const adapter_under_test& one, const failure_row& row) {
  desk at;
  one.also(at);
  std::size_t calls = 0;
  at.client.on(one.verb, one.url, [&](const http::request&) {
    const std::size_t index = std::min(calls++, row.answers.size() - 1);
    return row.answers[index];
  });
  const auto provider = one.make(at);
  BOOST_REQUIRE(provider);
  const auto got = one.use(at, *provider);
  BOOST_TEST(calls == row.calls);
  BOOST_TEST(at.client.surprises() == 0u);
  BOOST_REQUIRE(got.has_value() == !row.ends_as.has_value());
  if (got) return;
  const core::failure& why = got.error();
  BOOST_TEST(why.code == make_error_code(*row.ends_as));
  BOOST_TEST(!why.detail.empty());
  BOOST_TEST(why.detail.size() <= 1024u);
  for (const std::string& secret : one.secrets)
    BOOST_TEST(why.detail.find(secret) == std::string::npos);
  if (row.retry_after) BOOST_TEST((why.retry_after == row.retry_after));
  if (why.code == errc::unavailable) BOOST_TEST(why.retry_after.has_value());
  // What the caller may read is ours.
  for (const core::fact& fact : why.facts) {
    BOOST_TEST(fact.name == "reason");
    BOOST_TEST(fact.value.find("vendor") == std::string::npos);
  }
}

// Rooms that cannot be closed keep nobody out of those that can be made.
void run_closings(const adapter_under_test& one) {
  desk before;
  one.also(before);
  before.client.on(one.verb, one.url, [&](const http::request&) { return answer(one.good); });
  const auto maker = one.make(before);
  const auto room = run(before.context, maker->prepare(wish_of(before), before.within(1s)));
  BOOST_REQUIRE(room);
  desk at;
  one.also(at);
  for (const auto verb : {http::method::get, http::method::post, http::method::put,
                          http::method::patch, http::method::delete_})
    at.client.on(verb, "https://", 500, "{}");
  const auto provider = one.make(at);
  auto wish = wish_of(at);
  wish.wanted_for = providers::urgency::cleanup;
  for (int i = 0; i < 12; ++i) run(at.context, provider->close(wish, *room, at.within(1s)));
  BOOST_TEST((at.client.count() == 0u || at.client.count() >= 5u));
  BOOST_TEST(!provider->away().has_value());
}

}  // namespace

void run_failure_list(const adapter_under_test& one) {
  const core::wall_time now = fake_clock().wall_now();
  for (const failure_row& row : rows_for(one, now))
    BOOST_TEST_CONTEXT(one.name << ": " << row.name) { run_row(one, row); }
  // That the script's own good answer is good.
  BOOST_TEST_CONTEXT(one.name << ": all is well") {
    run_row(one, {"good", {answer(one.good)}, {}, 1});
  }
  BOOST_TEST_CONTEXT(one.name << ": rooms that cannot be closed") { run_closings(one); }
}

core::result<void> prepare_once(desk& at, providers::provider& one) {
  auto made = run(at.context, one.prepare(wish_of(at), at.within(1s)));
  if (!made) return core::same_failure(made);
  return {};
}

}  // namespace tests

BOOST_AUTO_TEST_SUITE(failures)

namespace {

using tests::adapter_under_test;
using tests::desk;

// Makes a provider of the type from settings.
auto maker(std::string type, std::function<void(tests::settings_table&)> fill) {
  return [type = std::move(type), fill = std::move(fill)](desk& at) {
    tests::settings_table table;
    fill(table);
    const auto list = providers::vendors();
    const auto found = std::ranges::find(list, type, &providers::vendor::type);
    BOOST_REQUIRE((found != list.end()));
    const auto make = found->make(tests::setup_of(table));
    for (const core::mistake& one : table.found) BOOST_TEST_MESSAGE(one.key + " " + one.what);
    BOOST_REQUIRE(table.found.empty());
    return make(at.tools());
  };
}

void gives_tokens(desk& at) {
  at.client.on(http::method::post, "https://auth.example.com/", 200,
               R"({"access_token":"tok-en-tok-en","token_type":"Bearer","expires_in":3600})");
}

constexpr const char* long_secret = "vWq8sLr3Jk2nTz7mYx4cHb6gPd9fRe1aUo5iKl0j";

}  // namespace

BOOST_AUTO_TEST_CASE(of_100ms) {
  adapter_under_test one;
  one.name = "100ms";
  one.make = maker("100ms", [](auto& table) {
    table.add({{"access_key", "627cdddff2e4e30487862ad1"s},
               {"secret", std::string(long_secret)},
               {"subdomain", "acme"s}});
  });
  one.use = tests::prepare_once;
  one.url = "https://api.100ms.live/v2/rooms";
  one.good = tests::json_response(200, R"({"id":"631b2654f771854d9bf633df","enabled":true})");
  one.repeats = true;
  one.renews = true;
  one.secrets = {long_secret, "eyJ"};
  tests::run_failure_list(one);
}

BOOST_AUTO_TEST_CASE(of_zoom) {
  adapter_under_test one;
  one.name = "zoom";
  one.make = maker("zoom", [](auto& table) {
    table.add({{"account_id", "acct"s},
               {"client_id", "client"s},
               {"client_secret", std::string(long_secret)},
               {"token_url", "https://auth.example.com/token"s},
               {"hosts", core::options::list{{"host@example.com"s, {}}}}});
  });
  one.use = tests::prepare_once;
  one.url = "https://api.zoom.us/v2/users/";
  one.good = tests::json_response(
      201, R"({"id":93123456789,"join_url":"https://us02web.zoom.us/j/93123456789?pwd=x"})");
  one.renews = true;
  one.secrets = {long_secret, "tok-en-tok-en"};
  one.also = gives_tokens;
  tests::run_failure_list(one);
}

BOOST_AUTO_TEST_CASE(of_google_meet) {
  std::string pem;
  for (const char c : tests::pair_of("rsa").private_pem)
    pem += c == '\n' ? "\\n" : std::string(1, c);
  const std::string key_file =
      R"({"type":"service_account","client_email":"sa@p.iam.gserviceaccount.com",)"
      R"("private_key_id":"k1","private_key":")" +
      pem + "\"}";
  adapter_under_test one;
  one.name = "google-meet";
  one.make = maker("google-meet", [key_file](auto& table) {
    table.add({{"service_account", key_file},
               {"token_url", "https://auth.example.com/token"s},
               {"subjects", core::options::list{{"host@example.com"s, {}}}}});
  });
  one.use = tests::prepare_once;
  one.url = "https://meet.googleapis.com/v2/spaces";
  one.good = tests::json_response(
      200, R"({"name":"spaces/jQCFfuBOdN5z","meetingUri":"https://meet.google.com/abc-mnop-xyz"})");
  one.renews = true;
  one.secrets = {"tok-en-tok-en", "BEGIN PRIVATE"};
  one.also = gives_tokens;
  tests::run_failure_list(one);
}

BOOST_AUTO_TEST_CASE(of_microsoft_teams) {
  adapter_under_test one;
  one.name = "microsoft-teams";
  one.make = maker("microsoft-teams", [](auto& table) {
    table.add({{"tenant", "contoso.onmicrosoft.com"s},
               {"client_id", "1f3b8a52-7c1d-4a7e-9a1b-0c5d2e3f4a5b"s},
               {"client_secret", std::string(long_secret)},
               {"login_url", "https://auth.example.com"s},
               {"lobby_bypass", "tenant"s},
               {"organizers", core::options::list{{"550fae72-d251-43ec-868c-373732c2704f"s, {}}}}});
  });
  one.use = tests::prepare_once;
  one.url = "https://graph.microsoft.com/v1.0/users/";
  one.good = tests::json_response(
      201,
      R"({"id":"MSpkYzE3","joinWebUrl":"https://teams.microsoft.com/l/meetup-join/19%3ameeting"})");
  one.repeats = true;
  one.renews = true;
  one.secrets = {long_secret, "tok-en-tok-en"};
  one.also = gives_tokens;
  tests::run_failure_list(one);
}

BOOST_AUTO_TEST_CASE(of_whereby) {
  adapter_under_test one;
  one.name = "whereby";
  one.make = maker("whereby", [](auto& table) {
    table.add({{"api_key", std::string(long_secret)}, {"subdomain", "acme"s}});
  });
  one.use = tests::prepare_once;
  one.url = "https://api.whereby.dev/v1/meetings";
  one.good = tests::json_response(
      201,
      R"({"meetingId":"87673375","roomUrl":"https://acme.whereby.com/r1","hostRoomUrl":"https://acme.whereby.com/r1?roomKey=k"})");
  one.secrets = {long_secret};
  tests::run_failure_list(one);
}

BOOST_AUTO_TEST_CASE(of_daily) {
  adapter_under_test one;
  one.name = "daily";
  one.make = maker("daily", [](auto& table) {
    table.add({{"domain", "acme"s}, {"api_key", std::string(long_secret)}, {"domain_id", "d1"s}});
  });
  one.use = tests::prepare_once;
  one.url = "https://api.daily.co/v1/rooms";
  one.good =
      tests::json_response(200, R"({"name":")" + tests::usual_name() + R"(","privacy":"private"})");
  one.repeats = true;
  // A room that is there already has to hear of its new end: one question more.
  one.calls_for_409 = 2;
  one.secrets = {long_secret};
  tests::run_failure_list(one);
}

BOOST_AUTO_TEST_CASE(of_livekit) {
  adapter_under_test one;
  one.name = "livekit";
  one.make = maker("livekit", [](auto& table) {
    table.add({{"url", "wss://acme.livekit.cloud"s},
               {"api_key", "APItestkey"s},
               {"secret", std::string(long_secret)},
               {"create_rooms", true}});
  });
  one.use = tests::prepare_once;
  one.url = "https://acme.livekit.cloud/twirp/livekit.RoomService/CreateRoom";
  one.good = tests::json_response(200, R"({"sid":"RM_x","name":")" + tests::usual_name() + "\"}");
  one.repeats = true;
  one.secrets = {long_secret, "eyJ"};
  tests::run_failure_list(one);
}

BOOST_AUTO_TEST_CASE(of_custom) {
  adapter_under_test one;
  one.name = "custom";
  one.make = maker("custom", [](auto& table) {
    table.add({{"url_template", "https://video.example.com/r/{roomId}?t={token}"s},
               {"create_url", "https://video.example.com/api"s}});
    table.table("token", {{"secret", std::string(long_secret)}});
  });
  one.use = tests::prepare_once;
  one.verb = http::method::put;
  one.url = "https://video.example.com/api/rooms/room-42";
  one.good = tests::json_response(201, R"({"roomId":"room-42","state":"open"})");
  one.repeats = true;
  one.may_say_nothing = true;
  one.secrets = {long_secret, "eyJ"};
  tests::run_failure_list(one);
}

// Asks nobody at a join; what it is asked for here is check-config --online.
BOOST_AUTO_TEST_CASE(of_galene) {
  adapter_under_test one;
  one.name = "galene";
  one.make = maker("galene", [](auto& table) {
    table.add({{"url", "https://galene.example.com"s},
               {"group", "calls"s},
               {"secret", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"s}});
  });
  one.use = [](desk& at, providers::provider& adapter) -> core::result<void> {
    auto seen = tests::run(at.context, adapter.try_credentials(at.within(1s)));
    if (!seen) return core::same_failure(seen);
    return {};
  };
  one.verb = http::method::get;
  one.url = "https://galene.example.com/group/calls/.status";
  one.good = tests::json_response(
      200, R"({"name":"calls","location":"https://galene.example.com/group/calls/"})");
  one.repeats = true;
  tests::run_failure_list(one);
}

BOOST_AUTO_TEST_CASE(of_bigbluebutton) {
  adapter_under_test one;
  one.name = "bigbluebutton";
  one.make = maker("bigbluebutton", [](auto& table) {
    table.add(
        {{"url", "https://bbb.example.com/bigbluebutton"s}, {"secret", std::string(long_secret)}});
  });
  one.use = [](desk& at, providers::provider& adapter) -> core::result<void> {
    const auto room =
        tests::run(at.context, adapter.prepare(tests::wish_of(at), at.within(1s))).value();
    auto link = tests::run(
        at.context, adapter.admit(tests::admission_of(at, "room-42", "u1", room), at.within(1s)));
    if (!link) return core::same_failure(link);
    return {};
  };
  one.verb = http::method::get;
  one.url = "https://bbb.example.com/bigbluebutton/api/create?";
  tests::desk scratch;
  const auto named = one.make(scratch);
  const std::string id =
      *core::read_json(
           tests::run(scratch.context, named->prepare(tests::wish_of(scratch), scratch.within(1s)))
               .value())
           ->find_string("id");
  one.good.status = 200;
  one.good.body = "<response><returncode>SUCCESS</returncode><meetingID>" + id +
                  "</meetingID><createTime>1531155809613</createTime></response>";
  one.repeats = true;
  one.secrets = {long_secret};
  tests::run_failure_list(one);
}

BOOST_AUTO_TEST_SUITE_END()
