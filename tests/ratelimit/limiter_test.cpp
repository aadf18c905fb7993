// The limiter against the arithmetic of a token bucket: never more than agreed, never less than
// due.
#include "ratelimit/limiter.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <random>
#include <string>

#include "core/wide.hpp"
#include "support/fakes.hpp"

using namespace std::chrono_literals;
using ratelimit::limit;
using ratelimit::policy;

namespace {

net::ip_address v4(std::uint32_t number) {
  return net::ip_address::v4(
      {static_cast<unsigned char>(number >> 24), static_cast<unsigned char>(number >> 16),
       static_cast<unsigned char>(number >> 8), static_cast<unsigned char>(number)});
}

net::ip_address address(std::string_view text) { return net::ip_address::from(text).value(); }

struct limiter_scene {
  tests::fake_clock clock;
  tests::fake_random random;

  ratelimit::limiter limiter_of(limit ip, std::size_t memory_bytes = 1 << 20) {
    ratelimit::settings settings;
    settings.ip = ip;
    settings.memory_bytes = memory_bytes;
    return ratelimit::limiter(settings, random);
  }
  core::steady_time now() const { return clock.steady_now(); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(limiter, limiter_scene)

BOOST_AUTO_TEST_CASE(refuses_the_fourth_request_of_a_burst_of_three) {
  auto limiter = limiter_of({1, 1s, 3});
  const auto client = address("192.0.2.1");
  for (unsigned left : {2u, 1u, 0u}) {
    const auto taken = limiter.take(policy::ip, client, now());
    BOOST_TEST(taken.allowed);
    BOOST_TEST(taken.remaining == left);
    BOOST_TEST(taken.retry_in.count() == 0);
    BOOST_TEST(taken.reset_in.count() == 1);
  }
  const auto fourth = limiter.take(policy::ip, client, now());
  BOOST_TEST(!fourth.allowed);
  BOOST_TEST(fourth.remaining == 0u);
  BOOST_TEST(fourth.retry_in.count() == 1);
  BOOST_TEST(limiter.take(policy::ip, address("192.0.2.2"), now()).allowed);
}

BOOST_AUTO_TEST_CASE(gives_a_token_back_at_its_moment_and_not_a_millisecond_before) {
  auto limiter = limiter_of({20, 1s, 40});
  const auto client = address("192.0.2.1");
  for (int i = 0; i < 40; ++i) BOOST_TEST(limiter.take(policy::ip, client, now()).allowed);
  clock.advance(49ms);
  BOOST_TEST(!limiter.take(policy::ip, client, now()).allowed);
  clock.advance(1ms);
  BOOST_TEST(limiter.take(policy::ip, client, now()).allowed);
  BOOST_TEST(!limiter.take(policy::ip, client, now()).allowed);
}

BOOST_AUTO_TEST_CASE(refused_requests_cost_nothing) {
  auto limiter = limiter_of({1, 60s, 1});
  const auto client = address("192.0.2.1");
  BOOST_TEST(limiter.take(policy::ip, client, now()).allowed);
  for (int i = 0; i < 59; ++i) {
    clock.advance(1s);
    const auto refused = limiter.take(policy::ip, client, now());
    BOOST_TEST(!refused.allowed);
    BOOST_TEST(refused.retry_in.count() == 59 - i);
  }
  clock.advance(1s);
  BOOST_TEST(limiter.take(policy::ip, client, now()).allowed);
}

BOOST_AUTO_TEST_CASE(an_idle_bucket_saves_the_burst_and_no_more) {
  auto limiter = limiter_of({1000, 1s, 5});
  const auto client = address("192.0.2.1");
  for (const auto idle : {0s, 1s, 3600s, 30 * 86400s, 400 * 86400s}) {
    clock.advance(idle);
    int granted = 0;
    while (limiter.take(policy::ip, client, now()).allowed) ++granted;
    BOOST_TEST(granted == 5);
  }
}

BOOST_AUTO_TEST_CASE(a_shard_whose_clock_lags_behind_finds_the_bucket_as_drained_as_it_is) {
  auto limiter = limiter_of({1000, 1s, 5});
  const auto client = address("192.0.2.1");
  const auto late = now();
  clock.advance(3s);
  while (limiter.take(policy::ip, client, now()).allowed) continue;
  BOOST_TEST(!limiter.take(policy::ip, client, late).allowed);
  BOOST_TEST(!limiter.take(policy::ip, client, now()).allowed);
}

BOOST_AUTO_TEST_CASE(the_turn_of_the_tick_counter_is_not_felt) {
  const limit of{20, 1s, 40};
  const ratelimit::pace with(of);
  constexpr std::uint64_t turn = std::uint64_t{1} << ratelimit::pace::time_bits;
  // Shortly before a multiple of 2^39 ticks, when fresh memory's zeros would look like a near
  // future.
  const auto period = std::chrono::nanoseconds(turn * 12'207 + turn / 32);
  for (const auto before : {1000ms, 500ms, 10ms, 1ms, 0ms}) {
    auto limiter = limiter_of(of);
    const core::steady_time here{period - before};
    const auto client = address("192.0.2.1");
    for (int i = 0; i < 40; ++i) BOOST_TEST(limiter.take(policy::ip, client, here).allowed);
    BOOST_TEST(!limiter.take(policy::ip, client, here).allowed);
    BOOST_TEST(!limiter.take(policy::ip, client, here + 49ms).allowed);
    BOOST_TEST(limiter.take(policy::ip, client, here + 50ms).allowed);
    BOOST_TEST(limiter.take(policy::ip, client, here + 1s).allowed);
    BOOST_TEST(limiter.take(policy::ip, address("192.0.2.2"), here).remaining == 39u);
  }
  BOOST_TEST(with.ticks_at(core::steady_time{period - 1s}) / turn !=
             with.ticks_at(core::steady_time{period + 1s}) / turn);
}

BOOST_AUTO_TEST_CASE(grants_what_the_arithmetic_says_for_any_limit_and_any_arrivals) {
  std::mt19937_64 chance(3);
  constexpr std::chrono::seconds periods[] = {1s, 60s, 3600s};
  for (int round = 0; round < 400; ++round) {
    const limit of{
        static_cast<std::uint32_t>(1 + chance() % (chance() % 2 ? 50 : ratelimit::rate_max)),
        periods[chance() % 3], static_cast<std::uint32_t>(1 + chance() % 50)};
    auto limiter = limiter_of(of);
    const auto tick_count = static_cast<core::int128>(ratelimit::pace(of).token_ticks());
    const auto client = v4(static_cast<std::uint32_t>(chance()));
    const auto token_time = std::chrono::nanoseconds(of.per) / of.rate;
    // Time in units of 1/rate ns, in which a token is a whole number.
    const core::int128 token = std::chrono::nanoseconds(of.per).count();
    core::int128 full_at = 0;
    for (int i = 0; i < 200; ++i) {
      const auto step = static_cast<std::int64_t>(
          chance() % static_cast<std::uint64_t>(2 * token_time.count() + 2));
      if (chance() % 3 == 0) clock.advance(std::chrono::nanoseconds(step));
      const core::int128 here =
          static_cast<core::int128>(now().time_since_epoch().count()) * of.rate;
      const core::int128 owed = std::max(full_at, here) + token - here;
      const auto taken = limiter.take(policy::ip, client, now());
      if (taken.allowed) {
        // At most one tick early, ever.
        BOOST_REQUIRE((owed * tick_count <= token * of.burst * tick_count + token));
        full_at = here + owed;
      } else {
        BOOST_REQUIRE((owed > token * of.burst));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_retry_at_the_announced_second_succeeds_and_one_a_second_earlier_does_not) {
  std::mt19937_64 chance(4);
  constexpr std::chrono::seconds periods[] = {1s, 60s, 3600s};
  for (int round = 0; round < 3'000; ++round) {
    const limit of{
        static_cast<std::uint32_t>(1 + chance() % (chance() % 2 ? 20 : ratelimit::rate_max)),
        periods[chance() % 3], static_cast<std::uint32_t>(1 + chance() % 20)};
    auto limiter = limiter_of(of, 0);
    clock.advance(std::chrono::nanoseconds(chance() % 3'600'000'000'000));
    const auto client = v4(7);
    ratelimit::decision taken;
    while ((taken = limiter.take(policy::ip, client, now())).allowed)
      BOOST_REQUIRE(taken.reset_in >= 1s);
    BOOST_REQUIRE(taken.retry_in >= 1s);
    BOOST_REQUIRE(taken.reset_in == taken.retry_in);
    // The tick that rounding may cost is the margin of "a second earlier".
    if (taken.retry_in > 1s)
      BOOST_REQUIRE(
          !limiter
               .take(policy::ip, client, now() + taken.retry_in - 1s - ratelimit::pace(of).tick())
               .allowed);
    BOOST_REQUIRE(limiter.take(policy::ip, client, now() + taken.retry_in).allowed);
  }
}

BOOST_AUTO_TEST_CASE(at_the_reset_one_more_token_is_there) {
  auto limiter = limiter_of({1, 10s, 5});
  const auto client = address("192.0.2.1");
  BOOST_TEST(limiter.take(policy::ip, client, now()).reset_in.count() == 10);
  clock.advance(4s);
  const auto second = limiter.take(policy::ip, client, now());
  BOOST_TEST(second.remaining == 3u);
  BOOST_TEST(second.reset_in.count() == 6);
}

BOOST_AUTO_TEST_CASE(counts_ipv6_by_its_64_bit_network) {
  auto limiter = limiter_of({1, 60s, 1});
  BOOST_TEST(limiter.take(policy::ip, address("2001:db8:0:1::1"), now()).allowed);
  BOOST_TEST(!limiter.take(policy::ip, address("2001:db8:0:1:ffff:ffff:ffff:ffff"), now()).allowed);
  BOOST_TEST(limiter.take(policy::ip, address("2001:db8:0:2::1"), now()).allowed);
  BOOST_TEST(limiter.take(policy::ip, address("::1"), now()).allowed);
}

BOOST_AUTO_TEST_CASE(counts_a_mapped_ipv4_address_as_the_ipv4_address_it_is) {
  auto limiter = limiter_of({1, 60s, 1});
  BOOST_TEST(limiter.take(policy::ip, address("192.0.2.1"), now()).allowed);
  BOOST_TEST(!limiter.take(policy::ip, address("::ffff:192.0.2.1"), now()).allowed);
  BOOST_TEST(limiter.take(policy::ip, address("::ffff:192.0.2.2"), now()).allowed);
  // A /64 whose bytes are the same as the lower half of the mapped address.
  BOOST_TEST(limiter.take(policy::ip, address("0:ffff:c000:201::"), now()).allowed);
}

BOOST_AUTO_TEST_CASE(keeps_policies_apart) {
  ratelimit::settings settings;
  settings.ip = settings.user = settings.service = {1, 60s, 1};
  ratelimit::limiter limiter(settings, random);
  BOOST_TEST(limiter.take(policy::user, "u1", now()).allowed);
  BOOST_TEST(!limiter.take(policy::user, "u1", now()).allowed);
  BOOST_TEST(limiter.take(policy::service, "u1", now()).allowed);
  BOOST_TEST(limiter.take(policy::ip, "u1", now()).allowed);
  BOOST_TEST(limiter.take(policy::user, "u2", now()).allowed);
  BOOST_TEST(limiter.take(policy::user, "", now()).allowed);
}

BOOST_AUTO_TEST_CASE(a_limit_that_is_off_allows_everything_and_needs_no_memory) {
  ratelimit::settings settings;
  settings.ip = settings.user = settings.service = {};
  ratelimit::limiter limiter(settings, random);
  for (int i = 0; i < 1000; ++i)
    BOOST_TEST(limiter.take(policy::ip, address("192.0.2.1"), now()).allowed);
  BOOST_TEST(limiter.take(policy::user, "u1", now()).allowed);
  BOOST_TEST(limiter.memory_bytes() == 0u);
  std::string field;
  limiter.append_policy_field(field, policy::ip);
  BOOST_TEST(field.empty());
}

BOOST_AUTO_TEST_CASE(writes_the_fields_of_the_ratelimit_headers) {
  auto limiter = limiter_of({20, 1s, 40});
  std::string text = "RateLimit-Policy: ";
  limiter.append_policy_field(text, policy::ip);
  BOOST_TEST(text == "RateLimit-Policy: \"ip\";q=40;w=2");
  text.clear();
  limiter.append_policy_field(text, policy::user);
  BOOST_TEST(text == "\"user\";q=20;w=4");
  ratelimit::decision taken{false, 0, 1s, 1s};
  text.clear();
  ratelimit::limiter::append_limit_field(text, policy::ip, taken);
  BOOST_TEST(text == "\"ip\";r=0;t=1");
  taken.remaining = 4'294'967'295;
  taken.reset_in = 3600s;
  text.clear();
  ratelimit::limiter::append_limit_field(text, policy::service, taken);
  BOOST_TEST(text == "\"service\";r=4294967295;t=3600");
}

BOOST_AUTO_TEST_CASE(takes_the_memory_it_was_given_and_shows_how_full_it_is) {
  auto limiter = limiter_of({1, 60s, 10}, 1 << 20);
  BOOST_TEST(limiter.memory_bytes() <= std::size_t{1} << 20);
  BOOST_TEST(limiter.memory_bytes() > (std::size_t{1} << 20) - 1024);
  for (std::uint32_t i = 0; i < 20'000; ++i) limiter.take(policy::ip, v4(i), now());
  const auto use = limiter.use_of(policy::ip, now());
  BOOST_TEST(use.places == (std::size_t{1} << 20) / 64 * 28 / 32 * 8);
  BOOST_TEST(use.in_use > 18'000u);
  BOOST_TEST(use.in_use < 22'000u);
  BOOST_TEST(limiter.use_of(policy::ip, now() + 601s).in_use == 0u);
  BOOST_TEST(limiter.use_of(policy::user, now()).in_use == 0u);

  core::metrics_page page;
  limiter.show(page, clock);
  BOOST_TEST(page.render().find("ratelimit_table_places{policy=\"ip\"} 114688") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
