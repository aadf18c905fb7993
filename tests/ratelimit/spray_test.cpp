// What a spray of addresses can do to the limiter: nothing to a drained bucket, and little to
// anybody else.
#include <boost/test/unit_test.hpp>

#include <random>
#include <string>

#include "ratelimit/limiter.hpp"
#include "support/fakes.hpp"

using namespace std::chrono_literals;
using ratelimit::policy;

namespace {

// One line of eight places: everybody meets everybody.
constexpr std::size_t one_line = 0;

net::ip_address network(std::uint64_t number) {
  std::array<unsigned char, 16> bytes{0x20, 0x01};
  for (std::size_t i = 0; i < 6; ++i)
    bytes[2 + i] = static_cast<unsigned char>(number >> (8 * (5 - i)));
  return net::ip_address::v6(bytes);
}

// Repeatable, and without the pattern of fake_random's bytes: the guarantees of a keyed hash are
// those of random keys.
class seeded_random final : public core::random_source {
 public:
  void fill(std::span<unsigned char> bytes) override {
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(chance_());
  }

 private:
  std::mt19937_64 chance_{20261122};
};

struct spray_scene {
  tests::fake_clock clock;
  seeded_random random;

  ratelimit::limiter limiter_of(ratelimit::limit ip, std::size_t memory_bytes) {
    ratelimit::settings settings;
    settings.ip = ip;
    settings.memory_bytes = memory_bytes;
    return ratelimit::limiter(settings, random);
  }
  core::steady_time now() const { return clock.steady_now(); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(spray, spray_scene)

BOOST_AUTO_TEST_CASE(a_drained_bucket_outlives_a_spray_of_ten_times_the_table) {
  auto limiter = limiter_of({5, 60s, 5}, 1 << 20);
  const std::size_t bytes = limiter.memory_bytes();
  const std::uint64_t places = limiter.use_of(policy::ip, now()).places;
  constexpr std::uint64_t attackers = 200;
  for (std::uint64_t i = 0; i < attackers; ++i)
    while (limiter.take(policy::ip, network(i), now()).allowed) continue;

  std::uint64_t granted = 0;
  for (std::uint64_t i = 0; i < 10 * places; ++i) {
    if (i % places == 0) clock.advance(500ms);  // 5 s in all, less than a token's 12
    granted += limiter.take(policy::ip, network(1'000'000 + i), now()).allowed;
  }
  for (std::uint64_t i = 0; i < attackers; ++i)
    BOOST_TEST(!limiter.take(policy::ip, network(i), now()).allowed);
  // The whole table grants no more than its places could have; the memory is what it was.
  BOOST_TEST(granted <= places * 5 + places * 5 / 12);
  BOOST_TEST(limiter.memory_bytes() == bytes);
  BOOST_TEST(limiter.use_of(policy::ip, now()).taken_over > 0u);

  clock.advance(12s);
  for (std::uint64_t i = 0; i < attackers; ++i) {
    // A token is due to every bucket of the line, so to this one too, whatever the spray has left
    // of it.
    BOOST_TEST(limiter.take(policy::ip, network(i), now()).allowed);
  }
  clock.advance(60s);
  BOOST_TEST(limiter.use_of(policy::ip, now()).in_use == 0u);
}

BOOST_AUTO_TEST_CASE(a_spray_over_addresses_does_not_reach_the_users) {
  auto limiter = limiter_of({1, 1s, 1}, 1 << 20);
  BOOST_TEST(limiter.take(policy::user, "u1", now()).remaining == 19u);
  for (std::uint64_t i = 0; i < 500'000; ++i) limiter.take(policy::ip, network(i), now());
  BOOST_TEST(limiter.take(policy::user, "u1", now()).remaining == 18u);
  BOOST_TEST(limiter.use_of(policy::user, now()).in_use <= 64u);
}

BOOST_AUTO_TEST_CASE(the_ninth_key_of_a_line_takes_over_the_smallest_debt) {
  auto limiter = limiter_of({1, 60s, 10}, one_line);
  for (std::uint64_t key = 0; key < 8; ++key)
    for (std::uint64_t i = 0; i < key + 2; ++i) limiter.take(policy::ip, network(key), now());
  BOOST_TEST(limiter.use_of(policy::ip, now()).in_use == 8u);
  // Key 0 owes two; the ninth owes them and its own.
  const auto ninth = limiter.take(policy::ip, network(8), now());
  BOOST_TEST(ninth.allowed);
  BOOST_TEST(ninth.remaining == 7u);
  BOOST_TEST(limiter.use_of(policy::ip, now()).taken_over == 1u);
  // Key 0 comes back with no more than it had; the others did not notice.
  BOOST_TEST(limiter.take(policy::ip, network(0), now()).remaining < 8u);
  BOOST_TEST(limiter.take(policy::ip, network(7), now()).remaining == 0u);
}

BOOST_AUTO_TEST_CASE(a_refused_newcomer_pushes_nobody_out) {
  auto limiter = limiter_of({1, 60s, 2}, one_line);
  for (std::uint64_t key = 0; key < 8; ++key)
    while (limiter.take(policy::ip, network(key), now()).allowed) continue;
  for (std::uint64_t key = 100; key < 1'000; ++key) {
    const auto refused = limiter.take(policy::ip, network(key), now());
    BOOST_TEST(!refused.allowed);
    BOOST_TEST(refused.retry_in.count() == 60);
  }
  BOOST_TEST(limiter.use_of(policy::ip, now()).taken_over == 0u);
  clock.advance(60s);
  for (std::uint64_t key = 0; key < 8; ++key)
    BOOST_TEST(limiter.take(policy::ip, network(key), now()).allowed);
}

BOOST_AUTO_TEST_CASE(full_buckets_make_room_without_a_trace) {
  auto limiter = limiter_of({1, 1s, 3}, one_line);
  for (std::uint64_t round = 0; round < 100; ++round) {
    for (std::uint64_t key = 0; key < 8; ++key)
      BOOST_TEST(limiter.take(policy::ip, network(8 * round + key), now()).remaining == 2u);
    clock.advance(1s);
  }
  BOOST_TEST(limiter.use_of(policy::ip, now()).taken_over == 0u);
}

// For any mixture of keys in one line: nobody ever gets more than the own bucket would have given.
BOOST_AUTO_TEST_CASE(no_key_ever_gets_more_than_its_own_bucket_would_have_given) {
  std::mt19937_64 chance(5);
  for (int round = 0; round < 50; ++round) {
    const auto burst = static_cast<std::uint32_t>(1 + chance() % 6);
    auto limiter = limiter_of({1, 1s, burst}, one_line);
    constexpr std::uint64_t keys = 24;
    std::array<std::int64_t, keys> full_at{};  // milliseconds
    std::int64_t here = 10'000;
    for (int i = 0; i < 2'000; ++i) {
      const std::int64_t step = static_cast<std::int64_t>(chance() % 4) * 125;
      here += step;
      clock.advance(std::chrono::milliseconds(step));
      const std::uint64_t key = std::min(chance() % keys, chance() % keys);
      const std::int64_t owed = std::max(full_at[key], here) + 1000 - here;
      if (!limiter.take(policy::ip, network(key), now()).allowed) continue;
      BOOST_REQUIRE_LE(owed, 1000 * static_cast<std::int64_t>(burst));
      full_at[key] = here + owed;
    }
  }
}

BOOST_AUTO_TEST_CASE(a_million_addresses_share_no_bucket) {
  auto limiter = limiter_of({1, 3600s, 2}, std::size_t{128} << 20);
  std::uint64_t shared = 0;
  for (std::uint32_t i = 0; i < 1'000'000; ++i) {
    // An odd factor: different numbers stay different, spread over the whole address space.
    const std::uint32_t number = i * 2'654'435'761u;
    const auto client = net::ip_address::v4(
        {static_cast<unsigned char>(number >> 24), static_cast<unsigned char>(number >> 16),
         static_cast<unsigned char>(number >> 8), static_cast<unsigned char>(number)});
    shared += limiter.take(policy::ip, client, now()).remaining != 1;
  }
  BOOST_TEST(shared == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
