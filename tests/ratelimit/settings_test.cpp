// [limits] as it is written in the configuration, and what is said about mistakes in it.
#include <boost/test/unit_test.hpp>

#include "ratelimit/limiter.hpp"

using namespace std::chrono_literals;
using ratelimit::limit;

namespace {

struct settings_scene {
  core::mistakes found;
  core::options options{"limits", "stagedoor.toml:1", found};

  core::options& table(std::string_view key) { return options.section(key); }
  ratelimit::settings read() {
    auto settings = ratelimit::read_settings(options);
    options.note_unknown();
    return settings;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(limits_section, settings_scene)

BOOST_AUTO_TEST_CASE(notes_every_mistake_and_keeps_the_defaults) {
  table("ip").set("rate", std::int64_t{0});
  table("ip").set("per", std::string("minuet"));
  table("ip").set("burst", std::int64_t{1'000'001});
  options.set("user", std::string("of"));
  options.set("service", std::int64_t{3});
  options.set("memory", std::string("64MB"));
  options.set("ips", std::string("off"));
  const auto settings = read();
  BOOST_TEST((settings.ip == limit{20, 1s, 40}));
  BOOST_TEST((settings.user == limit{5, 1s, 20}));
  BOOST_TEST((settings.service == limit{200, 1s, 400}));
  BOOST_TEST(settings.memory_bytes == 64u * 1024 * 1024);
  std::vector<std::string> keys;
  for (const auto& one : found) keys.push_back(one.key);
  for (const char* key : {"limits.ip.rate", "limits.ip.per", "limits.ip.burst", "limits.user",
                          "limits.service", "limits.memory", "limits.ips"})
    BOOST_TEST((std::ranges::find(keys, key) != keys.end()), key);
}

BOOST_AUTO_TEST_CASE(refuses_memory_outside_its_range) {
  for (const char* text : {"0", "", "1023KiB", "65GiB", "99999999999999999999GiB",
                           "18014398509481985KiB", "64 MiB", "-1MiB", "1MiBs"}) {
    found.clear();
    options.set("memory", std::string(text));
    BOOST_TEST(read().memory_bytes == 64u * 1024 * 1024);
    BOOST_TEST(found.size() == 1u, text);
  }
}

BOOST_AUTO_TEST_CASE(an_empty_section_has_the_defaults) {
  const auto settings = read();
  BOOST_TEST((settings.ip == limit{20, 1s, 40}));
  BOOST_TEST(found.empty());
}

BOOST_AUTO_TEST_CASE(reads_rates_per_second_minute_and_hour) {
  table("ip").set("rate", std::int64_t{100});
  table("ip").set("per", std::string("minute"));
  table("ip").set("burst", std::int64_t{7});
  table("user").set("per", std::string("hour"));
  options.set("service", std::string("off"));
  options.set("memory", std::string("2GiB"));
  const auto settings = read();
  BOOST_TEST(found.empty());
  BOOST_TEST((settings.ip == limit{100, 60s, 7}));
  BOOST_TEST((settings.user == limit{5, 3600s, 20}));
  BOOST_TEST(settings.service.off());
  BOOST_TEST(settings.memory_bytes == std::size_t{2} << 30);
}

BOOST_AUTO_TEST_SUITE_END()
