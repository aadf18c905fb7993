// Access tokens: fetched once however many wait, renewed in time, never a reason to hang.
#include "providers/oauth_tokens.hpp"

#include <boost/test/unit_test.hpp>

#include "jose/jwt.hpp"
#include "providers/desk.hpp"
#include "providers/error.hpp"
#include "support/made_keys.hpp"

BOOST_AUTO_TEST_SUITE(oauth_tokens)

using namespace std::chrono_literals;
using providers::access_token;
using providers::errc;

namespace {

constexpr const char* token_url = "https://auth.example.com/token";
constexpr const char* client_secret = "s3cr3t/of+the:client";

std::string token_json(std::string_view token, int life = 3600) {
  return R"({"access_token":")" + std::string(token) + R"(","token_type":"bearer","expires_in":)" +
         std::to_string(life) + "}";
}

// Two shards of one process: what one fetches, the other has.
struct bank : tests::desk {
  explicit bank(providers::token_grant grant = providers::account_credentials(
                    token_url, "acct", "client", core::secret(client_secret)))
      : name(*core::provider_name::from("main")),
        calls(tools(), name),
        here(vault, grant, calls, tools()),
        there(vault, grant, calls, tools()) {}

  core::result<access_token> get(std::chrono::nanoseconds wait = 5s) {
    return tests::run(context, here.get(within(wait)));
  }
  std::string got(std::chrono::nanoseconds wait = 5s) {
    auto one = get(wait);
    return one ? std::string(one->text.reveal()) : one.error().code.message();
  }
  void settle() {
    context.restart();
    context.poll();
  }

  core::provider_name name;
  std::shared_ptr<providers::token_vault> vault = std::make_shared<providers::token_vault>();
  providers::rest_caller calls;
  providers::oauth_tokens here;
  providers::oauth_tokens there;
};

core::result<providers::fresh_token> read(std::string_view text) {
  return providers::read_token_answer(*core::read_json(text));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_token_is_fetched_once_for_all_shards) {
  bank at;
  at.client.reply(200, token_json("one"));
  core::notice gate(at.context.get_executor());
  at.client.hold(gate);
  std::vector<std::string> had;
  for (int i = 0; i < 50; ++i)
    for (providers::oauth_tokens* shard : {&at.here, &at.there})
      asio::co_spawn(at.context, shard->get(at.within(5s)),
                     [&](std::exception_ptr, core::result<access_token> one) {
                       had.push_back(one ? std::string(one->text.reveal()) : one.error().detail);
                     });
  at.settle();
  BOOST_TEST(had.empty());
  gate.give();
  at.settle();
  BOOST_TEST(had.size() == 100u);
  BOOST_TEST(std::ranges::all_of(had, [](const auto& one) { return one == "one"; }));
  BOOST_TEST(at.client.count() == 1u);
}

BOOST_AUTO_TEST_CASE(it_is_kept_and_the_old_one_serves_while_the_next_is_fetched) {
  bank at;
  at.client.reply(200, token_json("one")).reply(200, token_json("two"));
  BOOST_TEST(at.got() == "one");
  at.clock.advance(53min);
  BOOST_TEST(at.got() == "one");
  BOOST_TEST(at.client.count() == 1u);
  at.clock.advance(1min);  // a tenth of its life is left
  core::notice gate(at.context.get_executor());
  at.client.hold(gate);
  BOOST_TEST(at.got() == "one");
  BOOST_TEST(at.got() == "one");
  at.settle();
  BOOST_TEST(at.client.count() == 2u);
  gate.give();
  at.settle();
  BOOST_TEST(at.got() == "two");
  BOOST_TEST(at.client.count() == 2u);
}

BOOST_AUTO_TEST_CASE(a_renewal_that_fails_leaves_the_old_one_in_use_and_is_tried_again) {
  bank at;
  at.client.reply(200, token_json("one")).reply(400, R"({"error":"invalid_client"})");
  BOOST_TEST(at.got() == "one");
  at.clock.advance(55min);
  BOOST_TEST(at.got() == "one");
  at.settle();
  BOOST_TEST(at.client.count() == 2u);
  BOOST_TEST(at.got() == "one");  // within the pause nobody asks
  at.settle();
  BOOST_TEST(at.client.count() == 2u);
  at.clock.advance(2s);
  at.client.reply(200, token_json("two"));
  BOOST_TEST(at.got() == "one");
  at.settle();
  BOOST_TEST(at.got() == "two");
}

BOOST_AUTO_TEST_CASE(an_expired_token_is_never_used) {
  bank at;
  at.client.reply(200, token_json("one", 100)).reply(200, token_json("two"));
  BOOST_TEST(at.got() == "one");
  at.clock.advance(95s);
  BOOST_TEST(at.got() == "two");
}

BOOST_AUTO_TEST_CASE(a_failure_is_shared_for_a_second_and_then_forgotten) {
  bank at;
  at.client
      .reply(400, R"({"error":"invalid_client","reason":"Invalid client_id or client_secret"})")
      .reply(200, token_json("one"));
  BOOST_TEST(at.got() == "rejected");
  BOOST_TEST(at.got() == "rejected");
  BOOST_TEST(at.client.count() == 1u);
  at.clock.advance(1s);
  BOOST_TEST(at.got() == "one");
}

BOOST_AUTO_TEST_CASE(who_leaves_at_its_deadline_takes_nothing_from_the_others) {
  bank at;
  at.client.reply(200, token_json("one"));
  core::notice gate(at.context.get_executor());
  at.client.hold(gate);
  const auto soon = core::deadline::after(std::chrono::steady_clock::now(), 20ms);
  const auto left = tests::run(at.context, at.here.get(soon));
  BOOST_REQUIRE(!left);
  BOOST_TEST(left.error().code == errc::timed_out);
  BOOST_TEST(left.error().detail.find("check the address of the token endpoint") !=
             std::string::npos);
  gate.give();
  at.settle();
  BOOST_TEST(at.got() == "one");
  BOOST_TEST(at.client.count() == 1u);
}

BOOST_AUTO_TEST_CASE(only_the_refused_token_is_dropped) {
  bank at;
  at.client.reply(200, token_json("one")).reply(200, token_json("two"));
  const auto one = at.get();
  at.here.drop(*one);
  BOOST_TEST(at.got() == "two");
  at.there.drop(*one);
  BOOST_TEST(at.got() == "two");
  BOOST_TEST(at.client.count() == 2u);
}

BOOST_AUTO_TEST_CASE(a_shard_that_goes_wakes_nobody_who_is_gone) {
  tests::desk at;
  auto vault = std::make_shared<providers::token_vault>();
  providers::rest_caller calls(at.tools(), *core::provider_name::from("main"));
  const auto grant = providers::account_credentials(token_url, "a", "c", core::secret("s"));
  core::notice gate(at.context.get_executor());
  at.client.hold(gate);
  at.client.reply(200, token_json("one"));
  {
    providers::oauth_tokens shard(vault, grant, calls, at.tools());
    asio::co_spawn(at.context, shard.get(at.within(5s)), [](auto, auto) {});
    at.context.poll();
  }
  gate.give();
  at.context.restart();
  at.context.poll();
  providers::oauth_tokens next(vault, grant, calls, at.tools());
  at.client.hold({});
  at.clock.advance(2s);
  at.client.reply(200, token_json("two"));
  BOOST_TEST(tests::run(at.context, next.get(at.within(5s))).has_value());
}

BOOST_AUTO_TEST_CASE(after_stop_nothing_is_under_way_and_nothing_begins) {
  bank at;
  at.client.reply(200, token_json("one"));
  at.client.hold(core::notice(at.context.get_executor()));
  std::string said = "nothing";
  asio::co_spawn(at.context, at.here.get(at.within(5s)),
                 [&](std::exception_ptr, core::result<access_token> one) {
                   said = one ? "a token" : one.error().code.message();
                 });
  at.settle();
  BOOST_TEST(at.client.in_flight() == 1u);
  tests::run(at.context, at.here.stop(tests::far_deadline()));
  at.settle();
  BOOST_TEST(at.client.in_flight() == 0u);
  BOOST_TEST(said == "unavailable");
  at.clock.advance(2s);
  BOOST_TEST(at.got() == "unavailable");
  BOOST_TEST(at.client.count() == 1u);
}

BOOST_AUTO_TEST_CASE(answers_without_a_usable_token_are_rejected) {
  for (const char* bad : {"{}", R"({"access_token":""})", R"({"access_token":5})",
                          R"({"access_token":"a b"})", R"({"access_token":"a\r\nX: y"})",
                          R"({"access_token":"x","token_type":"mac"})", "[]", "null"})
    BOOST_TEST(!read(bad).has_value(), bad);
  BOOST_TEST(!read(R"({"access_token":")" + std::string(20'000, 'x') + "\"}").has_value());
}

BOOST_AUTO_TEST_CASE(a_life_is_a_number_or_text_and_bounded) {
  BOOST_TEST((read(R"({"access_token":"x","expires_in":3599})")->life == 3599s));
  BOOST_TEST((read(R"({"access_token":"x","expires_in":"3599"})")->life == 3599s));
  BOOST_TEST((read(R"({"access_token":"x"})")->life == 5min));
  BOOST_TEST((read(R"({"access_token":"x","expires_in":99999999999})")->life == 24h));
  BOOST_TEST((read(R"({"access_token":"x","expires_in":1})")->life == 1s));
  for (const char* ended : {"0", "-5", R"("0")"})
    BOOST_TEST(!read(R"({"access_token":"x","expires_in":)" + std::string(ended) + "}").has_value(),
               ended);
}

BOOST_AUTO_TEST_CASE(a_token_that_has_ended_when_it_comes_is_asked_for_once) {
  bank at;
  for (int i = 0; i < 5; ++i) at.client.reply(200, token_json("ended", 0));
  BOOST_TEST(at.got() == "rejected");
  BOOST_TEST(at.got() == "rejected");
  BOOST_TEST(at.client.count() == 1u);
}

BOOST_AUTO_TEST_CASE(zoom_is_asked_with_account_credentials) {
  bank at;
  at.client.reply(200, token_json("one"));
  BOOST_TEST(at.got() == "one");
  BOOST_TEST(at.client.last().line() == std::string("POST ") + token_url);
  BOOST_TEST(at.client.last().what.body == "grant_type=account_credentials&account_id=acct");
  BOOST_TEST(at.client.last().find("Content-Type") == "application/x-www-form-urlencoded");
  // echo -n 'client:s3cr3t/of+the:client' | base64
  BOOST_TEST(at.client.last().find("Authorization") ==
             "Basic Y2xpZW50OnMzY3IzdC9vZit0aGU6Y2xpZW50");
}

BOOST_AUTO_TEST_CASE(microsoft_is_asked_with_client_credentials) {
  bank at(providers::client_credentials(token_url, "app", core::secret(client_secret),
                                        "https://graph.microsoft.com/.default"));
  at.client.reply(200, token_json("one"));
  BOOST_TEST(at.got() == "one");
  BOOST_TEST(at.client.last().what.body ==
             "client_id=app&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default&client_secret="
             "s3cr3t%2Fof%2Bthe%3Aclient&grant_type=client_credentials");
}

BOOST_AUTO_TEST_CASE(google_is_asked_with_a_signed_assertion_of_the_delegate) {
  const auto key =
      jose::key::from_pem(tests::pair_of("rsa").private_pem, jose::algorithm::rs256, "key-1");
  bank at(providers::jwt_bearer(token_url,
                                {"sa@project.iam.gserviceaccount.com", "host@example.com",
                                 "https://www.googleapis.com/auth/meetings.space.created",
                                 "https://oauth2.googleapis.com/token"},
                                *key));
  at.client.reply(200, token_json("one"));
  BOOST_TEST(at.got() == "one");
  const std::string body = at.client.last().what.body;
  const std::string before =
      "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
  BOOST_REQUIRE(body.starts_with(before));
  const std::string assertion = body.substr(before.size());
  BOOST_TEST(tests::part_of(assertion, 0) == R"({"alg":"RS256","kid":"key-1","typ":"JWT"})");
  jose::key_set keys;
  keys.add(*key);
  jose::jwt_rules rules;
  rules.audiences = {"https://oauth2.googleapis.com/token"};
  BOOST_TEST(jose::verify_jwt(assertion, keys, rules, at.clock.wall_now()).has_value());
  const auto claims = tests::claims_of(assertion);
  BOOST_TEST(*claims.find_string("sub") == "host@example.com");
  BOOST_TEST(*claims.find("exp")->as_integer() - *claims.find("iat")->as_integer() == 3600);
}

BOOST_AUTO_TEST_CASE(a_refusal_says_what_to_fix_and_never_the_secret) {
  bank at;
  at.client.reply(400, std::string(R"({"error":"invalid_client","reason":"bad secret )") +
                           client_secret + R"("})");
  const auto got = at.get();
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().detail.find("client_secret of the app") != std::string::npos);
  BOOST_TEST(got.error().detail.find(client_secret) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_401_drops_the_token_once_and_repeats_even_what_must_not_be_done_twice) {
  tests::desk at;
  providers::oauth_caller caller(
      at.tools(), *core::provider_name::from("main"), std::make_shared<providers::token_vault>(),
      providers::account_credentials(token_url, "a", "c", core::secret("s")));
  at.client.reply(200, token_json("one")).reply(401).reply(200, token_json("two")).reply(200, "{}");
  providers::rest_request create;
  create.operation = "create";
  create.method = http::method::post;
  create.url = "https://api.example.com/rooms";
  create.body = "{}";
  BOOST_TEST(tests::run(at.context, caller.call(create, at.within(5s))).has_value());
  BOOST_TEST(at.client.requests()[1].find("Authorization") == "Bearer one");
  BOOST_TEST(at.client.requests()[3].find("Authorization") == "Bearer two");

  at.client.reply(401).reply(200, token_json("three")).reply(401, R"({"message":"no"})");
  const auto refused = tests::run(at.context, caller.call(create, at.within(5s)));
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == errc::rejected);
  BOOST_TEST(at.client.count() == 7u);
}

BOOST_AUTO_TEST_SUITE_END()
