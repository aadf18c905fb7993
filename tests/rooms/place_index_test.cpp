#include "rooms/place_index.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <vector>

BOOST_AUTO_TEST_SUITE(place_index)

// Hashes that meet in few slots, so that every kind of gap is filled.
BOOST_AUTO_TEST_CASE(it_says_what_a_map_says_whatever_comes_and_goes) {
  for (const std::uint64_t spread : {std::uint64_t{7}, std::uint64_t{40}, ~std::uint64_t{0}}) {
    constexpr std::uint32_t places = 40;
    rooms::place_index index(places);
    std::map<std::uint64_t, std::uint32_t> known;
    std::vector<std::uint64_t> hashes(places);
    std::vector<std::uint32_t> free;
    for (std::uint32_t i = 0; i < places; ++i) free.push_back(i);
    const auto hash_of = [&](std::uint32_t place) { return hashes[place]; };
    std::mt19937_64 chance(42);
    for (int i = 0; i < 20'000; ++i) {
      // The upper half tells hashes of one slot apart.
      const std::uint64_t hash = chance() % spread | (chance() % 8) << 32;
      const auto found = index.find(hash, hash_of);
      const auto there = known.find(hash);
      BOOST_TEST_REQUIRE(found.has_value() == (there != known.end()));
      if (found) {
        BOOST_TEST_REQUIRE(*found == there->second);
        index.erase(hash, *found, hash_of);
        free.push_back(*found);
        known.erase(there);
      } else if (!free.empty()) {
        const std::uint32_t place = free.back();
        free.pop_back();
        hashes[place] = hash;
        index.insert(hash, place);
        known.emplace(hash, place);
      }
      BOOST_TEST_REQUIRE(index.size() == known.size());
    }
    for (const auto& [hash, place] : known)
      BOOST_TEST_REQUIRE(index.find(hash, hash_of).value() == place);
  }
}

BOOST_AUTO_TEST_CASE(the_smallest_and_a_full_one_still_end_their_searches) {
  rooms::place_index index(1);
  std::vector<std::uint64_t> hashes = {5};
  const auto hash_of = [&](std::uint32_t place) { return hashes[place]; };
  BOOST_TEST(!index.find(5, hash_of));
  index.insert(5, 0);
  BOOST_TEST(index.find(5, hash_of).value() == 0u);
  BOOST_TEST(!index.find(6, hash_of));
}

BOOST_AUTO_TEST_SUITE_END()
