// GET /go/{ticket}: opens for who was let in, once more looked at; everything else is a page.
#include "api/ticket_api.hpp"

#include <boost/test/unit_test.hpp>

#include <openssl/sha.h>

#include "core/encoding.hpp"
#include "support/face_scene.hpp"

BOOST_AUTO_TEST_SUITE(ticket_api)

using namespace std::chrono_literals;
using tests::face_scene;
using tests::told;

namespace {

struct door : face_scene {
  door() {
    vendor->by_ticket = true;
    store.add(tests::booking_of("talk"));
  }
  std::string join(std::string role = "expert", std::string user = "u1") {
    const told got =
        get("/api/" + role + "/videocall/url?roomId=talk&userName=Dr.%20X", token(user));
    BOOST_REQUIRE(got.status == 200);
    answer = got;
    return got.text("videoCallUrl");
  }
  static std::string path_of(const std::string& url) {
    BOOST_REQUIRE(url.starts_with("https://door.example/go/"));
    return url.substr(std::string_view("https://door.example").size());
  }
  told open(const std::string& url) { return get(path_of(url)); }
  told open(const std::string& url, http::method verb,
            std::vector<std::pair<std::string, std::string>> fields = {}) {
    return ask({verb, path_of(url), std::move(fields)});
  }
  told answer;
};

bool is_page(const told& one) {
  return one.field("Content-Type") == "text/html; charset=utf-8" &&
         one.field("Cache-Control") == "no-store" && one.body.find("<h1>") != std::string::npos &&
         one.body.find("inner secret detail") == std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_opening_is_a_line_of_the_audit_log) {
  door at;
  const std::string url = at.join();
  at.audit.lines.clear();
  at.open(url, http::method::head);
  BOOST_TEST(at.audit.lines.empty());
  at.open(url);
  at.get("/go/nonsense");
  at.clock.advance(10min);
  at.open(url);
  const auto& lines = at.audit.lines;
  BOOST_REQUIRE(lines.size() == 3u);
  BOOST_TEST(lines[0].starts_with(
      "ticket_decided user=u1 room=talk role=expert outcome=allowed rule=ok provider=100ms "));
  BOOST_TEST(
      lines[1].starts_with("ticket_decided user=\"\" room=\"\" role=\"\" outcome=denied "
                           "rule=ticket "));
  BOOST_TEST(lines[2].starts_with(
      "ticket_decided user=u1 room=talk role=expert outcome=denied rule=ticket "));
  for (const std::string& line : lines)
    BOOST_TEST(line.find(at.path_of(url).substr(4)) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_join_gives_a_ticket_and_asks_the_provider_for_no_link) {
  door at;
  const std::string url = at.join();
  BOOST_TEST(at.vendor->prepared.size() == 1u);
  BOOST_TEST(at.vendor->admitted.empty());
  BOOST_TEST(at.answer.text("expiresAt") == "2026-11-22T10:02:00Z");
  BOOST_TEST(at.answer.text("userName") == "Dr. X");
  at.join();
  BOOST_TEST(at.vendor->prepared.size() == 1u);
}

BOOST_AUTO_TEST_CASE(opening_it_leads_to_the_providers_own_link) {
  door at;
  const told led = at.open(at.join());
  BOOST_TEST(led.status == 302);
  BOOST_TEST(led.field("Location") == "https://video.example/talk/u1/1");
  BOOST_TEST(led.field("Referrer-Policy") == "no-referrer");
  BOOST_TEST(led.field("Cache-Control") == "no-store");
  BOOST_TEST(led.body.empty());
  BOOST_REQUIRE(at.vendor->admitted.size() == 1u);
  const auto& who = at.vendor->admitted.front();
  BOOST_TEST(who.name == "Dr. X");
  BOOST_TEST(who.user.view() == "u1");
  BOOST_TEST((who.seat == core::role::expert));
}

BOOST_AUTO_TEST_CASE(it_opens_again_within_its_life_and_not_after) {
  door at;
  const std::string url = at.join();
  BOOST_TEST(at.open(url).status == 302);
  at.clock.advance(119s);
  BOOST_TEST(at.open(url).status == 302);
  at.clock.advance(1s);
  const told ended = at.open(url);
  BOOST_TEST(ended.status == 410);
  BOOST_TEST(is_page(ended));
  BOOST_TEST(ended.body.find("href=\"https://door.example/expert/videocall/talk\"") !=
             std::string::npos);
  BOOST_TEST(at.vendor->admitted.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_booking_that_was_cancelled_meanwhile_lets_nobody_in) {
  door at;
  const std::string url = at.join();
  BOOST_TEST(at.service(http::method::delete_, "/api/bookings/talk").status == 200);
  const told gone = at.open(url);
  BOOST_TEST(gone.status == 410);
  BOOST_TEST(is_page(gone));
  BOOST_TEST(at.vendor->admitted.empty());
  // Booked again it is another call, to be joined anew.
  at.service(http::method::put, "/api/bookings/talk", at.body_of_booking());
  BOOST_TEST(at.open(url).status == 410);
}

BOOST_AUTO_TEST_CASE(somebody_who_was_taken_off_the_list_does_not_get_in) {
  door at;
  const std::string url = at.join("client", "u2");
  auto changed = tests::booking_of("talk");
  changed.participants.pop_back();
  at.store.add(changed);
  at.bookings.forget(changed.room);
  const told refused = at.open(url);
  BOOST_TEST(refused.status == 403);
  BOOST_TEST(is_page(refused));
}

BOOST_AUTO_TEST_CASE(what_is_no_ticket_of_ours_is_not_found) {
  door at;
  std::string url = at.join();
  url.back() = url.back() == 'A' ? 'B' : 'A';
  for (const std::string& path :
       {door::path_of(url), std::string("/go/x"), std::string("/go/a.b.c")}) {
    const told refused = at.get(path);
    BOOST_TEST(refused.status == 404);
    BOOST_TEST(is_page(refused));
    BOOST_TEST(refused.body.find("href") == std::string::npos);
  }
  BOOST_TEST(at.vendor->admitted.empty());
}

BOOST_AUTO_TEST_CASE(head_and_prefetch_do_nothing) {
  door at;
  const std::string url = at.join();
  const told head = at.open(url, http::method::head);
  BOOST_TEST(head.status == 200);
  BOOST_TEST(head.field("Location") == "-");
  const told guess = at.open(url, http::method::get, {{"Sec-Purpose", "prefetch;prerender"}});
  BOOST_TEST(guess.status == 204);
  BOOST_TEST(guess.field("Location") == "-");
  BOOST_TEST(at.vendor->admitted.empty());
  at.clock.advance(121s);
  BOOST_TEST(at.open(url, http::method::head).status == 410);
}

BOOST_AUTO_TEST_CASE(a_provider_that_fails_is_a_page_without_its_words) {
  door at;
  const std::string url = at.join();
  at.vendor->admit_fails = providers::errc::unavailable;
  const told away = at.open(url);
  BOOST_TEST(away.status == 503);
  BOOST_TEST(is_page(away));
  at.vendor->admit_fails = providers::errc::rejected;
  BOOST_TEST(at.open(url).status == 502);
}

BOOST_AUTO_TEST_CASE(the_pages_policy_allows_its_own_style_alone) {
  door at;
  const told page = at.get("/go/x");
  const auto from = page.body.find("<style>") + 7;
  const std::string style = page.body.substr(from, page.body.find("</style>") - from);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(style.data()), style.size(), digest.data());
  BOOST_TEST(
      page.field("Content-Security-Policy").find("'sha256-" + core::to_base64(digest) + "'") !=
      std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_ticket_is_never_logged) {
  BOOST_TEST((api::row_of(api::route::ticket).secret_path));
}

BOOST_AUTO_TEST_SUITE_END()
