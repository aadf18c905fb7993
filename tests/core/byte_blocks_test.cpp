// Many bytes at a time must come to what one byte at a time comes to: every byte, at every place,
// at every length.
#include "core/byte_blocks.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "core/encoding.hpp"
#include "core/json.hpp"

BOOST_AUTO_TEST_SUITE(byte_blocks)

namespace {

// `text` filled with 'x', with each byte at each place, handed to `check(text, byte)`.
template <class Check>
void everywhere(Check check) {
  for (std::size_t size = 1; size <= 35; ++size)
    for (std::size_t at = 0; at < size; ++at)
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(byte);
        check(text, static_cast<unsigned char>(byte));
      }
}

unsigned char lower(unsigned char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<unsigned char>(c + 32) : c;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_byte_is_found_wherever_it_is) {
  std::size_t wrong = 0;
  everywhere([&](const std::string& text, unsigned char byte) {
    wrong += core::any_byte(text, [](auto c) { return c < 0x20; }) != (byte < 0x20);
    wrong += core::any_byte(text, [](auto c) { return c > 0x7e; }) != (byte > 0x7e);
    wrong += core::any_byte(text, [](auto c) { return (c == '"') | (c == 0); }) !=
             (byte == '"' || byte == 0);
  });
  BOOST_TEST(wrong == 0u);
  BOOST_TEST(!core::any_byte("", [](auto c) { return c >= 0; }));
}

BOOST_AUTO_TEST_CASE(only_letters_lose_their_case) {
  std::size_t wrong = 0;
  for (int a = 0; a < 256; ++a)
    for (int b = 0; b < 256; ++b) {
      const bool same =
          lower(static_cast<unsigned char>(a)) == lower(static_cast<unsigned char>(b));
      for (const std::size_t size : {1u, 7u, 8u, 9u, 16u, 21u, 33u}) {
        std::string left(size, 'Q'), right(size, 'q');
        left[size / 2] = static_cast<char>(a);
        right[size / 2] = static_cast<char>(b);
        wrong += core::equals_ignoring_case(left, right) != same;
      }
    }
  BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_CASE(json_strings_are_escaped_at_every_place) {
  std::size_t wrong = 0;
  everywhere([&](const std::string& text, unsigned char byte) {
    std::string out;
    core::append_json_string(out, text);
    const bool plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
    wrong += (out == '"' + text + '"') != plain;
    const auto read = core::read_json(out);
    wrong += !read || !read->as_string() || (byte < 0x80 && *read->as_string() != text);
  });
  BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
