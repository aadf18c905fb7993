// The booking API's body: what is refused, with which pointer, and what is read; and how a booking
// is answered.
#include "rooms/booking.hpp"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "core/time_text.hpp"

BOOST_AUTO_TEST_SUITE(booking)

namespace {

rooms::read_draft read(std::string_view json) {
  return rooms::read_booking_body(core::room_id::from("room-1").value(), json);
}

// "pointer: detail" of every mistake, one per line.
std::string mistakes(std::string_view json) {
  const auto got = read(json);
  BOOST_TEST(got.draft.has_value() == got.errors.empty());
  std::string out;
  for (const auto& error : got.errors) out += error.pointer + ": " + error.detail + "\n";
  return out;
}

// The pointers only, each followed by a space.
std::string pointers(std::string_view json) {
  std::string out;
  for (const auto& error : read(json).errors) out += error.pointer + " ";
  return out;
}

std::string body(std::string_view starts, std::string_view ends,
                 std::string_view participants = R"([{"userId":"u1","role":"expert"}])",
                 std::string_view more = "") {
  return fmt::format(R"({{"startsAt":{},"endsAt":{},"participants":{}{}}})", starts, ends,
                     participants, more);
}

std::string people(std::string_view participants, std::string_view more = "") {
  return body(R"("2026-11-22T10:00:00Z")", R"("2026-11-22T11:00:00Z")", participants, more);
}

std::string crowd(int count) {
  std::string list;
  for (int i = 0; i < count; ++i)
    list += fmt::format(R"({}{{"userId":"u{}","role":"client"}})", i == 0 ? "" : ",", i);
  return people("[" + list + "]");
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_no_json_is_one_mistake_at_the_root) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("nonsense"), people("[]") + "x",
        std::string(R"({"startsAt":"a","startsAt":"b"})"), std::string("{\"a\":\"\xff\"}"),
        std::string(100'000, '[')}) {
    const auto got = read(text);
    BOOST_TEST(!got.draft.has_value());
    BOOST_TEST_REQUIRE(got.errors.size() == 1u);
    BOOST_TEST(got.errors[0].pointer == "");
  }
  for (const char* text : {"[]", "null", "\"text\"", "3"})
    BOOST_TEST(mistakes(text) == ": must be an object\n");
}

BOOST_AUTO_TEST_CASE(every_missing_member_is_named_at_once) {
  BOOST_TEST(mistakes("{}") ==
             "/startsAt: is required\n/endsAt: is required\n/participants: is required\n");
  BOOST_TEST(pointers(people("[{}]")) == "/participants/0/userId /participants/0/role ");
}

BOOST_AUTO_TEST_CASE(every_wrong_type_is_named) {
  BOOST_TEST(pointers(R"({"startsAt":1,"endsAt":null,"provider":[],"participants":{}})") ==
             "/startsAt /endsAt /provider /participants ");
  BOOST_TEST(pointers(people(R"(["u1",{"userId":7,"role":true}])")) ==
             "/participants/0 /participants/1/userId /participants/1/role ");
}

BOOST_AUTO_TEST_CASE(unknown_members_are_mistakes_with_escaped_pointers) {
  BOOST_TEST(mistakes(people(R"([{"userId":"u1","role":"expert","name":"x"}])",
                             R"(,"a/b~c":1,"roomId":"r")")) ==
             "/participants/0/name: is not a member of a booking\n"
             "/a~1b~0c: is not a member of a booking\n/roomId: is not a member of a booking\n");
  BOOST_TEST(pointers(people(R"([{"userId":"u1","role":"expert"}])", R"(,"":1,"Provider":"x")")) ==
             "/ /Provider ");
  const std::string longest(65, 'n');
  BOOST_TEST(mistakes(people(R"([{"userId":"u1","role":"expert"}])", ",\"" + longest + "\":1")) ==
             ": has an unknown member with a name of 65 bytes\n");
}

BOOST_AUTO_TEST_CASE(times_that_are_none_are_refused) {
  for (const char* text :
       {R"("")", R"("2026-11-22")", R"("2026-11-22 10:00")", R"("2026-13-22T10:00:00Z")",
        R"("2026-02-29T10:00:00Z")", R"("2026-11-22T10:00:00")", R"("tomorrow")"})
    BOOST_TEST(pointers(body(text, R"("2026-11-22T11:00:00Z")")) == "/startsAt ");
}

BOOST_AUTO_TEST_CASE(the_end_is_after_the_start_and_within_a_day_of_it) {
  const auto ends = [](std::string_view text) {
    return pointers(body(R"("2026-11-22T10:00:00Z")", fmt::format("\"{}\"", text)));
  };
  BOOST_TEST(ends("2026-11-22T10:00:00Z") == "/endsAt ");
  BOOST_TEST(ends("2026-11-22T10:00:00.900Z") == "/endsAt ");  // whole seconds
  BOOST_TEST(ends("2026-11-22T09:59:59Z") == "/endsAt ");
  BOOST_TEST(ends("2026-11-22T11:00:00+02:00") == "/endsAt ");
  BOOST_TEST(ends("2026-11-22T10:00:01Z") == "");
  BOOST_TEST(ends("2026-11-23T10:00:00Z") == "");
  BOOST_TEST(ends("2026-11-23T10:00:01Z") == "/endsAt ");
}

BOOST_AUTO_TEST_CASE(one_to_sixty_four_participants) {
  BOOST_TEST(pointers(people("[]")) == "/participants ");
  BOOST_TEST(pointers(crowd(1)) == "");
  BOOST_TEST(pointers(crowd(64)) == "");
  BOOST_TEST(mistakes(crowd(65)) == "/participants: must name at most 64 participants, not 65\n");
}

BOOST_AUTO_TEST_CASE(a_user_has_each_seat_once) {
  BOOST_TEST(
      pointers(people(R"([{"userId":"u","role":"expert"},{"userId":"u","role":"expert"}])")) ==
      "/participants/1 ");
  BOOST_TEST(
      pointers(people(R"([{"userId":"u","role":"expert"},{"userId":"u","role":"client"}])")) == "");
}

BOOST_AUTO_TEST_CASE(names_outside_their_alphabet_are_refused) {
  BOOST_TEST(
      pointers(people(R"([{"userId":"","role":"host"},{"userId":"a\u0000b","role":"Expert"}])")) ==
      "/participants/0/userId /participants/0/role /participants/1/userId /participants/1/role ");
  BOOST_TEST(pointers(people(R"([{"userId":"u","role":"client"}])", R"(,"provider":"")")) ==
             "/provider ");
  BOOST_TEST(pointers(people(R"([{"userId":"u","role":"client"}])", R"(,"provider":"Daily")")) ==
             "/provider ");
  BOOST_TEST(pointers(people("[{\"userId\":\"" + std::string(256, 'u') +
                             "\",\"role\":\"client\"}]")) == "/participants/0/userId ");
}

BOOST_AUTO_TEST_CASE(at_most_sixteen_mistakes_are_reported) {
  std::string list = "0";
  for (int i = 0; i < 40; ++i) list += ",0";
  BOOST_TEST(read(people("[" + list + "]")).errors.size() == 16u);
}

BOOST_AUTO_TEST_CASE(a_right_body_is_read_whole) {
  const auto got =
      read(body(R"("2026-11-22T11:00:00.750+01:00")", R"("2026-11-22T11:00:00Z")",
                R"([{"userId":"auth0|1","role":"expert"},{"role":"client","userId":"ü 2"}])",
                R"(,"provider":"100ms")"));
  BOOST_TEST_REQUIRE(got.draft.has_value());
  BOOST_TEST(got.draft->room.text() == "room-1");
  BOOST_TEST((got.draft->starts_at == core::from_rfc3339("2026-11-22T10:00:00Z").value()));
  BOOST_TEST((got.draft->ends_at == core::from_rfc3339("2026-11-22T11:00:00Z").value()));
  BOOST_TEST(got.draft->provider->text() == "100ms");
  BOOST_TEST_REQUIRE(got.draft->participants.size() == 2u);
  BOOST_TEST(got.draft->participants[1].user.text() == "ü 2");
  BOOST_TEST((got.draft->participants[1].seat == core::role::client));
  BOOST_TEST(!read(crowd(2)).draft->provider.has_value());
}

BOOST_AUTO_TEST_CASE(a_booking_is_answered_without_the_providers_room) {
  rooms::booking one;
  one.room = core::room_id::from("room-1").value();
  one.starts_at = core::from_rfc3339("2026-11-22T10:00:00Z").value();
  one.ends_at = core::from_rfc3339("2026-11-22T11:00:00Z").value();
  one.provider = core::provider_name::from("daily").value();
  one.provider_room = "https://secret.daily.co/x";
  one.participants = {{core::user_id::from("a\"b").value(), core::role::client}};
  one.state = rooms::booking_state::cancelled;
  one.created_at = core::from_rfc3339("2026-11-01T08:00:00.5Z").value();
  one.updated_at = core::from_rfc3339("2026-11-02T08:00:00Z").value();
  std::string text;
  core::json_writer out(text);
  rooms::write_booking(out, one);
  BOOST_TEST(
      text ==
      R"({"roomId":"room-1","startsAt":"2026-11-22T10:00:00Z","endsAt":"2026-11-22T11:00:00Z",)"
      R"("provider":"daily","participants":[{"userId":"a\"b","role":"client"}],"state":"cancelled",)"
      R"("createdAt":"2026-11-01T08:00:00Z","updatedAt":"2026-11-02T08:00:00Z"})");
}

BOOST_AUTO_TEST_SUITE_END()
