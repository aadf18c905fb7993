// Retry-After, as servers write it and as they should not.
#include "http/retry_after.hpp"

#include <boost/test/unit_test.hpp>

#include "core/time_text.hpp"

BOOST_AUTO_TEST_SUITE(retry_after)

using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(it_is_seconds_or_a_date_and_bounded) {
  const auto now = *core::from_rfc3339("2026-11-22T10:00:00Z");
  const auto wait = [&](std::string_view text) {
    return http::read_retry_after(text, now, 120s).value_or(0s);
  };
  BOOST_TEST((wait("7") == 7s));
  BOOST_TEST((wait(" 7\t") == 7s));
  BOOST_TEST((wait("0") == 1s));
  BOOST_TEST((wait("121") == 120s));
  BOOST_TEST((wait("99999999999999999999999") == 120s));
  BOOST_TEST((wait("Sun, 22 Nov 2026 10:00:30 GMT") == 30s));
  BOOST_TEST((wait("2026-11-22T10:00:29.5Z") == 30s));
  BOOST_TEST((wait("Sun, 22 Nov 2026 09:00:00 GMT") == 1s));
  BOOST_TEST((wait("Mon, 22 Nov 2027 10:00:00 GMT") == 120s));
  for (const char* bad : {"", "-1", "1.5", "soon", "7s", "0x10"}) BOOST_TEST((wait(bad) == 0s));
}

BOOST_AUTO_TEST_SUITE_END()
