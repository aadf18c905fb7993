// One line of buckets, as threads that were stopped in the middle leave it: whoever comes next
// finishes what they began.
#include "ratelimit/bucket_line.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstring>

using ratelimit::bucket_line;
using ratelimit::pace;
using word = bucket_line::word;

namespace {

using namespace std::chrono_literals;

constexpr word ours = 7;
constexpr word another = 8;
constexpr std::uint64_t now = 1'000'000'000;
const pace three({1, 1s, 3});

word bucket(word tag, std::uint64_t full_at) { return tag << 40 | full_at; }
word claim(word tag, std::uint64_t full_at) { return bucket(tag, full_at) | word{1} << 39; }

struct bucket_line_scene {
  bucket_line line{};

  void put(const std::array<word, bucket_line::places>& words) {
    std::memcpy(static_cast<void*>(&line), words.data(), sizeof line);
  }
  int granted(word tag) {
    int count = 0;
    while (line.take(tag, now, three).allowed) ++count;
    return count;
  }
  int words_of(word tag) {
    std::array<word, bucket_line::places> words;
    std::memcpy(words.data(), static_cast<const void*>(&line), sizeof line);
    int count = 0;
    for (const word one : words) count += one >> 40 == tag;
    return count;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(line_of_buckets, bucket_line_scene)

BOOST_AUTO_TEST_CASE(a_claim_that_nobody_settled_becomes_the_bucket) {
  put({0, 0, claim(ours, now)});
  BOOST_TEST(granted(ours) == 3);
  BOOST_TEST(words_of(ours) == 1);
}

BOOST_AUTO_TEST_CASE(a_claim_beside_the_keys_bucket_gives_way_to_it) {
  const word drained = bucket(ours, now + three.full_ticks());
  for (std::size_t at = 0; at < bucket_line::places; ++at) {
    if (at == 4) continue;
    std::array<word, bucket_line::places> words{};
    words[at] = claim(ours, now);
    words[4] = drained;
    put(words);
    BOOST_TEST(granted(ours) == 0);
  }
}

BOOST_AUTO_TEST_CASE(of_two_claims_of_a_key_one_bucket_comes) {
  put({0, claim(ours, now), 0, 0, claim(ours, now), 0, claim(ours, now)});
  BOOST_TEST(granted(ours) == 3);
  BOOST_TEST(words_of(ours) == 1);
}

BOOST_AUTO_TEST_CASE(a_claim_in_the_place_of_another_keeps_what_that_one_owed) {
  const std::uint64_t two = now + 2 * three.token_ticks();
  put({claim(ours, two), bucket(another, two)});
  BOOST_TEST(granted(ours) == 1);
  BOOST_TEST(granted(another) == 1);
}

BOOST_AUTO_TEST_CASE(a_debt_without_a_key_is_nobodys_until_a_newcomer_has_to_take_it_over) {
  const std::uint64_t one = now + three.token_ticks();
  std::array<word, bucket_line::places> words;
  for (std::size_t at = 0; at < words.size(); ++at)
    words[at] = bucket(100 + at, now + three.full_ticks());
  words[3] = one;
  put(words);
  const auto taken = line.take(ours, now, three);
  BOOST_TEST(taken.allowed);
  BOOST_TEST(taken.took_over);
  BOOST_TEST(taken.owed == 2 * three.token_ticks());
  BOOST_TEST(words_of(ours) == 1);
}

BOOST_AUTO_TEST_CASE(counts_only_the_places_that_owe_something) {
  put({bucket(1, now + 1), bucket(2, now), bucket(3, now - 1), 0,
       bucket(5, now + three.full_ticks())});
  BOOST_TEST(line.in_use(now, three) == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
