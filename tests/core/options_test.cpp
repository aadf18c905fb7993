// Settings are asked for once, with their rule; all mistakes come together.
#include "core/options.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <fstream>

#include "support/scratch_directory.hpp"

BOOST_AUTO_TEST_SUITE(options)

using namespace std::chrono_literals;

namespace {

struct table {
  core::mistakes found;
  core::options options{"server", "test.toml:1", found};
  bool complained_of(std::string_view key, std::string_view what) const {
    for (const auto& one : found)
      if (one.key == key && one.what.find(what) != std::string::npos) return true;
    return false;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(all_mistakes_are_noted_with_their_place) {
  table t;
  t.options.set("threads", std::int64_t{900}, "test.toml:3");
  t.options.set("idle", std::string("soon"), "test.toml:4");
  t.options.set("flag", std::string("maybe"), "test.toml:5");
  BOOST_TEST(t.options.integer("threads", 1, 1, 64) == 1);
  BOOST_TEST(t.options.duration("idle", 5s, 1s, 60s).count() == 5000);
  BOOST_TEST(t.options.flag("flag", true));
  BOOST_TEST(t.options.required_text("name") == "");
  BOOST_REQUIRE(t.found.size() == 4u);
  BOOST_TEST(t.found[0].where == "test.toml:3");
  BOOST_TEST(t.found[0].key == "server.threads");
  BOOST_TEST(t.found[3].where == "test.toml:1");
}

BOOST_AUTO_TEST_CASE(an_unknown_key_is_a_mistake_with_a_suggestion) {
  table t;
  t.options.set("lisen", std::string("x"), "test.toml:9");
  t.options.text("listen", "");
  t.options.note_unknown();
  BOOST_REQUIRE(t.found.size() == 1u);
  BOOST_TEST(t.found[0].hint == "did you mean \"listen\"?");
}

BOOST_AUTO_TEST_CASE(a_variable_may_say_numbers_flags_and_lists_as_text) {
  table t;
  t.options.set("threads", std::string("4"));
  t.options.set("flag", std::string("true"));
  t.options.set("cookies", std::string("a, b"));
  BOOST_TEST(t.options.integer("threads", 1, 1, 64) == 4);
  BOOST_TEST(t.options.flag("flag", false));
  BOOST_TEST(t.options.texts("cookies").size() == 2u);
  BOOST_TEST(t.found.empty());
}

BOOST_AUTO_TEST_CASE(weak_and_sample_secrets_are_refused) {
  for (const char* bad :
       {"pa55word", "changeme-changeme-changeme-changeme", "your-secret-goes-here-0000000000000",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    table t;
    t.options.set("secret", std::string(bad), "test.toml:2");
    BOOST_TEST_CONTEXT(bad) {
      BOOST_TEST(!t.options.secret_text("secret", 32).has_value());
      BOOST_REQUIRE(t.found.size() == 1u);
      BOOST_TEST(t.found[0].what.find(bad) == std::string::npos);  // never repeats the secret
    }
  }
  table t;
  t.options.set("secret", std::string("q7Hf2kLmN8pRsT4vWxYz1B3dE5gJ6uAc"));
  BOOST_TEST(t.options.secret_text("secret", 32).has_value());
}

BOOST_AUTO_TEST_CASE(a_secret_comes_from_a_file_or_directly_but_not_both) {
  const tests::scratch_directory directory;
  const std::string path = directory.file("secret");
  std::ofstream(path) << "q7Hf2kLmN8pRsT4vWxYz1B3dE5gJ6uAc\n";
  table t;
  t.options.set("secret_file", path);
  BOOST_TEST(t.options.secret_text("secret", 32)->size() == 32u);
  t.options.set("secret", std::string("another-q7Hf2kLmN8pRsT4vWxYz1B3d"));
  BOOST_TEST(!t.options.secret_text("secret", 32).has_value());
  BOOST_TEST(t.complained_of("server.secret", "is set"));
  std::remove(path.c_str());
  table gone;
  gone.options.set("secret_file", path);
  BOOST_TEST(!gone.options.secret_text("secret", 32).has_value());
  BOOST_TEST(gone.complained_of("server.secret_file", "cannot be read"));
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_says_why_and_an_endless_one_ends) {
  const std::pair<const char*, const char*> cases[] = {
      {"/nowhere/secret", ": /nowhere/secret: No such file or directory"},
      {"/tmp", ": /tmp: Is a directory"},
      {"/dev/zero", ": /dev/zero: it is larger than 1 MiB"}};
  for (const auto& [path, what] : cases) {
    table t;
    t.options.set("secret_file", std::string(path));
    BOOST_TEST_CONTEXT(path) {
      BOOST_TEST(!t.options.material("secret").has_value());
      BOOST_TEST(t.complained_of("server.secret_file", what));
    }
  }
}

BOOST_AUTO_TEST_CASE(only_https_and_loopback_http_are_urls) {
  const std::pair<const char*, bool> cases[] = {{"https://example.com/", true},
                                                {"http://example.com", false},
                                                {"http://127.0.0.1:8080", true},
                                                {"http://[::1]:80/x", true},
                                                {"http://localhost:3", true},
                                                {"http://127.0.0.1.evil.com", false},
                                                {"http://localhost.evil", false},
                                                {"ftp://example.com", false},
                                                {"https://", false},
                                                {"https://user@example.com", false},
                                                {"example.com", false},
                                                {"http://127.0.0.1@evil.com", false}};
  for (const auto& [text, good] : cases) {
    table t;
    t.options.set("base_url", std::string(text));
    BOOST_TEST_CONTEXT(text) BOOST_TEST(t.options.url("base_url", true).has_value() == good);
  }
}

BOOST_AUTO_TEST_CASE(sections_nest_and_unknown_keys_below_are_found) {
  table t;
  auto inner = std::make_shared<core::options>("server.tls", "test.toml:7", t.found);
  inner->set("certifcate_file", std::string("x"), "test.toml:8");
  t.options.set("tls", inner, "test.toml:7");
  t.options.section("tls").text("certificate_file");
  t.options.note_unknown();
  BOOST_REQUIRE(t.found.size() == 1u);
  BOOST_TEST(t.found[0].key == "server.tls.certifcate_file");
  BOOST_TEST(t.found[0].hint == "did you mean \"certificate_file\"?");
}

BOOST_AUTO_TEST_SUITE_END()
