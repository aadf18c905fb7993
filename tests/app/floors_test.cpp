// The house's own rule: a room includes rooms on lower floors only, never a neighbour on its own
// floor.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <string>

#include "support/source_directory.hpp"

BOOST_AUTO_TEST_SUITE(house)

namespace {

const std::map<std::string, int> floors = {
    {"core", 0},  {"jose", 1},      {"net", 1},  {"http", 2}, {"ratelimit", 3}, {"auth", 3},
    {"rooms", 3}, {"providers", 3}, {"join", 4}, {"api", 5},  {"app", 6}};

bool may_include(const std::string& room, const std::string& other) {
  return room == other || floors.at(other) < floors.at(room);
}

}  // namespace

BOOST_AUTO_TEST_CASE(rooms_include_only_lower_floors) {
  const std::regex include("^#include \"([a-z]+)/");
  std::size_t includes_seen = 0;
  for (const auto& [room, floor] : floors) {
    for (const auto& file : std::filesystem::directory_iterator(tests::source_file(room))) {
      const auto kind = file.path().extension();
      if (kind != ".cpp" && kind != ".hpp" && kind != ".cc") continue;
      std::ifstream text(file.path());
      std::string line;
      for (int number = 1; std::getline(text, line); ++number) {
        std::smatch found;
        if (!std::regex_search(line, found, include)) continue;
        ++includes_seen;
        const std::string other = found[1];
        BOOST_TEST_CONTEXT(file.path().string() << ":" << number << ": " << line) {
          BOOST_REQUIRE(floors.contains(other));
          BOOST_TEST(may_include(room, other));
        }
      }
    }
  }
  BOOST_TEST(includes_seen > 100u);
}

BOOST_AUTO_TEST_CASE(the_rule_refuses_upward_and_sideways) {
  BOOST_TEST(!may_include("net", "http"));
  BOOST_TEST(!may_include("providers", "rooms"));
  BOOST_TEST(may_include("join", "providers"));
}

BOOST_AUTO_TEST_CASE(every_file_says_what_is_inside) {
  for (const auto& [room, floor] : floors) {
    for (const auto& file : std::filesystem::directory_iterator(tests::source_file(room))) {
      if (file.path().extension() != ".hpp") continue;
      std::ifstream text(file.path());
      std::string first;
      std::getline(text, first);
      BOOST_TEST_CONTEXT(file.path().string()) BOOST_TEST(first.starts_with("// "));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
