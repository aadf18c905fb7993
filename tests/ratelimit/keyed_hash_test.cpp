// The hash is SipHash-1-3: its values under the key 0, as another implementation (CPython's) has
// them.
#include "ratelimit/keyed_hash.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

#include "support/fakes.hpp"

namespace {

constexpr std::uint64_t word = 0x0123456789abcdef;
const std::string word_bytes("\xef\xcd\xab\x89\x67\x45\x23\x01", 8);

}  // namespace

BOOST_AUTO_TEST_SUITE(keyed_hash)

BOOST_AUTO_TEST_CASE(gives_the_published_values_for_texts_of_every_kind_of_length) {
  const ratelimit::keyed_hash hash(0, 0);
  BOOST_TEST(hash("", 0x01) == 0x44bc103b1f8540edu);
  BOOST_TEST(hash("abcdef", 'g') == 0x6db12aae9070f506u);
  BOOST_TEST(hash("stagedo", 'o') == 0x354498314bd84270u);
  BOOST_TEST(hash("stagedoo", 'r') == 0xe05f1c3d4b87df01u);
  BOOST_TEST(hash("192.0.2.1/32xx", 'x') == 0x8cb880f5ce243523u);
}

BOOST_AUTO_TEST_CASE(hashes_a_word_as_its_eight_bytes) {
  const ratelimit::keyed_hash zero(0, 0);
  BOOST_TEST(zero(word, 5) == 0xee2fb065da4f3841u);
  const ratelimit::keyed_hash other(77, 78);
  BOOST_TEST(other(word, 5) == other(word_bytes, 5));
}

BOOST_AUTO_TEST_CASE(changes_with_the_key_and_with_the_last_byte) {
  tests::fake_random random;
  const auto hash = ratelimit::keyed_hash::from(random);
  const auto other = ratelimit::keyed_hash::from(random);
  BOOST_TEST(hash(word, 1) != other(word, 1));
  BOOST_TEST(hash(word, 1) != hash(word, 2));
  BOOST_TEST(hash("u1", 1) != hash("u1", 2));
}

BOOST_AUTO_TEST_SUITE_END()
