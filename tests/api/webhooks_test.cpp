// Webhooks: whose they are is asked first; then the booking learns of its call, once and in the
// vendor's order.
#include <boost/test/unit_test.hpp>

#include "api/webhooks.hpp"
#include "core/digest.hpp"
#include "support/face_scene.hpp"

BOOST_AUTO_TEST_SUITE(webhooks)

using namespace std::chrono_literals;
using tests::face_scene;
using tests::told;

namespace {

struct hearing : face_scene {
  explicit hearing(ratelimit::settings limits = generous()) : face_scene({}, limits) {
    store.add(tests::booking_of("talk"));
    vendor->hear =
        [this](const providers::webhook& from) -> core::result<providers::webhook_reading> {
      if (from.head.find("x-secret") != "good")
        return core::fail(providers::errc::forged_webhook, "inner secret detail");
      if (from.body == "challenge") return providers::webhook_reading{{}, "{\"ok\":1}"};
      if (from.body.empty()) return providers::webhook_reading{};
      providers::room_event event;
      event.what =
          from.body.starts_with("live") ? providers::call_news::live : providers::call_news::ended;
      event.id = from.body;
      event.about.digest = core::room_digest(core::room_id::from("talk").value(), 1);
      event.at = at_;
      return providers::reading_of(std::move(event));
    };
  }
  told send(std::string body, std::string secret = "good", std::string name = "100ms",
            std::string type = "application/webhook+json") {
    return ask({http::method::post,
                "/webhooks/" + name,
                {{"X-Secret", secret}, {"Content-Type", type}},
                std::move(body)});
  }
  core::wall_time at_ = clock.wall_now();
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_report_is_kept_with_its_booking_and_shown_by_the_booking_api) {
  hearing at;
  BOOST_TEST(at.service(http::method::get, "/api/bookings/talk").body.find("\"call\"") ==
             std::string::npos);
  const told first = at.send("live 1");
  BOOST_TEST(first.status == 200);
  BOOST_TEST(first.body == "{}");
  BOOST_TEST(first.field("Cache-Control") == "no-store");
  BOOST_TEST(at.shards.announced == std::vector<std::string>{"talk"},
             boost::test_tools::per_element());
  const auto shown = at.service(http::method::get, "/api/bookings/talk").json();
  BOOST_TEST(*shown.find("call")->find_string("state") == "live");
  BOOST_TEST(*shown.find("call")->find_string("startedAt") == "2026-11-22T10:00:00Z");
  at.at_ += 10min;
  BOOST_TEST(at.send("ended 2").status == 200);
  BOOST_TEST(at.service(http::method::get, "/api/bookings/talk")
                 .body.find(R"("call":{"state":"ended","startedAt":"2026-11-22T10:00:00Z",)"
                            R"("endedAt":"2026-11-22T10:05:00Z"})") != std::string::npos);
  // Whoever was in may come back: the booking is as it was.
  BOOST_TEST((at.store.peek("talk")->state == rooms::booking_state::scheduled));
}

BOOST_AUTO_TEST_CASE(what_comes_twice_is_kept_once) {
  hearing at;
  at.send("live 1");
  const std::size_t writes = at.store.writes;
  BOOST_TEST(at.send("live 1").status == 200);
  BOOST_TEST(at.store.writes == writes);
  BOOST_TEST(at.shards.announced.size() == 1u);
  BOOST_TEST(at.metrics.render().find(R"(webhooks_total{provider="100ms",outcome="repeated"} 1)") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_could_not_be_kept_is_asked_for_again_and_kept_then) {
  hearing at;
  at.store.broken = true;
  const told refused = at.send("live 1");
  BOOST_TEST(refused.status == 503);
  BOOST_TEST(refused.field("Retry-After") != "-");
  at.store.broken = false;
  BOOST_TEST(at.send("live 1").status == 200);
  BOOST_TEST((at.store.peek("talk")->call.state == rooms::call_state::live));
}

BOOST_AUTO_TEST_CASE(who_cannot_prove_it_changes_nothing_and_learns_nothing) {
  hearing at;
  const told forged = at.send("live 1", "bad");
  BOOST_TEST(forged.status == 401);
  BOOST_TEST(forged.text("code") == "unauthenticated");
  BOOST_TEST(forged.body.find("inner secret") == std::string::npos);
  BOOST_TEST(at.send("live 1", "good", "own").status == 404);     // has no webhooks
  BOOST_TEST(at.send("live 1", "good", "nobody").status == 404);  // is not configured
  BOOST_TEST(at.send("live 1", "good", "No%20name").status == 404);
  BOOST_TEST(at.store.writes == 0u);
  BOOST_TEST(at.get("/webhooks/100ms").status == 405);
}

BOOST_AUTO_TEST_CASE(the_body_is_bounded_and_not_packed) {
  hearing at;
  BOOST_TEST(at.send(std::string(api::webhook_body_max + 1, 'x')).status == 413);
  BOOST_TEST(at.ask({http::method::post,
                     "/webhooks/100ms",
                     {{"X-Secret", "good"}, {"Content-Encoding", "gzip"}},
                     "live 1"})
                 .status == 415);
  BOOST_TEST(at.ask({http::method::post, "/webhooks/100ms", {{"X-Secret", "good"}}, ""}).status ==
             200);
}

BOOST_AUTO_TEST_CASE(a_challenge_is_answered_as_the_adapter_says) {
  hearing at;
  const told answer = at.send("challenge");
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.body == "{\"ok\":1}");
}

BOOST_AUTO_TEST_CASE(only_what_is_signed_takes_from_the_providers_bucket) {
  auto limits = face_scene::generous();
  limits.service.burst = 2;
  hearing at(limits);
  for (int i = 0; i < 5; ++i) BOOST_TEST(at.send("live", "bad").status == 401);
  BOOST_TEST(at.send("live 1").status == 200);
  BOOST_TEST(at.send("live 2").status == 200);
  const told many = at.send("live 3");
  BOOST_TEST(many.status == 429);
  BOOST_TEST(many.text("policy") == "service");
}

BOOST_AUTO_TEST_CASE(the_memory_of_what_was_seen_is_bounded) {
  api::seen_reports seen(3);
  for (const char* id : {"1", "2", "3", "4"}) seen.add("a", id);
  BOOST_TEST(!seen.has("a", "1"));
  BOOST_TEST(seen.has("a", "4"));
  BOOST_TEST(!seen.has("b", "4"));
  seen.add("a", "");
  BOOST_TEST(!seen.has("a", ""));
}

BOOST_AUTO_TEST_CASE(a_report_of_several_events_is_kept_whole_or_asked_for_again) {
  hearing at;
  at.vendor->hear = [&](const providers::webhook&) -> core::result<providers::webhook_reading> {
    providers::webhook_reading out;
    for (const auto what : {providers::call_news::live, providers::call_news::ended}) {
      providers::room_event event;
      event.what = what;
      event.id = what == providers::call_news::live ? "1" : "2";
      event.about.digest = core::room_digest(core::room_id::from("talk").value(), 1);
      event.at = at.at_ + (what == providers::call_news::live ? 0s : 60s);
      out.events.push_back(std::move(event));
    }
    return out;
  };
  at.store.broken = true;
  BOOST_TEST(at.send("both").status == 503);
  at.store.broken = false;
  BOOST_TEST(at.send("both").status == 200);
  BOOST_TEST((at.store.peek("talk")->call.state == rooms::call_state::ended));
  BOOST_TEST(at.store.peek("talk")->call.started_at.has_value());
  const std::size_t writes = at.store.writes;
  BOOST_TEST(at.send("both").status == 200);
  BOOST_TEST(at.store.writes == writes);
}

BOOST_AUTO_TEST_CASE(only_vendors_that_call_back_by_get_are_heard_that_way) {
  hearing at;
  const told refused = at.get("/webhooks/100ms?live=1");
  BOOST_TEST(refused.status == 405);
  BOOST_TEST(refused.field("Allow") == "POST, OPTIONS");
  at.vendor->reports_by_get = true;
  const told heard = at.ask({http::method::get, "/webhooks/100ms?x=1", {{"X-Secret", "good"}}, ""});
  BOOST_TEST(heard.status == 200);
  BOOST_TEST(at.get("/webhooks/nobody").status == 404);
}

BOOST_AUTO_TEST_SUITE_END()
