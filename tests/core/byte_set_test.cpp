// byte_set: what is in a set, and that texts are judged alike whatever their size and wherever the
// foreign byte is.
#include "core/byte_set.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

namespace {

constexpr core::byte_set hex = core::ascii::digits | core::byte_set("abcdefABCDEF");

bool is_hex(int byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
         (byte >= 'A' && byte <= 'F');
}

}  // namespace

BOOST_AUTO_TEST_SUITE(byte_set)

BOOST_AUTO_TEST_CASE(it_has_what_was_put_in_and_nothing_else) {
  constexpr core::byte_set odd = core::ascii::visible.without("\"\\");
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    BOOST_TEST(hex.has(c) == is_hex(byte), byte);
    BOOST_TEST(core::ascii::visible.has(c) == (byte > 0x20 && byte < 0x7f), byte);
    BOOST_TEST(odd.has(c) == (byte > 0x20 && byte < 0x7f && c != '"' && c != '\\'), byte);
  }
}

BOOST_AUTO_TEST_CASE(one_foreign_byte_is_found_in_texts_of_every_size_at_every_place) {
  std::size_t wrong = 0;
  for (std::size_t size = 1; size <= 70; ++size)
    for (std::size_t at = 0; at < size; ++at)
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(byte);
        wrong += hex.covers(text) != is_hex(byte);
      }
  BOOST_TEST(wrong == 0u);
  BOOST_TEST(hex.covers(""));
}

BOOST_AUTO_TEST_SUITE_END()
