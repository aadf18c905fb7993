// message: replies that cannot be split, names and reasons.
#include "http/message.hpp"

#include <boost/test/unit_test.hpp>

#include "http/reply_writer.hpp"

BOOST_AUTO_TEST_SUITE(message)

BOOST_AUTO_TEST_CASE(a_value_cannot_write_header_lines) {
  http::reply out;
  for (const std::string bad : {"a\r\nSet-Cookie: b", "a\nb", "a\rb", "\x7f", "a\x01"}) {
    BOOST_CHECK_THROW(out.field("Location", bad), std::logic_error);
    BOOST_CHECK_THROW(out.field(bad, "x"), std::logic_error);
  }
  BOOST_CHECK_THROW(out.field("A", std::string_view("\0", 1)), std::logic_error);
  BOOST_TEST(out.fields.empty());
  out.field("Location", "/a\tb");
  BOOST_TEST(out.fields == "Location: /a\tb\r\n");
}

BOOST_AUTO_TEST_CASE(a_reply_is_as_new_after_clear) {
  http::reply out;
  out.json(422, "{}");
  BOOST_TEST(out.status == 422);
  BOOST_TEST(out.fields == "Content-Type: application/json\r\n");
  out.clear();
  BOOST_TEST(out.status == 200);
  BOOST_TEST(out.fields.empty());
  BOOST_TEST(out.body.empty());
}

BOOST_AUTO_TEST_CASE(every_method_has_its_name) {
  for (const auto& [verb, name] :
       {std::pair{http::method::get, "GET"}, std::pair{http::method::delete_, "DELETE"},
        std::pair{http::method::trace, "TRACE"}, std::pair{http::method::other, "OTHER"}})
    BOOST_TEST(http::name_of(verb) == name);
}

BOOST_AUTO_TEST_CASE(a_status_line_has_three_digits_and_a_reason) {
  const auto written = [](int status) {
    http::reply out;
    out.status = status;
    std::string text;
    http::append_reply(text, out, {"Date: now\r\n", 1, false, true});
    return text;
  };
  BOOST_TEST(written(503) ==
             "HTTP/1.1 503 Service Unavailable\r\nDate: now\r\nContent-Length: 0\r\n"
             "Connection: close\r\n\r\n");
  BOOST_TEST(written(304) == "HTTP/1.1 304 Not Modified\r\nDate: now\r\nConnection: close\r\n\r\n");
  BOOST_TEST(written(418).starts_with("HTTP/1.1 418 Status\r\n"));
}

BOOST_AUTO_TEST_SUITE_END()
