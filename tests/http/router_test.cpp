// router: what no route is, what method no route takes, and where parameters come from.
#include "http/router.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using enum http::method;
using outcome = http::route_found::outcome;

constexpr std::array<http::route_entry, 6> table{{
    {{get, head, options}, "/api/expert/videocall/url", 1},
    {{get, put}, "/api/bookings/{roomId}", 2},
    {{delete_}, "/api/bookings/{roomId}", 3},
    {{post}, "/api/bookings/{roomId}/end", 4},
    {{get}, "/", 5},
    {{get}, "/{a}/{b}/{c}", 6},
}};

std::size_t number_of(std::string_view path, http::method verb = get) {
  const http::router routes(table);
  const auto found = routes.match(verb, path);
  return found.what == outcome::found ? found.number : 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(router)

BOOST_AUTO_TEST_CASE(odd_spellings_of_a_path_do_not_exist) {
  const http::router routes(table);
  for (const std::string path : {"",
                                 "*",
                                 "api",
                                 "//",
                                 "/api//expert/videocall/url",
                                 "/api/expert/videocall/url/",
                                 "/api/./expert/videocall/url",
                                 "/api/x/../expert/videocall/url",
                                 "/api/%2e%2E/expert/videocall/url",
                                 "/api%2Fexpert/videocall/url",
                                 "/api/bookings/a%2fb",
                                 "/api/bookings/a%5Cb",
                                 "/api/bookings/%00",
                                 "/api/bookings/a%0d%0a",
                                 "/api/bookings/%7f",
                                 "/api/bookings/%",
                                 "/api/bookings/%4",
                                 "/api/bookings/%zz",
                                 "/api/bookings/",
                                 "/api/bookings/..",
                                 "/API/expert/videocall/url",
                                 "/a/b/c/d/e/f/g/h/i",
                                 "/a/b/c/d"})
    BOOST_TEST((routes.match(get, path).what == outcome::not_found), path << " exists");
}

BOOST_AUTO_TEST_CASE(a_method_that_no_route_takes_is_told_which_are_taken) {
  const http::router routes(table);
  const auto found = routes.match(post, "/api/bookings/room-1");
  BOOST_TEST((found.what == outcome::method_not_allowed));
  BOOST_TEST(found.allowed.text() == "GET, PUT, DELETE");
  const auto other = routes.match(http::method::other, "/api/expert/videocall/url");
  BOOST_TEST((other.what == outcome::method_not_allowed));
  BOOST_TEST(other.allowed.text() == "GET, HEAD, OPTIONS");
}

BOOST_AUTO_TEST_CASE(a_pattern_that_nothing_can_match_is_a_bug) {
  for (const std::string_view pattern : {"", "a", "/a/", "//", "/{a}/{b}/{c}/{d}/{e}"}) {
    const std::array<http::route_entry, 1> bad{{{{get}, pattern, 1}}};
    BOOST_CHECK_THROW(http::router{bad}, std::logic_error);
  }
}

BOOST_AUTO_TEST_CASE(a_path_finds_its_route_however_it_is_encoded) {
  BOOST_TEST(number_of("/api/expert/videocall/url") == 1u);
  BOOST_TEST(number_of("/%61pi/exper%74/videocall/url") == 1u);
  BOOST_TEST(number_of("/api/bookings/x") == 2u);
  BOOST_TEST(number_of("/api/bookings/x", delete_) == 3u);
  BOOST_TEST(number_of("/api/bookings/x/end", post) == 4u);
  BOOST_TEST(number_of("/") == 5u);
  BOOST_TEST(number_of("/x/y/z") == 6u);
}

BOOST_AUTO_TEST_CASE(parameters_are_decoded_once) {
  const http::router routes(table);
  const std::string path = "/api/bookings/room%2542~@:";
  const auto found = routes.match(get, path);
  BOOST_TEST(found.parameters == 1u);
  BOOST_TEST(found.raw.at(0) == "room%2542~@:");
  BOOST_TEST(found.parameter(0).value() == "room%42~@:");
  const auto three = routes.match(get, "/x/y/z");
  BOOST_TEST(three.parameters == 3u);
  BOOST_TEST(three.raw.at(2) == "z");
}

BOOST_AUTO_TEST_SUITE_END()
