// Tickets: what they carry, whom they let in, what is none of ours, and keys that change.
#include "join/tickets.hpp"

#include <boost/test/unit_test.hpp>

#include "core/encoding.hpp"
#include "jose/error.hpp"
#include "jose/jwt.hpp"
#include "support/fakes.hpp"

BOOST_AUTO_TEST_SUITE(tickets)

using namespace std::chrono_literals;

namespace {

const std::string old_secret = "tQ7zLk3mXv9pWc2rBn5yHs8dJf4gEa6u";
const std::string new_secret = "uR8aMl4nYw1qXd3sCo6zIt9eKg5hFb7v";

struct office {
  explicit office(const std::string& secret, std::vector<std::string> before = {},
                  std::string url = "https://door.example") {
    settings.set("secret", secret);
    core::options::list previous;
    for (auto& one : before) previous.push_back({std::move(one), {}});
    if (!previous.empty()) settings.set("previous_secrets", previous);
    auto read = join::read_ticket_settings(settings);
    BOOST_REQUIRE(found.empty());
    gives.emplace(std::make_shared<const join::ticket_settings>(std::move(read)), std::move(url));
  }
  std::string issue(std::chrono::seconds life = 120s, std::string name = "Dr. Ä <b>") {
    const auto address = gives->address_of(ticket(life, std::move(name)), clock.wall_now());
    BOOST_REQUIRE(address);
    return address->substr(address->rfind('/') + 1);
  }
  join::ticket ticket(std::chrono::seconds life, std::string name) {
    return {*core::room_id::from("room~42@x"),
            7,
            *core::user_id::from("u1"),
            core::role::client,
            std::move(name),
            clock.wall_now() + life};
  }

  tests::fake_clock clock;
  core::mistakes found;
  core::options settings{"tickets", "test.toml:1", found};
  std::optional<join::tickets> gives;
};

core::mistakes mistakes_of(std::initializer_list<std::pair<const char*, core::options::any>> with) {
  core::mistakes found;
  core::options settings("tickets", "test.toml:1", found);
  for (const auto& [key, value] : with) settings.set(key, value);
  join::read_ticket_settings(settings);
  return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_ticket_says_who_goes_where_and_until_when) {
  office at(old_secret);
  const auto shown = at.gives->read(at.issue(), at.clock.wall_now());
  BOOST_REQUIRE(shown);
  BOOST_TEST(!shown->expired);
  BOOST_TEST(shown->what.room.view() == "room~42@x");
  BOOST_TEST(shown->what.generation == 7u);
  BOOST_TEST(shown->what.user.view() == "u1");
  BOOST_TEST((shown->what.seat == core::role::client));
  BOOST_TEST(shown->what.name == "Dr. Ä <b>");
  BOOST_TEST((shown->what.expires_at == at.clock.wall_now() + 120s));
}

BOOST_AUTO_TEST_CASE(its_address_is_ours_and_of_characters_that_need_no_encoding) {
  office at(old_secret);
  const auto address = at.gives->address_of(at.ticket(120s, "x"), at.clock.wall_now());
  BOOST_REQUIRE(address);
  BOOST_TEST(address->starts_with("https://door.example/go/eyJ"));
  BOOST_TEST(address->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789-_./:") == std::string::npos);
  BOOST_TEST(address->size() < 700u);
}

BOOST_AUTO_TEST_CASE(it_ends_to_the_second_and_is_known_for_a_day_after) {
  office at(old_secret);
  const std::string text = at.issue();
  at.clock.advance(119s);
  BOOST_TEST(!at.gives->read(text, at.clock.wall_now())->expired);
  at.clock.advance(1s);
  const auto ended = at.gives->read(text, at.clock.wall_now());
  BOOST_REQUIRE(ended);
  BOOST_TEST(ended->expired);
  BOOST_TEST(at.gives->way_back(ended->what) ==
             "https://door.example/client/videocall/room~42%40x");
  at.clock.advance(24h);
  BOOST_TEST(at.gives->read(text, at.clock.wall_now()).error().code == jose::errc::expired);
}

BOOST_AUTO_TEST_CASE(no_character_can_be_changed) {
  office at(old_secret);
  const std::string text = at.issue();
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string bent = text;
    bent[i] = bent[i] == 'A' ? 'B' : 'A';
    BOOST_TEST(!at.gives->read(bent, at.clock.wall_now()).has_value(), i);
  }
  BOOST_TEST(!at.gives->read("", at.clock.wall_now()).has_value());
  BOOST_TEST(!at.gives->read(std::string(5'000, 'e'), at.clock.wall_now()).has_value());
}

BOOST_AUTO_TEST_CASE(other_tokens_under_the_same_key_open_nothing) {
  office at(old_secret);
  const auto key = jose::key::from_secret(core::secret(old_secret), jose::algorithm::hs256);
  const auto now = core::unix_seconds(at.clock.wall_now());
  const std::string claims =
      R"({"iss":"https://door.example","aud":"https://door.example/go","sub":"u1","room":"r",)"
      R"("gen":1,"role":"expert","name":"x","iat":)" +
      std::to_string(now) + R"(,"exp":)" + std::to_string(now + 60) + "}";
  for (const char* type : {"JWT", "at+jwt", "stagedoor-room+jwt"})
    BOOST_TEST(!at.gives->read(*jose::sign_jwt(*key, claims, type), at.clock.wall_now()));
  BOOST_TEST(
      at.gives->read(*jose::sign_jwt(*key, claims, "stagedoor-ticket+jwt"), at.clock.wall_now())
          .has_value());
  for (const auto& [what, with] : std::initializer_list<std::pair<std::string, std::string>>{
           {R"("gen":1)", R"("gen":0)"},
           {R"("gen":1)", R"("gen":"1")"},
           {R"("gen":1,)", ""},
           {R"("room":"r")", R"("room":"a b")"},
           {"expert", "admin"},
           {"/go", "/room"},
           {R"("name":"x",)", ""}}) {
    std::string bent = claims;
    bent.replace(bent.find(what), what.size(), with);
    BOOST_TEST(
        !at.gives->read(*jose::sign_jwt(*key, bent, "stagedoor-ticket+jwt"), at.clock.wall_now()),
        what);
  }
}

BOOST_AUTO_TEST_CASE(another_installation_with_the_same_secret_is_another_door) {
  office here(old_secret);
  office there(old_secret, {}, "https://other.example");
  BOOST_TEST(!there.gives->read(here.issue(), there.clock.wall_now()).has_value());
}

BOOST_AUTO_TEST_CASE(after_a_rotation_old_tickets_live_on_and_new_ones_have_the_new_key) {
  office before(old_secret);
  office after(new_secret, {old_secret});
  office last(new_secret);
  BOOST_TEST(after.gives->read(before.issue(), after.clock.wall_now()).has_value());
  BOOST_TEST(last.gives->read(after.issue(), last.clock.wall_now()).has_value());
  BOOST_TEST(!last.gives->read(before.issue(), last.clock.wall_now()).has_value());
}

BOOST_AUTO_TEST_CASE(without_a_secret_one_is_made_that_nobody_else_has) {
  core::mistakes found;
  core::options a("tickets", "", found), b("tickets", "", found);
  const auto first = join::read_ticket_settings(a);
  const auto second = join::read_ticket_settings(b);
  BOOST_TEST(found.empty());
  BOOST_TEST(first.made_at_start);
  BOOST_TEST(first.keys.front().kid() != second.keys.front().kid());
}

BOOST_AUTO_TEST_CASE(bad_settings_are_told) {
  using std::string_literals::operator""s;
  BOOST_TEST(mistakes_of({{"secret", "short"s}}).size() == 1u);
  BOOST_TEST(mistakes_of({{"lifetime", "2h"s}}).size() == 1u);
  BOOST_TEST(mistakes_of({{"back_url", "http://www.example.com/x"s}}).size() == 1u);
  BOOST_TEST(mistakes_of({{"back_url", "javascript:alert(1)"s}}).size() == 1u);
  BOOST_TEST(mistakes_of({{"back_url", "https://a.example/{room}"s}}).size() == 1u);
  BOOST_TEST(mistakes_of({{"back_url", "https://a.example/{role}/{roomId}?x=1"s}}).empty());
  BOOST_TEST(mistakes_of({{"previous_secrets", core::options::list{{"short"s, {}}}}}).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
