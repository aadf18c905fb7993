// The cache of verified tokens: whole comparison, bounds, who leaves when it is full.
#include "auth/token_cache.hpp"

#include <boost/test/unit_test.hpp>

#include "support/fakes.hpp"

BOOST_AUTO_TEST_SUITE(token_cache)

namespace {

auth::token_cache::entry entry_of(std::string token) {
  auto who = std::make_shared<auth::identity>();
  who->user = *core::user_id::from("u-" + token.substr(0, 20));
  return {std::move(token), who, core::wall_time{}, core::wall_time{}};
}

std::string numbered(int n) { return "header.claims.signature-number-" + std::to_string(n); }

}  // namespace

BOOST_AUTO_TEST_CASE(finds_the_very_same_token_only) {
  auth::token_cache cache(10, 1);
  const std::string tail = ".0123456789abcdef0123456789abcdef";
  cache.put(entry_of("header.claims" + tail));
  BOOST_TEST(cache.find("header.claims" + tail));
  BOOST_TEST(!cache.find(""));
  BOOST_TEST(!cache.find("header.claimS" + tail));  // equal in length and in what is hashed
  BOOST_TEST(!cache.find("Header.claims" + tail));
  BOOST_TEST(!cache.find("header.claims" + tail + "x"));
  BOOST_TEST(!cache.find(("header.claims" + tail).substr(0, 40)));
  BOOST_TEST(!cache.find(tail));
}

BOOST_AUTO_TEST_CASE(tokens_that_collide_replace_each_other_and_are_never_mixed_up) {
  auth::token_cache cache(10, 1);
  const std::string tail = ".0123456789abcdef0123456789abcdef";
  cache.put(entry_of("a" + tail));
  cache.put(entry_of("b" + tail));
  BOOST_TEST(!cache.find("a" + tail));
  BOOST_REQUIRE(cache.find("b" + tail));
  BOOST_TEST(cache.find("b" + tail)->who->user.text().substr(0, 3) == "u-b");
  BOOST_TEST(cache.size() == 1u);
}

BOOST_AUTO_TEST_CASE(number_is_bounded_and_the_tokens_in_use_stay) {
  auth::token_cache cache(8, 7);
  for (int i = 0; i < 8; ++i) cache.put(entry_of(numbered(i)));
  for (int i = 0; i < 4; ++i) BOOST_TEST(cache.find(numbered(i)));
  for (int i = 100; i < 104; ++i) cache.put(entry_of(numbered(i)));
  BOOST_TEST(cache.size() == 8u);
  for (int i = 0; i < 4; ++i) BOOST_TEST(cache.find(numbered(i)), i);
  for (int i = 4; i < 8; ++i) BOOST_TEST(!cache.find(numbered(i)), i);
  for (int i = 0; i < 1000; ++i) {
    cache.put(entry_of(numbered(1000 + i)));
    BOOST_TEST(cache.find(numbered(1000 + i)));
    BOOST_TEST(cache.size() <= 8u);
  }
}

BOOST_AUTO_TEST_CASE(bytes_are_bounded_too) {
  auth::token_cache cache(4, 7);
  cache.put(entry_of(std::string(5000, 'x')));  // more than the whole cache may hold
  BOOST_TEST(cache.size() == 0u);
  for (int i = 0; i < 20; ++i) cache.put(entry_of(std::string(2000, 'x') + numbered(i)));
  BOOST_TEST(cache.size() == 2u);
  BOOST_TEST(cache.bytes() <= 4096u);
}

BOOST_AUTO_TEST_CASE(forgets_one_or_all) {
  auth::token_cache cache(8, 7);
  for (int i = 0; i < 5; ++i) cache.put(entry_of(numbered(i)));
  cache.erase(numbered(1));
  cache.erase(numbered(77));
  BOOST_TEST(cache.size() == 4u);
  for (const int i : {0, 2, 3, 4}) {
    BOOST_REQUIRE(cache.find(numbered(i)));
    BOOST_TEST(cache.find(numbered(i))->token == numbered(i));
  }
  cache.clear();
  BOOST_TEST(cache.size() == 0u);
  BOOST_TEST(cache.bytes() == 0u);
  BOOST_TEST(!cache.find(numbered(0)));
}

BOOST_AUTO_TEST_CASE(a_cache_of_nothing_keeps_nothing) {
  auth::token_cache cache(0, 7);
  cache.put(entry_of(numbered(1)));
  BOOST_TEST(!cache.find(numbered(1)));
}

BOOST_AUTO_TEST_SUITE_END()
