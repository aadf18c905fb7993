// The hash is SipHash-1-3: its values under the key 0, as another implementation (CPython's) has
// them.
#include "ratelimit/keyed_hash.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "support/fakes.hpp"

BOOST_AUTO_TEST_SUITE(keyed_hash)

BOOST_AUTO_TEST_CASE(of_a_text_has_the_values_that_others_compute) {
  const ratelimit::keyed_hash hash(0, 0);
  BOOST_TEST(hash("a") == 0x407448d2b89b1813u);
  BOOST_TEST(hash("abcdefg") == 0x6db12aae9070f506u);
  BOOST_TEST(hash("stagedoo") == 0x354498314bd84270u);
  BOOST_TEST(hash("stagedoor") == 0xe05f1c3d4b87df01u);
  BOOST_TEST(hash("user-000000000000000042") == 0xb5ab870beea808e5u);
}

BOOST_AUTO_TEST_CASE(of_a_text_changes_with_the_key_and_the_text) {
  tests::fake_random random;
  const auto hash = ratelimit::keyed_hash::from(random);
  const auto other = ratelimit::keyed_hash::from(random);
  BOOST_TEST(hash("u1") != other("u1"));
  BOOST_TEST(hash("u1") != hash("u2"));
}

BOOST_AUTO_TEST_CASE(of_a_word_changes_with_the_key_the_word_and_its_kind) {
  core::system_random random;
  const ratelimit::word_hash hash(random);
  const ratelimit::word_hash other(random);
  BOOST_TEST(hash(7, 0) != other(7, 0));
  BOOST_TEST(hash(7, 0) != hash(7, 1));
  BOOST_TEST(hash(7, 0) != hash(8, 0));
}

// Networks of one provider are regular: the same upper bits, then a count. Under any key they must
// fill lines like random numbers do (chi-square of 4,096 lines: 4,095 expected, standard deviation
// 90).
BOOST_AUTO_TEST_CASE(of_regular_words_fills_all_lines_alike) {
  core::system_random random;
  constexpr std::size_t lines = 4096;
  constexpr std::uint64_t words = 16 * lines;
  for (const std::uint64_t step :
       {1ull, 2ull, 0x100ull, 0x10000ull, 0x1000'0000ull, 0x1'0000'0000ull,
        0x1'0000'0000'0000ull >> 3, 0x9e3779b97f4a7c15ull}) {
    double most = 0;
    for (int key = 0; key < 8; ++key) {
      const ratelimit::word_hash hash(random);
      std::vector<unsigned> upper(lines), lower(lines);
      for (std::uint64_t i = 0; i < words; ++i) {
        const std::uint64_t one = hash(0x2001'0db8'0000'0000 + i * step, 0);
        ++upper[one >> 52];
        ++lower[one & (lines - 1)];
      }
      for (const auto* counts : {&upper, &lower}) {
        double chi = 0;
        for (const unsigned count : *counts) chi += (count - 16.0) * (count - 16.0) / 16.0;
        most = std::max(most, chi);
      }
    }
    BOOST_TEST(most < 4095 + 10 * 90.5, step);
  }
}

BOOST_AUTO_TEST_SUITE_END()
