// The pages: what they hold, what they allow themselves, and when they are there at all; the demo's
// login.
#include <boost/test/unit_test.hpp>

#include "api/html.hpp"
#include "api/page_policy.hpp"
#include "support/face_scene.hpp"

BOOST_AUTO_TEST_SUITE(pages)

using tests::asked;
using tests::face_scene;
using tests::told;

namespace {

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::shared_ptr<api::demo_settings> a_demo() {
  auto demo = std::make_shared<api::demo_settings>();
  demo->cookie = "session";
  demo->rooms = {{*core::room_id::from("test_room"),
                  "open <now>",
                  core::from_rfc3339("2026-11-22T10:00:00Z").value(),
                  core::from_rfc3339("2026-11-22T11:00:00Z").value(),
                  {{*core::user_id::from("expert-1"), core::role::expert, "Dr \"X\""}}}};
  demo->sign_in = [](const api::demo_person& who) -> core::result<std::string> {
    return "token-of-" + who.user.text();
  };
  return demo;
}

told log_in(face_scene& at, std::string body) {
  return at.ask({http::method::post,
                 "/demo/login",
                 {{"Content-Type", "application/x-www-form-urlencoded"}},
                 std::move(body)});
}

providers::provider_traits traits(std::string origin, providers::embed_mode mode,
                                  std::string allow) {
  providers::provider_traits out;
  out.origin = std::move(origin);
  out.mode = mode;
  out.allow = std::move(allow);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_call_has_a_page_per_seat_with_the_element_and_its_room) {
  face_scene at;
  for (const std::string seat : {"expert", "client"}) {
    const told page = at.get("/" + seat + "/videocall/room~42:a@b");
    BOOST_TEST(page.status == 200);
    BOOST_TEST(page.field("Content-Type") == "text/html; charset=utf-8");
    BOOST_TEST(page.field("Cache-Control") == "no-store");
    BOOST_TEST(holds(page.body, "room=\"room~42:a@b\" role=\"" + seat + "\" name=\"\""));
    BOOST_TEST(!holds(page.body, "{"));
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_room_is_told_on_the_page_and_never_echoed) {
  face_scene at;
  const told page = at.get("/expert/videocall/%22%3E%3Cscript%3E");
  BOOST_TEST(page.status == 400);
  BOOST_TEST(holds(page.body, "room=\"\""));
  BOOST_TEST(!holds(page.body, "\"><script>"));
}

BOOST_AUTO_TEST_CASE(a_name_is_handed_on_and_one_that_a_join_would_refuse_is_not) {
  face_scene at;
  const auto name_in = [&](const std::string& query) {
    return at.get("/expert/videocall/r?" + query).body;
  };
  BOOST_TEST(holds(name_in("userName=Zo%C3%AB+%22%3C"), "name=\"Zo\xc3\xab &quot;&lt;\""));
  BOOST_TEST(holds(name_in("userName=" + std::string(65, 'x')), "name=\"\""));
  BOOST_TEST(holds(name_in("userName=%E2%80%AEx"), "name=\"\""));
  BOOST_TEST(holds(name_in("userName=a&userName=b"), "name=\"\""));
}

BOOST_AUTO_TEST_CASE(pages_lead_to_the_configured_login_and_back) {
  face_scene at([](api::settings& change) {
    change.pages.login_url = "https://www.example.com/login?a=1&next={return}";
    change.pages.back_url = "/bookings";
  });
  const told page = at.get("/client/videocall/r");
  BOOST_TEST(holds(page.body, "login-url=\"https://www.example.com/login?a=1&amp;next={return}\""));
  BOOST_TEST(holds(page.body, "back-url=\"/bookings\""));
  BOOST_TEST(holds(at.get("/test-videocall").body,
                   "data-login-url=\"https://www.example.com/login?a=1&amp;next={return}\""));
}

BOOST_AUTO_TEST_CASE(no_page_has_a_script_or_style_in_itself) {
  face_scene at([](api::settings& change) { change.demo = a_demo(); });
  for (const char* path : {"/test-videocall", "/expert/videocall/r"}) {
    const told page = at.get(path);
    BOOST_TEST(!holds(page.body, "<script>"), path);
    BOOST_TEST(!holds(page.body, "<style"), path);
    BOOST_TEST(!holds(page.body, " style="), path);
    BOOST_TEST(!holds(page.body, " on"), path << ": an attribute with a handler");
    BOOST_TEST(!holds(page.body, "https://"), path << ": a resource from elsewhere");
    const std::string policy = page.field("Content-Security-Policy");
    BOOST_TEST(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
    BOOST_TEST(!holds(policy, "unsafe"));
    BOOST_TEST(policy.ends_with("; frame-ancestors 'none'"));
  }
}

BOOST_AUTO_TEST_CASE(without_pages_nothing_of_them_is_there_but_the_element) {
  face_scene at([](api::settings& change) { change.pages.enabled = false; });
  for (const char* path : {"/test-videocall", "/expert/videocall/r", "/client/videocall/r",
                           "/assets/test.js", "/assets/pages.css", "/assets/icon.svg",
                           "/api/preflight", "/api/preflight/framing?provider=own"})
    BOOST_TEST(at.get(path).text("code") == "not_found", path);
  BOOST_TEST(at.get("/assets/videocall.js").status == 200);
}

BOOST_AUTO_TEST_CASE(the_element_may_be_loaded_by_pages_of_any_origin) {
  face_scene at([](api::settings& change) { change.cors_origins = {"https://www.example.com"}; });
  const auto of = [&](const std::string& origin) {
    return at.ask({http::method::get, "/assets/videocall.js", {{"Origin", origin}}});
  };
  BOOST_TEST(of("https://other.example").field("Access-Control-Allow-Origin") == "*");
  BOOST_TEST(of("https://other.example").field("Cross-Origin-Resource-Policy") == "cross-origin");
  const told named = of("https://www.example.com");
  BOOST_TEST(named.field("Access-Control-Allow-Origin") == "https://www.example.com");
  BOOST_TEST(!holds(named.fields, "Access-Control-Allow-Origin: *"));
  BOOST_TEST(named.field("Cache-Control") == "public, max-age=300");
  BOOST_TEST(holds(named.body, "video-call"));
}

BOOST_AUTO_TEST_CASE(the_policies_name_the_origins_of_providers_that_are_framed) {
  using providers::embed_mode;
  const auto acme = traits("https://acme.app.100ms.live", embed_mode::iframe,
                           "camera; microphone 'src'; display-capture;");
  const auto own = traits("https://call.example.com", embed_mode::iframe, "camera; geolocation");
  const auto meet = traits("https://meet.google.com", embed_mode::new_tab, "camera");
  const auto made =
      api::make_page_policy({&own, &acme, &meet}, {"https://www.example.com", "https://b.example"});
  BOOST_TEST(holds(made.content_security,
                   "frame-src 'self' https://acme.app.100ms.live https://call.example.com; "
                   "frame-ancestors https://www.example.com https://b.example"));
  BOOST_TEST(made.permissions ==
             "camera=(self \"https://acme.app.100ms.live\" \"https://call.example.com\"), "
             "display-capture=(self \"https://acme.app.100ms.live\"), "
             "geolocation=(self \"https://call.example.com\"), "
             "microphone=(self \"https://acme.app.100ms.live\"), "
             "payment=(), usb=(), serial=(), hid=(), midi=()");
  const auto alone = api::make_page_policy({}, {});
  BOOST_TEST(holds(alone.content_security, "frame-src 'self'; frame-ancestors 'none'"));
  BOOST_TEST(alone.permissions.starts_with("camera=(self), microphone=(self), geolocation=()"));
}

BOOST_AUTO_TEST_CASE(gaps_of_a_page_are_filled_once_and_only_where_there_is_a_value) {
  BOOST_TEST(api::fill_page("a {x} {y} {x}{", {{"x", "{y}"}, {"y", "2"}}) == "a {y} 2 {y}{");
  BOOST_TEST(api::fill_page("{other}", {{"x", "1"}}) == "{other}");
  BOOST_TEST(api::fill_page("", {{"x", "1"}}) == "");
}

BOOST_AUTO_TEST_CASE(nothing_of_the_demo_exists_without_it) {
  face_scene at;
  BOOST_TEST(at.get("/").text("code") == "not_found");
  BOOST_TEST(at.ask({http::method::post, "/demo/login"}).status == 404);
  BOOST_TEST(at.ask({http::method::options, "/demo/login"}).status == 404);
  BOOST_TEST(!holds(at.get("/test-videocall").body, "demo/login"));
}

BOOST_AUTO_TEST_CASE(the_demo_lists_its_bookings_with_a_button_per_person) {
  face_scene at([](api::settings& change) { change.demo = a_demo(); });
  BOOST_TEST(at.get("/").field("Location") == "/test-videocall");
  const told page = at.get("/test-videocall");
  BOOST_TEST(page.status == 200);
  BOOST_TEST(holds(page.body, "<h3>test_room</h3>"));
  BOOST_TEST(holds(page.body, "open &lt;now&gt;"));
  BOOST_TEST(holds(page.body, "<small>Dr &quot;X&quot;</small>"));
  BOOST_TEST(
      holds(page.body, "data-room=\"test_room\" data-user=\"expert-1\" data-role=\"expert\""));
  BOOST_TEST(holds(at.get("/expert/videocall/test_room").body, "back-url=\"/test-videocall\""));
}

BOOST_AUTO_TEST_CASE(the_demo_signs_in_for_one_side_only_and_leads_to_the_call) {
  face_scene at([](api::settings& change) { change.demo = a_demo(); });
  const told in = log_in(at, "user=expert-1&role=expert");
  BOOST_TEST(in.status == 303);
  BOOST_TEST(in.field("Set-Cookie") ==
             "session=token-of-expert-1; Path=/api/expert/; HttpOnly; SameSite=Lax");
  BOOST_TEST(in.field("Location") == "/test-videocall");
  BOOST_TEST(log_in(at, "user=expert-1&role=expert&room=test_room").field("Location") ==
             "/expert/videocall/test_room");
  for (const char* body :
       {"user=admin&role=expert", "user=expert-1&role=client", "user=expert-1", "",
        "user=expert-1&role=expert&room=other", "user=expert-1&user=expert-1&role=expert",
        "user=expert-1&role=expert&room=https://evil.example"})
    BOOST_TEST(log_in(at, body).status == 400, body);
  BOOST_TEST(at.ask({http::method::post, "/demo/login", {}, "user=expert-1&role=expert"}).status ==
             415);
}

BOOST_AUTO_TEST_SUITE_END()
