// The preflight: how the server sees a caller, and whether a provider's page can be framed.
#include <boost/test/unit_test.hpp>

#include "api/framing.hpp"
#include "support/face_scene.hpp"

BOOST_TEST_DONT_PRINT_LOG_VALUE(api::framing_verdict)

BOOST_AUTO_TEST_SUITE(preflight)

using namespace std::chrono_literals;
using api::framing_verdict;
using tests::face_scene;
using tests::told;

namespace {

constexpr std::string_view ours = "https://door.example";

framing_verdict verdict(std::vector<http::field> fields,
                        std::string_view theirs = "https://video.example") {
  return api::framing_of({200, std::move(fields), {}}, theirs, ours).verdict;
}
framing_verdict by_csp(const std::string& sources) {
  return verdict({{"Content-Security-Policy", "default-src 'self'; frame-ancestors " + sources}});
}

http::response page(std::vector<http::field> fields, int status = 200) {
  return {status, std::move(fields), "<p>"};
}

const std::string ask = "/api/preflight/framing?provider=own";

}  // namespace

BOOST_AUTO_TEST_CASE(it_says_which_address_is_counted_and_what_time_it_is) {
  face_scene at;
  const told facts = at.get("/api/preflight");
  BOOST_TEST(facts.status == 200);
  BOOST_TEST(facts.text("address") == "127.0.0.1");
  BOOST_TEST(facts.text("limitedAs") == "127.0.0.1");
  BOOST_TEST(facts.text("serverTime") == core::to_rfc3339(at.clock.wall_now()));
  BOOST_TEST(
      facts.body.find(R"({"name":"builtin","mode":"iframe","origin":"https://door.example")") !=
      std::string::npos);
  tests::asked six;
  six.target = "/api/preflight";
  six.peer = "2001:db8:1:2:3:4:5:6";
  six.tls = true;
  BOOST_TEST(at.ask(six).text("limitedAs") == "2001:db8:1:2::/64");
}

BOOST_AUTO_TEST_CASE(it_tells_no_secret) {
  face_scene at;
  const told facts = at.get("/api/preflight");
  for (const char* word : {"secret", "turn", "rB7yKm3x", "key"})
    BOOST_TEST(facts.body.find(word) == std::string::npos, word);
}

BOOST_AUTO_TEST_CASE(a_page_without_a_word_on_frames_allows_them) {
  BOOST_TEST(verdict({}) == framing_verdict::allowed);
  BOOST_TEST(verdict({{"Content-Security-Policy", "default-src 'none'"}}) ==
             framing_verdict::allowed);
}

BOOST_AUTO_TEST_CASE(x_frame_options_refuse_as_in_browsers) {
  for (const char* word : {"DENY", "deny", "SAMEORIGIN", "allowall, deny"})
    BOOST_TEST(verdict({{"x-frame-options", word}}) == framing_verdict::refused, word);
  for (const char* word : {"ALLOWALL", "ALLOW-FROM https://door.example", ""})
    BOOST_TEST(verdict({{"X-Frame-Options", word}}) == framing_verdict::allowed, word);
  BOOST_TEST(verdict({{"X-Frame-Options", "SAMEORIGIN"}}, ours) == framing_verdict::allowed);
  BOOST_TEST(verdict({{"X-Frame-Options", "DENY"}}, ours) == framing_verdict::refused);
}

BOOST_AUTO_TEST_CASE(frame_ancestors_count_before_x_frame_options) {
  BOOST_TEST(verdict({{"X-Frame-Options", "DENY"},
                      {"Content-Security-Policy", "frame-ancestors https://door.example"}}) ==
             framing_verdict::allowed);
}

BOOST_AUTO_TEST_CASE(frame_ancestors_are_matched_by_scheme_host_and_port) {
  for (const char* good :
       {"*", "https:", "http:", "https://door.example", "door.example", "HTTPS://DOOR.EXAMPLE",
        "https://door.example:443", "https://door.example:*", "https://*.example", "*.example",
        "http://door.example", "https://a.example  https://door.example", "https://door.example/x"})
    BOOST_TEST(by_csp(good) == framing_verdict::allowed, good);
  for (const char* bad :
       {"'none'", "'self'", "https://other.example", "https://door.example:8443", "*.door.example",
        "wss://door.example", "https://door.example.evil", "data:", ""})
    BOOST_TEST(by_csp(bad) == framing_verdict::refused, bad);
}

BOOST_AUTO_TEST_CASE(every_policy_of_several_has_to_agree) {
  BOOST_TEST(verdict({{"Content-Security-Policy", "frame-ancestors *"},
                      {"Content-Security-Policy", "frame-ancestors 'none'"}}) ==
             framing_verdict::refused);
  BOOST_TEST(verdict({{"Content-Security-Policy", "frame-ancestors *, frame-ancestors 'none'"}}) ==
             framing_verdict::refused);
}

BOOST_AUTO_TEST_CASE(a_reason_is_short_and_readable) {
  const auto said = api::framing_of(
      page({{"Content-Security-Policy", "frame-ancestors \x01" + std::string(5'000, 'a')}}),
      "https://video.example", ours);
  BOOST_TEST(said.reason.size() < 300u);
  BOOST_TEST(said.reason.find('\x01') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_provider_is_asked_once_a_minute) {
  face_scene at;
  at.client.reply(page({{"X-Frame-Options", "DENY"}}));
  const told said = at.get(ask);
  BOOST_TEST(said.text("framing") == "refused");
  BOOST_TEST(said.text("detail").find("X-Frame-Options: DENY") != std::string::npos);
  BOOST_TEST(at.client.last().line() == "GET https://video.example/");
  BOOST_TEST(at.get(ask).text("framing") == "refused");
  BOOST_TEST(at.client.count() == 1u);
  at.clock.advance(61s);
  at.client.reply(page({}));
  BOOST_TEST(at.get(ask).text("framing") == "allowed");
  BOOST_TEST(at.client.count() == 2u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_known_is_said_so) {
  face_scene at;
  at.client.refuse(net::errc::connect_failed);
  BOOST_TEST(at.get(ask).text("framing") == "unknown");
  at.clock.advance(61s);
  at.client.reply(page({}, 302));
  BOOST_TEST(at.get(ask).text("framing") == "unknown");
  at.clock.advance(61s);
  at.client.reply(page({{"X-Frame-Options", "DENY"}}, 404));
  BOOST_TEST(at.get(ask).text("framing") == "refused");
}

BOOST_AUTO_TEST_CASE(our_own_room_is_not_asked) {
  face_scene at;
  BOOST_TEST(at.get("/api/preflight/framing?provider=builtin").text("framing") == "allowed");
  BOOST_TEST(at.client.count() == 0u);
}

BOOST_AUTO_TEST_CASE(only_providers_that_there_are_can_be_asked) {
  face_scene at;
  for (const char* query : {"", "?provider=", "?provider=nobody", "?provider=own&provider=own",
                            "?provider=https://evil.example"})
    BOOST_TEST(
        at.get("/api/preflight/framing" + std::string(query)).text("code") == "invalid_request",
        query);
  BOOST_TEST(at.client.count() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
