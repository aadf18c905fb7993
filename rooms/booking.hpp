// booking: who meets whom, when, and in which room of which provider.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/json.hpp"
#include "core/result.hpp"

namespace rooms {

struct participant {
  core::user_id user;
  core::role seat = core::role::expert;
  friend bool operator==(const participant&, const participant&) = default;
};

enum class booking_state : std::uint8_t { scheduled, cancelled, ended };
std::string_view name_of(booking_state state);

// What the provider has told of the booking's call: nothing, that it runs, that it has ended.
enum class call_state : std::uint8_t { unknown, live, ended };
std::string_view name_of(call_state state);  // "", "live", "ended"

struct call_record {
  call_state state = call_state::unknown;
  core::wall_time told_at;  // of the latest report, by the provider's clock
  std::optional<core::wall_time> started_at;
  std::optional<core::wall_time> ended_at;
  friend bool operator==(const call_record&, const call_record&) = default;
};

// How far the provider knows of the booking as it is.
struct preparation {
  bool untold = false;         // changed since its room was made: the provider may not know
  std::uint32_t failures = 0;  // in a row: of making the room ahead, or of telling of the change
  core::wall_time not_before;  // what was tried in vain waits for this
  friend bool operator==(const preparation&, const preparation&) = default;
};

struct booking {
  core::room_id room;
  core::wall_time starts_at;
  core::wall_time ends_at;
  core::provider_name provider;  // pinned when the booking is made
  std::vector<participant> participants;
  booking_state state = booking_state::scheduled;
  // Counts how often the room was opened anew after a cancellation or an end: each opening is a
  // room of its own at the provider.
  std::uint32_t generation = 1;
  // What the provider said of its room for this generation; empty until it has been made. Opaque
  // here.
  std::string provider_room;
  preparation preparing;  // of this generation, too
  call_record call;       // of this generation
  core::wall_time created_at;
  core::wall_time updated_at;
};

using booking_ptr = std::shared_ptr<const booking>;

constexpr std::size_t participants_max = 64;
// A call longer than a day is a mistake in a date.
constexpr std::chrono::hours length_max{24};

// A booking as the booking API's PUT body says it.
struct booking_draft {
  core::room_id room;
  core::wall_time starts_at;
  core::wall_time ends_at;
  std::optional<core::provider_name> provider;
  std::vector<participant> participants;
};

// What is wrong with a body: {"/participants/0/role", "must be expert or client"}.
struct body_error {
  std::string pointer;  // JSON pointer (RFC 6901)
  std::string detail;
};

// Unknown members, wrong types, no participant or more than 64, the same user twice for the same
// seat, an end that is not after the start and a call longer than 24 h are errors; all are
// reported, at most 16. Times are kept in whole seconds. What is no JSON at all is one error with
// the pointer "".
struct read_draft {
  std::optional<booking_draft> draft;
  std::vector<body_error> errors;
};
read_draft read_booking_body(const core::room_id& room, std::string_view json);

// The booking as the booking API answers it.
void write_booking(core::json_writer& out, const booking& one);

}  // namespace rooms
