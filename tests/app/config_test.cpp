// A whole configuration: all mistakes at once and in order, files among them, and what the
// environment overrules.
#include "app/config.hpp"

#include <fmt/ranges.h>

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "app/demo.hpp"
#include "core/error.hpp"
#include "providers/registry.hpp"
#include "support/certificates.hpp"
#include "support/scratch_directory.hpp"

BOOST_AUTO_TEST_SUITE(config)

using namespace std::string_literals;

namespace {

const std::string good_secret = "kD7mQ2xV9sLpT4wYhN8bR3cF6gJ1zA5e";
const std::string other_secret = "pW3nZ8kT5vB1xQ7mL4cR9sD2fH6gJ0yE";

const std::string least = R"(public_url = "https://video.example.com"
[session]
secret = ")" + good_secret +
                          R"("
[providers.builtin]
)";

app::loaded_config load(std::string_view toml, app::variables variables = {}) {
  app::config_source from;
  from.file = "s.toml";
  from.variables = std::move(variables);
  return app::load_config_text(toml, from);
}

std::string mistakes_in(std::string_view toml, app::variables variables = {}) {
  return app::describe(load(toml, std::move(variables)).mistakes);
}

std::size_t lines_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

bool holds(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

// Stands in for the disk.
core::result<std::string> one_secret_file(const std::string& path) {
  if (path == "/run/secret") return other_secret + "\n";
  return core::fail(core::errc::internal, "No such file or directory");
}

app::loaded_config load_with_files(std::string_view toml, app::variables variables) {
  app::config_source from;
  from.file = "s.toml";
  from.variables = std::move(variables);
  from.read_file = one_secret_file;
  return app::load_config_text(toml, from);
}

app::loaded_config load_and_look(const std::string& toml) {
  app::config_source from;
  from.file = "s.toml";
  from.checks_files = true;
  return app::load_config_text(toml, from);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_least_configuration_is_good) {
  BOOST_TEST(mistakes_in(least) == "");
  BOOST_TEST(mistakes_in("", {{"STAGEDOOR__PUBLIC_URL", "https://video.example.com"},
                              {"STAGEDOOR__SESSION__SECRET", good_secret},
                              {"STAGEDOOR__PROVIDERS__BUILTIN__TYPE", "builtin"}}) == "");
}

BOOST_AUTO_TEST_CASE(an_empty_one_lacks_three_things) {
  const std::string found = mistakes_in("");
  BOOST_TEST(lines_of(found) == 3u, found);
  BOOST_TEST(holds(found, "s.toml: public_url is required and missing"));
  BOOST_TEST(holds(found, "s.toml: session.secret is missing"));
  BOOST_TEST(holds(found, "s.toml: providers is missing"));
}

BOOST_AUTO_TEST_CASE(mistakes_come_in_the_order_of_lines_then_of_variables) {
  const std::string found = mistakes_in(
      R"(default_provider = "hsm"
public_url = "http://video.example.com"
[log]
levl = "info"
[providers.hms]
type = "100ns"
[server]
threads = 900
[session]
leeway = "soon"
)",
      {{"STAGEDOOR__WINDOWS__CLOSES_AFTER", "later"}, {"STAGEDOOR__LOG__FORMAT", "xml"}});
  const std::string types = fmt::format("{}", fmt::join(providers::known_types(), ", "));
  BOOST_TEST(
      found ==
      "s.toml:1: default_provider is \"hsm\", and there is no table [providers.hsm]; did you mean "
      "\"hms\"?\n"
      "s.toml:2: public_url must be https; http is accepted for loopback addresses only; "
      "https://video.example.com\n"
      "s.toml:4: log.levl is not a known key; did you mean \"level\"?\n"
      "s.toml:6: providers.hms.type is \"100ns\", which is no known type of provider: " +
          types +
          "; did you mean \"100ms\"?\n"
          "s.toml:8: server.threads must be between 0 and 16\n"
          "s.toml:9: session.secret is missing: sessions need a key to be verified with; set "
          "session.secret, session.secret_file, session.jwks_file or a table [session.keys.<name>] "
          "or "
          "[session.issuers.<name>]\n"
          "s.toml:10: session.leeway must be a duration such as \"250ms\", \"30s\", \"15m\", "
          "\"1h\" or "
          "\"2d\"\n"
          "STAGEDOOR__LOG__FORMAT: log.format must be one of json, text\n"
          "STAGEDOOR__WINDOWS__CLOSES_AFTER: windows.closes_after must be a duration such as "
          "\"250ms\", \"30s\", \"15m\", \"1h\" or \"2d\"\n");
}

BOOST_AUTO_TEST_CASE(what_follows_from_a_mistake_is_not_told_beside_it) {
  const auto only = [](const std::string& toml, std::string_view key) {
    const std::string found = mistakes_in(toml);
    BOOST_TEST(lines_of(found) == 1u, found);
    BOOST_TEST(holds(found, key), found);
  };
  const std::string rest = "[session]\nsecret = \"" + good_secret + "\"\n";
  only("public_url = \"nonsense\"\n" + rest +
           "[providers.own]\ntype = \"custom\"\n"
           "url_template = \"https://v.example.com/{roomId}?t={token}\"\n"
           "token = { secret = \"" +
           other_secret + "\" }\n",
       "s.toml:1: public_url");
  only(least + "[server]\nlisten = [\"nowhere\"]\n", "s.toml:6: server.listen names \"nowhere\"");
  only(least + "[http]\nrequest = \"soon\"\n[join]\ntimeout = \"9s\"\n", "s.toml:6: http.request");
  only(least + "[server]\nlisten = [\"0.0.0.0:80\"]\n[proxy]\ntrusted = [\"everybody\"]\n",
       "s.toml:8: proxy.trusted names \"everybody\"");
  only("default_provider = \"builtin\"\n" + least + "lifetime = \"99h\"\n",
       "providers.builtin.lifetime");
}

BOOST_AUTO_TEST_CASE(our_own_address_is_an_origin) {
  const std::string rest = least.substr(least.find('\n'));
  const auto with = [&](std::string_view address) {
    return load("public_url = \"" + std::string(address) + "\"" + rest);
  };
  for (const char* bad :
       {"https://me:pw@v.example.com", "https://v.example.com/a?b#c", "https://v.example.com/a",
        "https://v.example.com?", "https://v.example.com?b", "https://v.example.com/?b=c",
        "https://v.example.com#c", "https://v.example.com:0", "https://v.example.com:65536",
        "https://v.example.com:8o", "https://[::1", "https://[::g]", "https://v example.com",
        "https://v%2eexample.com", "https://v.example.com\\\\a", "http://v.example.com", "https://",
        "https://:443", "ftp://v.example.com"}) {
    const std::string found = app::describe(with(bad).mistakes);
    BOOST_TEST(lines_of(found) == 1u, bad << ": " << found);
    BOOST_TEST(found.starts_with("s.toml:1: public_url "), found);
  }
  BOOST_TEST(app::describe(with("https://V.example.com:8443/calls").mistakes) ==
             "s.toml:1: public_url must be scheme, host and port alone: no path and no query; "
             "\"https://v.example.com:8443\"\n");
  for (const auto& [good, kept] : {std::pair{"https://v.example.com", "https://v.example.com"},
                                   {"https://v.example.com/", "https://v.example.com"},
                                   {"https://V.Example.com:443", "https://v.example.com"},
                                   {"https://v.example.com:8443", "https://v.example.com:8443"},
                                   {"https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"},
                                   {"http://localhost:3002", "http://localhost:3002"}}) {
    const auto loaded = with(good);
    BOOST_REQUIRE_MESSAGE(loaded.value, app::describe(loaded.mistakes));
    BOOST_TEST(loaded.value->public_url == kept);
  }
}

BOOST_AUTO_TEST_CASE(two_listeners_cannot_have_one_address) {
  const auto with = [](std::string_view server, std::string_view admin) {
    return mistakes_in(least + "[proxy]\ntrusted = [\"10.0.0.0/8\"]\n[server]\n" +
                       std::string(server) + "\n[admin]\n" + std::string(admin) + "\n");
  };
  BOOST_TEST(with(R"(listen = ["127.0.0.1:81", "localhost:81"])", "") ==
             "s.toml:8: server.listen names \"localhost:81\", which another listener, "
             "\"127.0.0.1:81\", takes too; each needs an address of its own\n");
  BOOST_TEST(with(R"(listen = ["127.0.0.1:81"])", R"(listen = ["127.0.0.1:81"])") ==
             "s.toml:10: admin.listen names \"127.0.0.1:81\", where another listener is already; "
             "each needs an address of its own\n");
  BOOST_TEST(with("listen = [\"127.0.0.1:81\"]\nlisten_plain = [\"127.0.0.1:81\"]", "")
                 .starts_with("s.toml:9: server.listen_plain names"));
  // The default of [admin] is there without being written.
  BOOST_TEST(holds(with(R"(listen = ["127.0.0.1:9464"])", ""), "admin.listen names"));
  for (const char* bad :
       {R"(listen = ["unix:/run/a.sock", "unix:/run/a.sock"])",
        R"(listen = ["0.0.0.0:81", "10.0.0.1:81"])", R"(listen = ["10.0.0.1:81", "0.0.0.0:81"])",
        R"(listen = ["0.0.0.0:81", "[::]:81"])", R"(listen = ["[::1]:81", "[::]:81"])"})
    BOOST_TEST(holds(with(bad, ""), "s.toml:8: server.listen names"), bad);
  for (const char* good : {R"(listen = ["127.0.0.1:0", "127.0.0.1:0"])",
                           R"(listen = ["127.0.0.1:81", "127.0.0.2:81", "[::1]:81"])",
                           R"(listen = ["0.0.0.0:81", "[::1]:81"])",
                           R"(listen = ["unix:/run/a.sock", "unix:/run/b.sock"])"})
    BOOST_TEST(with(good, "") == "", good);
}

BOOST_AUTO_TEST_CASE(a_mistake_is_one_line_whatever_its_key_is) {
  const std::string found = mistakes_in("\"a\\nb\\u0007\" = 1\n" + least);
  BOOST_TEST(lines_of(found) == 1u, found);
  BOOST_TEST(holds(found, "s.toml:1: a?b? is not a known key"), found);
}

// Each of these once met a claim of the parser's that it cannot be.
BOOST_AUTO_TEST_CASE(a_text_that_is_no_toml_is_one_mistake_at_its_line) {
  for (const char* text :
       {"[%session]", "é = 1", "\xc2\xb5", "a = é", "[a]\xe2\xbf\xbf", "\"a", "a", "[a"}) {
    const std::string found = mistakes_in("\n"s + text + "\n");
    BOOST_TEST(lines_of(found) == 1u, found);
    BOOST_TEST(holds(found, "is not valid TOML"), found);
  }
  BOOST_TEST(holds(mistakes_in("\né = 1\n"), "s.toml:2: is not valid TOML"));
}

BOOST_AUTO_TEST_CASE(deep_tables_are_refused) {
  std::string key = "a";
  for (int i = 0; i < 400; ++i) key += ".a";
  BOOST_TEST(holds(mistakes_in(key + " = 1\n" + least), "is nested too deeply"));
  std::string name = "STAGEDOOR__A";
  for (int i = 0; i < 400; ++i) name += "__A";
  BOOST_TEST(holds(mistakes_in(least, {{name, "1"}}), "is not a name of the form"));
}

BOOST_AUTO_TEST_CASE(a_variable_in_either_form_overrules_both_forms_of_the_file) {
  const auto secret_of = [](const app::loaded_config& loaded) {
    BOOST_REQUIRE_MESSAGE(loaded.value, app::describe(loaded.mistakes));
    std::string signature;
    BOOST_REQUIRE(loaded.value->sessions->keys.keys().front().sign("probe", signature).has_value());
    return signature;
  };
  const std::string by_file =
      "public_url = \"https://video.example.com\"\n[session]\nsecret_file = "
      "\"/gone\"\n[providers.builtin]\n";
  const auto plain = secret_of(load(least));
  const auto named =
      secret_of(load_with_files(by_file, {{"STAGEDOOR__SESSION__SECRET_FILE", "/run/secret"}}));
  BOOST_TEST((plain != named));
  BOOST_TEST((secret_of(load_with_files(by_file, {{"STAGEDOOR__SESSION__SECRET", good_secret}})) ==
              plain));
  BOOST_TEST((secret_of(load_with_files(
                  least, {{"STAGEDOOR__SESSION__SECRET_FILE", "/run/secret"}})) == named));
  // Both in one source contradict each other.
  const auto twice = load_with_files(least, {{"STAGEDOOR__SESSION__SECRET", good_secret},
                                             {"STAGEDOOR__SESSION__SECRET_FILE", "/run/secret"}});
  BOOST_TEST(
      holds(app::describe(twice.mistakes), "session.secret is set, and session.secret_file too"));
  const auto in_file = load_with_files(by_file + "[session.keys.a]\nsecret = \"" + good_secret +
                                           "\"\nsecret_file = \"/run/secret\"\n",
                                       {{"STAGEDOOR__SESSION__SECRET", good_secret}});
  BOOST_TEST(holds(app::describe(in_file.mistakes), "session.keys.a.secret is set"));
}

BOOST_AUTO_TEST_CASE(a_variable_reaches_names_with_a_dash_or_capitals) {
  const std::string toml =
      "public_url = \"https://video.example.com\"\n[session.keys.My-Login]\n"
      "algorithm = \"HS256\"\n[providers.my-rooms]\ntype = \"builtin\"\n";
  const auto loaded = load(toml, {{"STAGEDOOR__PROVIDERS__MY_ROOMS__SECRET", other_secret},
                                  {"STAGEDOOR__SESSION__KEYS__MY_LOGIN__SECRET", good_secret}});
  BOOST_REQUIRE_MESSAGE(loaded.value, app::describe(loaded.mistakes));
  BOOST_TEST(loaded.value->default_provider.text() == "my-rooms");
  // The exact name wins; what could be two is a mistake; what is nobody's is new.
  const auto exact = load(toml + "[providers.my_rooms]\ntype = \"builtin\"\n",
                          {{"STAGEDOOR__PROVIDERS__MY_ROOMS__LIFETIME", "99h"},
                           {"STAGEDOOR__SESSION__KEYS__MY_LOGIN__SECRET", good_secret}});
  BOOST_TEST(holds(app::describe(exact.mistakes), "providers.my_rooms.lifetime"));
  BOOST_TEST(!holds(app::describe(exact.mistakes), "providers.my-rooms"));
  BOOST_TEST(
      holds(mistakes_in("[providers.a-b_c]\n[providers.a_b-c]\n",
                        {{"STAGEDOOR__PROVIDERS__A_B_C__TYPE", "builtin"}}),
            "STAGEDOOR__PROVIDERS__A_B_C__TYPE: providers.a_b_c could be more than one table"));
}

BOOST_AUTO_TEST_CASE(files_that_cannot_be_used_are_told_with_everything_else) {
  const auto loaded = load_and_look(R"(public_url = "https://video.example.com"
[server]
threads = 900
[tls]
certificate_file = "/nowhere/chain.pem"
key_file = "/nowhere/key.pem"
[session]
secret = ")" + good_secret + R"("
[store]
path = "/nowhere/stagedoor.db"
[http_client]
ca_file = "/nowhere/ca.pem"
[log]
file = "/nowhere/stagedoor.log"
[providers.builtin]
)");
  BOOST_TEST(app::describe(loaded.mistakes) ==
             "s.toml:3: server.threads must be between 0 and 16\n"
             "s.toml:5: tls.certificate_file cannot be used: cannot read the certificate "
             "/nowhere/chain.pem: No such file or directory\n"
             "s.toml:6: tls.key_file cannot be used: cannot read the private key "
             "/nowhere/key.pem: No such file or directory\n"
             "s.toml:10: store.path needs the folder /nowhere: No such file or directory\n"
             "s.toml:12: http_client.ca_file cannot be used: cannot read certificates from "
             "/nowhere/ca.pem: No such file or directory\n"
             "s.toml:14: log.file needs the folder /nowhere: No such file or directory\n");
}

BOOST_AUTO_TEST_CASE(files_of_the_wrong_kind_are_told_apart) {
  const tests::scratch_directory folder;
  std::ofstream(folder.file("text")) << "nothing of use\n";
  const auto toml = [&](const std::string& certificate, const std::string& key,
                        const std::string& store, const std::string& log) {
    return least + "[tls]\ncertificate_file = \"" + certificate + "\"\nkey_file = \"" + key +
           "\"\n[store]\npath = \"" + store + "\"\n[log]\nfile = \"" + log + "\"\n";
  };
  const std::string found =
      app::describe(load_and_look(toml(folder.file("text"), folder.file("text"), folder.path(),
                                       folder.file("text/x")))
                        .mistakes);
  BOOST_TEST(holds(found, "s.toml:6: tls.certificate_file cannot be used: " + folder.file("text") +
                              " holds no certificate in PEM"),
             found);
  BOOST_TEST(holds(found, "s.toml:7: tls.key_file cannot be used: " + folder.file("text") +
                              " holds no private key in PEM"),
             found);
  BOOST_TEST(holds(found, "s.toml:9: store.path names a folder, not a file"), found);
  BOOST_TEST(holds(found, "s.toml:11: log.file needs the folder " + folder.file("text") +
                              ", which is no folder"),
             found);

  const tests::test_authority authority;
  const auto one = authority.issue();
  const tests::temporary_file certificate(one.certificate_pem), key(one.key_pem),
      stranger(authority.issue().key_pem);
  const std::string db = folder.file("s.db"), log = folder.file("s.log");
  BOOST_TEST(app::describe(load_and_look(toml(certificate.path(), key.path(), db, log)).mistakes) ==
             "");
  BOOST_TEST(::access(log.c_str(), F_OK) != 0);  // looking makes no file
  const std::string alien =
      app::describe(load_and_look(toml(certificate.path(), stranger.path(), db, log)).mistakes);
  BOOST_TEST(lines_of(alien) == 1u, alien);
  BOOST_TEST(holds(alien, "s.toml:7: tls.key_file cannot be used: the private key"), alien);
}

BOOST_AUTO_TEST_CASE(reading_alone_opens_no_certificate) {
  BOOST_TEST(mistakes_in(least +
                         "[tls]\ncertificate_file = \"/nowhere/a\"\nkey_file = \"/nowhere/b\"\n") ==
             "");
}

BOOST_AUTO_TEST_CASE(pages_take_addresses_that_people_can_be_sent_to) {
  const auto of = [](const std::string& line) { return mistakes_in(least + "[pages]\n" + line); };
  for (const char* good : {"login_url = \"https://www.example.com/login?next={return}\"",
                           "login_url = \"/login\"", "back_url = \"http://localhost:3000/x\"",
                           "frame_ancestors = [\"https://www.example.com\"]", "enabled = false"})
    BOOST_TEST(of(good) == "", good);
  for (const char* bad :
       {"login_url = \"http://www.example.com/\"", "login_url = \"//evil.example\"",
        "back_url = \"javascript:alert(1)\"", "back_url = \"bookings\""})
    BOOST_TEST(holds(of(bad), "neither an https address nor a path"), bad);
  for (const char* bad : {"*", "https://www.example.com/", "http://www.example.com", "'self'; x"})
    BOOST_TEST(holds(of("frame_ancestors = [\"" + std::string(bad) + "\"]"), "no https origin"),
               bad);
}

BOOST_AUTO_TEST_CASE(the_demo_listens_where_the_system_can) {
  const auto listeners = [](bool has_ipv6) {
    const auto loaded =
        load(app::demo_toml(4711, has_ipv6), {{"STAGEDOOR__SESSION__SECRET", good_secret}});
    BOOST_REQUIRE_MESSAGE(loaded.value, app::describe(loaded.mistakes));
    std::string out;
    for (const auto& one : loaded.value->listen) out += one.address + " ";
    return out;
  };
  BOOST_TEST(listeners(true) == "127.0.0.1:4711 [::1]:4711 ");
  BOOST_TEST(listeners(false) == "127.0.0.1:4711 ");
}

BOOST_AUTO_TEST_SUITE_END()
