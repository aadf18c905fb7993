// request_parser: what is refused before anything acts on it, and that pieces change nothing.
#include <boost/test/unit_test.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/parser.hpp"

BOOST_AUTO_TEST_SUITE(request_parser)

namespace {

struct outcome {
  std::optional<http::errc> refused;
  bool complete = false;
  std::string path;
  std::string host;
  std::string body;
  std::size_t fields = 0;
  std::size_t used = 0;
  bool close = false;

  friend bool operator==(const outcome&, const outcome&) = default;
};

std::ostream& operator<<(std::ostream& out, const outcome& one) {
  if (one.refused) return out << "refused with " << make_error_code(*one.refused).message();
  return out << (one.complete ? "complete" : "incomplete") << " path=" << one.path
             << " host=" << one.host << " body=" << one.body << " fields=" << one.fields
             << " used=" << one.used << " close=" << one.close;
}

constexpr std::size_t body_max = 64;

// Feeds one request in steps of `step` bytes.
outcome parse(std::string_view text, std::size_t step, const http::message_limits& limits = {}) {
  http::request_parser parser;
  outcome out;
  parser.start(limits);
  bool complete = false;
  std::size_t seen = 0;
  while (!complete) {
    if (seen == text.size()) return out;
    seen = std::min(text.size(), seen + step);
    // A copy of its own size, so that the address sanitizer sees every read too far.
    const std::vector<char> bytes(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(seen));
    if (auto bad = parser.read_head({bytes.data(), bytes.size()}, complete)) {
      out.refused = bad.code;
      return out;
    }
    if (!complete) continue;
    out.path = parser.head().path;
    out.host = parser.head().host;
    out.fields = parser.head().fields.size();
    out.close = parser.wants_close();
  }
  out.used = parser.head_bytes();
  out.complete = parser.body() == http::body_kind::none;
  if (auto bad = parser.begin_body(body_max)) {
    out.refused = bad.code;
    return out;
  }
  while (!out.complete && out.used < text.size()) {
    http::progress came;
    if (auto bad = parser.read_body(text.substr(out.used, step), out.body, came)) {
      out.refused = bad.code;
      return out;
    }
    out.used += came.used;
    out.complete = came.complete;
  }
  return out;
}

// The same result whether it comes at once or byte by byte.
outcome parse(std::string_view text) {
  const auto whole = parse(text, text.size());
  for (const std::size_t step : {1U, 2U, 3U, 7U}) {
    const auto pieces = parse(text, step);
    if (whole.refused)
      BOOST_TEST(pieces.refused.has_value(), "in steps of " << step << ": " << text);
    else
      BOOST_TEST(pieces == whole, "in steps of " << step << ": " << text);
  }
  return whole;
}

std::string with_field(std::string_view lines) {
  return "GET /a HTTP/1.1\r\nHost: example.com\r\n" + std::string(lines) + "\r\n\r\n";
}
std::string with_line(std::string_view line) {
  return std::string(line) + "\r\nHost: example.com\r\n\r\n";
}
std::string with_host(std::string_view host) {
  return "GET /a HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
}
std::string chunked(std::string_view body) {
  return "POST /a HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n" +
         std::string(body);
}

struct row {
  const char* what;
  std::string bytes;
  http::errc expected;
};

void expect_refusals(const std::vector<row>& rows) {
  for (const row& one : rows) {
    const auto got = parse(one.bytes);
    BOOST_TEST(got.refused.has_value(), one.what << " passed: " << got);
    if (got.refused)
      BOOST_TEST(make_error_code(*got.refused).message() == make_error_code(one.expected).message(),
                 one.what);
  }
}

void expect_passes(const std::vector<std::string>& requests) {
  for (const auto& one : requests) {
    const auto got = parse(one);
    BOOST_TEST(got.complete, "refused or incomplete: " << one << " " << got);
  }
}

using enum http::errc;

}  // namespace

BOOST_AUTO_TEST_CASE(lines_end_with_crlf_and_nothing_else) {
  expect_refusals({
      {"CR and any byte, CVE-2023-30589", with_field("X-A:\rxTransfer-Encoding: chunked"),
       bad_request},
      {"a CR that ends the head, CVE-2025-23167",
       "GET /a HTTP/1.1\r\nHost: example.com\r\n\rX\r\n\r\n", bad_request},
      {"LF after the request line", "GET /a HTTP/1.1\nHost: example.com\r\n\r\n", bad_request},
      {"LF after a field", "GET /a HTTP/1.1\r\nHost: example.com\nA: b\r\n\r\n", bad_request},
      {"LF as the last line", "GET /a HTTP/1.1\r\nHost: example.com\r\n\n", bad_request},
      {"only LFs", "GET /a HTTP/1.1\nHost: example.com\n\n", bad_request},
      {"CR inside the request line", "GET /a\r HTTP/1.1\r\nHost: example.com\r\n\r\n", bad_request},
      {"CRCRLF", "GET /a HTTP/1.1\r\r\nHost: example.com\r\n\r\n", bad_request},
      {"two empty lines first", "\r\n\r\n" + with_field("A: b"), bad_request},
  });
}

BOOST_AUTO_TEST_CASE(control_characters_are_nowhere) {
  for (int byte = 0; byte < 0x20; ++byte) {
    if (byte == '\t' || byte == '\r' || byte == '\n') continue;
    const std::string one(1, static_cast<char>(byte));
    expect_refusals({
        {"in a value", with_field("A: b" + one + "c"), bad_request},
        {"in a name", with_field("A" + one + ": b"), bad_request},
        {"in the target", with_line("GET /" + one + " HTTP/1.1"), bad_request},
        {"before the method", with_line(one + "GET / HTTP/1.1"), bad_request},
    });
  }
  expect_refusals({{"DEL in a value", with_field("A: b\x7f"), bad_request}});
}

BOOST_AUTO_TEST_CASE(folded_lines_are_refused) {
  expect_refusals({
      {"obs-fold that hides a length, CVE-2024-27982", with_field("X: y\r\n Content-Length: 5"),
       bad_request},
      {"fold with a tab", with_field("X: y\r\n\tz"), bad_request},
      {"folded Content-Length", with_field("Content-Length:\r\n 5"), bad_request},
      {"folded Transfer-Encoding", with_field("Transfer-Encoding:\r\n chunked"), bad_request},
      {"folded Host", "GET /a HTTP/1.1\r\nHost:\r\n example.com\r\n\r\n", bad_request},
      {"white space before the first field", "GET /a HTTP/1.1\r\n Host: example.com\r\n\r\n",
       bad_request},
      {"a line of white space", with_field(" \r\nA: b"), bad_request},
  });
}

BOOST_AUTO_TEST_CASE(names_are_tokens_and_the_colon_follows_at_once) {
  expect_refusals({
      {"empty name", with_field(": x"), bad_request},
      {"space before the colon", with_field("Content-Length : 5"), bad_request},
      {"tab before the colon", with_field("Content-Length\t: 5"), bad_request},
      {"space inside", with_field("X Y: z"), bad_request},
      {"no colon", with_field("Content-Length"), bad_request},
      {"a raw high byte", with_field("N\xe4me: x"), bad_request},
      {"parentheses", with_field("A(b): c"), bad_request},
  });
}

BOOST_AUTO_TEST_CASE(the_request_line_is_exact) {
  expect_refusals({
      {"0.9", "GET /\r\n\r\n", bad_request},
      {"HTTP/0.9", with_line("GET / HTTP/0.9"), version_not_supported},
      {"HTTP/2.0", with_line("GET / HTTP/2.0"), version_not_supported},
      {"HTTP/1.2", with_line("GET / HTTP/1.2"), version_not_supported},
      {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", version_not_supported},
      {"HTTP/11", with_line("GET / HTTP/11"), bad_request},
      {"http/1.1", with_line("GET / http/1.1"), bad_request},
      {"RTSP", with_line("DESCRIBE / RTSP/1.0"), bad_request},
      {"ICE", with_line("SOURCE / ICE/1.0"), bad_request},
      {"two spaces after the method", with_line("GET  / HTTP/1.1"), bad_request},
      {"two spaces after the target", with_line("GET /  HTTP/1.1"), bad_request},
      {"space at the end", with_line("GET / HTTP/1.1 "), bad_request},
      {"space in front", with_line(" GET / HTTP/1.1"), bad_request},
      {"tab between", with_line("GET\t/ HTTP/1.1"), bad_request},
      {"no target", with_line("GET HTTP/1.1"), bad_request},
      {"a method that is no token", with_line("G@T / HTTP/1.1"), bad_request},
      {"an unknown method", with_line("BREW / HTTP/1.1"), not_implemented},
      {"a method in lower case", with_line("get / HTTP/1.1"), not_implemented},
      {"CONNECT", with_line("CONNECT example.com:443 HTTP/1.1"), not_implemented},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\r\n\r\n", 10), bad_request},
  });
}

BOOST_AUTO_TEST_CASE(the_target_holds_what_rfc_3986_knows) {
  for (const std::string bad :
       {"\"", "<", ">", "{", "}", "#", "|", "\\", "^", "`", "\xc3\xa4", "\x80", "\xff", "\t"})
    expect_refusals({{bad.c_str(), with_line("GET /a" + bad + " HTTP/1.1"), bad_request}});
  expect_refusals({
      {"a fragment", with_line("GET /a#b HTTP/1.1"), bad_request},
      {"no leading slash", with_line("GET a HTTP/1.1"), bad_request},
      {"an asterisk for GET", with_line("GET * HTTP/1.1"), bad_request},
      {"another scheme", with_line("GET ftp://example.com/ HTTP/1.1"), bad_request},
      {"user info", with_line("GET http://a@example.com/ HTTP/1.1"), bad_request},
      {"no authority", with_line("GET http:///a HTTP/1.1"), bad_request},
  });
  expect_passes({
      with_line("GET /a-._~:/?[]@!$&'()*+,;=%20 HTTP/1.1"),
      with_line("OPTIONS * HTTP/1.1"),
      with_line("GET http://example.org:8080/x?y HTTP/1.1"),
  });
  BOOST_TEST(parse(with_line("GET http://other.example/x?y HTTP/1.1")).host == "other.example");
  BOOST_TEST(parse(with_line("GET HTTPS://other.example?y HTTP/1.1")).path == "/");
  BOOST_TEST(parse(with_line("OPTIONS http://other.example HTTP/1.1")).path == "*");
}

BOOST_AUTO_TEST_CASE(there_is_exactly_one_valid_host) {
  expect_refusals({
      {"none", "GET /a HTTP/1.1\r\nA: b\r\n\r\n", bad_request},
      {"two", "GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", bad_request},
      {"two that are equal", "GET /a HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", bad_request},
      {"two in 1.0", "GET /a HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", bad_request},
      {"two beside absolute-form", "GET http://c/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
       bad_request},
      {"empty", with_host(""), bad_request},
      {"a path", with_host("a/b"), bad_request},
      {"user info", with_host("a@b"), bad_request},
      {"a list", with_host("a, b"), bad_request},
      {"a space", with_host("a b"), bad_request},
      {"a port too large", with_host("a:65536"), bad_request},
      {"a port far too large", with_host("a:99999999999999999999"), bad_request},
      {"a port that is no number", with_host("a:8o"), bad_request},
      {"two ports", with_host("a:1:2"), bad_request},
      {"a port alone", with_host(":80"), bad_request},
      {"an open bracket", with_host("[::1"), bad_request},
      {"no IPv6", with_host("[::g]"), bad_request},
      {"a zone", with_host("[fe80::1%eth0]"), bad_request},
      {"after the bracket", with_host("[::1]a"), bad_request},
      {"bad percent-encoding", with_host("a%zz"), bad_request},
      {"half of a percent-encoding", with_host("a%4"), bad_request},
      {"half of one before the port", with_host("a%4:80"), bad_request},
      {"a percent sign alone", with_host("%"), bad_request},
      {"bad percent-encoding in absolute-form", "GET http://a%zz/ HTTP/1.1\r\nHost: a\r\n\r\n",
       bad_request},
      {"a bad one beside a good absolute-form", "GET http://c/ HTTP/1.1\r\nHost: a b\r\n\r\n",
       bad_request},
  });
  expect_passes({with_host("a"), with_host("a.example:65535"), with_host("a:"), with_host("[::1]"),
                 with_host("[2001:db8::1]:443"), with_host("127.0.0.1:3002"), with_host("\t a \t"),
                 with_host("a%c3%BC:80"), "GET /a HTTP/1.0\r\n\r\n"});
}

BOOST_AUTO_TEST_CASE(transfer_encoding_is_exactly_chunked) {
  const auto coding = [](std::string_view value) {
    return with_field("Transfer-Encoding: " + std::string(value));
  };
  expect_refusals({
      {"gzip, chunked", coding("gzip, chunked"), not_implemented},
      {"identity, chunked", coding("identity, chunked"), not_implemented},
      {"gzip", coding("gzip"), not_implemented},
      {"xchunked", coding("xchunked"), not_implemented},
      {"chunked, identity", coding("chunked, identity"), not_implemented},
      {"quoted", coding("\"chunked\""), not_implemented},
      {"with a parameter", coding("chunked;q=1"), not_implemented},
      {"an empty element first", coding(",chunked"), bad_request},
      {"an empty element last", coding("chunked,"), bad_request},
      {"twice in one", coding("chunked, chunked"), bad_request},
      {"empty", coding(""), bad_request},
      {"twice", with_field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
       bad_request},
      {"in two spellings", with_field("Transfer-Encoding: chunked\r\ntransfer-encoding: identity"),
       bad_request},
      {"with a length", with_field("Content-Length: 5\r\nTransfer-Encoding: chunked"), bad_request},
      {"with a length after", with_field("Transfer-Encoding: chunked\r\nContent-Length: 0"),
       bad_request},
      {"empty beside a length", with_field("Transfer-Encoding:\r\nContent-Length: 5"), bad_request},
      {"in 1.0", "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", bad_request},
      {"in 1.0 with keep-alive",
       "POST /a HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
       bad_request},
  });
  BOOST_TEST(parse(chunked("3\r\nabc\r\n0\r\n\r\n")).body == "abc");
}

BOOST_AUTO_TEST_CASE(content_length_is_one_number) {
  const auto length = [](std::string_view value) {
    return with_field("Content-Length: " + std::string(value));
  };
  expect_refusals({
      {"plus", length("+5"), bad_request},
      {"minus", length("-5"), bad_request},
      {"hexadecimal", length("0x5"), bad_request},
      {"a list", length("5, 5"), bad_request},
      {"empty", length(""), bad_request},
      {"a space inside", length("5 5"), bad_request},
      {"a fraction", length("5.0"), bad_request},
      {"an overflow", length("18446744073709551621"), bad_request},
      {"two", with_field("Content-Length: 5\r\nContent-Length: 5"), bad_request},
      {"two that differ", with_field("Content-Length: 5\r\ncontent-length: 6"), bad_request},
      {"more than the route takes", length("65"), body_too_large},
  });
  const auto got = parse(with_field("Content-Length: 5") + "helloGET");
  BOOST_TEST(got.complete);
  BOOST_TEST(got.body == "hello");
  BOOST_TEST(got.used == with_field("Content-Length: 5").size() + 5);
}

BOOST_AUTO_TEST_CASE(chunks_are_exact) {
  expect_refusals({
      {"CR and any byte after the size", chunked("3\rxabc\r\n0\r\n\r\n"), bad_request},
      {"LF after the size", chunked("3\nabc\r\n0\r\n\r\n"), bad_request},
      {"CR and any byte after an extension", chunked("3;a\rxabc\r\n0\r\n\r\n"), bad_request},
      {"LF after an extension", chunked("3;a\nabc\r\n0\r\n\r\n"), bad_request},
      {"two bytes for CRLF after the data", chunked("3\r\nabcXX0\r\n\r\n"), bad_request},
      {"LF after the data", chunked("3\r\nabc\n0\r\n\r\n"), bad_request},
      {"a prefix 0x", chunked("0x3\r\nabc\r\n0\r\n\r\n"), bad_request},
      {"a sign", chunked("+3\r\nabc\r\n0\r\n\r\n"), bad_request},
      {"a space before the size", chunked(" 3\r\nabc\r\n0\r\n\r\n"), bad_request},
      {"a space after the size", chunked("3 \r\nabc\r\n0\r\n\r\n"), bad_request},
      {"no size", chunked("\r\nabc\r\n0\r\n\r\n"), bad_request},
      {"no digits before the extension", chunked(";a\r\n\r\n"), bad_request},
      {"an overflow", chunked("10000000000000003\r\nabc\r\n0\r\n\r\n"), bad_request},
      {"a folded trailer", chunked("0\r\nA: b\r\n c\r\n\r\n"), bad_request},
      {"a trailer without a name", chunked("0\r\n: b\r\n\r\n"), bad_request},
      {"a trailer with a space before the colon", chunked("0\r\nA : b\r\n\r\n"), bad_request},
      {"a trailer that ends with LF", chunked("0\r\nA: b\n\r\n"), bad_request},
      {"the last line is LF", chunked("0\r\nA: b\r\n\n"), bad_request},
      {"more data than the route takes", chunked("41\r\n" + std::string(65, 'x') + "\r\n0\r\n\r\n"),
       body_too_large},
      {"more data in many chunks",
       chunked("20\r\n" + std::string(32, 'x') + "\r\n21\r\n" + std::string(33, 'x') +
               "\r\n0\r\n\r\n"),
       body_too_large},
      {"extensions without an end, CVE-2024-22019", chunked("3;" + std::string(17000, 'x')),
       body_too_large},
      {"trailers without an end", chunked("0\r\nA: " + std::string(17000, 'x')), headers_too_large},
  });
  std::string many = "0\r\n";
  for (int i = 0; i < 101; ++i) many += "A: b\r\n";
  expect_refusals({{"101 trailers", chunked(many + "\r\n"), headers_too_large}});
  expect_passes({chunked("0\r\n\r\n"), chunked("a\r\n0123456789\r\n0\r\n\r\n"),
                 chunked("003;name=value\r\nabc\r\n0\r\n\r\n"),
                 chunked("0\r\nA: b\r\nC:\r\n\r\n")});
}

BOOST_AUTO_TEST_CASE(trailers_never_reach_the_header_fields) {
  const auto got = parse(chunked("3\r\nabc\r\n0\r\nHost: evil\r\nAuthorization: Bearer x\r\n\r\n"));
  BOOST_TEST(got.complete);
  BOOST_TEST(got.fields == 2u);
  BOOST_TEST(got.host == "example.com");
}

BOOST_AUTO_TEST_CASE(an_upgrade_is_ignored_and_loses_no_body) {
  const auto got = parse(
      "POST /a HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  BOOST_TEST(got.complete);
  BOOST_TEST(got.body == "abc");
}

BOOST_AUTO_TEST_CASE(limits_have_a_status_each) {
  const auto target = [](std::size_t bytes) {
    return with_line("GET /" + std::string(bytes - 1, 'a') + " HTTP/1.1");
  };
  BOOST_TEST(parse(target(8000)).complete);
  BOOST_TEST(parse(target(8192)).complete);
  const std::string open_end = "GET /" + std::string(9000, 'a');
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "A: b\r\n";
  expect_refusals({
      {"one octet too many in the target", target(8193), uri_too_long},
      {"a target far too long", target(12000), uri_too_long},
      {"a target without an end", open_end, uri_too_long},
      {"a head of more than 16 KiB", with_field("A: " + std::string(17000, 'b')),
       headers_too_large},
      {"a head without an end", "GET /a HTTP/1.1\r\nHost: a\r\nA: " + std::string(17000, 'b'),
       headers_too_large},
      {"101 lines", "GET /a HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n", headers_too_large},
  });
  const auto most = parse("GET /a HTTP/1.1\r\n" + lines.substr(6) + "Host: a\r\n\r\n");
  BOOST_TEST(most.complete);
  BOOST_TEST(most.fields == 100u);
}

BOOST_AUTO_TEST_CASE(the_connection_list_decides_about_the_end) {
  const auto close = [](std::string_view text) { return parse(text).close; };
  BOOST_TEST(!close(with_field("A: b")));
  BOOST_TEST(close(with_field("Connection: close")));
  BOOST_TEST(close(with_field("Connection: close\t")));
  BOOST_TEST(close(with_field("Connection:\t close \t")));
  BOOST_TEST(close(with_field("Connection: keep-alive \t,\tClOsE")));
  BOOST_TEST(close(with_field("Connection: upgrade,,close")));
  BOOST_TEST(close(with_field("Connection: keep-alive\r\nConnection: close")));
  BOOST_TEST(!close(with_field("Connection: closed")));
  BOOST_TEST(!close(with_field("Proxy-Connection: close")));
  BOOST_TEST(close("GET /a HTTP/1.0\r\n\r\n"));
  BOOST_TEST(!close("GET /a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
  BOOST_TEST(close("GET /a HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(expectations_are_100_continue_or_refused) {
  expect_refusals({
      {"another", with_field("Expect: 200-ok"), expectation_failed},
      {"with a parameter", with_field("Expect: 100-continue; a=b"), expectation_failed},
      {"twice", with_field("Expect: 100-continue\r\nExpect: 100-continue"), expectation_failed},
      {"a list", with_field("Expect: 100-continue, 100-continue"), expectation_failed},
      {"empty", with_field("Expect:"), expectation_failed},
  });
  http::request_parser parser;
  bool complete = false;
  parser.start({});
  BOOST_TEST(!parser.read_head(with_field("Expect: 100-Continue\r\nContent-Length: 1"), complete));
  BOOST_TEST(complete);
  BOOST_TEST(parser.expects_continue());
  parser.start({});
  const std::string old = "POST /a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
  BOOST_TEST(!parser.read_head(old, complete));
  BOOST_TEST(!parser.expects_continue());
}

BOOST_AUTO_TEST_CASE(one_empty_line_before_a_request_is_skipped) {
  const auto text = "\r\n" + with_field("A: b");
  const auto got = parse(text);
  BOOST_TEST(got.complete);
  BOOST_TEST(got.used == text.size());
  BOOST_TEST(got.path == "/a");
}

BOOST_AUTO_TEST_CASE(a_head_is_read_as_it_came) {
  const std::string text =
      "PUT /a/b%20c?x=1&y=?z HTTP/1.1\r\nHost: Example.com:80\r\nCookie: a=b\r\nX-Empty:\r\n"
      "cookie:  c=d\t\r\n\r\n";
  http::request_parser parser;
  bool complete = false;
  parser.start({});
  BOOST_TEST(!parser.read_head(text, complete));
  BOOST_REQUIRE(complete);
  const auto& head = parser.head();
  BOOST_TEST((head.method == http::method::put));
  BOOST_TEST(head.method_text == "PUT");
  BOOST_TEST(head.target == "/a/b%20c?x=1&y=?z");
  BOOST_TEST(head.path == "/a/b%20c");
  BOOST_TEST(head.query == "x=1&y=?z");
  BOOST_TEST(head.host == "Example.com:80");
  BOOST_TEST(head.find("COOKIE") == "a=b");
  BOOST_TEST(head.count("cookie") == 2u);
  BOOST_TEST(head.all("Cookie").at(1) == "c=d");
  BOOST_TEST(head.count("x-empty") == 1u);
  BOOST_TEST(head.find("absent").empty());
}

// docs/decisions/0013. The fuzz target asks the same of whatever it comes upon.
BOOST_AUTO_TEST_CASE(where_llhttp_is_not_asked_it_would_have_agreed) {
  for (const std::string_view text : {
           "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
           "HEAD /a?b=c HTTP/1.1\r\nHost: a:8443\r\nConnection: close\r\n\r\n",
           "GET / HTTP/1.0\r\n\r\n",
           "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: "
           "h2c\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: \r\nConnection: ,,\r\n\r\n",
           "GET http://a.example:80/x HTTP/1.1\r\nHost: b\r\n\r\n",
           "GET https://[2001:db8::1]?q HTTP/1.1\r\nHost: b\r\n\r\n",
           "GET //x/../y HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET /[]:@!$&'()*+,;=%7f HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nX-Name: \xc3\xa4\t\xff\r\nProxy-Connection: close\r\n\r\n",
       }) {
    http::request_parser parser;
    parser.start({});
    bool complete = false;
    BOOST_TEST(!parser.read_head(text, complete), text);
    BOOST_TEST(complete);
    BOOST_TEST((parser.body() == http::body_kind::none));
    http::second_opinion llhttp;
    llhttp.start(http::second_opinion::kind::request);
    const auto objection = llhttp.head(text, http::framing{}, false);
    BOOST_TEST(!objection, text << (objection ? objection.why : ""));
  }
}

BOOST_AUTO_TEST_SUITE_END()
