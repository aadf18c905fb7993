// Every way to fail has a row, and no row says more than it may.
#include "api/problem.hpp"

#include <boost/test/unit_test.hpp>
#include <set>
#include <string>

#include "api/error.hpp"
#include "api/openapi.hpp"
#include "auth/error.hpp"
#include "core/error.hpp"
#include "core/json.hpp"
#include "http/error.hpp"
#include "join/error.hpp"
#include "jose/error.hpp"
#include "net/error.hpp"
#include "providers/error.hpp"
#include "rooms/error.hpp"

BOOST_AUTO_TEST_SUITE(problem)

namespace {

// Enumerators are numbered from 1 without gaps; the category's own text tells where they end.
template <class Errc>
void walk(std::set<std::string>& codes) {
  int known = 0;
  for (int value = 1; value < 100; ++value) {
    const std::error_code code = make_error_code(static_cast<Errc>(value));
    if (code.message() == std::string("unknown ") + code.category().name() + " error") break;
    ++known;
    BOOST_TEST(api::has_problem(code), code.category().name() << ": " << code.message());
    const api::problem& row = api::problem_of(code);
    BOOST_TEST(row.status >= 400);
    BOOST_TEST(row.detail.ends_with('.'));
    codes.insert(std::string(row.code));
  }
  BOOST_TEST(known >= 3);
}

std::set<std::string> all_codes() {
  std::set<std::string> out;
  walk<core::errc>(out);
  walk<net::errc>(out);
  walk<http::errc>(out);
  walk<jose::errc>(out);
  walk<auth::errc>(out);
  walk<rooms::errc>(out);
  walk<providers::errc>(out);
  walk<join::errc>(out);
  walk<api::errc>(out);
  return out;
}

std::set<std::string> described_codes() {
  const auto document = core::read_json(api::openapi_document);
  BOOST_REQUIRE(document);
  const auto& names = *document->find("components")
                           ->find("schemas")
                           ->find("Problem")
                           ->find("properties")
                           ->find("code")
                           ->find("enum")
                           ->as_array();
  std::set<std::string> out;
  for (const core::json_value& one : names) out.insert(*one.as_string());
  return out;
}

const api::problem_scene scene{"https://docs.example/api#", "req-1"};

}  // namespace

BOOST_AUTO_TEST_CASE(every_enumerator_of_every_room_has_a_row_and_every_code_is_described) {
  BOOST_TEST(all_codes() == described_codes(), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_error_nobody_knows_is_an_internal_one) {
  BOOST_TEST(!api::has_problem(std::make_error_code(std::errc::io_error)));
  BOOST_TEST(api::problem_of(std::make_error_code(std::errc::io_error)).status == 500);
}

BOOST_AUTO_TEST_CASE(the_statuses_are_the_contracts) {
  const auto status = [](auto code) { return api::problem_of(make_error_code(code)).status; };
  BOOST_TEST(status(api::errc::invalid_request) == 400);
  BOOST_TEST(status(auth::errc::unauthenticated) == 401);
  BOOST_TEST(status(auth::errc::session_expired) == 401);
  BOOST_TEST(status(rooms::errc::wrong_role) == 403);
  BOOST_TEST(status(rooms::errc::not_assigned) == 403);
  BOOST_TEST(status(rooms::errc::too_early) == 403);
  BOOST_TEST(status(rooms::errc::room_not_found) == 404);
  BOOST_TEST(status(rooms::errc::room_ended) == 410);
  BOOST_TEST(status(rooms::errc::room_cancelled) == 410);
  BOOST_TEST(status(rooms::errc::invalid_booking) == 422);
  BOOST_TEST(status(join::errc::rate_limited) == 429);
  BOOST_TEST(status(providers::errc::rejected) == 502);
  BOOST_TEST(status(providers::errc::unavailable) == 503);
  BOOST_TEST(status(providers::errc::timed_out) == 504);
  BOOST_TEST(status(core::errc::timed_out) == 504);
}

BOOST_AUTO_TEST_CASE(operators_detail_is_never_shown) {
  std::string out;
  api::append_problem_json(
      out, core::failure(make_error_code(providers::errc::rejected), "token eyJhbGciOi"), scene);
  BOOST_TEST(out.find("eyJ") == std::string::npos);
  BOOST_TEST(
      out ==
      R"({"type":"https://docs.example/api#provider_rejected","title":"Provider refused","status":502,)"
      R"("detail":"The video provider refused. Trying again will not help soon; tell the operator the )"
      R"(request id.","code":"provider_rejected","requestId":"req-1"})");
}

BOOST_AUTO_TEST_CASE(facts_are_members_and_a_booking_mistake_is_an_error_with_a_pointer) {
  std::string early;
  api::append_problem_json(
      early, core::failure(make_error_code(rooms::errc::too_early)).with("opensAt", "later"),
      scene);
  BOOST_TEST(early.ends_with(R"("requestId":"req-1","opensAt":"later"})"));
  std::string unknown;
  api::append_problem_json(unknown,
                           core::failure(make_error_code(auth::errc::unauthenticated))
                               .with(std::string(auth::audit_user), "u1"),
                           scene);
  BOOST_TEST(unknown.ends_with(R"("requestId":"req-1"})"));
  std::string booking;
  api::append_problem_json(
      booking,
      core::failure(make_error_code(rooms::errc::invalid_booking)).with("/provider", "unknown"),
      scene);
  BOOST_TEST(booking.ends_with(R"("errors":[{"pointer":"/provider","detail":"unknown"}]})"));
}

BOOST_AUTO_TEST_CASE(a_401_has_a_challenge_and_a_503_says_when_to_come_back) {
  http::reply out;
  api::write_problem(out, core::failure(make_error_code(auth::errc::unauthenticated)), scene);
  BOOST_TEST(out.fields.find("WWW-Authenticate: Bearer realm=\"stagedoor\"\r\n") !=
             std::string::npos);
  out.clear();
  api::problem_scene given = scene;
  given.token_given = true;
  api::write_problem(out, core::failure(make_error_code(auth::errc::unauthenticated)), given);
  BOOST_TEST(out.fields.find("error=\"invalid_token\"") != std::string::npos);
  // A session in a cookie is nothing that the scheme Bearer knows of.
  for (const bool in_authorization : {true, false}) {
    out.clear();
    api::write_problem(out, core::failure(make_error_code(auth::errc::session_expired)),
                       in_authorization ? given : scene);
    BOOST_TEST((out.fields.find("error_description=") != std::string::npos) == in_authorization);
    BOOST_TEST((out.fields.find("invalid_token") != std::string::npos) == in_authorization);
  }
  out.clear();
  api::write_problem(out, core::failure(make_error_code(providers::errc::unavailable)), scene);
  BOOST_TEST(out.fields.find("Retry-After: 2\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
