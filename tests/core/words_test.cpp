// The small words: identifiers, secrets, chance, log lines, metrics, error texts.
#include <boost/test/unit_test.hpp>
#include <set>
#include <thread>
#include <type_traits>

#include "core/error.hpp"
#include "core/ids.hpp"
#include "core/json.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"
#include "core/random.hpp"
#include "core/secret.hpp"
#include "support/fakes.hpp"

BOOST_AUTO_TEST_SUITE(words)

BOOST_AUTO_TEST_CASE(room_ids_have_an_alphabet_and_a_length) {
  BOOST_TEST(core::room_id::from("Room-42._~:@").has_value());
  BOOST_TEST(core::room_id::from(std::string(128, 'a')).has_value());
  BOOST_TEST(!core::room_id::from(std::string(129, 'a')).has_value());
  for (const char* bad : {"", "a b", "a/b", "a+b", "a%41", "\xc3\xa9", "a\n", "a,b", "a?"})
    BOOST_TEST_CONTEXT(bad) BOOST_TEST(!core::room_id::from(bad).has_value());
}

BOOST_AUTO_TEST_CASE(user_ids_are_clean_utf8) {
  BOOST_TEST(core::user_id::from("auth0|5f7c").has_value());
  BOOST_TEST(core::user_id::from("\xc3\xa9").has_value());
  for (const std::string& bad : {std::string(), std::string("a\0b", 3), std::string("a\nb"),
                                 std::string("\xff"), std::string(256, 'a')})
    BOOST_TEST(!core::user_id::from(bad).has_value());
}

BOOST_AUTO_TEST_CASE(a_secret_cannot_be_printed_or_logged) {
  static_assert(!std::is_convertible_v<core::secret, std::string>);
  static_assert(!std::is_constructible_v<core::log_value, core::secret>);
  core::secret a("hush"), b(std::move(a));
  BOOST_TEST(b.reveal() == "hush");
  BOOST_TEST(a.empty());
}

BOOST_AUTO_TEST_CASE(uuids_are_version_4) {
  core::system_random random;
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string id = core::new_uuid(random);
    BOOST_REQUIRE(id.size() == 36u);
    BOOST_TEST(id[14] == '4');
    BOOST_TEST((id[19] == '8' || id[19] == '9' || id[19] == 'a' || id[19] == 'b'));
    seen.insert(id);
  }
  BOOST_TEST(seen.size() == 100u);
}

BOOST_AUTO_TEST_CASE(a_log_line_cannot_be_forged) {
  const tests::fake_clock time;
  for (const auto format : {core::log_format::json, core::log_format::text}) {
    std::string line;
    const core::log_field fields[] = {
        {"name", "x\n2026 error forged=\"1\""}, {"n", 5}, {"ok", true}, {"bytes", "\xff"}};
    core::format_log_line(line, format, time.wall_now(), core::log_level::info, "request", fields);
    BOOST_TEST(line.find('\n') == std::string::npos);
    BOOST_TEST(line.find('\xff') == std::string::npos);
    BOOST_TEST(line.find("2026-11-22T10:00:00.000Z") != std::string::npos);
    if (format == core::log_format::json) {
      const auto read = core::read_json(line);
      BOOST_REQUIRE(read);
      BOOST_TEST(*read->find_string("event") == "request");
      BOOST_TEST(*read->find("n")->as_integer() == 5);
    }
  }
}

BOOST_AUTO_TEST_CASE(metrics_of_many_threads_add_up) {
  core::metrics_page page;
  core::counter& hits = page.count("hits_total", "Hits.", {{"code", "a\"b"}});
  core::histogram& times = page.times("request_duration_seconds", "Times.");
  std::vector<std::thread> threads;
  for (std::size_t lane = 0; lane < 4; ++lane)
    threads.emplace_back([&, lane] {
      core::use_metric_lane(lane);
      for (int i = 0; i < 1000; ++i) {
        hits.add();
        times.observe(0.002);
      }
    });
  for (auto& thread : threads) thread.join();
  const std::string text = page.render();
  BOOST_TEST(text.find("# TYPE hits_total counter\nhits_total{code=\"a\\\"b\"} 4000\n") !=
             std::string::npos);
  BOOST_TEST(text.find("request_duration_seconds_bucket{le=\"0.001\"} 0\n") != std::string::npos);
  BOOST_TEST(text.find("request_duration_seconds_bucket{le=\"0.0025\"} 4000\n") !=
             std::string::npos);
  BOOST_TEST(text.find("request_duration_seconds_count 4000\n") != std::string::npos);
  BOOST_CHECK_THROW(page.level("hits_total", "Hits."), std::logic_error);
}

BOOST_AUTO_TEST_SUITE_END()
