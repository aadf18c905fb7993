// Keys by URL: fetched once however many ask, refreshed before they expire, kept while the login is
// away, and never asked for because a token says so more often than agreed.
#include "auth/jwks_cache.hpp"

#include <boost/test/unit_test.hpp>

#include "auth/key_fetch.hpp"
#include "auth/key_scene.hpp"
#include "core/error.hpp"
#include "net/error.hpp"

BOOST_AUTO_TEST_SUITE(jwks_cache)

using namespace std::chrono_literals;
using auth::errc;
using jose::algorithm;
using tests::issuer;
using tests::keys_url;
using tests::set_of;

namespace {

jose::key es256(std::string kid) { return tests::verifying_key(algorithm::es256, std::move(kid)); }
jose::key rs256(std::string kid) { return tests::verifying_key(algorithm::rs256, std::move(kid)); }

struct scene : tests::key_scene {
  explicit scene(std::vector<auth::issuer_settings> issuers = {issuer("one")}) {
    cache.follow(issuers);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_login_that_is_away_stops_nobody_from_starting) {
  scene at;
  at.client.refuse(net::errc::connect_failed);
  BOOST_TEST(at.fetch_due());
  BOOST_TEST(at.cache.without_keys().size() == 1u);
  BOOST_TEST((at.refusal("one", "k1") == errc::login_unavailable));
  // Nobody waits for a login that has just failed: it is asked again by and by.
  BOOST_TEST(at.client.count() == 1u);
  at.clock.advance(2s);
  at.client.reply(200, set_of({es256("k1")}));
  BOOST_TEST(at.fetch_due());
  BOOST_TEST(at.cache.without_keys().empty());
  BOOST_TEST(at.find("one", "k1").value()->keys.keys().size() == 1u);
}

BOOST_AUTO_TEST_CASE(attempts_that_fail_become_rare) {
  scene at;
  at.client.on(http::method::get, keys_url, 503, "{}");
  for (int second = 0; second < 3600; ++second) {
    at.fetch_due();
    at.clock.advance(1s);
  }
  BOOST_TEST(at.client.count() < 150u);
  BOOST_TEST(at.client.count() > 50u);
}

BOOST_AUTO_TEST_CASE(a_hundred_callers_share_one_fetch) {
  scene at;
  core::notice gate(at.context.get_executor());
  at.client.hold(gate);
  at.client.reply(200, set_of({es256("k1")}));
  int known = 0;
  core::task_group group(at.context.get_executor());
  for (int i = 0; i < 100; ++i)
    group.spawn([](scene* in, int* count) -> core::task<void> {
      auto got = co_await in->cache.find("one", "k1", tests::far_deadline());
      *count += got.has_value();
    }(&at, &known));
  at.settle();
  gate.give();
  group.close(false);
  BOOST_TEST(tests::run(at.context, group.ended(tests::far_deadline())));
  BOOST_TEST(known == 100);
  BOOST_TEST(at.client.count() == 1u);
}

BOOST_AUTO_TEST_CASE(keys_are_fetched_again_before_they_expire) {
  scene at;
  at.client.reply(200, set_of({es256("k1")}), {{"Cache-Control", "public, max-age=1000"}});
  at.fetch_due();
  const auto edition = at.published.back()->edition;
  at.clock.advance(799s);
  BOOST_TEST(!at.fetch_due());
  at.clock.advance(2s);
  at.client.reply(200, set_of({es256("k1"), rs256("k2")}));
  BOOST_TEST(at.fetch_due());
  BOOST_TEST(at.published.back()->keys.keys().size() == 2u);
  BOOST_TEST(at.published.back()->edition > edition);
  // The same keys again are no news, and what was verified with them stays verified.
  const auto told = at.published.size();
  at.clock.advance(600s);
  at.client.reply(200, set_of({es256("k1"), rs256("k2")}));
  BOOST_TEST(at.fetch_due());
  BOOST_TEST(at.published.size() == told);
}

BOOST_AUTO_TEST_CASE(cache_control_counts_within_bounds) {
  const auto seconds_of = [](std::vector<http::field> fields) {
    return auth::freshness_of(tests::json_response(200, "{}", std::move(fields))).count();
  };
  BOOST_TEST(seconds_of({}) == 600);
  BOOST_TEST(seconds_of({{"Cache-Control", "max-age=3600"}}) == 3600);
  BOOST_TEST(seconds_of({{"cache-control", "public, Max-Age=\"3600\", must-revalidate"}}) == 3600);
  BOOST_TEST(seconds_of({{"Cache-Control", "max-age=3600"}, {"Age", "600"}}) == 3000);
  BOOST_TEST(seconds_of({{"Cache-Control", "max-age=0"}}) == 300);
  BOOST_TEST(seconds_of({{"Cache-Control", "no-store"}}) == 600);
  BOOST_TEST(seconds_of({{"Cache-Control", "max-age=99999999999"}}) == 86400);
  BOOST_TEST(seconds_of({{"Cache-Control", "max-age=99999999999999999999999"}}) == 600);
  BOOST_TEST(seconds_of({{"Cache-Control", "max-age=-5"}}) == 600);
  BOOST_TEST(seconds_of({{"Cache-Control", "s-maxage=9,x-max-age=1"}}) == 600);
}

BOOST_AUTO_TEST_CASE(unknown_kids_fetch_once_in_thirty_seconds_and_the_same_one_even_less) {
  scene at;
  at.client.on(http::method::get, keys_url, 200, set_of({es256("k1")}));
  at.fetch_due();
  BOOST_TEST(at.client.count() == 1u);
  for (int i = 0; i < 500; ++i) {
    BOOST_TEST(at.find("one", "guess-" + std::to_string(i)).has_value());
    at.clock.advance(50ms);
  }
  BOOST_TEST(at.client.count() == 2u);
  at.clock.advance(30s);
  BOOST_TEST(at.find("one", "guess-0").has_value());
  BOOST_TEST(at.client.count() == 2u);  // that one was looked for already
  BOOST_TEST(at.find("one", "another").has_value());
  BOOST_TEST(at.client.count() == 3u);
  at.clock.advance(301s);
  BOOST_TEST(at.find("one", "guess-0").has_value());
  BOOST_TEST(at.client.count() == 4u);
  BOOST_TEST(at.published.back()->absent.size() <= auth::jwks_cache::absent_max);
}

BOOST_AUTO_TEST_CASE(what_is_remembered_of_unknown_kids_is_bounded) {
  scene at;
  at.client.on(http::method::get, keys_url, 200, set_of({es256("k1")}));
  at.fetch_due();
  for (int i = 0; i < 200; ++i) {
    at.find("one", std::to_string(i));
    at.clock.advance(31s);
  }
  BOOST_TEST(at.published.back()->absent.size() <= auth::jwks_cache::absent_max);
}

BOOST_AUTO_TEST_CASE(a_new_key_is_found_by_the_first_token_that_names_it) {
  scene at;
  at.client.reply(200, set_of({es256("k1")})).reply(200, set_of({es256("k1"), rs256("k2")}));
  at.fetch_due();
  at.clock.advance(5s);
  const auto got = at.find("one", "k2");
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST((*got)->keys.keys().size() == 2u);
}

BOOST_AUTO_TEST_CASE(stale_keys_serve_while_the_login_is_away_but_not_for_ever) {
  auto with = issuer("one");
  with.stale_for = 1h;
  scene at({with});
  at.client.reply(200, set_of({es256("k1")}));
  at.fetch_due();
  BOOST_TEST(at.metric("login_keys_state{issuer=\"one\"}") == "1");
  at.client.on(http::method::get, keys_url, 500, "");
  for (int i = 0; i < 69; ++i) {
    at.clock.advance(1min);
    at.fetch_due();
    BOOST_TEST(at.find("one", "k1").has_value());
  }
  BOOST_TEST(at.metric("login_keys_state{issuer=\"one\"}") == "2");
  at.clock.advance(2min);
  at.fetch_due();
  BOOST_TEST(at.published.back()->keys.empty());
  BOOST_TEST(at.cache.without_keys().size() == 1u);
  BOOST_TEST((at.refusal("one", "k1") == errc::login_unavailable));
  BOOST_TEST(at.metric("login_keys_state{issuer=\"one\"}") == "0");
  BOOST_TEST(at.metric("login_key_fetches_total{issuer=\"one\",outcome=\"fetched\"}") == "1");
}

BOOST_AUTO_TEST_CASE(answers_that_are_no_key_set_are_failures) {
  const std::string oct = R"({"keys":[{"kty":"oct","k":")" + tests::encoded(std::string(32, 'k')) +
                          R"(","alg":"HS256","kid":"k1"}]})";
  for (const auto& [status, body] :
       std::initializer_list<std::pair<int, std::string>>{{200, ""},
                                                          {200, "{}"},
                                                          {200, R"({"keys":[]})"},
                                                          {200, "<html>"},
                                                          {200, oct},
                                                          {204, ""},
                                                          {301, set_of({es256("k1")})},
                                                          {302, ""},
                                                          {307, ""},
                                                          {404, "{}"},
                                                          {500, ""}}) {
    scene at;
    at.client.reply(status, body, {{"Location", "https://elsewhere.example.com/keys"}});
    at.fetch_due();
    BOOST_TEST(at.cache.without_keys().size() == 1u, status << ' ' << body);
    BOOST_TEST(at.client.count() == 1u, "a redirect is not followed");
  }
}

BOOST_AUTO_TEST_CASE(a_shared_secret_in_a_published_set_is_left_out) {
  scene at;
  std::string both = set_of({es256("k1")});
  both.insert(both.size() - 2, R"(,{"kty":"oct","k":")" + tests::encoded(std::string(32, 'k')) +
                                   R"(","alg":"HS256","kid":"k2"})");
  at.client.reply(200, both);
  at.fetch_due();
  const auto got = at.find("one", "k1");
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST((*got)->keys.keys().size() == 1u);
}

BOOST_AUTO_TEST_CASE(discovery_finds_the_keys_of_the_issuer_that_was_meant) {
  scene at({issuer("one", "")});
  at.client.on(http::method::get, "https://one.example.com/.well-known/openid-configuration", 200,
               R"({"issuer":"https://one.example.com","jwks_uri":"https://keys.example.com/1"})");
  at.client.on(http::method::get, "https://keys.example.com/1", 200, set_of({es256("k1")}));
  at.fetch_due();
  BOOST_TEST(at.find("one", "k1").has_value());
  BOOST_TEST(at.client.count() == 2u);
  // Where it was found is remembered until that fails.
  at.clock.advance(500s);
  at.fetch_due();
  BOOST_TEST(at.client.count() == 3u);
}

BOOST_AUTO_TEST_CASE(a_discovery_document_that_is_not_about_the_issuer_is_refused) {
  const auto url_in = [](std::string_view document) {
    const auto got = auth::jwks_url_in(document, "https://one.example.com");
    return got ? *got : "refused";
  };
  BOOST_TEST(url_in(R"({"issuer":"https://one.example.com","jwks_uri":"https://k.example/j"})") ==
             "https://k.example/j");
  const auto local =
      auth::jwks_url_in(R"({"issuer":"http://127.0.0.1:8/a","jwks_uri":"http://127.0.0.1:9/j"})",
                        "http://127.0.0.1:8/a");
  BOOST_TEST(local.value() == "http://127.0.0.1:9/j");
  for (const char* bad :
       {"", "[]", "{}", R"({"issuer":"https://one.example.com"})",
        R"({"issuer":"https://one.example.com/","jwks_uri":"https://k.example/j"})",
        R"({"issuer":"https://two.example.com","jwks_uri":"https://k.example/j"})",
        R"({"issuer":"https://one.example.com","jwks_uri":"http://k.example/j"})",
        R"({"issuer":"https://one.example.com","jwks_uri":"http://127.0.0.1:9/j"})",
        R"({"issuer":"https://one.example.com","jwks_uri":"http://localhost/j"})",
        R"({"issuer":"https://one.example.com","jwks_uri":"HTTP://[::1]/j"})",
        R"({"issuer":"https://one.example.com","jwks_uri":"file:///etc/passwd"})",
        R"({"issuer":"https://one.example.com","jwks_uri":"https://u:p@k.example/j"})",
        R"({"issuer":"https://one.example.com","jwks_uri":7})"})
    BOOST_TEST(url_in(bad) == "refused", bad);
  BOOST_TEST(auth::discovery_url_of("https://a.example/realms/x/") ==
             "https://a.example/realms/x/.well-known/openid-configuration");
}

BOOST_AUTO_TEST_CASE(issuers_are_fetched_side_by_side) {
  scene at({issuer("one", "https://a.example/k"), issuer("two", "https://b.example/k")});
  at.client.on(http::method::get, "https://a.example/k", 200, set_of({es256("k1")}));
  at.client.on(http::method::get, "https://b.example/k", 500, "");
  at.fetch_due();
  BOOST_TEST(at.find("one", "k1").has_value());
  BOOST_TEST((at.refusal("two", "k1") == errc::login_unavailable));
  BOOST_TEST((at.cache.without_keys() == std::vector<std::string>{"two"}));
  BOOST_TEST((at.refusal("three", "k1") == errc::login_unavailable));
}

BOOST_AUTO_TEST_CASE(other_settings_keep_the_keys_of_issuers_that_stayed) {
  scene at({issuer("one", "https://a.example/k"), issuer("two", "https://b.example/k")});
  at.client.on(http::method::get, "https://a.example/k", 200, set_of({es256("k1")}));
  at.client.on(http::method::get, "https://b.example/k", 200, set_of({rs256("k2")}));
  at.fetch_due();
  at.published.clear();
  at.cache.follow({issuer("one", "https://a.example/k"), issuer("two", "https://c.example/k")});
  BOOST_REQUIRE(at.published.size() == 2u);
  BOOST_TEST(at.published[0]->keys.keys().size() == 1u);
  BOOST_TEST(at.published[1]->keys.empty());
  at.cache.follow({});
  BOOST_TEST((at.refusal("one", "k1") == errc::login_unavailable));
}

BOOST_AUTO_TEST_CASE(an_issuer_that_moves_during_a_fetch_is_asked_at_its_new_place) {
  scene at({issuer("one", "https://old.example/k")});
  at.client.on(http::method::get, "https://old.example/k", 200, set_of({es256("k1")}));
  at.client.on(http::method::get, "https://new.example/k", 200, set_of({rs256("k2")}));
  at.fetch_due();
  // A token of a kid that the old place does not know waits for it while the configuration changes.
  core::notice gate(at.context.get_executor());
  at.client.hold(gate);
  core::result<auth::issuer_keys_ptr> late = core::fail(errc::must_wait);
  core::task_group group(at.context.get_executor());
  group.spawn([](scene* in, core::result<auth::issuer_keys_ptr>* into) -> core::task<void> {
    *into = co_await in->cache.find("one", "k2", tests::far_deadline());
  }(&at, &late));
  at.settle();
  at.cache.follow({issuer("one", "https://new.example/k")});
  at.client.hold(std::nullopt);
  BOOST_TEST(at.fetch_due(), "the old place's fetch stands in nobody's way");
  gate.give();
  group.close(false);
  BOOST_TEST(tests::run(at.context, group.ended(tests::far_deadline())));

  const auto has_only_k2 = [](const auth::issuer_keys& known) {
    return known.keys.keys().size() == 1 && known.keys.keys()[0].kid() == "k2";
  };
  BOOST_TEST(has_only_k2(*at.find("one", "k2").value()));
  BOOST_TEST(has_only_k2(*at.published.back()));
  BOOST_REQUIRE(late.has_value());
  BOOST_TEST(has_only_k2(**late));
  for (std::size_t i = 1; i < at.published.size(); ++i)
    BOOST_TEST(at.published[i]->edition >= at.published[i - 1]->edition, "shards take the newer");
}

BOOST_AUTO_TEST_CASE(a_kid_that_could_not_be_looked_for_is_not_known_to_be_absent) {
  scene at;
  at.client.reply(200, set_of({es256("k1")}));
  at.fetch_due();
  at.clock.advance(5s);
  at.client.reply(500);
  const auto away = at.find("one", "k2");
  BOOST_REQUIRE(!away);
  BOOST_TEST((away.error().code == errc::login_unavailable));
  BOOST_TEST(away.error().retry_after.has_value());
  BOOST_TEST(at.published.back()->absent.empty());
  BOOST_TEST(at.find("one", "k1").has_value(), "the keys that there are serve on");
  // However many ask before the next attempt is due, it is not made for them.
  for (int i = 0; i < 50; ++i)
    BOOST_TEST((at.refusal("one", "k" + std::to_string(i + 2)) == errc::login_unavailable));
  BOOST_TEST(at.client.count() == 2u);
  at.clock.advance(2s);
  at.client.reply(200, set_of({es256("k1"), rs256("k2")}));
  BOOST_TEST(at.find("one", "k2").value()->keys.keys().size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
