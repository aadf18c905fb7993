// Google Meet: spaces, who owns them, the 403 that says two things, and the end of a call.
#include <boost/test/unit_test.hpp>

#include "net/error.hpp"
#include "providers/desk.hpp"
#include "providers/error.hpp"
#include "support/made_keys.hpp"

namespace providers {
provider_maker make_google_meet(provider_setup setup);
}

BOOST_AUTO_TEST_SUITE(google_meet)

using namespace std::chrono_literals;
using providers::errc;
using namespace std::string_literals;

namespace {

constexpr const char* api = "https://meet.googleapis.com/v2";
constexpr const char* space =
    R"({"name":"spaces/jQCFfuBOdN5z","meetingUri":"https://meet.google.com/abc-mnop-xyz","meetingCode":"abc-mnop-xyz"})";
constexpr const char* masked =
    R"json({"error":{"code":403,"message":"Permission denied on resource Space (or it might not exist)","status":"PERMISSION_DENIED"}})json";

std::string key_file() {
  std::string pem;
  for (const char c : tests::pair_of("rsa").private_pem)
    pem += c == '\n' ? "\\n" : std::string(1, c);
  return R"({"type":"service_account","client_email":"sa@p.iam.gserviceaccount.com","private_key_id":"k1","private_key":")" +
         pem + R"(","token_uri":"https://oauth2.googleapis.com/token"})";
}

struct workspace : tests::desk {
  explicit workspace(std::vector<std::string> subjects = {"host@example.com"},
                     tests::pairs more = {}) {
    core::options::list list;
    for (auto& one : subjects) list.push_back({one, {}});
    settings.add({{"service_account", key_file()}, {"subjects", list}});
    settings.add(more);
    auto make = providers::make_google_meet(tests::setup_of(settings));
    BOOST_REQUIRE(settings.found.empty());
    provider = make(tools());
    client.on(
        http::method::post, "https://oauth2.googleapis.com/token",
        [this](const http::request& what) {
          const auto at = what.body.find("assertion=") + 10;
          subjects_asked.push_back(*tests::claims_of(what.body.substr(at)).find_string("sub"));
          return tests::scripted_client::answer(tests::json_response(
              200, R"({"access_token":"ya29.x","expires_in":3599,"token_type":"Bearer"})"));
        });
  }
  core::result<std::string> prepare(providers::room_wish wish) {
    return tests::run(context, provider->prepare(std::move(wish), within(5s)));
  }
  std::string made() {
    client.on(http::method::post, std::string(api) + "/spaces", 200, space);
    return prepare(tests::wish_of(*this)).value();
  }
  core::result<void> close(std::string room) {
    return tests::run(context, provider->close(tests::wish_of(*this), std::move(room), within(5s)));
  }

  std::vector<std::string> subjects_asked;
  tests::settings_table settings;
  std::unique_ptr<providers::provider> provider;
};

}  // namespace

BOOST_AUTO_TEST_CASE(
    a_space_is_made_in_the_name_of_the_delegate_and_its_link_is_handed_on_unchanged) {
  workspace at;
  const std::string room = at.made();
  BOOST_TEST(at.client.last().what.body ==
             R"({"config":{"accessType":"OPEN","entryPointAccess":"ALL"}})");
  BOOST_TEST((at.subjects_asked == std::vector<std::string>{"host@example.com"}));
  const auto link = at.provider->admit_now(tests::admission_of(at, "room-42", "u1", room));
  BOOST_REQUIRE(link);
  BOOST_TEST((*link)->url == "https://meet.google.com/abc-mnop-xyz");
  BOOST_TEST(at.provider->traits().by_ticket);
  BOOST_TEST((at.provider->traits().mode == providers::embed_mode::new_tab));
}

BOOST_AUTO_TEST_CASE(a_booking_that_moves_keeps_its_space_without_a_call) {
  workspace at;
  auto moved = tests::wish_of(at);
  moved.provider_room = at.made();
  const std::size_t before = at.client.count();
  BOOST_TEST(*at.prepare(moved) == moved.provider_room);
  BOOST_TEST(at.client.count() == before);
}

BOOST_AUTO_TEST_CASE(ten_a_minute_of_one_user_and_then_the_next) {
  workspace at({"a@example.com", "b@example.com"});
  std::size_t made = 0;
  at.client.on(http::method::post, std::string(api) + "/spaces", 200, space);
  for (int i = 0; i < 25; ++i)
    if (at.prepare(tests::wish_of(at))) ++made;
  BOOST_TEST(made == 20u);
  at.clock.advance(60s);
  BOOST_TEST(at.prepare(tests::wish_of(at)).has_value());
}

BOOST_AUTO_TEST_CASE(a_user_of_whom_google_says_that_it_is_enough_gives_way_to_the_next) {
  workspace at({"a@example.com", "b@example.com"});
  std::size_t asked = 0;
  at.client.on(http::method::post, std::string(api) + "/spaces", [&](const http::request&) {
    const bool first = ++asked == 1;
    return tests::scripted_client::answer(
        tests::json_response(first ? 429 : 200, first ? "{}" : space));
  });
  BOOST_TEST(at.prepare(tests::wish_of(at)).has_value());
  BOOST_TEST(asked == 2u);
  BOOST_TEST(at.subjects_asked.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_create_whose_answer_is_lost_is_not_made_at_the_next_user) {
  workspace at({"a@example.com", "b@example.com"});
  at.client.on(http::method::post, std::string(api) + "/spaces", 200, space);
  for (int i = 0; i < 9; ++i) BOOST_TEST(at.prepare(tests::wish_of(at)).has_value());
  std::size_t asked = 0;
  at.client.on(http::method::post, std::string(api) + "/spaces", [&](const http::request&) {
    ++asked;
    return tests::scripted_client::answer(core::fail(net::errc::broken));
  });
  BOOST_TEST(at.prepare(tests::wish_of(at)).error().code == errc::unavailable);
  BOOST_TEST(asked == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_made_ahead_leaves_a_quarter_for_joins) {
  workspace at;
  at.client.on(http::method::post, std::string(api) + "/spaces", 200, space);
  std::size_t ahead = 0, at_the_door = 0;
  for (int i = 0; i < 12; ++i) {
    auto wish = tests::wish_of(at);
    wish.wanted_for = providers::urgency::prepare;
    if (at.prepare(wish)) ++ahead;
  }
  for (int i = 0; i < 12; ++i)
    if (at.prepare(tests::wish_of(at))) ++at_the_door;
  BOOST_TEST(ahead == 7u);
  BOOST_TEST(at_the_door == 3u);
}

BOOST_AUTO_TEST_CASE(names_and_links_that_are_none_are_refused) {
  for (const char* bad :
       {R"({"name":"spaces/../x","meetingUri":"https://meet.google.com/a-b-c"})",
        R"({"name":"jQCFfuBOdN5z","meetingUri":"https://meet.google.com/a-b-c"})",
        R"({"name":"spaces/x","meetingUri":"https://meet.google.com.evil.example/a"})",
        R"({"name":"spaces/x","meetingUri":"http://meet.google.com/a-b-c"})",
        R"({"name":"spaces/x"})"}) {
    workspace at;
    at.client.on(http::method::post, std::string(api) + "/spaces", 200, bad);
    BOOST_TEST(at.prepare(tests::wish_of(at)).error().code == errc::rejected, bad);
  }
}

BOOST_AUTO_TEST_CASE(closing_locks_the_space_and_ends_the_call) {
  workspace at;
  const std::string room = at.made();
  at.client.on(http::method::patch, std::string(api) + "/spaces/jQCFfuBOdN5z", 200, space);
  at.client.on(http::method::post, std::string(api) + "/spaces/jQCFfuBOdN5z:end", 200, "{}");
  BOOST_TEST(at.close(room).has_value());
  at.client.on(http::method::post, std::string(api) + "/spaces/jQCFfuBOdN5z:end", 400,
               R"({"error":{"code":400,"status":"FAILED_PRECONDITION"}})");
  BOOST_TEST(at.close(room).has_value());
  at.client.on(http::method::post, std::string(api) + "/spaces/jQCFfuBOdN5z:end", 400,
               R"({"error":{"code":400,"status":"INVALID_ARGUMENT"}})");
  BOOST_TEST(at.close(room).error().code == errc::rejected);
}

BOOST_AUTO_TEST_CASE(a_masked_403_means_gone_only_where_the_token_still_works) {
  workspace at;
  const std::string room = at.made();
  at.client.on(http::method::patch, std::string(api) + "/spaces/", 403, masked);
  at.client.on(http::method::post, std::string(api) + "/spaces/jQCFfuBOdN5z:end", 403, masked);
  at.client.on(http::method::get, std::string(api) + "/conferenceRecords", 200, "{}");
  BOOST_TEST(at.close(room).has_value());
  at.client.on(http::method::get, std::string(api) + "/conferenceRecords", 403, masked);
  BOOST_TEST(at.close(room).error().code == errc::rejected);
}

BOOST_AUTO_TEST_CASE(the_check_says_what_to_fix) {
  workspace at;
  at.client.on(http::method::get, std::string(api) + "/conferenceRecords", 200, "{}");
  BOOST_TEST(tests::run(at.context, at.provider->try_credentials(at.within(5s))).has_value());
  workspace undelegated;
  undelegated.client.on(
      http::method::post, "https://oauth2.googleapis.com/token", 401,
      R"({"error":"unauthorized_client","error_description":"Client is unauthorized to retrieve access tokens"})");
  const auto why = tests::run(undelegated.context,
                              undelegated.provider->try_credentials(undelegated.within(5s)));
  BOOST_REQUIRE(!why);
  BOOST_TEST(why.error().detail.find("domain-wide delegation") != std::string::npos);
  workspace disabled;
  disabled.client.on(http::method::get, std::string(api) + "/conferenceRecords", 403, masked);
  BOOST_TEST(tests::run(disabled.context, disabled.provider->try_credentials(disabled.within(5s)))
                 .error()
                 .detail.find("enable the Google Meet REST API") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(bad_settings_are_told) {
  tests::settings_table none;
  providers::make_google_meet(tests::setup_of(none));
  BOOST_TEST(none.complains("service_account"));
  BOOST_TEST(none.complains("subjects"));
  tests::settings_table bad({{"service_account", "{}"s},
                             {"subjects", core::options::list{{"x"s, {}}}},
                             {"access", "everybody"s}});
  providers::make_google_meet(tests::setup_of(bad));
  for (const char* key : {"service_account", "subjects", "access"}) BOOST_TEST(bad.complains(key));
}

BOOST_AUTO_TEST_SUITE_END()
