// Revoking sessions: what is written, who hears of it, and what leaves the store with it.
#include <boost/test/unit_test.hpp>

#include "support/face_scene.hpp"

BOOST_AUTO_TEST_SUITE(session_api)

using namespace std::chrono_literals;
using tests::face_scene;
using tests::told;

namespace {

constexpr auto post = http::method::post;
constexpr const char* path = "/api/sessions/revoke";

}  // namespace

BOOST_AUTO_TEST_CASE(a_revoked_session_is_out_when_the_answer_comes) {
  face_scene at;
  const std::string token = at.token("u1");
  BOOST_TEST(at.get("/api/expert/bookings", token).status == 200);
  BOOST_TEST(at.service(post, path, R"({"userId":"u1"})").status == 200);
  BOOST_TEST(at.get("/api/expert/bookings", token).status == 401);
}

BOOST_AUTO_TEST_CASE(those_that_cover_nothing_any_more_leave_the_store_when_another_comes) {
  face_scene at;
  const auto revoke_at = [&](std::string user, core::wall_time when) {
    auto kept = at.store.revoke({std::move(user), "", when}, when, {}, tests::far_deadline());
    BOOST_TEST_REQUIRE(at.run(std::move(kept)).has_value());
  };
  const core::wall_time limit = at.clock.wall_now() - at.session_rules->revocations_kept - 24h;
  revoke_at("forgotten", limit - 1s);
  revoke_at("kept", limit + 1s);
  BOOST_TEST(at.service(post, path, R"({"tokenId":"t9"})").status == 200);
  BOOST_TEST(at.store.revoked.size() == 2u);
  BOOST_TEST(at.store.revoked.contains({"kept", ""}));
  BOOST_TEST(at.store.revoked.contains({"", "t9"}));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_is_not_said_to_be_revoked) {
  face_scene at;
  const std::string token = at.token("u1");
  at.store.broken = true;
  BOOST_TEST(at.service(post, path, R"({"userId":"u1"})").status == 503);
  at.store.broken = false;
  BOOST_TEST(at.get("/api/expert/bookings", token).status == 200);
}

BOOST_AUTO_TEST_SUITE_END()
