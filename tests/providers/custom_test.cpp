// custom: URL templates, the two forms of session tokens, and the hook that makes a room.
#include <boost/test/unit_test.hpp>

#include "auth/heads.hpp"
#include "jose/hmac.hpp"
#include "jose/jwt.hpp"
#include "providers/desk.hpp"
#include "providers/error.hpp"
#include "providers/session_token.hpp"
#include "providers/token_parts.hpp"
#include "providers/url_template.hpp"
#include "providers/vendors.hpp"
#include "support/certificates.hpp"
#include "support/made_keys.hpp"

namespace providers {
provider_maker make_custom(provider_setup setup);
}

BOOST_AUTO_TEST_SUITE(custom)

using namespace std::chrono_literals;
using providers::errc;
using namespace std::string_literals;

namespace {

constexpr const char* service_secret = "kT4vXz9pQm2wLb7nRj5cYh8gFd3sAe6u";
constexpr const char* usual_template =
    "https://video.example.com/room/{roomId}?user={user}&token={token}&role={role}";

// Hands out the same bytes for ever.
struct fixed_random final : core::random_source {
  explicit fixed_random(std::string given) : bytes(std::move(given)) {}
  void fill(std::span<unsigned char> out) override {
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<unsigned char>(bytes[i % bytes.size()]);
  }
  std::string bytes;
};

struct service : tests::desk {
  explicit service(tests::pairs token = {{"secret", std::string(service_secret)}},
                   tests::pairs more = {}) {
    settings.options.set("url_template", std::string(usual_template));
    settings.add(more);
    settings.table("token", token);
    auto make = providers::make_custom(tests::setup_of(settings));
    settings.options.note_unknown();
    for (const core::mistake& one : settings.found) BOOST_TEST_MESSAGE(one.key + " " + one.what);
    BOOST_REQUIRE(settings.found.empty());
    provider = make(tools());
  }
  core::result<providers::join_link> admit(std::string_view room = "room-42",
                                           std::string_view user = "exp-7",
                                           std::string name = "Expert") {
    auto who = tests::admission_of(*this, room, user);
    who.name = std::move(name);
    return *provider->admit_now(who);
  }
  core::result<std::string> prepare() {
    return tests::run(context, provider->prepare(tests::wish_of(*this), within(5s)));
  }
  core::result<void> close() {
    return tests::run(context, provider->close(tests::wish_of(*this), "{}", within(5s)));
  }
  std::string token() { return tests::query_value(admit()->url, "token"); }

  tests::settings_table settings;
  std::unique_ptr<providers::provider> provider;
};

struct hooked : service {
  hooked()
      : service({{"secret", std::string(service_secret)}},
                {{"create_url", "https://video.example.com/api/"s}}) {}
};

tests::settings_table mistakes_with(tests::pairs changes, tests::pairs token) {
  tests::settings_table table;
  table.options.set("url_template", std::string(usual_template));
  table.add(changes);
  table.table("token", token);
  providers::make_custom(tests::setup_of(table));
  table.options.note_unknown();
  return table;
}

std::string refused_template(std::string_view text) {
  std::vector<providers::url_template::problem> found;
  return providers::url_template::from(text, found) ? "" : found.front().what;
}

std::string filled(std::string_view text, const providers::url_template::values& with) {
  std::vector<providers::url_template::problem> found;
  const auto made = providers::url_template::from(text, found);
  std::string out;
  return made && made->fill(out, with) ? out : "";
}

providers::token_settings settings_of(providers::token_kind kind) {
  providers::token_settings out;
  out.kind = kind;
  out.key = *jose::key::from_secret(core::secret("0123456789abcdef0123456789abcdef"),
                                    jose::algorithm::hs256, "k1");
  out.kid = "k1";
  out.issuer = "https://api.example.com";
  out.audience = "https://video.example.com";
  return out;
}

const providers::session_claims known_claims{"room-42",
                                             "exp-7",
                                             "expert",
                                             "Expert",
                                             core::from_unix_seconds(1800000000),
                                             core::from_unix_seconds(1800000300)};

}  // namespace

BOOST_AUTO_TEST_CASE(a_template_is_filled_with_encoded_values) {
  BOOST_TEST(filled("https://v.example.com:8443/r/"
                    "{roomId}?u={user}&i={userId}&r={role}&l={lang}&e={exp}#t={token}",
                    {"a~b:c@d", "Åsa & Co+", "id/7?#", "exp ert", "a.b-c_d", "en", "123"}) ==
             "https://v.example.com:8443/r/"
             "a~b%3Ac%40d?u=%C3%85sa%20%26%20Co%2B&i=id%2F7%3F%23&r=exp%20ert&l=en&e=123"
             "#t=a.b-c_d");
  BOOST_TEST(filled("https://v.example.com?r={roomId}", {"x", {}, {}, {}, {}, {}, {}}) ==
             "https://v.example.com/?r=x");
}

BOOST_AUTO_TEST_CASE(a_template_never_lets_a_value_choose_the_host) {
  for (const char* bad : {"https://{roomId}.example.com/", "https://v.example.com:{exp}/",
                          "{roomId}://x/", "https://u{user}@example.com/x"})
    BOOST_TEST(refused_template(bad) == "has a placeholder in its scheme, host or port");
}

BOOST_AUTO_TEST_CASE(templates_that_cannot_work_are_refused) {
  for (const char* bad :
       {"", "room/{roomId}", "http://video.example.com/{roomId}", "ftp://x/{roomId}",
        "https:///{roomId}", "https://user:pw@video.example.com/{roomId}",
        "https://v.example.com/{roomid}", "https://v.example.com/{roomId",
        "https://v.example.com/a}b", "https://v.example.com/{}", "https://v.example.com/a b",
        "https://v.example.com/%{roomId}", "https://v.example.com/%4{roomId}",
        "https://v.example.com/\n", "https://v.example.com/{{roomId}}"})
    BOOST_TEST_CONTEXT(bad) BOOST_TEST(!refused_template(bad).empty());
  BOOST_TEST(refused_template("http://127.0.0.1:9000/{roomId}").empty());
}

BOOST_AUTO_TEST_CASE(every_mistake_of_a_template_is_told_at_once) {
  const auto table = mistakes_with({{"url_template", "http://video.example.com/{roomid}/<x>"s}},
                                   {{"secret", "short"s}});
  for (const char* what : {"must be https", "unknown placeholder {roomid}", "may not hold",
                           "must hold {roomId}", "must hold {token}", "too short"})
    BOOST_TEST(
        std::ranges::any_of(
            table.found, [&](const auto& one) { return one.what.find(what) != std::string::npos; }),
        what);
}

BOOST_AUTO_TEST_CASE(a_value_that_would_vanish_from_the_path_is_refused) {
  for (const char* value : {".", "..", ""}) {
    BOOST_TEST(filled("https://v.example.com/r/{roomId}", {value, {}, {}, {}, {}, {}, {}}).empty());
    BOOST_TEST(filled("https://v.example.com/{roomId}/x", {value, {}, {}, {}, {}, {}, {}}).empty());
    BOOST_TEST(
        !filled("https://v.example.com/r-{roomId}", {value, {}, {}, {}, {}, {}, {}}).empty());
    BOOST_TEST(
        !filled("https://v.example.com/r?x=/{roomId}", {value, {}, {}, {}, {}, {}, {}}).empty());
  }
}

BOOST_AUTO_TEST_CASE(the_jwt_is_the_one_that_other_libraries_make) {
  const auto settings = settings_of(providers::token_kind::jwt);
  providers::session_signer signer(settings);
  fixed_random random(*core::from_hex("0b0e7c1e6a8e4a8b9a4e1f1c1c6f0a11"));
  const auto token = signer.sign(known_claims, random);
  BOOST_REQUIRE(token);
  BOOST_TEST(tests::part_of(*token, 0) == R"({"alg":"HS256","kid":"k1","typ":"JWT"})");
  BOOST_TEST(
      tests::part_of(*token, 1) ==
      R"({"iss":"https://api.example.com","aud":"https://video.example.com","iat":1800000000,)"
      R"("nbf":1799999995,"exp":1800000300,"sub":"exp-7","room":"room-42","role":"expert","name":"Expert",)"
      R"("jti":"0b0e7c1e-6a8e-4a8b-9a4e-1f1c1c6f0a11"})");
  BOOST_TEST(token->substr(token->rfind('.') + 1) == "S3MdH216NYfkU5CUWFRtPkOPwVcqNrYNtNC-EqB1gBI");
}

BOOST_AUTO_TEST_CASE(the_hmac_token_is_the_one_of_its_description) {
  const auto settings = settings_of(providers::token_kind::hmac);
  providers::session_signer signer(settings);
  fixed_random random(*core::from_base64url("A1b2C3d4E5f6G7h8"));
  const auto token = signer.sign(known_claims, random);
  BOOST_REQUIRE(token);
  BOOST_TEST(*token ==
             "v1.k1.1800000300.A1b2C3d4E5f6G7h8.S4vTq4VaWRzd0gHCySYkFRUz0cTqOrfahhnd2KcnT6M");
}

BOOST_AUTO_TEST_CASE(the_link_carries_the_token_of_this_room_and_person) {
  service at;
  const auto got = at.admit("room-42", "exp-7", "Åsa \"x\"");
  BOOST_REQUIRE(got);
  BOOST_TEST(got->url.starts_with(
      "https://video.example.com/room/room-42?user=%C3%85sa%20%22x%22&token=eyJ"));
  BOOST_TEST(got->url.ends_with("&role=expert"));
  BOOST_TEST((got->expires_at == at.clock.wall_now() + 5min));
  const auto claims = tests::claims_of(tests::query_value(got->url, "token"));
  const auto now = core::unix_seconds(at.clock.wall_now());
  BOOST_TEST(*claims.find_string("iss") == "https://call.example.com");
  BOOST_TEST(*claims.find_string("aud") == "https://video.example.com");
  BOOST_TEST(*claims.find_string("sub") == "exp-7");
  BOOST_TEST(*claims.find_string("room") == "room-42");
  BOOST_TEST(*claims.find_string("name") == "Åsa \"x\"");
  BOOST_TEST(*claims.find("nbf")->as_integer() == now - 5);
  BOOST_TEST(*claims.find("exp")->as_integer() == now + 300);
  BOOST_TEST(*claims.find_string("jti") != *tests::claims_of(at.token()).find_string("jti"));
}

BOOST_AUTO_TEST_CASE(no_link_outlives_the_room) {
  service at;
  auto who = tests::admission_of(at, "room-42", "exp-7");
  who.closes_at = who.now + 61s;
  const auto soon = *at.provider->admit_now(who);
  BOOST_REQUIRE(soon);
  BOOST_TEST((soon->expires_at == who.closes_at));
  BOOST_TEST(*tests::claims_of(tests::query_value(soon->url, "token")).find("exp")->as_integer() ==
             core::unix_seconds(who.closes_at));
  who.closes_at = who.now;
  BOOST_TEST(!at.provider->admit_now(who)->has_value());
}

BOOST_AUTO_TEST_CASE(rooms_that_browsers_would_resolve_away_get_no_link) {
  service at;
  BOOST_TEST(!at.admit(".").has_value());
  BOOST_TEST(!at.admit("..").has_value());
  BOOST_TEST(at.admit("...").has_value());
}

BOOST_AUTO_TEST_CASE(without_a_hook_nobody_is_asked) {
  service at;
  BOOST_TEST(!at.provider->traits().needs_room);
  BOOST_TEST(at.provider->traits().origin == "https://video.example.com");
  BOOST_TEST(at.prepare().has_value());
  BOOST_TEST(at.close().has_value());
  BOOST_TEST(at.provider->public_jwks().empty());
  BOOST_TEST(at.client.count() == 0u);
}

BOOST_AUTO_TEST_CASE(each_algorithm_signs_what_its_public_key_verifies) {
  for (const auto& [name, kind] :
       {std::pair("ES256", "P-256"), std::pair("EdDSA", "ed25519"), std::pair("RS256", "rsa")}) {
    for (const bool named : {true, false}) {
      tests::settings_table table;
      service at = named ? service({{"algorithm", std::string(name)},
                                    {"kid", "2026-11"s},
                                    {"private_key", tests::pair_of(kind).private_pem}})
                         : service({{"private_key", tests::pair_of(kind).private_pem}});
      const auto jwks = at.provider->public_jwks();
      BOOST_REQUIRE(jwks.size() == 1u);
      BOOST_TEST(jwks[0].find("\"d\"") == std::string::npos);
      const auto keys = jose::key_set::from_jwks("{\"keys\":[" + jwks[0] + "]}", false);
      BOOST_REQUIRE(keys);
      jose::jwt_rules rules;
      rules.issuers = {"https://call.example.com"};
      rules.audiences = {"https://video.example.com"};
      const std::string token = at.token();
      BOOST_TEST(jose::verify_jwt(token, *keys, rules, at.clock.wall_now()).has_value());
      const auto header = core::read_json(tests::part_of(token, 0));
      BOOST_TEST(*header->find_string("alg") == name);
      BOOST_TEST(*header->find_string("kid") == *core::read_json(jwks[0])->find_string("kid"));
      BOOST_TEST((header->find_string("kid")->size() == (named ? 7u : 43u)));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_name_of_an_unnamed_key_is_its_thumbprint) {
  // RFC 8037 appendices A.1 to A.3: the private key there, as PKCS#8, and its thumbprint.
  const std::string der = *core::from_hex("302e020100300506032b657004220420") +
                          *core::from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
  const std::string pem = "-----BEGIN PRIVATE KEY-----\n" + core::to_base64(core::as_bytes(der)) +
                          "\n-----END PRIVATE KEY-----\n";
  service at({{"private_key", pem}});
  const auto header = core::read_json(tests::part_of(at.token(), 0));
  BOOST_TEST(*header->find_string("kid") == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

BOOST_AUTO_TEST_CASE(older_public_keys_stay_in_the_set) {
  tests::temporary_file file(tests::other_pair_of("P-256").public_pem);
  service at({{"private_key", tests::pair_of("ed25519").private_pem},
              {"previous_public_keys", core::options::list{{tests::pair_of("P-256").public_pem, ""},
                                                           {"k0=" + file.path(), ""}}}});
  const auto jwks = at.provider->public_jwks();
  BOOST_REQUIRE(jwks.size() == 3u);
  BOOST_TEST(*core::read_json(jwks[2])->find_string("kid") == "k0");
}

BOOST_AUTO_TEST_CASE(the_settings_of_the_token_reach_it) {
  service at({{"secret", std::string(service_secret)},
              {"kid", "k9"s},
              {"issuer", "https://iss.example.com"s},
              {"audience", "video"s},
              {"lifetime", "60s"s},
              {"typ", "videosession+jwt"s}});
  const std::string token = at.token();
  BOOST_TEST(tests::part_of(token, 0) == R"({"alg":"HS256","kid":"k9","typ":"videosession+jwt"})");
  const auto claims = tests::claims_of(token);
  BOOST_TEST(*claims.find_string("iss") == "https://iss.example.com");
  BOOST_TEST(*claims.find_string("aud") == "video");
  BOOST_TEST(*claims.find("exp")->as_integer() - *claims.find("iat")->as_integer() == 60);
}

BOOST_AUTO_TEST_CASE(roles_are_called_what_the_service_calls_them) {
  tests::settings_table table;
  table.options.set("url_template", std::string(usual_template));
  auto token = std::make_shared<core::options>("providers.main.token", "test.toml:1", table.found);
  token->set("secret", std::string(service_secret));
  auto roles =
      std::make_shared<core::options>("providers.main.token.roles", "test.toml:1", table.found);
  roles->set("client", "patient"s);
  token->set("roles", roles);
  table.options.set("token", token);
  const auto make = providers::make_custom(tests::setup_of(table));
  BOOST_REQUIRE(make);
  tests::desk at;
  const auto got =
      *make(at.tools())
           ->admit_now(tests::admission_of(at, "room-42", "u2", "", core::role::client));
  BOOST_REQUIRE(got);
  BOOST_TEST(got->url.ends_with("&role=patient"));
  BOOST_TEST(*tests::claims_of(tests::query_value(got->url, "token")).find_string("role") ==
             "patient");
}

BOOST_AUTO_TEST_CASE(the_hook_puts_the_room_with_a_token_for_the_service) {
  hooked at;
  BOOST_TEST(at.provider->traits().needs_room);
  at.client.reply(201, R"({"roomId":"room-42","state":"open","participants":0})");
  const auto made = at.prepare();
  BOOST_REQUIRE(made);
  BOOST_TEST(!made->empty());
  BOOST_TEST(at.client.last().line() == "PUT https://video.example.com/api/rooms/room-42");
  BOOST_TEST(at.client.last().find("Idempotency-Key").size() == 36u);
  const auto body = core::read_json(at.client.last().what.body);
  BOOST_REQUIRE(body);
  BOOST_TEST(*body->find_string("notBefore") == "2026-11-22T09:00:00Z");
  BOOST_TEST(*body->find_string("expiresAt") == "2026-11-22T12:00:00Z");
  BOOST_TEST(*body->find("maxParticipants")->as_integer() == 2);
  BOOST_TEST(*body->find("metadata")->find_string("generation") == "1");
  const std::string bearer(at.client.last().find("Authorization").substr(7));
  BOOST_TEST(tests::part_of(bearer, 0) == R"({"alg":"HS256","kid":"k1","typ":"at+jwt"})");
  const auto claims = tests::claims_of(bearer);
  BOOST_TEST(*claims.find_string("aud") == "https://video.example.com");
  BOOST_TEST(*claims.find_string("scope") == "rooms:write");
  BOOST_TEST(*claims.find("exp")->as_integer() - *claims.find("iat")->as_integer() == 60);
  BOOST_TEST(!claims.find("room"));
}

BOOST_AUTO_TEST_CASE(what_the_hook_was_told_is_right_until_time_or_number_of_people_change) {
  hooked at;
  at.client.reply(201, "{}");
  const auto made = at.prepare();
  BOOST_REQUIRE(made);
  const auto wish = tests::wish_of(at);
  const auto right = [&](core::wall_time starts_at, core::wall_time closes_at, std::size_t people) {
    return at.provider->still_right({starts_at, closes_at, people}, *made);
  };
  BOOST_TEST(right(wish.starts_at, wish.closes_at, 2));
  BOOST_TEST(!right(wish.starts_at + 1s, wish.closes_at, 2));
  BOOST_TEST(!right(wish.starts_at, wish.closes_at + 1s, 2));
  BOOST_TEST(!right(wish.starts_at, wish.closes_at, 3));
  // Until it knows, its rooms let in whom it was told of, when it was told.
  const auto opens = [&](core::wall_time now, std::size_t people) {
    return at.provider->still_opens({wish.starts_at, wish.closes_at + 1h, people}, *made, now);
  };
  BOOST_TEST(opens(wish.starts_at, 2));
  BOOST_TEST(!opens(wish.starts_at, 3));
  BOOST_TEST(!opens(wish.closes_at, 2));
  BOOST_TEST(!opens(wish.starts_at - 25h, 2));
  BOOST_TEST(!at.provider->still_opens({wish.starts_at, wish.closes_at, 2}, "5-x", wish.starts_at));
  service without({{"secret", std::string(service_secret)}});
  BOOST_TEST(without.provider->still_right({wish.starts_at, wish.closes_at, 3}, "anything"));
}

BOOST_AUTO_TEST_CASE(a_room_that_is_there_already_or_says_nothing_is_fine) {
  hooked at;
  at.client.reply(200, R"({"roomId":"room-42","state":"open"})");
  BOOST_TEST(at.prepare().has_value());
  at.client.reply(201, "");
  BOOST_TEST(at.prepare().has_value());
}

BOOST_AUTO_TEST_CASE(a_put_is_repeated_with_the_same_key_after_a_failure) {
  hooked at;
  at.client.reply(502).reply(201, "{}");
  BOOST_REQUIRE(at.prepare());
  BOOST_REQUIRE(at.client.count() == 2u);
  BOOST_TEST(at.client.requests()[0].find("Idempotency-Key") ==
             at.client.requests()[1].find("Idempotency-Key"));
}

BOOST_AUTO_TEST_CASE(conflicts_and_odd_answers_are_rejected) {
  for (const int status : {400, 401, 403, 404, 409, 410, 412, 422}) {
    hooked at;
    at.client.reply(status, R"({"title":"no","detail":"conflicting definition"})");
    const auto got = at.prepare();
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().code == errc::rejected);
    BOOST_TEST(got.error().detail.find("conflicting definition") != std::string::npos);
    BOOST_TEST(at.client.count() == 1u);
  }
  for (const char* body : {"<html>", R"({"roomId":"room-43"})", R"({"roomId":"room-42",)"}) {
    hooked at;
    at.client.reply(200, body);
    const auto got = at.prepare();
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().code == errc::rejected);
  }
  hooked ended;
  ended.client.reply(200, R"({"roomId":"room-42","state":"ended"})");
  BOOST_TEST(ended.prepare().error().code == errc::room_disabled);
}

BOOST_AUTO_TEST_CASE(closing_deletes_and_gone_is_gone) {
  hooked at;
  at.client.reply(204);
  BOOST_TEST(at.close().has_value());
  BOOST_TEST(at.client.last().line() == "DELETE https://video.example.com/api/rooms/room-42");
  BOOST_TEST(at.client.last().find("Authorization").starts_with("Bearer "));
  at.client.reply(404, "nothing here").reply(410);
  BOOST_TEST(at.close().has_value());
  BOOST_TEST(at.close().has_value());
  at.client.reply(403);
  BOOST_TEST(!at.close().has_value());
}

BOOST_AUTO_TEST_CASE(each_seat_may_have_a_page_of_its_own) {
  tests::settings_table table;
  table.table("token", {{"secret", std::string(service_secret)}});
  table.table("url_templates", {{"expert", "https://v.acme.com/host/{roomId}?t={token}"s},
                                {"client", "https://v.acme.com/guest/{roomId}?t={token}"s}});
  const auto make = providers::make_custom(tests::setup_of(table));
  table.options.note_unknown();
  BOOST_REQUIRE(table.found.empty());
  tests::desk at;
  const auto one = make(at.tools());
  const auto url = [&](core::role seat) {
    return (*one->admit_now(tests::admission_of(at, "room-42", "u1", "", seat)))->url;
  };
  BOOST_TEST(url(core::role::expert).starts_with("https://v.acme.com/host/room-42?t=eyJ"));
  BOOST_TEST(url(core::role::client).starts_with("https://v.acme.com/guest/room-42?t=eyJ"));
}

BOOST_AUTO_TEST_CASE(a_seat_without_a_page_of_its_own_has_the_one_of_all) {
  tests::settings_table table;
  table.options.set("url_template", std::string(usual_template));
  table.table("token", {{"secret", std::string(service_secret)}});
  table.table("url_templates", {{"client", "https://video.example.com/guest/{roomId}?t={token}"s}});
  const auto make = providers::make_custom(tests::setup_of(table));
  BOOST_REQUIRE(make);
  tests::desk at;
  const auto one = make(at.tools());
  BOOST_TEST((*one->admit_now(tests::admission_of(at, "room-42", "u1")))
                 ->url.starts_with("https://video.example.com/room/room-42?"));
}

BOOST_AUTO_TEST_CASE(pages_that_cannot_stand_together_are_mistakes) {
  const auto with = [](std::string expert, std::string client, bool shared) {
    tests::settings_table table;
    if (shared) table.options.set("url_template", std::string(usual_template));
    table.table("token", {{"secret", std::string(service_secret)}});
    table.table("url_templates", {{"expert", std::move(expert)}, {"client", std::move(client)}});
    providers::make_custom(tests::setup_of(table));
    return table;
  };
  const std::string good = "https://v.acme.com/{roomId}?t={token}";
  BOOST_TEST(with(good, good, false).found.empty());
  BOOST_TEST(with(good, good, true).complains("url_template"));
  BOOST_TEST(with(good, "https://w.acme.com/{roomId}?t={token}", false)
                 .complains("url_templates.client", "origin"));
  BOOST_TEST(
      with(good, "https://v.acme.com/{roomId}", false).complains("url_templates", "{token}"));
  BOOST_TEST(with(good, "http://v.acme.com/{roomId}?t={token}", false)
                 .complains("url_templates.client", "https"));
}

BOOST_AUTO_TEST_CASE(claims_of_ones_own_stand_in_every_token) {
  const auto made = [](tests::pairs claims, std::string kind = "jwt") {
    auto table = std::make_unique<tests::settings_table>();
    table->options.set("url_template", std::string(usual_template) + "&id={userId}");
    auto token =
        std::make_shared<core::options>("providers.main.token", "test.toml:1", table->found);
    token->set("secret", std::string(service_secret));
    token->set("kind", std::move(kind));
    auto own =
        std::make_shared<core::options>("providers.main.token.claims", "test.toml:1", table->found);
    for (const auto& [key, value] : claims) own->set(key, value);
    token->set("claims", own);
    table->options.set("token", token);
    return table;
  };
  const auto table = made({{"tenant", "ac\"me"s}, {"plan", std::int64_t{3}}, {"trial", false}});
  const auto make = providers::make_custom(tests::setup_of(*table));
  table->options.note_unknown();
  BOOST_REQUIRE(table->found.empty());
  tests::desk at;
  const auto link = *make(at.tools())->admit_now(tests::admission_of(at, "room-42", "u1"));
  const auto claims = tests::claims_of(tests::query_value(link->url, "token"));
  BOOST_TEST(*claims.find_string("tenant") == "ac\"me");
  BOOST_TEST(*claims.find("plan")->as_integer() == 3);
  BOOST_TEST(!*claims.find("trial")->as_bool());
  BOOST_TEST(claims.find_string("jti")->size() == 36u);
  for (const char* taken : {"exp", "room", "aud"}) {
    const auto bad = made({{taken, "x"s}});
    providers::make_custom(tests::setup_of(*bad));
    BOOST_TEST(bad->complains("token.claims." + std::string(taken)));
  }
  const auto odd = made({{"half", 0.5}});
  providers::make_custom(tests::setup_of(*odd));
  BOOST_TEST(odd->complains("token.claims.half"));
  const auto plain = made({{"tenant", "x"s}}, "hmac");
  providers::make_custom(tests::setup_of(*plain));
  BOOST_TEST(plain->complains("token.claims"));
}

// Signed with the secret of Standard Webhooks' own example.
constexpr const char* hook_secret = "whsec_plJ3nmyCDGBKInavdOK15jsl";

struct signed_hooks : service {
  explicit signed_hooks(bool look = false)
      : service({{"secret", std::string(service_secret)}},
                {{"create_url", "https://video.example.com/api"s},
                 {"look_first", look},
                 {"hook_secret", std::string(hook_secret)},
                 {"webhook_secret", std::string(hook_secret)}}) {}
};

BOOST_AUTO_TEST_CASE(calls_to_the_service_are_signed_as_standard_webhooks) {
  signed_hooks at;
  at.client.reply(201, "{}").reply(204);
  BOOST_REQUIRE(at.prepare());
  BOOST_REQUIRE(at.close());
  const jose::hmac_key key(*core::from_base64("plJ3nmyCDGBKInavdOK15jsl"), 32);
  for (const auto& sent : at.client.requests()) {
    const std::string message = std::string(sent.find("webhook-id")) + "." +
                                std::string(sent.find("webhook-timestamp")) + "." + sent.what.body;
    BOOST_TEST(sent.find("webhook-signature") ==
               "v1," + core::to_base64(core::as_bytes(key.of(message).view())));
  }
  BOOST_TEST(at.client.requests()[0].find("webhook-id") !=
             at.client.requests()[1].find("webhook-id"));
  hooked plain;
  plain.client.reply(201, "{}");
  BOOST_REQUIRE(plain.prepare());
  BOOST_TEST(plain.client.last().find("webhook-id").empty());
}

BOOST_AUTO_TEST_CASE(while_the_hooks_secret_is_being_changed_calls_are_signed_with_both) {
  service at({{"secret", std::string(service_secret)}},
             {{"create_url", "https://video.example.com/api"s},
              {"hook_secret", "bmV3IHNlY3JldCBvZiB0aGUgaG9vaw=="s},
              {"previous_hook_secret", std::string(hook_secret)}});
  at.client.reply(201, "{}");
  BOOST_REQUIRE(at.prepare());
  const auto& sent = at.client.last();
  const std::string message = std::string(sent.find("webhook-id")) + "." +
                              std::string(sent.find("webhook-timestamp")) + "." + sent.what.body;
  const jose::hmac_key before(*core::from_base64("plJ3nmyCDGBKInavdOK15jsl"), 32);
  const jose::hmac_key now("new secret of the hook", 32);
  BOOST_TEST(sent.find("webhook-signature") ==
             "v1," + core::to_base64(core::as_bytes(now.of(message).view())) + " v1," +
                 core::to_base64(core::as_bytes(before.of(message).view())));
}

BOOST_AUTO_TEST_CASE(who_looks_first_puts_only_what_is_missing_or_different) {
  signed_hooks at(true);
  at.client.reply(200, R"({"roomId":"room-42","state":"open","expiresAt":"2026-11-22T12:00:00Z"})");
  BOOST_TEST(at.prepare().has_value());
  BOOST_TEST(at.client.count() == 1u);
  BOOST_TEST(at.client.last().line() == "GET https://video.example.com/api/rooms/room-42");
  for (const auto& [status, body] :
       {std::pair(404, ""s), std::pair(410, ""s), std::pair(200, R"({"state":"open"})"s),
        std::pair(200, R"({"state":"open","expiresAt":"2026-11-22T11:00:00Z"})"s),
        std::pair(200, R"({"state":"scheduled","expiresAt":"2026-11-22T12:00:00Z"})"s)}) {
    signed_hooks other(true);
    other.client.reply(status, body).reply(201, "{}");
    BOOST_TEST(other.prepare().has_value());
    BOOST_TEST(other.client.last().line() == "PUT https://video.example.com/api/rooms/room-42");
  }
  signed_hooks ended(true);
  ended.client.reply(200, R"({"state":"ended"})");
  BOOST_TEST(ended.prepare().error().code == errc::room_disabled);
}

BOOST_AUTO_TEST_CASE(the_online_check_asks_for_a_room_that_nobody_has) {
  signed_hooks at;
  at.client.reply(404, "").reply(401, "");
  const auto check = [&] {
    return tests::run(at.context, at.provider->try_credentials(at.within(5s)));
  };
  BOOST_TEST(check().has_value());
  BOOST_TEST(!check().has_value());
  service without;
  BOOST_TEST(tests::run(without.context, without.provider->try_credentials(without.within(5s)))
                 .has_value());
  BOOST_TEST(without.client.count() == 0u);
}

BOOST_AUTO_TEST_CASE(the_services_reports_are_standard_webhooks) {
  signed_hooks at;
  const auto read = [&](const tests::made_head& head, std::string_view body) {
    return at.provider->read_webhook({head, body, at.clock.wall_now()});
  };
  // The example that Standard Webhooks 1.0.0 gives.
  at.clock.set_wall(core::from_unix_seconds(1731705121));
  const std::string ping = R"({"event_type":"ping","data":{"success":true}})";
  const auto head = [](std::string signature, std::string time = "1731705121") {
    return tests::made_head{{"webhook-id", "msg_loFOjxBNrRLzqYUf"},
                            {"webhook-timestamp", std::move(time)},
                            {"webhook-signature", std::move(signature)}};
  };
  const std::string good = "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=";
  BOOST_TEST(read(head(good), ping).error().code ==
             errc::bad_webhook);  // signed, of no type of ours
  BOOST_TEST(read(head("v1a,x v1,AAAA " + good), ping).error().code == errc::bad_webhook);
  BOOST_TEST(read(head(good, "1731705122"), ping).error().code == errc::forged_webhook);
  BOOST_TEST(read(head(good), ping + " ").error().code == errc::forged_webhook);
  BOOST_TEST(read(head(good.substr(3)), ping).error().code == errc::forged_webhook);
  BOOST_TEST(read(tests::made_head{}, ping).error().code == errc::forged_webhook);
  at.clock.advance(301s);
  BOOST_TEST(read(head(good), ping).error().code == errc::forged_webhook);

  const jose::hmac_key key(*core::from_base64("plJ3nmyCDGBKInavdOK15jsl"), 32);
  const auto told = [&](const std::string& body) {
    const std::string time = std::to_string(core::unix_seconds(at.clock.wall_now()));
    const auto mac = key.of("msg_1." + time + "." + body);
    return read(tests::made_head{{"webhook-id", "msg_1"},
                                 {"webhook-timestamp", time},
                                 {"webhook-signature",
                                  "v1," + core::to_base64(core::as_bytes(mac.view()))}},
                body);
  };
  const auto ended = told(
      R"({"type":"room.ended","timestamp":"2026-11-22T11:02:03Z","data":{"roomId":"room-42"}})");
  BOOST_REQUIRE(ended);
  BOOST_REQUIRE(ended->events.size() == 1u);
  BOOST_TEST((ended->events.front().what == providers::call_news::ended));
  BOOST_TEST(ended->events.front().about.room->text() == "room-42");
  BOOST_TEST(ended->events.front().id == "msg_1");
  BOOST_TEST(told(R"({"type":"participant.left","data":{}})")->events.empty());
  BOOST_TEST(
      told(R"({"type":"room.ended","timestamp":"x","data":{"roomId":"room-42"}})").error().code ==
      errc::bad_webhook);
  BOOST_TEST(
      told(R"({"type":"room.ended","timestamp":"2026-11-22T11:02:03Z","data":{"roomId":"a b"}})")
          .error()
          .code == errc::bad_webhook);
}

BOOST_AUTO_TEST_CASE(unsigned_links_need_a_word_of_consent) {
  const auto refused =
      mistakes_with({{"url_template", "https://v.example.com/{roomId}"s}}, {{"kind", "none"s}});
  BOOST_TEST(refused.complains("token.kind"));
  service at(
      {{"kind", "none"s}, {"allow_unsigned", true}},
      {{"url_template", "https://v.example.com/{roomId}?u={userId}&l={lang}"s}, {"lang", "de"s}});
  BOOST_TEST(at.admit()->url == "https://v.example.com/room-42?u=exp-7&l=de");
}

BOOST_AUTO_TEST_CASE(each_setting_that_cannot_work_is_a_mistake) {
  const tests::pairs good = {{"secret", std::string(service_secret)}};
  BOOST_TEST(mistakes_with({}, good).found.empty());
  BOOST_TEST(mistakes_with({{"url_template", "https://v.example.com/?t={token}"s}}, good)
                 .complains("url_template", "{roomId}"));
  BOOST_TEST(mistakes_with({{"url_template", "https://v.example.com/{roomId}"s}}, good)
                 .complains("url_template", "{token}"));
  BOOST_TEST(mistakes_with({{"url_template", "http://v.example.com/{roomId}?t={token}"s}}, good)
                 .complains("url_template", "https"));
  BOOST_TEST(
      mistakes_with(
          {{"url_template", std::string(usual_template) + "&x=" + std::string(1900, 'x')}}, good)
          .complains("url_template", "characters"));
  BOOST_TEST(
      mistakes_with({{"create_url", "http://video.example.com"s}}, good).complains("create_url"));
  BOOST_TEST(mistakes_with({{"create_url", "https://video.example.com/?x=1"s}}, good)
                 .complains("create_url"));
  BOOST_TEST(mistakes_with({}, {}).complains("token.secret", "required"));
  BOOST_TEST(mistakes_with({}, {{"secret", "tooshort"s}}).complains("token.secret", "too short"));
  BOOST_TEST(mistakes_with({}, {{"secret", std::string(service_secret)}, {"algorithm", "HS512"s}})
                 .complains("token.secret", "too short"));
  BOOST_TEST(mistakes_with({}, {{"secret", std::string(service_secret)}, {"algorithm", "none"s}})
                 .complains("token.algorithm"));
  BOOST_TEST(mistakes_with({}, {{"secret", std::string(service_secret)}, {"algorithm", "ES256"s}})
                 .complains("token.secret"));
  BOOST_TEST(mistakes_with({}, {{"secret", std::string(service_secret)}, {"lifetime", "59s"s}})
                 .complains("token.lifetime"));
  BOOST_TEST(mistakes_with({}, {{"secret", std::string(service_secret)}, {"lifetime", "16m"s}})
                 .complains("token.lifetime"));
  BOOST_TEST(mistakes_with({}, {{"secret", std::string(service_secret)}, {"kind", "opaque"s}})
                 .complains("token.kind"));
  BOOST_TEST(mistakes_with({}, {{"secret", std::string(service_secret)}, {"kind", "hmac"s}})
                 .complains("", "") == false);
  BOOST_TEST(mistakes_with({}, {{"secret", std::string(service_secret)}, {"kind", "hmac"s}})
                 .complains("url_template", "{userId}"));
  BOOST_TEST(mistakes_with({}, {{"secret", std::string(service_secret)}, {"kidd", "x"s}})
                 .complains("token.kidd", "not a known key"));
  BOOST_TEST(
      mistakes_with({}, {{"private_key", "-----BEGIN nonsense"s}}).complains("token.private_key"));
  BOOST_TEST(mistakes_with({}, {{"private_key", tests::pair_of("ed25519").public_pem}})
                 .complains("token.private_key", "public"));
  BOOST_TEST(mistakes_with({}, {{"private_key", tests::pair_of("P-256").private_pem},
                                {"algorithm", "EdDSA"s}})
                 .complains("token.private_key"));
  BOOST_TEST(mistakes_with({}, {{"private_key", tests::pair_of("P-384").private_pem}})
                 .complains("token.private_key", "algorithm"));
  BOOST_TEST(mistakes_with({}, {{"secret", std::string(service_secret)},
                                {"private_key", tests::pair_of("P-256").private_pem}})
                 .complains("token.secret", "too"));
  BOOST_TEST(mistakes_with({}, {{"private_key", tests::pair_of("P-256").private_pem},
                                {"previous_public_keys", "/nowhere/x.pem"s}})
                 .complains("token.previous_public_keys"));
}

BOOST_AUTO_TEST_SUITE_END()
