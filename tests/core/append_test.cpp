#include "core/append.hpp"

#include <boost/test/unit_test.hpp>

#include "core/json.hpp"

BOOST_AUTO_TEST_SUITE(append)

BOOST_AUTO_TEST_CASE(literals_and_texts_come_one_after_the_other) {
  std::string out = "begin ";
  const std::string text = "a text";
  core::append_all(out, "[", text, "] and ", std::string_view("a view"), "");
  BOOST_TEST(out == "begin [a text] and a view");
  core::append_all(out, std::string_view{});
  BOOST_TEST(out == "begin [a text] and a view");
}

BOOST_AUTO_TEST_CASE(what_stands_between_a_json_strings_quotes_is_the_text_itself_where_it_may_be) {
  std::string kept;
  const std::string_view plain = "https://video.example.com/room?token=a.b-c_d";
  BOOST_TEST((core::json_text(plain, kept).data() == plain.data()));
  for (const std::string_view odd : {"\"", "a\\b", "line\nend", "\xc3\xa9", "\xff", "x\x01"}) {
    std::string whole;
    core::append_json_string(whole, odd);
    const std::string between(core::json_text(odd, kept));
    BOOST_TEST("\"" + between + "\"" == whole);
  }
}

BOOST_AUTO_TEST_SUITE_END()
