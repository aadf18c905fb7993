// Trace context: what is taken over from callers and what is not.
#include "core/trace.hpp"

#include <boost/test/unit_test.hpp>

#include "support/fakes.hpp"

BOOST_AUTO_TEST_SUITE(trace)

namespace {
const std::string id = "0af7651916cd43dd8448eb211c80319c";
const std::string good = "00-" + id + "-b7ad6b7169203331-01";
}  // namespace

BOOST_AUTO_TEST_CASE(the_trace_goes_on_and_the_parent_is_ours) {
  tests::fake_random seed;
  core::quick_random random(seed);
  const auto read = core::trace::from(good);
  BOOST_REQUIRE(read);
  BOOST_TEST(read->id() == id);
  const std::string next = read->traceparent(random);
  BOOST_TEST(next.substr(0, 36) == good.substr(0, 36));
  BOOST_TEST(next.substr(36, 16) != good.substr(36, 16));
  BOOST_TEST(next.substr(52) == "-01");
  BOOST_TEST(core::trace::from(next).has_value());
  BOOST_TEST(read->traceparent(random) != next);
}

BOOST_AUTO_TEST_CASE(flags_are_kept_as_they_are) {
  tests::fake_random seed;
  core::quick_random random(seed);
  const auto unsampled = core::trace::from(good.substr(0, 53) + "00");
  BOOST_REQUIRE(unsampled);
  BOOST_TEST(unsampled->traceparent(random).ends_with("-00"));
}

BOOST_AUTO_TEST_CASE(a_later_version_is_read_as_far_as_we_know_it) {
  BOOST_TEST(core::trace::from("01" + good.substr(2)).has_value());
  BOOST_TEST(core::trace::from("01" + good.substr(2) + "-more").has_value());
  BOOST_TEST(!core::trace::from("01" + good.substr(2) + "more"));
}

BOOST_AUTO_TEST_CASE(what_is_invalid_counts_as_not_sent) {
  const std::string zeros(32, '0');
  const std::string upper = "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01";
  for (const std::string& bad :
       {std::string(), good.substr(0, 54), good + "-", good + "0", "ff" + good.substr(2), upper,
        "0g" + good.substr(2), "00-" + zeros + good.substr(35),
        good.substr(0, 36) + zeros.substr(0, 16) + "-01", good.substr(0, 53) + "0x",
        "00_" + good.substr(3), good.substr(0, 35) + "_" + good.substr(36),
        good.substr(0, 52) + "_01"})
    BOOST_TEST(!core::trace::from(bad), bad);
}

BOOST_AUTO_TEST_SUITE_END()
