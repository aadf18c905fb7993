// What a reload says it could not take over.
#include "app/config_changes.hpp"

#include <boost/test/unit_test.hpp>

#include "app/config_file.hpp"

BOOST_AUTO_TEST_SUITE(config_changes)

namespace {

std::string changes(std::string_view before, std::string_view after) {
  core::mistakes found;
  const auto a = app::read_options(before, "a.toml", {}, found);
  const auto b = app::read_options(after, "b.toml", {}, found);
  BOOST_REQUIRE(found.empty());
  static_cast<void>(b->section("store"));  // asked for, but not there
  std::string out;
  for (const std::string& one : app::changed_sections(*a, *b)) out += one + " ";
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(sections_that_differ_are_named) {
  const std::string_view was = R"(
public_url = "https://a.example"
[shutdown]
delay = "1s"
[server]
listen = ["127.0.0.1:1", "127.0.0.1:2"]
threads = 2
[providers.main]
type = "custom"
token = { lifetime = "10m" }
)";
  const auto with = [&](std::string_view what, std::string_view instead) {
    std::string text(was);
    text.replace(text.find(what), what.size(), instead);
    return changes(was, text);
  };
  BOOST_TEST(changes(was, was) == "");
  BOOST_TEST(changes(was, std::string("# a comment moves all lines\n") + std::string(was)) == "");
  BOOST_TEST(with("https://a", "https://b") == "public_url ");
  BOOST_TEST(with("1s", "2s") == "shutdown ");
  BOOST_TEST(with("threads = 2", "threads = 3") == "server ");
  BOOST_TEST(with("127.0.0.1:2", "127.0.0.1:3") == "server ");
  BOOST_TEST(with(R"(, "127.0.0.1:2")", "") == "server ");
  BOOST_TEST(with("10m", "11m") == "providers ");
  BOOST_TEST(with("[shutdown]", "[cache]") == "cache shutdown ");
  BOOST_TEST(with("delay = \"1s\"", "") == "shutdown ");
}

BOOST_AUTO_TEST_CASE(what_is_kept_of_a_configuration_can_be_compared_and_holds_no_text) {
  const std::string_view was = R"(
[session]
secret = "tQ7zLk3mXv9pWc2rBn5yHs8dJf4gEa6u"
[tickets]
previous_secrets = ["rB7yKm3xQz9wTn5vLc2hJp8gDf4sEa6u"]
[server]
threads = 2
)";
  core::mistakes found;
  const auto kept = app::read_options(was, "a.toml", {}, found);
  auto& secret = std::get<std::string>(kept->section("session").find("secret")->value);
  auto& old =
      std::get<core::options::list>(kept->section("tickets").find("previous_secrets")->value);
  // The bytes where the secret was, as long as they are not anybody else's.
  const std::string before = secret;
  app::keep_digests(*kept);
  BOOST_TEST(secret.size() == before.size());
  BOOST_TEST(secret != before);
  BOOST_TEST(std::get<std::string>(old.front().value) != "rB7yKm3xQz9wTn5vLc2hJp8gDf4sEa6u");

  const auto compared = [&](std::string text) {
    const auto other = app::read_options(text, "b.toml", {}, found);
    app::keep_digests(*other);
    std::string out;
    for (const std::string& one : app::changed_sections(*kept, *other)) out += one + " ";
    return out;
  };
  BOOST_TEST(compared(std::string(was)) == "");
  std::string rotated(was);
  rotated.replace(rotated.find("tQ7z"), 4, "uQ7z");
  BOOST_TEST(compared(rotated) == "session ");
  rotated = was;
  rotated.replace(rotated.find("rB7y"), 4, "sB7y");
  BOOST_TEST(compared(rotated) == "tickets ");
}

BOOST_AUTO_TEST_SUITE_END()
