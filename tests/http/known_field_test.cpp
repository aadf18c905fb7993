#include "http/known_field.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "http/message.hpp"

BOOST_AUTO_TEST_SUITE(known_fields)

using http::known_field;

BOOST_AUTO_TEST_CASE(each_name_is_known_in_small_and_in_capital_letters) {
  for (std::size_t i = 0; i < http::known_field_count; ++i) {
    const auto which = static_cast<known_field>(i);
    const std::string name(http::name_of(which));
    std::string loud = name;
    for (char& c : loud)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    BOOST_TEST((http::known_field_from(name) == which), name);
    BOOST_TEST((http::known_field_from(loud) == which), loud);
  }
}

// Every other character in any place makes another name, also those that differ in one bit.
BOOST_AUTO_TEST_CASE(a_name_with_one_character_changed_is_unknown) {
  for (std::size_t i = 0; i < http::known_field_count; ++i) {
    const std::string name(http::name_of(static_cast<known_field>(i)));
    for (std::size_t at = 0; at < name.size(); ++at)
      for (int c = 0x20; c < 0x100; ++c) {
        std::string changed = name;
        changed[at] = static_cast<char>(c);
        const bool same = (c | 0x20) == name[at] && (c != name[at] ? c >= 'A' && c <= 'Z' : true);
        if (c != 0x7f && !same)
          BOOST_TEST((http::known_field_from(changed) == known_field::unknown), changed);
      }
  }
}

BOOST_AUTO_TEST_CASE(names_of_other_sizes_are_unknown) {
  for (const char* name : {"", "h", "hos", "hosts", "x-forwarded-for-", "accep", "accept-language",
                           "a-name-that-is-longer-than-all-of-them"})
    BOOST_TEST((http::known_field_from(name) == known_field::unknown), name);
}

BOOST_AUTO_TEST_CASE(a_list_finds_the_first_and_knows_of_repetitions) {
  const std::vector<http::field_view> fields = {
      {"Host", "a"}, {"Cookie", "one"}, {"x-other", "x"}, {"COOKIE", "two"}, {"accept", ""}};
  const http::field_list list = fields;
  BOOST_TEST(list.size() == 5u);
  BOOST_TEST(list.find(known_field::host) == "a");
  BOOST_TEST(!list.repeats(known_field::host));
  BOOST_TEST(list.find(known_field::cookie) == "one");
  BOOST_TEST(list.repeats(known_field::cookie));
  BOOST_TEST(list.has(known_field::accept));
  BOOST_TEST(!list.has(known_field::origin));
  BOOST_TEST(list.find(known_field::origin) == "");
  std::string all;
  list.for_each(known_field::cookie, [&](std::string_view value) { all += value; });
  list.for_each(known_field::origin, [&](std::string_view) { all += "never"; });
  BOOST_TEST(all == "onetwo");
}

BOOST_AUTO_TEST_SUITE_END()
