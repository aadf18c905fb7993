// Text forms of bytes, with the vectors of RFC 4648 section 10.
#include "core/encoding.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(encoding)

using core::as_bytes;

BOOST_AUTO_TEST_CASE(base64_has_the_rfc_vectors) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    BOOST_TEST(core::to_base64(as_bytes(plain)) == coded);
    BOOST_TEST(core::from_base64(coded).value_or("?") == plain);
    const std::string bare = coded.substr(0, coded.find('='));
    BOOST_TEST(core::to_base64url(as_bytes(plain)) == bare);
    BOOST_TEST(core::from_base64url(bare).value_or("?") == plain);
  }
}

BOOST_AUTO_TEST_CASE(base64url_refuses_every_second_spelling) {
  // Padding, white space, the other alphabet, a lone character, loose bits.
  for (const char* bad : {"Zg==", "Zm 9v", "Zm9v\n", "ab+/", "Z", "Zh", "Zm9"})
    BOOST_TEST_CONTEXT(bad) BOOST_TEST(!core::from_base64url(bad).has_value());
  BOOST_TEST(core::from_base64url("-_8").has_value());
}

BOOST_AUTO_TEST_CASE(every_byte_survives_base64url) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  for (std::size_t length = 0; length <= all.size(); ++length) {
    const std::string part = all.substr(0, length);
    BOOST_REQUIRE(core::from_base64url(core::to_base64url(as_bytes(part))) == part);
  }
}

BOOST_AUTO_TEST_CASE(percent_coding_keeps_the_unreserved_and_nothing_else) {
  BOOST_TEST(core::percent_encode("aZ09-._~ +/?&=%\xc3\xa9") ==
             "aZ09-._~%20%2B%2F%3F%26%3D%25%C3%A9");
  BOOST_TEST(core::percent_decode("a%20b%2B+").value() == "a b++");
  BOOST_TEST(core::percent_decode("a+b", true).value() == "a b");
  for (const char* bad : {"%", "%1", "%zz", "%0g", "a%"})
    BOOST_TEST_CONTEXT(bad) BOOST_TEST(!core::percent_decode(bad).has_value());
  BOOST_TEST(core::percent_decode("%00")->size() == 1u);
}

BOOST_AUTO_TEST_CASE(utf8_is_checked_to_the_letter) {
  for (const char* good :
       {"", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"})
    BOOST_TEST(core::is_utf8(good));
  // A lone tail, overlong forms, a surrogate, beyond U+10FFFF, a cut sequence.
  for (const char* bad :
       {"\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xff"})
    BOOST_TEST(!core::is_utf8(bad));
  BOOST_TEST(core::code_points("a\xc3\xa9\xe2\x82\xac") == 3u);
}

BOOST_AUTO_TEST_CASE(hex_goes_both_ways) {
  BOOST_TEST(core::to_hex(as_bytes(std::string("\x00\xff\x10", 3))) == "00ff10");
  BOOST_TEST(core::from_hex("00FF10").value() == std::string("\x00\xff\x10", 3));
  BOOST_TEST(!core::from_hex("0").has_value());
  BOOST_TEST(!core::from_hex("0g").has_value());
}

BOOST_AUTO_TEST_CASE(comparisons_say_what_they_mean) {
  BOOST_TEST(core::same_in_constant_time("abc", "abc"));
  BOOST_TEST(!core::same_in_constant_time("abc", "abd"));
  BOOST_TEST(!core::same_in_constant_time("abc", "ab"));
  BOOST_TEST(core::equals_ignoring_case("Content-Length", "content-lengtH"));
  BOOST_TEST(!core::equals_ignoring_case("K", "\xe2\x84\xaa"));
  BOOST_TEST(core::trimmed(" \tx \t") == "x");
}

BOOST_AUTO_TEST_SUITE_END()
