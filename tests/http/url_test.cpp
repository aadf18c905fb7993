// url and query: what is refused, and what comes back as it went in.
#include "http/url.hpp"

#include <boost/test/unit_test.hpp>

#include "http/error.hpp"

BOOST_AUTO_TEST_SUITE(url)

BOOST_AUTO_TEST_CASE(what_is_no_http_url_is_refused) {
  for (const std::string text : {"",
                                 "example.com",
                                 "//example.com/",
                                 "ftp://example.com/",
                                 "javascript:alert(1)",
                                 "https://",
                                 "https:///a",
                                 "https://user@example.com/",
                                 "https://user:pw@example.com/",
                                 "https://example.com/#top",
                                 "https://example.com/a b",
                                 "https://example.com/\r\nHost: x",
                                 "https://exa mple.com/",
                                 "https://example.com:0/",
                                 "https://example.com:65536/",
                                 "https://example.com:-1/",
                                 "https://example.com:80x/",
                                 "https://[::1",
                                 "https://[::g]/",
                                 "https://[fe80::1%25eth0]/",
                                 "https://ex%61mple.com/",
                                 "https://example.com;script-src/",
                                 "https://a,b.example.com/",
                                 "https://*.example.com/",
                                 "https://'self'/",
                                 "https://a\"b.example.com/",
                                 "https://a(b)$.example.com/",
                                 "https://example.com/\xc3\xa4",
                                 "https://example.com\\@evil.example/",
                                 "https:/example.com/",
                                 "https://a:1:2/"}) {
    auto got = http::url::from(text);
    BOOST_TEST(!got, text << " passed");
    if (!got) BOOST_TEST(got.error().code == make_error_code(http::errc::bad_url));
  }
  BOOST_TEST(!http::url::from("https://example.com/" + std::string(9000, 'a')));
}

BOOST_AUTO_TEST_CASE(its_parts_are_found_and_printed_again) {
  auto one = http::url::from("HTTPS://Example.COM:8443/a/b%20c?x=1?y");
  BOOST_REQUIRE(one);
  BOOST_TEST(one->secure);
  BOOST_TEST(one->host == "example.com");
  BOOST_TEST(one->port == 8443);
  BOOST_TEST(one->path == "/a/b%20c");
  BOOST_TEST(one->query == "x=1?y");
  BOOST_TEST(one->origin() == "https://example.com:8443");
  BOOST_TEST(one->target() == "/a/b%20c?x=1?y");
  auto plain = http::url::from("http://127.0.0.1");
  BOOST_REQUIRE(plain);
  BOOST_TEST(plain->port == 80);
  BOOST_TEST(plain->origin() == "http://127.0.0.1");
  BOOST_TEST(plain->target() == "/");
  auto six = http::url::from("https://[2001:DB8::1]:443?q");
  BOOST_REQUIRE(six);
  BOOST_TEST(six->host == "2001:db8::1");
  BOOST_TEST(six->authority() == "[2001:db8::1]");
  BOOST_TEST(six->target() == "/?q");
}

BOOST_AUTO_TEST_CASE(a_query_is_decoded_once_and_bounded) {
  auto pairs = http::parse_query("a=1&b=%2520+x&&c&=d&a=2");
  BOOST_REQUIRE(pairs);
  BOOST_REQUIRE(pairs->size() == 5u);
  BOOST_TEST(pairs->at(0).second == "1");
  BOOST_TEST(pairs->at(1).second == "%20 x");
  BOOST_TEST(pairs->at(2).first == "c");
  BOOST_TEST(pairs->at(3).first.empty());
  BOOST_TEST(pairs->at(4).second == "2");
  BOOST_TEST(!http::parse_query("a=%"));
  BOOST_TEST(!http::parse_query("a=%4"));
  BOOST_TEST(!http::parse_query("%zz=1"));
  BOOST_TEST(http::parse_query("")->empty());
  std::string many;
  for (std::size_t i = 0; i < http::query_pairs_most; ++i) many += "a=b&";
  BOOST_TEST(http::parse_query(many).has_value());
  BOOST_TEST(!http::parse_query(many + "a=b"));
  BOOST_TEST(!http::parse_query(std::string(9000, 'a')));
}

BOOST_AUTO_TEST_SUITE_END()
