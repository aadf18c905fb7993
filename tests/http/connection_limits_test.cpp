// connection_limits: read from the configuration, each within its range.
#include <boost/test/unit_test.hpp>

#include "http/connection.hpp"

BOOST_AUTO_TEST_SUITE(connection_limits)

using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(what_makes_no_sense_is_a_mistake_and_keeps_the_default) {
  core::mistakes found;
  core::options from("http", "test.toml:1", found);
  from.set("idle", std::string("0s"));
  from.set("head", std::string("soon"));
  from.set("head_bytes_max", std::int64_t{1'000'000});
  from.set("requests_max", std::int64_t{0});
  const auto limits = http::read_connection_limits(from);
  BOOST_TEST(found.size() == 4u);
  BOOST_TEST((limits.idle == 75s));
  BOOST_TEST((limits.head == 10s));
  BOOST_TEST(limits.message.head_bytes_max == 16u * 1024);
}

BOOST_AUTO_TEST_CASE(every_key_is_read) {
  core::mistakes found;
  core::options from("http", "test.toml:1", found);
  for (const std::string key :
       {"idle", "head", "body", "request", "write", "lifetime", "drain", "heartbeat", "events"})
    from.set(key, std::string("11s"));
  from.set("requests_max", std::int64_t{11});
  from.set("drain_bytes_max", std::int64_t{11});
  from.set("head_bytes_max", std::int64_t{2048});
  from.set("target_bytes_max", std::int64_t{512});
  from.set("fields_max", std::int64_t{11});
  const auto limits = http::read_connection_limits(from);
  from.note_unknown();
  BOOST_TEST(found.empty());
  for (const auto one : {limits.idle, limits.head, limits.body, limits.request, limits.write,
                         limits.lifetime, limits.drain, limits.heartbeat, limits.events})
    BOOST_TEST((one == 11s));
  BOOST_TEST(limits.requests_max == 11u);
  BOOST_TEST(limits.drain_bytes_max == 11u);
  BOOST_TEST(limits.message.head_bytes_max == 2048u);
  BOOST_TEST(limits.message.target_bytes_max == 512u);
  BOOST_TEST(limits.message.fields_max == 11u);
}

BOOST_AUTO_TEST_SUITE_END()
