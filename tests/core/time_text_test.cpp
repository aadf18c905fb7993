// Times as text, both ways.
#include "core/time_text.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(time_text)

using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(rfc3339_goes_both_ways) {
  const auto at = core::from_rfc3339("2026-11-22T10:15:00Z");
  BOOST_REQUIRE(at);
  BOOST_TEST(core::unix_seconds(*at) == 1795342500);
  BOOST_TEST(core::to_rfc3339(*at) == "2026-11-22T10:15:00Z");
  std::string precise;
  for (const auto later : {7ms, 999ms, 1000ms, 0ms}) {
    core::append_rfc3339_milliseconds(precise, *at + later);
    precise += ' ';
  }
  BOOST_TEST(precise ==
             "2026-11-22T10:15:00.007Z 2026-11-22T10:15:00.999Z 2026-11-22T10:15:01.000Z "
             "2026-11-22T10:15:00.000Z ");
  BOOST_TEST(core::to_rfc3339(*core::from_rfc3339("2026-11-22T11:15:00.999+01:00")) ==
             "2026-11-22T10:15:00Z");
  BOOST_TEST(core::to_rfc3339(*core::from_rfc3339("2024-02-29T23:59:60-00:30")) ==
             "2024-03-01T00:29:59Z");
  BOOST_TEST(core::to_rfc3339(core::from_unix_seconds(0)) == "1970-01-01T00:00:00Z");
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_date) {
  for (const char* bad : {"", "2026-11-22", "2026-11-22T10:15:00", "2026-02-29T10:00:00Z",
                          "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-11-22T24:00:00Z",
                          "2026-11-22T10:60:00Z", "2026-11-22T10:00:61Z", "2026-11-22T10:00:00.Z",
                          "2026-11-22T10:00:00+1:00", "2026-11-22T10:00:00+24:00",
                          "2026-11-22T10:00:00Zx", " 2026-11-22T10:00:00Z", "26-11-22T10:00:00Z",
                          "2026-11-22T10:00:00z ", "9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z"})
    BOOST_TEST_CONTEXT(bad) BOOST_TEST(!core::from_rfc3339(bad).has_value());
}

BOOST_AUTO_TEST_CASE(http_dates_go_both_ways) {
  const auto at = *core::from_rfc3339("1994-11-06T08:49:37Z");
  BOOST_TEST(core::to_http_date(at) == "Sun, 06 Nov 1994 08:49:37 GMT");
  BOOST_TEST((core::from_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == at));
  for (const char* bad : {"", "Sun, 06 Nov 1994 08:49:37", "Sunday, 06-Nov-94 08:49:37 GMT",
                          "Sun, 06 Foo 1994 08:49:37 GMT"})
    BOOST_TEST(!core::from_http_date(bad).has_value());
}

BOOST_AUTO_TEST_CASE(durations_have_a_unit) {
  BOOST_TEST(core::duration_from("250ms")->count() == 250);
  BOOST_TEST(core::duration_from("30s")->count() == 30'000);
  BOOST_TEST(core::duration_from("15m")->count() == 900'000);
  BOOST_TEST(core::duration_from("2d")->count() == 172'800'000);
  for (const char* bad :
       {"", "5", "s", "-1s", "1.5h", "1 h", "1w", "99999999999999999999s", "999999999d"})
    BOOST_TEST_CONTEXT(bad) BOOST_TEST(!core::duration_from(bad).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
