// BigBlueButton: checksums, answers in XML, and a meeting that is made when somebody comes.
#include <boost/test/unit_test.hpp>

#include "core/encoding.hpp"
#include "providers/desk.hpp"
#include "providers/error.hpp"

namespace providers {
provider_maker make_bigbluebutton(provider_setup setup);
}

BOOST_AUTO_TEST_SUITE(bigbluebutton)

using namespace std::chrono_literals;
using providers::errc;
using namespace std::string_literals;

namespace {

constexpr const char* api = "https://bbb.example.com/bigbluebutton/api";
constexpr const char* secret = "639259d4-9dd8-4b25-bf01-95f9567eaf4b";

struct server : tests::desk {
  explicit server(tests::pairs more = {}) {
    settings.add(
        {{"url", "https://bbb.example.com/bigbluebutton/"s}, {"secret", std::string(secret)}});
    settings.add(more);
    auto make = providers::make_bigbluebutton(tests::setup_of(settings));
    BOOST_REQUIRE(settings.found.empty());
    provider = make(tools());
    room = tests::run(context, provider->prepare(tests::wish_of(*this), within(5s))).value();
    id = *core::read_json(room)->find_string("id");
  }
  void answers(std::string_view call, std::string xml, int status = 200) {
    http::response out;
    out.status = status;
    out.body = std::move(xml);
    client.on(http::method::get, std::string(api) + "/" + std::string(call) + "?",
              [out](const http::request&) { return tests::scripted_client::answer(out); });
  }
  void creates() {
    answers("create", "<response><returncode>SUCCESS</returncode><meetingID>" + id +
                          "</meetingID><createTime>1800000000123</createTime>"
                          "<messageKey>duplicateWarning</messageKey></response>");
  }
  core::result<providers::join_link> admit(core::role seat = core::role::expert,
                                           std::string name = "Expert") {
    auto who = tests::admission_of(*this, "room-42", "exp-7", room, seat);
    who.name = std::move(name);
    who.closes_at = closes_at;
    auto at_once = provider->admit_now(who);
    if (at_once) return *at_once;
    return tests::run(context, provider->admit(who, within(5s)));
  }
  core::result<void> close() {
    return tests::run(context, provider->close(tests::wish_of(*this), room, within(5s)));
  }
  tests::settings_table settings;
  std::unique_ptr<providers::provider> provider;
  core::wall_time closes_at = clock.wall_now() + 2h;
  std::string room;
  std::string id;
};

std::string failed(std::string key) {
  return "<response><returncode>FAILED</returncode><messageKey>" + key +
         "</messageKey><message>inner words " + secret + "</message></response>";
}

}  // namespace

BOOST_AUTO_TEST_CASE(checksums_are_those_of_the_documentation) {
  // sha256sum of isMeetingRunning + query + secret, by another tool.
  server at({{"room_prefix", "room"s}});
  at.answers("isMeetingRunning",
             "<response><returncode>SUCCESS</returncode><running>false</running></response>");
  BOOST_TEST(tests::run(at.context, at.provider->try_credentials(at.within(5s))).has_value());
  BOOST_TEST(at.client.last().what.url ==
             std::string(api) +
                 "/isMeetingRunning?meetingID=room-check&checksum="
                 "4dd1c3b74036d488e689b3f440436601505f249df2f46c056aa4e7822183785e");
  server old({{"room_prefix", "room"s}, {"checksum", "sha1"s}});
  old.answers("isMeetingRunning", failed("checksumError"));
  const auto refused = tests::run(old.context, old.provider->try_credentials(old.within(5s)));
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().detail.find("bbb-conf --secret") != std::string::npos);
  BOOST_TEST(refused.error().detail.find(secret) == std::string::npos);
  BOOST_TEST(old.client.last().what.url == std::string(api) +
                                               "/isMeetingRunning?meetingID=room-check&checksum="
                                               "a5b623198b3369c9783c592594c2be91a92dfce4");
}

BOOST_AUTO_TEST_CASE(the_meeting_is_made_when_somebody_comes_and_known_for_a_minute) {
  server at;
  BOOST_TEST(at.client.count() == 0u);
  at.creates();
  const auto link = at.admit();
  BOOST_REQUIRE(link);
  BOOST_TEST(at.client.count() == 1u);
  const std::string created = at.client.last().what.url;
  BOOST_TEST(created.starts_with(std::string(api) + "/create?name=Video%20call&meetingID=" + at.id +
                                 "&attendeePW="));
  BOOST_TEST(created.find("&allowRequestsWithoutSession=true&meta_endCallbackUrl=https") !=
             std::string::npos);
  BOOST_TEST(
      link->url.starts_with(std::string(api) + "/join?fullName=Expert&meetingID=" + at.id +
                            "&role=MODERATOR&userID=exp-7&createTime=1800000000123&checksum="));
  BOOST_TEST(at.admit(core::role::client, "Ä & B")
                 ->url.find("/join?fullName=%C3%84%20%26%20B&meetingID=" + at.id +
                            "&role=VIEWER&") != std::string::npos);
  BOOST_TEST(at.client.count() == 1u);
  at.clock.advance(60s);
  BOOST_TEST(at.admit().has_value());
  BOOST_TEST(at.client.count() == 2u);
  // Byte for byte the same, or an older server takes it for another meeting.
  BOOST_TEST(at.client.last().what.url == created);
}

BOOST_AUTO_TEST_CASE(who_has_to_wait_for_the_moderator_comes_as_a_guest) {
  server at({{"ask_moderator", true}});
  at.creates();
  const auto expert = at.admit();
  BOOST_REQUIRE(expert);
  BOOST_TEST(at.client.last().what.url.find("&guestPolicy=ASK_MODERATOR&") != std::string::npos);
  BOOST_TEST(expert->url.find("guest=") == std::string::npos);
  BOOST_TEST(at.admit(core::role::client)->url.find("&role=VIEWER&guest=true&") !=
             std::string::npos);
  server open;
  open.creates();
  BOOST_TEST(open.admit(core::role::client)->url.find("guest=") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(refusals_come_with_status_200) {
  for (const char* key :
       {"checksumError", "idNotUnique", "meetingForciblyEnded", "validationError"}) {
    server at;
    at.answers("create", failed(key));
    const auto got = at.admit();
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().code == errc::rejected);
    BOOST_TEST(got.error().detail.find(key) != std::string::npos);
    BOOST_TEST(got.error().detail.find(secret) == std::string::npos);
  }
  server crowded;
  crowded.answers("create", failed("noInstanceFound"));
  const auto later = crowded.admit();
  BOOST_TEST(later.error().code == errc::unavailable);
  BOOST_TEST((later.error().retry_after == 5s));
}

BOOST_AUTO_TEST_CASE(refusals_with_a_status_of_their_own_are_read_too) {
  server at;
  at.answers("create", failed("validationError"), 400);
  BOOST_TEST(at.admit().error().detail.find("validationError") != std::string::npos);
  at.answers("end", failed("notFound"), 404);
  BOOST_TEST(at.close().has_value());
  at.answers("end", "<html>nothing here</html>", 404);
  const auto elsewhere = at.close();
  BOOST_REQUIRE(!elsewhere);
  BOOST_TEST(elsewhere.error().detail.find("status 404") != std::string::npos);
  BOOST_TEST(elsewhere.error().detail.find("check url") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(answers_about_something_else_are_refused) {
  for (const char* body :
       {"<response><returncode>SUCCESS</returncode></response>",
        "<response><returncode>SUCCESS</returncode><meetingID>another</meetingID>"
        "<createTime>1</createTime></response>",
        "<html><returncode>SUCCESS</returncode></html>", "<response/>",
        "<!DOCTYPE r [<!ENTITY a 'SUCCESS'>]><response><returncode>&a;</returncode></response>"}) {
    server at;
    at.answers("create", body);
    BOOST_TEST(at.admit().error().code == errc::rejected, body);
  }
  server ended;
  ended.answers("create", "<response><returncode>SUCCESS</returncode><meetingID>" + ended.id +
                              "</meetingID><createTime>1</createTime>"
                              "<hasBeenForciblyEnded>true</hasBeenForciblyEnded></response>");
  BOOST_TEST(ended.admit().error().code == errc::room_disabled);
}

BOOST_AUTO_TEST_CASE(closing_ends_the_meeting_and_one_that_never_was_is_closed) {
  server at;
  at.answers("end",
             "<response><returncode>SUCCESS</returncode>"
             "<messageKey>sentEndMeetingRequest</messageKey></response>");
  BOOST_TEST(at.close().has_value());
  BOOST_TEST(at.client.last().what.url.find("&password=") != std::string::npos);
  at.answers("end", failed("notFound"));
  BOOST_TEST(at.close().has_value());
  at.answers("end", failed("checksumError"));
  BOOST_TEST(at.close().error().code == errc::rejected);
}

BOOST_AUTO_TEST_CASE(the_frame_allows_what_it_does_to_their_origin) {
  server at;
  BOOST_TEST(at.provider->traits().allow.starts_with("camera https://bbb.example.com; "));
  BOOST_TEST(at.provider->traits().by_ticket);
}

BOOST_AUTO_TEST_CASE(bad_settings_are_told) {
  tests::settings_table table({{"url", "http://bbb.example.com/bigbluebutton"s},
                               {"checksum", "md5"s},
                               {"name", "x"s},
                               {"room_prefix", "UP"s}});
  providers::make_bigbluebutton(tests::setup_of(table));
  for (const char* key : {"url", "secret", "checksum", "name", "room_prefix"})
    BOOST_TEST(table.complains(key), key);
}

namespace {

// The address that the server was given for the end of the meeting, as a request for it.
struct called_back {
  explicit called_back(const server& at) {
    const std::string url =
        *core::percent_decode(tests::query_value(at.client.last().what.url, "meta_endCallbackUrl"));
    address = url.substr(0, url.find('?'));
    query = url.substr(url.find('?') + 1) + "&recordingmarks=false";
  }
  core::result<providers::webhook_reading> read(const server& at, std::string_view asked) const {
    http::request_head head;
    head.method = http::method::get;
    head.query = asked;
    return at.provider->read_webhook({head, "", at.clock.wall_now()});
  }
  std::string address, query;
};

core::result<providers::webhook_reading> hear(const server& at, std::string query,
                                              std::string_view body,
                                              std::vector<http::field_view> fields = {}) {
  http::request_head head;
  head.method = http::method::post;
  head.query = query;
  head.fields = fields;
  return at.provider->read_webhook({head, body, at.clock.wall_now()});
}

std::string form_of(std::string json, std::string time) {
  return "domain=bbb.example.com&event=" + core::percent_encode(json) + "&timestamp=" + time;
}
std::string event_json(std::string what, std::string meeting) {
  return R"({"data":{"type":"event","id":")" + what +
         R"(","attributes":{"meeting":{"internal-meeting-id":"int-1","external-meeting-id":")" +
         meeting + R"("}},"event":{"ts":1800000600123}}})";
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_server_calls_us_back_when_the_meeting_is_over) {
  server at;
  at.creates();
  BOOST_REQUIRE(at.admit());
  const called_back back(at);
  BOOST_TEST(back.address == "https://call.example.com/webhooks/main");
  const auto over = back.read(at, back.query);
  BOOST_REQUIRE(over);
  BOOST_REQUIRE(over->events.size() == 1u);
  BOOST_TEST((over->events.front().what == providers::call_news::ended));
  BOOST_TEST("sd-" + over->events.front().about.digest == tests::usual_name());
  BOOST_TEST((over->events.front().at == at.clock.wall_now()));
  BOOST_TEST(over->events.front().is_timeless);
  // A repetition has the same name; an end some time later is another.
  const std::string name = over->events.front().id;
  BOOST_TEST(back.read(at, back.query)->events.front().id == name);
  at.clock.advance(301s);
  BOOST_TEST(back.read(at, back.query)->events.front().id != name);

  const auto forged = [&](std::string asked) {
    const auto got = back.read(at, asked);
    return !got && got.error().code == errc::forged_webhook;
  };
  const std::string another =
      "meeting=sd-" + std::string(40, '0') + back.query.substr(back.query.find('&'));
  BOOST_TEST(forged(another));
  BOOST_TEST(forged(""));
  BOOST_TEST(forged(back.query + "&meeting=" + at.id));
  BOOST_TEST(forged(back.query.substr(0, back.query.find("&signature="))));
  server other({{"secret", "another secret of BigBlueButton"s}});
  BOOST_TEST(back.read(other, back.query).error().code == errc::forged_webhook);
  at.clock.advance(48h);
  BOOST_TEST(forged(back.query));
  server quiet({{"end_callback", false}});
  quiet.creates();
  BOOST_REQUIRE(quiet.admit());
  BOOST_TEST(quiet.client.last().what.url.find("meta_endCallbackUrl") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(events_of_its_webhooks_are_read_with_any_of_its_hashes) {
  server at;
  at.clock.set_wall(core::from_unix_seconds(1800000610));
  // sha1sum and sha256sum of address, body and secret.
  const std::string body = form_of(
      "[" + event_json("meeting-ended", "sd-0123456789012345678901234567890123456789") + "]",
      "1800000600500");
  for (const char* sum : {"5a0d51a10e87dbe56fb3d3842af8db23449633e8",
                          "ab27ee376e31602de66f7c43f0e91c2f4432f39d578142f22b4f576d036498e8"}) {
    const auto read = hear(at, "checksum="s + sum, body);
    BOOST_REQUIRE(read);
    BOOST_REQUIRE(read->events.size() == 1u);
    const providers::room_event& event = read->events.front();
    BOOST_TEST((event.what == providers::call_news::ended));
    BOOST_TEST(event.about.digest == "0123456789012345678901234567890123456789");
    BOOST_TEST((event.at == core::from_unix_seconds(1800000600) + 123ms));
    BOOST_TEST(hear(at, "checksum="s + sum, body + " ").error().code == errc::forged_webhook);
    BOOST_TEST(hear(at, "checksum="s + sum + "&checksum=" + sum, body).error().code ==
               errc::forged_webhook);
  }
  for (const char* query : {"", "checksum=", "checksum=00", "x=1"})
    BOOST_TEST(hear(at, query, body).error().code == errc::forged_webhook, query);
  at.clock.set_wall(core::from_unix_seconds(1800000601 + 301));
  BOOST_TEST(hear(at, "checksum=5a0d51a10e87dbe56fb3d3842af8db23449633e8", body).error().code ==
             errc::forged_webhook);
}

BOOST_AUTO_TEST_CASE(of_a_server_that_sends_the_secret_itself_the_same_is_read) {
  server at;
  const std::string time = std::to_string(core::unix_seconds(at.clock.wall_now()));
  const std::string right = "Bearer "s + secret, wrong = "Bearer another";
  const auto tell = [&](std::string json, const std::string& bearer) {
    return hear(at, "", form_of(std::move(json), time), {{"Authorization", bearer}});
  };
  const auto joined = tell(event_json("user-joined", at.id), right);
  BOOST_REQUIRE(joined);
  BOOST_TEST((joined->events.at(0).what == providers::call_news::live));
  BOOST_TEST(tell(event_json("user-joined", at.id), wrong).error().code == errc::forged_webhook);
  BOOST_TEST(tell(event_json("user-left", at.id), right)->events.empty());
  BOOST_TEST(tell(event_json("user-joined", "lobby"), right)->events.empty());
  const auto both =
      tell("[" + event_json("user-joined", at.id) + "," + event_json("meeting-ended", at.id) + "]",
           right);
  BOOST_TEST(both->events.size() == 2u);
  BOOST_TEST(tell("not JSON", right).error().code == errc::bad_webhook);
  BOOST_TEST(hear(at, "", "domain=x", {{"Authorization", right}}).error().code ==
             errc::bad_webhook);
}

BOOST_AUTO_TEST_SUITE_END()
