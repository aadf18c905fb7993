// Every key that the code asks for is explained in docs/configuration.md and stands in
// docs/examples/all-keys.toml.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "app/config.hpp"
#include "core/encoding.hpp"
#include "support/made_keys.hpp"
#include "support/source_directory.hpp"

BOOST_AUTO_TEST_SUITE(documented_keys)

namespace {

std::string text_of(const std::string& name) {
  std::ifstream file(tests::source_file(name));
  BOOST_REQUIRE_MESSAGE(file.is_open(), name);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> words_of(const std::string& line) {
  static const std::regex word("[a-z_]+");
  return {std::sregex_token_iterator(line.begin(), line.end(), word), {}};
}

// The sample, with the one table that it shows in comments.
app::loaded_config load_sample() {
  app::config_source from;
  from.file = "all-keys.toml";
  for (const char* key :
       {"SESSION__SECRET", "SESSION__KEYS__ANY_NAME__SECRET", "SESSION__AUTHJS__SECRET",
        "SESSION__INTROSPECTION__CLIENT_SECRET", "PROVIDERS__HMS__SECRET",
        "PROVIDERS__OWN__TOKEN__SECRET", "PROVIDERS__DAILY__API_KEY", "PROVIDERS__JITSI__SECRET",
        "PROVIDERS__LIVEKIT__SECRET", "PROVIDERS__ZOOM__CLIENT_SECRET",
        "PROVIDERS__TEAMS__CLIENT_SECRET", "PROVIDERS__WHEREBY__API_KEY", "PROVIDERS__BBB__SECRET"})
    from.variables.emplace_back(std::string("STAGEDOOR__") + key,
                                "kD7mQ2xV9sLpT4wYhN8bR3cF6gJ1zA5e");
  from.variables.emplace_back(
      "STAGEDOOR__PROVIDERS__GALENE__SECRET",
      core::to_base64url(core::as_bytes("kD7mQ2xV9sLpT4wYhN8bR3cF6gJ1zA5e")));
  from.variables.emplace_back("STAGEDOOR__PROVIDERS__JAAS__PRIVATE_KEY",
                              tests::pair_of("rsa").private_pem);
  from.variables.emplace_back("STAGEDOOR__SESSION__ISSUERS__ANY_NAME__ISSUER",
                              "https://login.example.com");
  std::string pem;
  for (const char c : tests::pair_of("rsa").private_pem)
    pem += c == '\n' ? std::string("\\n") : std::string(1, c);
  from.variables.emplace_back(
      "STAGEDOOR__PROVIDERS__MEET__SERVICE_ACCOUNT",
      R"({"type":"service_account","client_email":"a@b.example","private_key":")" + pem + "\"}");
  return app::load_config_text(text_of("docs/examples/all-keys.toml"), from);
}

struct asked_key {
  std::string table;  // "session.keys.any_name"
  std::string key;
};

void gather(core::options& from, std::vector<asked_key>& into) {
  for (const std::string& key : from.asked()) {
    auto* entry = from.find(key);
    auto* inner = entry ? std::get_if<core::options::table>(&entry->value) : nullptr;
    if (!inner)
      into.push_back({from.path(), key});
    else if ((key != "keys" && key != "issuers") || from.path() != "session")
      gather(**inner, into);
  }
  // Their names are their own; asked for are they by section_names().
  if (from.path() != "session") return;
  for (const char* named : {"keys", "issuers"})
    gather(from.section(named).section("any_name"), into);
}

std::vector<asked_key> asked_keys() {
  const auto loaded = load_sample();
  BOOST_REQUIRE_MESSAGE(loaded.value, app::describe(loaded.mistakes));
  std::vector<asked_key> out;
  gather(*loaded.value->source, out);
  return out;
}

// What each table of the sample names, comments included.
std::map<std::string, std::set<std::string>> words_in_sample() {
  static const std::regex header("^(?:# )?\\[([a-z_0-9.]+)\\].*");
  std::map<std::string, std::set<std::string>> out;
  std::istringstream lines(text_of("docs/examples/all-keys.toml"));
  std::string table;
  std::smatch found;
  for (std::string line; std::getline(lines, line);)
    if (std::regex_match(line, found, header))
      table = found[1];
    else
      out[table].merge(words_of(line));
  return out;
}

// Sections of the page by the tables in their headings; of the providers' one, the rows of a type.
std::string explained(const asked_key& one, const std::string& page, const std::string& type) {
  const std::string top = one.table.substr(0, one.table.find('.'));
  std::istringstream lines(page);
  std::string out, of_type;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## "))
      inside = top.empty() ? line == "## Top level"
                           : line.find("[" + top + (type.empty() ? "]" : ".")) != std::string::npos;
    if (!inside) continue;
    static const std::regex row("^\\| (?:`([a-z0-9-]+)`)? ?\\|.*");
    std::smatch found;
    if (!type.empty() && std::regex_match(line, found, row) && found[1].matched) of_type = found[1];
    if (type.empty() || of_type == type) out += line + "\n";
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_key_is_on_the_page) {
  const std::string page = text_of("docs/configuration.md");
  const std::map<std::string, std::string> types = {
      {"builtin", "builtin"}, {"hms", "100ms"},        {"own", "custom"},
      {"zoom", "zoom"},       {"meet", "google-meet"}, {"teams", "microsoft-teams"},
      {"whereby", "whereby"}, {"bbb", "bigbluebutton"}};
  const auto keys = asked_keys();
  BOOST_TEST(keys.size() > 150u);
  for (const asked_key& one : keys) {
    std::string path = one.table.empty() ? one.key : one.table + "." + one.key;
    std::string type;
    if (one.table.starts_with("providers.")) {
      path = path.substr(path.find('.') + 1);
      const std::string name = path.substr(0, path.find('.'));
      type = types.contains(name) ? types.at(name) : name;
    }
    if (one.key == "type" && !type.empty()) continue;  // explained in the section's words
    path = std::regex_replace(path, std::regex("^limits.(ip|user|service)\\."), "limits.<limit>.");
    path = std::regex_replace(path, std::regex("any_name"), "<name>");
    const std::string in_table = one.table.empty() ? path : path.substr(path.find('.') + 1);
    const std::string rows = explained(one, page, type);
    const auto names = [&](const std::string& key) {
      return rows.find("`" + key + "`") != std::string::npos;
    };
    bool named = names(path) || names(in_table);
    // The page says once that a key marked so has a second form.
    if (!named && path.ends_with("_file")) {
      const std::string base = in_table.substr(0, in_table.size() - 5);
      named = std::regex_search(rows, std::regex("`" + base + "`[^|]*\\*secret\\*"));
    }
    BOOST_TEST(named, path << " is not explained in docs/configuration.md");
  }
}

BOOST_AUTO_TEST_CASE(every_key_is_in_the_sample) {
  const auto sample = words_in_sample();
  for (const asked_key& one : asked_keys()) {
    bool named = false;
    for (std::string table = one.table;; table.resize(table.rfind('.'))) {
      const auto found = sample.find(table);
      named = named || (found != sample.end() && found->second.contains(one.key));
      if (table.find('.') == std::string::npos) break;
    }
    // A second form of a key that is there may be told by its first.
    BOOST_TEST(named, one.table << "." << one.key << " is not in docs/examples/all-keys.toml");
  }
}

BOOST_AUTO_TEST_SUITE_END()
