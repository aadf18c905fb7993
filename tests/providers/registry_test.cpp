// The registry: which types there are, and how [providers.<name>] tables are read.
#include "providers/registry.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "providers/desk.hpp"

BOOST_AUTO_TEST_SUITE(registry)

using namespace std::string_literals;

namespace {

struct providers_table {
  core::options& add(std::string name, tests::pairs values) {
    auto table = std::make_shared<core::options>("providers." + name, "test.toml:" + name, found);
    for (const auto& [key, value] : values) table->set(key, value);
    options.set(std::move(name), table);
    return *table;
  }
  std::vector<providers::configured_provider> read() {
    return providers::read_providers(options, "https://call.example.com");
  }
  core::mistakes found;
  core::options options{"providers", "test.toml:1", found};
};

}  // namespace

BOOST_AUTO_TEST_CASE(knows_what_cmake_listed) {
  const auto types = providers::known_types();
  for (const char* type :
       {"100ms", "builtin", "custom", "daily", "galene", "jaas", "jitsi", "livekit"})
    BOOST_TEST((std::ranges::find(types, type) != types.end()));
}

BOOST_AUTO_TEST_CASE(a_tables_name_is_its_type_where_none_is_written) {
  providers_table from;
  from.add("builtin", {});
  from.add("second", {{"type", "builtin"s}});
  const auto read = from.read();
  BOOST_TEST(from.found.empty());
  BOOST_REQUIRE(read.size() == 2u);
  tests::desk at;
  providers::registry registry(read, at.tools());
  BOOST_TEST(registry.all().size() == 2u);
  auto* second = registry.find(*core::provider_name::from("second"));
  BOOST_REQUIRE(second);
  BOOST_TEST(second->traits().type == "builtin");
  BOOST_TEST(second->traits().name.text() == "second");
  BOOST_TEST(!registry.find(*core::provider_name::from("third")));
}

BOOST_AUTO_TEST_CASE(an_unknown_type_is_one_mistake_with_a_suggestion) {
  providers_table from;
  from.add("main", {{"type", "100m"s}, {"secret", "x"s}, {"other", std::int64_t{1}}});
  BOOST_TEST(from.read().empty());
  from.options.note_unknown();
  BOOST_REQUIRE(from.found.size() == 1u);
  BOOST_TEST(from.found[0].key == "providers.main.type");
  BOOST_TEST(from.found[0].where == "test.toml:main");
  BOOST_TEST(from.found[0].what.find("100m") != std::string::npos);
  BOOST_TEST(from.found[0].hint == "did you mean \"100ms\"?");
}

BOOST_AUTO_TEST_CASE(a_table_without_type_and_with_a_free_name_is_a_mistake) {
  providers_table from;
  from.add("video", {});
  BOOST_TEST(from.read().empty());
  BOOST_REQUIRE(from.found.size() == 1u);
  BOOST_TEST(from.found[0].what.find("is required") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(names_have_an_alphabet) {
  providers_table from;
  from.add("My Provider", {{"type", "builtin"s}});
  BOOST_TEST(from.read().empty());
  BOOST_REQUIRE(from.found.size() == 1u);
  BOOST_TEST(from.found[0].key == "providers.My Provider");
}

BOOST_AUTO_TEST_CASE(mistakes_of_all_providers_are_found_at_once) {
  providers_table from;
  from.add("100ms", {});
  from.add("custom", {});
  from.add("builtin", {{"lifetime", "1s"s}});
  from.read();
  const auto about = [&](std::string_view key) {
    return std::ranges::any_of(from.found,
                               [&](const core::mistake& one) { return one.key == key; });
  };
  BOOST_TEST(about("providers.100ms.access_key"));
  BOOST_TEST(about("providers.custom.url_template"));
  BOOST_TEST(about("providers.builtin.lifetime"));
}

BOOST_AUTO_TEST_SUITE_END()
