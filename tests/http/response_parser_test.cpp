// response_parser: answers are framed exactly, bounded, and cut ones are failures.
#include <boost/test/unit_test.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/parser.hpp"
#include "net/error.hpp"

BOOST_AUTO_TEST_SUITE(response_parser)

namespace {

using enum http::errc;

struct reading {
  std::optional<std::error_code> failed;
  bool complete = false;
  bool keep = false;
  http::response answer;
};

reading read(std::string_view text, std::size_t step, http::method asked, bool then_eof,
             http::message_limits limits = {}) {
  http::response_parser parser(limits);
  parser.start(asked);
  reading out;
  for (std::size_t at = 0; at < text.size(); at += step) {
    const auto piece = text.substr(at, step);
    const std::vector<char> bytes(piece.begin(), piece.end());
    auto came = parser.feed({bytes.data(), bytes.size()});
    if (!came) {
      out.failed = came.error().code;
      return out;
    }
  }
  if (then_eof) {
    auto ended = parser.eof();
    if (!ended) out.failed = ended.error().code;
  }
  out.complete = parser.complete();
  out.keep = parser.may_keep();
  out.answer = parser.take();
  return out;
}

reading read(std::string_view text, http::method asked = http::method::get, bool then_eof = false) {
  auto whole = read(text, text.size(), asked, then_eof);
  for (const std::size_t step : {1U, 2U, 5U}) {
    const auto pieces = read(text, step, asked, then_eof);
    BOOST_TEST(pieces.failed.has_value() == whole.failed.has_value(), "in steps: " << text);
    if (whole.failed) continue;
    BOOST_TEST(pieces.complete == whole.complete, "in steps: " << text);
    BOOST_TEST(pieces.answer.body == whole.answer.body, "in steps: " << text);
    BOOST_TEST(pieces.keep == whole.keep, "in steps: " << text);
  }
  return whole;
}

void expect_bad(std::string_view what, std::string_view text) {
  const auto got = read(text);
  BOOST_TEST(got.failed.has_value(), what << " passed");
  if (got.failed) BOOST_TEST(*got.failed == make_error_code(bad_response), what);
}

std::string ok(std::string_view fields, std::string_view body) {
  return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

}  // namespace

BOOST_AUTO_TEST_CASE(broken_heads_are_refused) {
  expect_bad("LF after the status line", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n");
  expect_bad("a lone CR", "HTTP/1.1 200 OK\r\nA: b\rc\r\nContent-Length: 0\r\n\r\n");
  expect_bad("a folded line", ok("A: b\r\n Content-Length: 5\r\nContent-Length: 0\r\n", ""));
  expect_bad("an empty name", ok(": b\r\nContent-Length: 0\r\n", ""));
  expect_bad("a space before the colon", ok("Content-Length : 0\r\n", ""));
  expect_bad("NUL", ok(std::string_view("A: \0\r\n", 6), ""));
  expect_bad("HTTP/2", "HTTP/2.0 200 OK\r\n\r\n");
  expect_bad("RTSP", "RTSP/1.0 200 OK\r\n\r\n");
  expect_bad("a status of two digits", "HTTP/1.1 20 OK\r\n\r\n");
  expect_bad("a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n");
  expect_bad("a status out of range", "HTTP/1.1 099 OK\r\n\r\n");
  expect_bad("two spaces", "HTTP/1.1  200 OK\r\n\r\n");
  expect_bad("an empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n");
  expect_bad("no HTTP at all", "SSH-2.0-OpenSSH\r\n\r\n");
  expect_bad("switching protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(ambiguous_framing_is_refused) {
  expect_bad("length beside coding",
             ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"));
  expect_bad("two lengths", ok("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"));
  expect_bad("gzip, chunked", ok("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"));
  expect_bad("coding in 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  expect_bad("a bad chunk", ok("Transfer-Encoding: chunked\r\n", "5\nhello\r\n0\r\n\r\n"));
  expect_bad("a bad length", ok("Content-Length: 5x\r\n", "hello"));
}

BOOST_AUTO_TEST_CASE(a_cut_answer_is_a_failure_even_when_its_json_is_whole) {
  for (const auto& text : {ok("Content-Length: 20\r\n", R"({"id":"x"})"),
                           ok("Transfer-Encoding: chunked\r\n", "a\r\n{\"id\":\"x\"}\r\n"),
                           ok("Transfer-Encoding: chunked\r\n", "a\r\n{\"id\":\"x\"}\r\n0\r\n"),
                           std::string("HTTP/1.1 200 OK\r\nContent-Le")}) {
    const auto got = read(text, http::method::get, true);
    BOOST_REQUIRE(got.failed.has_value());
    BOOST_TEST(*got.failed == make_error_code(bad_response));
    BOOST_TEST(!got.keep);
  }
  const auto nothing = read("", http::method::get, true);
  BOOST_REQUIRE(nothing.failed.has_value());
  BOOST_TEST(*nothing.failed == make_error_code(net::errc::closed));
}

BOOST_AUTO_TEST_CASE(everything_has_a_limit) {
  http::message_limits limits;
  limits.body_bytes_max = 8;
  for (const auto& text : {ok("Content-Length: 9\r\n", ""),
                           ok("Transfer-Encoding: chunked\r\n", "9\r\n123456789\r\n0\r\n\r\n"),
                           ok("", "123456789"), ok("A: " + std::string(17000, 'b') + "\r\n", "")}) {
    for (const std::size_t step : {std::size_t{1}, text.size()}) {
      const auto got = read(text, step, http::method::get, true, limits);
      BOOST_REQUIRE(got.failed.has_value());
      BOOST_TEST(*got.failed == make_error_code(response_too_large));
    }
  }
  std::string early;
  for (int i = 0; i < 9; ++i) early += "HTTP/1.1 103 Early Hints\r\n\r\n";
  expect_bad("nine interim answers", early);
}

BOOST_AUTO_TEST_CASE(complete_answers_are_read_and_the_connection_kept) {
  const auto sized = read(ok("Content-Length: 5\r\nX-A:  b \r\n", "hello"));
  BOOST_TEST(sized.complete);
  BOOST_TEST(sized.keep);
  BOOST_TEST(sized.answer.status == 200);
  BOOST_TEST(sized.answer.body == "hello");
  BOOST_TEST(sized.answer.find("x-a") == "b");
  const auto chunks =
      read(ok("Transfer-Encoding: chunked\r\n", "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: t\r\n\r\n"));
  BOOST_TEST(chunks.keep);
  BOOST_TEST(chunks.answer.body == "hello");
  BOOST_TEST(chunks.answer.fields.size() == 1u);
  const auto early = read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\nLink: x\r\n\r\n" +
                          ok("Content-Length: 2\r\n", "ok"));
  BOOST_TEST(early.keep);
  BOOST_TEST(early.answer.body == "ok");
  BOOST_TEST(read("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n").complete);
}

BOOST_AUTO_TEST_CASE(answers_without_a_body_end_with_their_head) {
  BOOST_TEST(read(ok("Content-Length: 5\r\n", ""), http::method::head).keep);
  BOOST_TEST(read(ok("Transfer-Encoding: chunked\r\n", ""), http::method::head).keep);
  BOOST_TEST(read("HTTP/1.1 204 No Content\r\n\r\n").keep);
  BOOST_TEST(read("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n").keep);
  BOOST_TEST(read("HTTP/1.1 204 No Content\r\n\r\n").complete);
}

BOOST_AUTO_TEST_CASE(a_connection_is_kept_only_when_nothing_speaks_against_it) {
  BOOST_TEST(!read(ok("Content-Length: 5\r\n", "helloHTTP/1.1 200 OK")).keep);
  BOOST_TEST(!read(ok("Content-Length: 0\r\nConnection: close\t\r\n", "")).keep);
  BOOST_TEST(!read("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").keep);
  BOOST_TEST(read("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n").keep);
  BOOST_TEST(!read("HTTP/1.1 204 No Content\r\n\r\nsurplus").keep);
  const auto until_close = read(ok("", "all of it"), http::method::get, true);
  BOOST_TEST(until_close.complete);
  BOOST_TEST(!until_close.keep);
  BOOST_TEST(until_close.answer.body == "all of it");
}

BOOST_AUTO_TEST_SUITE_END()
