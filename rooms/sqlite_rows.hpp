// rows: every question and every change to the bookings' tables, as blocking calls on one
// connection.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/result.hpp"
#include "rooms/changes.hpp"
#include "rooms/sqlite_connection.hpp"
#include "rooms/store.hpp"

namespace rooms::sqlite {

// After trouble the answers mean nothing: ask the connection first.
std::optional<booking> find(connection& on, const core::room_id& room);
core::result<booking_page> list(connection& on, const booking_query& query);
std::vector<booking> to_prepare(connection& on, const rooms_due& which);
// Its two questions, for a test that looks at how SQLite answers them.
std::array<const char*, 2> to_prepare_sql();
std::vector<room_closing> due_closings(connection& on, core::wall_time now, std::size_t limit);
std::optional<room_closing> find_closing(connection& on, const room_closing& which);

std::optional<booking> find_reported(connection& on, const call_report& report);
std::vector<booking> overdue(connection& on, core::wall_time ended_before,
                             core::wall_time live_before, std::size_t limit);

// Inside a transaction. `before` is what was found in it.
void keep(connection& on, const booking* before, const change& made);
// Of a booking that has just been closed without a room: of the one that may be being made.
void note_interrupted(connection& on, const booking& closed, core::wall_time now);
void forget_interrupted(connection& on, const core::room_id& room, std::uint32_t generation);
bool closing_done(connection& on, const room_closing& which);
bool closing_later(connection& on, const room_closing& which, bool failed,
                   core::wall_time retry_at);

void revoke(connection& on, const core::revocation& what, core::wall_time now);
// A hundred of those that were made before.
void forget_revocations(connection& on, core::wall_time before);
std::vector<core::revocation> revocations(connection& on, core::wall_time since);

}  // namespace rooms::sqlite
