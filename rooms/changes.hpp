// changes: what a write makes of a booking. Pure; every store asks here and only keeps the answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "rooms/store.hpp"

namespace rooms {

struct change {
  booking after;
  bool created = false;
  bool changed = false;                 // false: nothing to write
  std::optional<room_closing> closing;  // to be noted with it, unless it is noted already
};

// `before` is null where the room has no booking.
core::result<change> change_by_put(const booking* before, booking_draft draft,
                                   const core::provider_name& fallback, core::wall_time now);
core::result<change> change_by_close(const booking* before, booking_state to, core::wall_time now);
core::result<change> change_by_room(const booking* before, room_made made, core::wall_time now);
change change_by_loss(const booking* before, const booking& known, core::wall_time now);
change change_by_waiting(const booking& before, bool failed, core::wall_time not_before);
// Whether to_prepare() is about this booking.
bool is_to_prepare(const booking& one, const rooms_due& which);

change change_by_report(const booking& before, const call_report& report, core::wall_time now);
// Whether end_overdue() is about this booking.
bool is_overdue(const booking& one, core::wall_time ended_before, core::wall_time live_before);

// Where a list goes on: after this booking.
struct list_place {
  core::wall_time starts_at;
  std::string room;
};
// Opaque to callers: base64url of the start in milliseconds and the room.
std::string cursor_of(const list_place& place);
core::result<list_place> place_of(const std::string& cursor);

// Stores keep milliseconds.
std::int64_t to_milliseconds(core::wall_time at);
core::wall_time from_milliseconds(std::int64_t at);

}  // namespace rooms
