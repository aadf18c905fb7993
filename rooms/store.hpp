// store: where bookings live. SQLite in the process; PostgreSQL where several nodes serve.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/task.hpp"
#include "rooms/booking.hpp"

namespace rooms {

struct booking_query {
  std::optional<core::wall_time> from;   // starts at or after
  std::optional<core::wall_time> to;     // starts before
  std::optional<core::user_id> user;     // has this participant
  std::string cursor;                    // what the last page gave; empty for the first
  std::size_t limit = 50;                // 1 to 200
};

struct booking_page {
  std::vector<booking> bookings;  // by start, then room
  std::string next_cursor;        // empty on the last page
};

struct put_outcome {
  booking stored;
  bool created = false;
  bool changed = false;  // false where the same was there already
};

// Every answer that says "done" is durable. Failures are errc::store_unavailable, room_not_found, invalid_booking.
class store {
 public:
  virtual ~store() = default;
  // Creates or replaces. `fallback` is the provider where the draft names none and the booking is new. Another provider
  // than the pinned one is invalid_booking with the fact {"/provider", …}. A cancelled or ended booking is opened again
  // as a new generation; if the same booking is put again while it is scheduled, its room stays.
  virtual core::task<core::result<put_outcome>> put(booking_draft draft, core::provider_name fallback,
                                                    core::wall_time now, core::deadline until) = 0;
  virtual core::task<core::result<std::optional<booking>>> find(core::room_id room,
                                                                core::deadline until) = 0;
  virtual core::task<core::result<booking_page>> list(booking_query query, core::deadline until) = 0;
  // To cancelled or ended; repeating it changes nothing.
  virtual core::task<core::result<booking>> close(core::room_id room, booking_state to,
                                                  core::wall_time now, core::deadline until) = 0;
  // Remembers the provider's room if the booking is still of this generation and has none; gives the booking as it is now.
  virtual core::task<core::result<booking>> remember_room(core::room_id room, std::uint32_t generation,
                                                          std::string provider_room, core::wall_time now,
                                                          core::deadline until) = 0;
};

}  // namespace rooms
