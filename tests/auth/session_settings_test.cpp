// [session]: what is read, and every mistake with its place.
#include <stdlib.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "auth/verifier.hpp"
#include "core/options.hpp"
#include "support/made_keys.hpp"

BOOST_AUTO_TEST_SUITE(session_settings)

namespace {

const std::string good_secret = "pG7vQ2xZ8mB4nK1sW9eR5tY3uH6jL0aD-c";  // 35 characters
const std::string long_secret = good_secret + good_secret;

struct reading {
  core::mistakes mistakes;
  core::options from{"session", "test.toml:1", mistakes};

  auth::session_settings read() {
    auto out = auth::read_session_settings(from);
    from.note_unknown();
    return out;
  }
  std::shared_ptr<core::options> key(const std::string& name) {
    auto& all = from.section("keys");
    auto made = std::make_shared<core::options>("session.keys." + name, "test.toml:9", mistakes);
    all.set(name, made);
    return made;
  }
  bool complains_of(std::string_view key) const {
    for (const auto& one : mistakes)
      if (one.key == key) return true;
    return false;
  }
};

// A file that goes away with the test.
struct temporary_file {
  std::string path = "/tmp/stagedoor-test-XXXXXX";
  explicit temporary_file(const std::string& content) {
    const int descriptor = ::mkstemp(path.data());
    BOOST_REQUIRE(descriptor >= 0);
    BOOST_REQUIRE(::write(descriptor, content.data(), content.size()) ==
                  static_cast<ssize_t>(content.size()));
    ::close(descriptor);
  }
  ~temporary_file() { ::unlink(path.c_str()); }
};

core::options::list texts(std::initializer_list<std::string> items) {
  core::options::list out;
  for (const std::string& item : items) out.push_back({item, ""});
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_issuer_is_read_with_what_it_inherits) {
  reading at;
  at.from.set("audience", std::string("door"));
  at.from.set("role_claims", texts({"a", "b"}));
  auto& issuers = at.from.section("issuers");
  auto one = std::make_shared<core::options>("session.issuers.one", "test.toml:5", at.mistakes);
  one->set("issuer", std::string("https://login.example.com/"));
  one->set("jwks_url", std::string("https://login.example.com/o/jwks/"));
  one->set("user_claim", std::string("uid"));
  one->set("algorithms", texts({"ES256"}));
  issuers.set("one", one);
  const auto got = at.read();
  BOOST_TEST(at.mistakes.empty());
  BOOST_REQUIRE(got.issuers.size() == 1u);
  const auto& read = got.issuers.front();
  BOOST_TEST(read.issuer == "https://login.example.com/");
  // Both as they stand: a slash that was taken away is another address.
  BOOST_TEST(read.jwks_url == "https://login.example.com/o/jwks/");
  BOOST_TEST(read.rules.issuers.front() == read.issuer);
  BOOST_TEST(read.rules.audiences.front() == "door");
  BOOST_TEST(read.claims.user_claim == "uid");
  BOOST_TEST(read.claims.role_claims.size() == 2u);
  BOOST_TEST((read.rules.algorithms == std::vector{jose::algorithm::es256}));
  BOOST_TEST(got.user_claim == "sub");
}

BOOST_AUTO_TEST_CASE(who_is_asked_has_an_address_that_can_be_asked_as_it_stands) {
  const auto url_of = [](std::string url) {
    reading at;
    auto& callback = at.from.section("callback");
    callback.set("url", std::move(url));
    callback.set("cookies", texts({"sid"}));
    const auto got = at.read();
    return at.complains_of("session.callback.url") ? "refused" : got.callback->url;
  };
  BOOST_TEST(url_of("https://www.example.com/api/session/") ==
             "https://www.example.com/api/session/");
  BOOST_TEST(url_of("http://127.0.0.1:8080/me") == "http://127.0.0.1:8080/me");
  for (const char* nowhere : {"http://www.example.com/me", "https://www.example.com:99999/me",
                              "https://www.example.com/me#top", "/me", ""})
    BOOST_TEST(url_of(nowhere) == "refused", nowhere);
}

BOOST_AUTO_TEST_CASE(a_proxys_word_stands_in_a_field_that_can_be_sent) {
  const auto complains = [](std::string key, std::string name) {
    reading at;
    auto& headers = at.from.section("headers");
    headers.set("user", std::string("X-Auth-User"));
    headers.set(key, std::move(name));
    at.read();
    return at.complains_of("session.headers." + key);
  };
  for (const char* key : {"user", "name", "roles"}) {
    for (const char* bad : {"X Auth", "X-Auth:", "X-\r\nAuth", " ", "Authorization", "cookie"})
      BOOST_TEST(complains(key, bad), key << ' ' << bad);
    BOOST_TEST(!complains(key, "X-Auth.Something_else"));
  }
}

BOOST_AUTO_TEST_CASE(mistakes_of_issuers_are_named) {
  const auto complains = [](std::string key, core::options::any value) {
    reading at;
    auto& issuers = at.from.section("issuers");
    for (const char* name : {"one", "two"}) {
      auto made = std::make_shared<core::options>(std::string("session.issuers.") + name,
                                                  "test.toml:5", at.mistakes);
      made->set("issuer", "https://" + std::string(name) + ".example.com");
      if (std::string_view(name) == "two") made->set(key, value);
      issuers.set(name, made);
    }
    at.read();
    return at.complains_of("session.issuers.two." + key);
  };
  BOOST_TEST(complains("issuer", std::string("https://one.example.com")));
  BOOST_TEST(complains("issuer", std::string("http://two.example.com")));
  BOOST_TEST(complains("issuer", std::string("two")));
  for (const char* nowhere :
       {"http://two.example.com/keys", "https://two.example.com:99999/", "https://[::1/", "",
        "https://two.example.com/k#f", "https://*.example.com/", "two.example.com/keys"})
    BOOST_TEST(complains("jwks_url", std::string(nowhere)), nowhere);
  BOOST_TEST(complains("algorithms", texts({"HS256"})));
  BOOST_TEST(complains("algorithms", texts({"none"})));
  BOOST_TEST(complains("secret", std::string("x")));
  BOOST_TEST(!complains("jwks_url", std::string("http://127.0.0.1:8080/keys")));
}

BOOST_AUTO_TEST_CASE(without_a_key_nobody_could_log_in) {
  reading r;
  r.read();
  BOOST_TEST(r.mistakes.size() == 1u);
  BOOST_TEST(r.complains_of("session.secret"));
}

BOOST_AUTO_TEST_CASE(a_secret_alone_is_enough) {
  reading r;
  r.from.set("secret", good_secret);
  const auto settings = r.read();
  BOOST_TEST(r.mistakes.empty());
  BOOST_REQUIRE(settings.keys.keys().size() == 1u);
  BOOST_TEST((settings.keys.keys().front().algorithm() == jose::algorithm::hs256));
  BOOST_TEST(settings.bearer);
  BOOST_TEST(settings.cookies.empty());
  BOOST_TEST(settings.rules.leeway.count() == 30);
  BOOST_TEST(settings.user_claim == "sub");
}

BOOST_AUTO_TEST_CASE(weak_and_sample_secrets_are_named) {
  for (const std::string& bad : {std::string("short"), std::string(64, 'a'),
                                 std::string("changeme-changeme-changeme-changeme-1")}) {
    reading r;
    r.from.set("secret", bad);
    r.read();
    BOOST_TEST(r.mistakes.size() == 1u);
    BOOST_TEST(r.complains_of("session.secret"));
  }
  reading r;
  r.from.set("secret", good_secret);
  r.from.set("algorithm", std::string("HS512"));  // wants 64 bytes
  r.read();
  BOOST_TEST(r.complains_of("session.secret"));
}

BOOST_AUTO_TEST_CASE(everything_can_be_set) {
  reading r;
  const temporary_file secret_file(long_secret + "\n");
  r.from.set("secret_file", secret_file.path);
  r.from.set("previous_secret", long_secret + "x");
  r.from.set("algorithm", std::string("HS512"));
  r.from.set("bearer", false);
  r.from.set("cookies", texts({"session", "__Secure-session"}));
  r.from.set("issuer", std::string("https://id.example"));
  r.from.set("audience", texts({"calls", "video"}));
  r.from.set("leeway", std::string("5s"));
  r.from.set("user_claim", std::string("uid"));
  r.from.set("name_claim", std::string("nick"));
  r.from.set("role_claims", texts({"realm_access.roles"}));
  r.from.set("expert_roles", texts({"coach"}));
  r.from.set("client_roles", texts({"member", "guest"}));
  r.from.set("cache_tokens", std::int64_t{100});
  const auto settings = r.read();
  BOOST_TEST(r.mistakes.empty());
  BOOST_TEST(settings.keys.keys().size() == 2u);
  BOOST_TEST((settings.keys.keys().back().algorithm() == jose::algorithm::hs512));
  BOOST_TEST(!settings.bearer);
  BOOST_TEST(settings.cookies.size() == 2u);
  BOOST_TEST(settings.rules.issuers.front() == "https://id.example");
  BOOST_TEST(settings.rules.audiences.size() == 2u);
  BOOST_TEST(settings.rules.leeway.count() == 5);
  BOOST_TEST(settings.role_claims.front() == "realm_access.roles");
  BOOST_TEST(settings.expert_roles.front() == "coach");
  BOOST_TEST(settings.client_roles.size() == 2u);
  BOOST_TEST(settings.cache_tokens == 100u);
}

BOOST_AUTO_TEST_CASE(named_keys_hold_one_key_each) {
  reading r;
  auto issuer = r.key("issuer");
  issuer->set("pem", tests::pair_of("rsa").public_pem);
  issuer->set("algorithm", std::string("PS256"));
  issuer->set("kid", std::string("2026-11"));
  r.key("phone")->set("pem", tests::pair_of("ed25519").public_pem);
  r.key("own")->set("secret", good_secret);
  const auto settings = r.read();
  BOOST_TEST(r.mistakes.empty());
  BOOST_REQUIRE(settings.keys.keys().size() == 3u);
  BOOST_TEST((settings.keys.keys()[0].algorithm() == jose::algorithm::ps256));
  BOOST_TEST(settings.keys.keys()[0].kid() == "2026-11");
  BOOST_TEST((settings.keys.keys()[1].algorithm() == jose::algorithm::hs256));
  BOOST_TEST((settings.keys.keys()[2].algorithm() == jose::algorithm::eddsa));
}

BOOST_AUTO_TEST_CASE(named_keys_that_do_not_fit_are_named) {
  reading r;
  r.key("empty");
  auto both = r.key("both");
  both->set("secret", good_secret);
  both->set("pem", tests::pair_of("rsa").public_pem);
  auto confused = r.key("confused");
  confused->set("pem", tests::pair_of("rsa").public_pem);
  confused->set("algorithm", std::string("HS256"));
  auto swapped = r.key("swapped");
  swapped->set("secret", good_secret);
  swapped->set("algorithm", std::string("ES256"));
  auto curve = r.key("curve");
  curve->set("pem", tests::pair_of("P-384").public_pem);
  curve->set("algorithm", std::string("ES256"));
  auto weak = r.key("weak");
  weak->set("pem", tests::pair_of("rsa1024").public_pem);
  auto unknown = r.key("unknown");
  unknown->set("pem", tests::pair_of("P-256").public_pem);
  unknown->set("algorithm", std::string("none"));
  const auto settings = r.read();
  for (const char* key :
       {"session.keys.empty.pem", "session.keys.both.secret", "session.keys.confused.algorithm",
        "session.keys.swapped.algorithm", "session.keys.curve.pem", "session.keys.weak.pem",
        "session.keys.unknown.algorithm"})
    BOOST_TEST(r.complains_of(key), key);
  for (const auto& one : r.mistakes) BOOST_TEST(one.what.find(good_secret) == std::string::npos);
}

// A file that can make sessions has no business on the machine that only checks them.
BOOST_AUTO_TEST_CASE(a_private_key_is_refused_where_a_public_one_is_enough) {
  for (const char* kind : {"rsa", "P-256", "ed25519"}) {
    reading r;
    r.key("login")->set("pem", tests::pair_of(kind).private_pem);
    const temporary_file file(tests::pair_of(kind).private_pem);
    r.key("file")->set("pem_file", file.path);
    BOOST_TEST_CONTEXT(kind) {
      BOOST_TEST(r.read().keys.empty());
      BOOST_TEST(r.complains_of("session.keys.login.pem"));
      BOOST_TEST(r.complains_of("session.keys.file.pem_file"));
      BOOST_REQUIRE(r.mistakes.size() == 2u);
      for (const auto& one : r.mistakes)
        BOOST_TEST(one.what == "is a private key; the public key or a certificate is wanted");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_key_set_is_read_from_its_file) {
  const std::string jwk = *tests::verifying_key(jose::algorithm::es256, "k1").public_jwk();
  const temporary_file file("{\"keys\":[" + jwk + "]}\n");
  reading r;
  r.from.set("jwks_file", file.path);
  const auto settings = r.read();
  BOOST_TEST(r.mistakes.empty());
  BOOST_REQUIRE(settings.keys.keys().size() == 1u);
  BOOST_TEST(settings.keys.keys().front().kid() == "k1");
  const temporary_file broken("{\"keys\":[]}");
  reading bad;
  bad.from.set("jwks_file", broken.path);
  bad.read();
  BOOST_TEST(bad.mistakes.size() == 1u);
  BOOST_TEST(bad.complains_of("session.jwks_file"));
}

BOOST_AUTO_TEST_CASE(sources_that_cannot_work_are_named) {
  reading none;
  none.from.set("secret", good_secret);
  none.from.set("bearer", false);
  none.read();
  BOOST_TEST(none.complains_of("session.bearer"));
  reading odd;
  odd.from.set("secret", good_secret);
  odd.from.set("cookies", texts({"my session"}));
  odd.from.set("leeway", std::string("1h"));
  odd.from.set("user_claim", std::string());
  odd.from.set("isuer", std::string("x"));
  odd.read();
  for (const char* key :
       {"session.cookies", "session.leeway", "session.user_claim", "session.isuer"})
    BOOST_TEST(odd.complains_of(key), key);
}

BOOST_AUTO_TEST_SUITE_END()
