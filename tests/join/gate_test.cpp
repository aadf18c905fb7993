// Admission: buckets, requests that wait, event streams.
#include "join/gate.hpp"

#include <boost/test/unit_test.hpp>

#include "join/error.hpp"
#include "support/fakes.hpp"

BOOST_AUTO_TEST_SUITE(gate)

using namespace std::chrono_literals;

namespace {

struct scene {
  tests::fake_clock clock;
  tests::fake_random random;
  core::metrics_page metrics;
  ratelimit::settings limits{{1, 1s, 2}, {1, 1s, 2}, {1, 1s, 2}, 1 << 20};
  ratelimit::limiter buckets{limits, random};
  join::gate_settings settings{2, 3, 2, 1, 1s};
  join::gate gate{buckets, settings, metrics};
  net::ip_address here = *net::ip_address::from("192.0.2.1");
};

}  // namespace

BOOST_AUTO_TEST_CASE(an_empty_bucket_is_a_refusal_that_names_its_policy_and_is_counted) {
  scene at;
  const auto take = [&] {
    return at.gate.take(ratelimit::policy::ip, at.here, at.clock.steady_now());
  };
  take();
  take();
  const auto refused = take();
  BOOST_TEST(!refused.allowed);
  const auto why = join::gate::refusal(ratelimit::policy::ip, refused);
  BOOST_TEST(why.code == join::errc::rate_limited);
  BOOST_REQUIRE(why.facts.size() == 1u);
  BOOST_TEST(why.facts[0].value == "ip");
  BOOST_TEST(why.retry_after->count() == 1);
  BOOST_TEST(at.metrics.render().find("ratelimit_rejected_total{policy=\"ip\"} 1") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(more_requests_than_can_wait_are_shed_until_one_leaves) {
  scene at;
  auto first = at.gate.begin_waiting();
  {
    auto second = at.gate.begin_waiting();
    BOOST_TEST(second.has_value());
    auto third = at.gate.begin_waiting();
    BOOST_REQUIRE(!third);
    BOOST_TEST(third.error().code == join::errc::overloaded);
    BOOST_TEST(third.error().retry_after.has_value());
  }
  BOOST_TEST(at.gate.waiting() == 1u);
  BOOST_TEST(at.gate.begin_waiting().has_value());
}

BOOST_AUTO_TEST_CASE(streams_are_bounded_per_user_per_address_and_in_all) {
  scene at;
  const auto user = [](std::string_view name) { return *core::user_id::from(name); };
  auto one = at.gate.begin_stream(at.here, user("u1"));
  BOOST_REQUIRE(one);
  auto same_user = at.gate.begin_stream(*net::ip_address::from("192.0.2.9"), user("u1"));
  BOOST_REQUIRE(!same_user);
  BOOST_TEST(same_user.error().code == join::errc::rate_limited);
  auto two = at.gate.begin_stream(at.here, user("u2"));
  BOOST_REQUIRE(two);
  BOOST_TEST(!at.gate.begin_stream(at.here, user("u3")).has_value());
  auto three = at.gate.begin_stream(*net::ip_address::from("2001:db8::1"), user("u4"));
  BOOST_REQUIRE(three);
  auto full = at.gate.begin_stream(*net::ip_address::from("198.51.100.1"), user("u5"));
  BOOST_REQUIRE(!full);
  BOOST_TEST(full.error().code == join::errc::overloaded);
  *one = join::gate::place();
  BOOST_TEST(at.gate.begin_stream(*net::ip_address::from("198.51.100.1"), user("u1")).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
