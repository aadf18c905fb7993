// rows: SQL and what becomes of its rows.
#include "rooms/sqlite_rows.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <tuple>
#include <utility>

#include "core/digest.hpp"

namespace rooms::sqlite {
namespace {

// One row per participant, a booking's rows together; `read_bookings` knows the columns by their
// numbers.
#define BOOKING_COLUMNS                                                                         \
  "SELECT b.room, b.starts_at, b.ends_at, b.provider, b.state, b.generation, b.provider_room, " \
  "b.created_at, b.updated_at, p.user, p.seat, b.call_state, b.call_told_at, "                  \
  "b.call_started_at, b.call_ended_at, b.untold, b.prepare_failures, b.prepare_after "

constexpr const char* find_sql = BOOKING_COLUMNS
    "FROM bookings b LEFT JOIN participants p ON p.room = b.room WHERE b.room = ?1 "
    "ORDER BY p.position";

constexpr const char* list_sql = BOOKING_COLUMNS
    "FROM (SELECT * FROM bookings WHERE (starts_at, room) > (?1, ?2) AND starts_at < ?3 "
    "AND (?4 IS NULL OR state = ?4) ORDER BY starts_at, room LIMIT ?5) b "
    "LEFT JOIN participants p ON p.room = b.room ORDER BY b.starts_at, b.room, p.position";

// CROSS JOIN keeps SQLite from any other order than: the person's index, then the booking.
constexpr const char* list_of_user_sql = BOOKING_COLUMNS
    "FROM (SELECT DISTINCT c.* FROM participants m CROSS JOIN bookings c ON c.room = m.room "
    "WHERE m.user = ?6 AND (m.starts_at, m.room) > (?1, ?2) AND m.starts_at < ?3 "
    "AND (?4 IS NULL OR c.state = ?4) ORDER BY m.starts_at, m.room LIMIT ?5) b "
    "LEFT JOIN participants p ON p.room = b.room ORDER BY b.starts_at, b.room, p.position";

// No call is longer than a day, which gives the index its lower end: 86 400 000 ms. The inner part
// is answered by the index alone, whatever else runs that day.
// Only of what lies within the spread the digest is looked at: its first three hex digits are the
// room's share (share_of_spread).
#define HEX_DIGIT(at) "(instr('0123456789abcdef', substr(digest, " at ", 1)) - 1)"
constexpr const char* without_room_sql = BOOKING_COLUMNS
    "FROM (SELECT room FROM bookings WHERE provider_room = '' AND state = 'scheduled' "
    "AND provider = ?1 AND starts_at >= ?2 - 86400000 AND starts_at < ?5 AND ends_at > ?2 "
    "AND prepare_after <= ?3 AND (starts_at < ?5 - ?6 OR starts_at < ?5 - ?6 * "
    "(" HEX_DIGIT("1") " * 256 + " HEX_DIGIT("2") " * 16 + " HEX_DIGIT("3") ") / 4096) "
    "ORDER BY starts_at, room LIMIT ?4) w "
    "CROSS JOIN bookings b ON b.room = w.room "
    "LEFT JOIN participants p ON p.room = b.room ORDER BY b.starts_at, b.room, p.position";
#undef HEX_DIGIT
constexpr const char* untold_sql = BOOKING_COLUMNS
    "FROM (SELECT room FROM bookings WHERE untold = 1 AND provider_room != '' "
    "AND state = 'scheduled' AND provider = ?1 AND ends_at > ?2 AND prepare_after <= ?3 "
    "ORDER BY prepare_after, room LIMIT ?4) w CROSS JOIN bookings b ON b.room = w.room "
    "LEFT JOIN participants p ON p.room = b.room ORDER BY b.prepare_after, b.room, p.position";

constexpr const char* find_by_digest_sql = BOOKING_COLUMNS
    "FROM bookings b LEFT JOIN participants p ON p.room = b.room "
    "WHERE b.digest = ?1 AND b.provider = ?2 ORDER BY p.position";

// char(1114111) is the last character there is: a range is what an index can serve. Of several,
// the first.
constexpr const char* find_by_provider_room_sql = BOOKING_COLUMNS
    "FROM (SELECT room FROM bookings WHERE provider_room != '' AND provider_room >= ?1 "
    "AND provider_room < ?1 || char(1114111) AND provider = ?2 LIMIT 1) w "
    "CROSS JOIN bookings b ON b.room = w.room "
    "LEFT JOIN participants p ON p.room = b.room ORDER BY p.position";

constexpr const char* overdue_sql = BOOKING_COLUMNS
    "FROM (SELECT room FROM bookings WHERE provider_room != '' AND state = 'scheduled' "
    "AND ends_at < ?1 AND (call_state != 'live' OR ends_at < ?2) ORDER BY ends_at LIMIT ?3) w "
    "CROSS JOIN bookings b ON b.room = w.room "
    "LEFT JOIN participants p ON p.room = b.room ORDER BY b.ends_at, b.room, p.position";

#undef BOOKING_COLUMNS

constexpr const char* upsert_sql =
    "INSERT INTO bookings (room, starts_at, ends_at, provider, state, generation, provider_room, "
    "created_at, updated_at, digest, call_state, call_told_at, call_started_at, call_ended_at, "
    "untold, prepare_failures, prepare_after) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) "
    "ON CONFLICT (room) DO UPDATE SET starts_at = ?2, ends_at = ?3, provider = ?4, state = ?5, "
    "generation = ?6, provider_room = ?7, created_at = ?8, updated_at = ?9, digest = ?10, "
    "call_state = ?11, call_told_at = ?12, call_started_at = ?13, call_ended_at = ?14, "
    "untold = ?15, prepare_failures = ?16, prepare_after = ?17";
constexpr const char* forget_participants_sql = "DELETE FROM participants WHERE room = ?1";
constexpr const char* add_participant_sql =
    "INSERT INTO participants (room, position, user, seat, starts_at) VALUES (?1, ?2, ?3, ?4, ?5)";
constexpr const char* add_closing_sql =
    "INSERT INTO closings (room, generation, provider, provider_room, due_at, attempts) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (room, generation, provider_room) DO NOTHING";
#define CLOSING_COLUMNS \
  "SELECT room, generation, provider, provider_room, due_at, attempts FROM closings "
#define THAT_CLOSING "WHERE room = ?1 AND generation = ?2 AND provider_room = ?3"

constexpr const char* due_closings_sql =
    CLOSING_COLUMNS "WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2";
constexpr const char* find_closing_sql = CLOSING_COLUMNS THAT_CLOSING;
constexpr const char* closing_done_sql = "DELETE FROM closings " THAT_CLOSING;
constexpr const char* closing_later_sql =
    "UPDATE closings SET attempts = attempts + ?4, due_at = ?5 " THAT_CLOSING;

#undef THAT_CLOSING
#undef CLOSING_COLUMNS

std::optional<booking_state> state_from(std::string_view text) {
  for (const auto state :
       {booking_state::scheduled, booking_state::cancelled, booking_state::ended})
    if (name_of(state) == text) return state;
  return std::nullopt;
}

call_record read_call(query& row) {
  call_record out;
  if (row.text(11) == name_of(call_state::unknown)) return out;
  out.state = row.text(11) == name_of(call_state::live) ? call_state::live : call_state::ended;
  out.told_at = from_milliseconds(row.number(12));
  if (row.number(13) != 0) out.started_at = from_milliseconds(row.number(13));
  if (row.number(14) != 0) out.ended_at = from_milliseconds(row.number(14));
  return out;
}

std::int64_t milliseconds_or_0(const std::optional<core::wall_time>& at) {
  return at ? to_milliseconds(*at) : 0;
}

std::optional<booking> read_booking(query& row) {
  const auto room = core::room_id::from(row.text(0));
  const auto provider = core::provider_name::from(row.text(3));
  const auto state = state_from(row.text(4));
  if (!room || !provider || !state) return std::nullopt;
  booking one;
  one.room = *room;
  one.starts_at = from_milliseconds(row.number(1));
  one.ends_at = from_milliseconds(row.number(2));
  one.provider = *provider;
  one.state = *state;
  one.generation = static_cast<std::uint32_t>(row.number(5));
  one.provider_room = row.text(6);
  one.created_at = from_milliseconds(row.number(7));
  one.updated_at = from_milliseconds(row.number(8));
  one.call = read_call(row);
  one.preparing.untold = row.number(15) != 0;
  one.preparing.failures = static_cast<std::uint32_t>(row.number(16));
  one.preparing.not_before = from_milliseconds(row.number(17));
  return one;
}

std::vector<booking> read_bookings(connection& on, query& rows) {
  std::vector<booking> read;
  const auto impossible = [&] {
    on.note_trouble(SQLITE_CORRUPT, "a row holds what no booking can");
    return std::vector<booking>{};
  };
  while (rows.next()) {
    if (read.empty() || read.back().room.view() != rows.text(0)) {
      auto one = read_booking(rows);
      if (!one) return impossible();
      read.push_back(std::move(*one));
    }
    if (rows.is_null(9)) continue;
    auto user = core::user_id::from(rows.text(9));
    const auto seat = core::role_from(rows.text(10));
    if (!user || !seat) return impossible();
    read.back().participants.push_back({std::move(*user), *seat});
  }
  return read;
}

std::vector<room_closing> read_closings(connection& on, query& rows) {
  std::vector<room_closing> read;
  while (rows.next()) {
    auto room = core::room_id::from(rows.text(0));
    auto provider = core::provider_name::from(rows.text(2));
    if (!room || !provider) {
      on.note_trouble(SQLITE_CORRUPT, "a closing holds what no booking can");
      return {};
    }
    read.push_back({std::move(*room), static_cast<std::uint32_t>(rows.number(1)),
                    std::move(*provider), std::string(rows.text(3)),
                    from_milliseconds(rows.number(4)), static_cast<std::uint32_t>(rows.number(5))});
  }
  return read;
}

// For "before" and "from": a bound between two milliseconds is the later one's.
std::int64_t rounded_up(core::wall_time at) {
  return std::chrono::ceil<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

constexpr const char* note_interrupted_sql =
    "INSERT INTO closings (room, generation, provider, provider_room, due_at, attempts) "
    "SELECT ?1, ?2, ?3, '', max(ends_at, ?4), 0 FROM leases WHERE what IN (?5, ?6) LIMIT 1 "
    "ON CONFLICT (room, generation, provider_room) DO NOTHING";

void bind_closing(query& to, const room_closing& which) {
  to.bind(which.room.view()).bind(std::int64_t{which.generation}).bind(which.provider_room);
}

std::int64_t as_limit(std::size_t limit) { return static_cast<std::int64_t>(limit); }

}  // namespace

std::optional<booking> find(connection& on, const core::room_id& room) {
  auto rows = on.prepare(find_sql);
  rows.bind(room.view());
  auto read = read_bookings(on, rows);
  if (read.empty()) return std::nullopt;
  return std::move(read.front());
}

core::result<booking_page> list(connection& on, const booking_query& query) {
  // Room ids are never empty: this is before the first booking that starts then.
  list_place after{query.from.value_or(from_milliseconds(-9'000'000'000'000)), ""};
  if (!query.cursor.empty()) {
    auto place = place_of(query.cursor);
    if (!place) return core::same_failure(place);
    if (std::tie(place->starts_at, place->room) > std::tie(after.starts_at, after.room))
      after = std::move(*place);
  }
  const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, page_max);
  auto rows = on.prepare(query.user ? list_of_user_sql : list_sql);
  rows.bind(rounded_up(after.starts_at)).bind(after.room);
  rows.bind(query.to ? rounded_up(*query.to) : std::numeric_limits<std::int64_t>::max());
  if (query.state)
    rows.bind(name_of(*query.state));
  else
    rows.bind_null();
  rows.bind(as_limit(limit + 1));  // one more tells whether there is another page
  if (query.user) rows.bind(query.user->view());
  booking_page page;
  page.bookings = read_bookings(on, rows);
  if (page.bookings.size() <= limit) return page;
  page.bookings.resize(limit);
  page.next_cursor = cursor_of({page.bookings.back().starts_at, page.bookings.back().room.text()});
  return page;
}

std::vector<booking> to_prepare(connection& on, const rooms_due& which) {
  const auto ask = [&](const char* sql) {
    auto rows = on.prepare(sql);
    rows.bind(which.provider.view()).bind(to_milliseconds(which.ends_after));
    rows.bind(to_milliseconds(which.now)).bind(as_limit(which.limit));
    if (sql == without_room_sql)
      rows.bind(rounded_up(which.starts_before)).bind(std::int64_t{which.spread.count()});
    return read_bookings(on, rows);
  };
  auto out = ask(untold_sql);
  for (booking& one : ask(without_room_sql)) out.push_back(std::move(one));
  return out;
}

std::array<const char*, 2> to_prepare_sql() { return {untold_sql, without_room_sql}; }

std::vector<room_closing> due_closings(connection& on, core::wall_time now, std::size_t limit) {
  auto rows = on.prepare(due_closings_sql);
  rows.bind(to_milliseconds(now)).bind(as_limit(limit));
  return read_closings(on, rows);
}

std::optional<room_closing> find_closing(connection& on, const room_closing& which) {
  auto rows = on.prepare(find_closing_sql);
  bind_closing(rows, which);
  auto read = read_closings(on, rows);
  if (read.empty()) return std::nullopt;
  return std::move(read.front());
}

std::optional<booking> find_reported(connection& on, const call_report& report) {
  std::optional<booking> found;
  if (report.room) {
    found = find(on, *report.room);
    if (found && found->provider != report.provider) found.reset();
    return found;
  }
  const bool by_digest = !report.digest.empty();
  if (!by_digest && report.remembered.empty()) return found;
  auto rows = on.prepare(by_digest ? find_by_digest_sql : find_by_provider_room_sql);
  rows.bind(by_digest ? report.digest : report.remembered).bind(report.provider.view());
  auto read = read_bookings(on, rows);
  if (!read.empty()) found = std::move(read.front());
  return found;
}

std::vector<booking> overdue(connection& on, core::wall_time ended_before,
                             core::wall_time live_before, std::size_t limit) {
  auto rows = on.prepare(overdue_sql);
  rows.bind(rounded_up(ended_before)).bind(rounded_up(live_before)).bind(as_limit(limit));
  return read_bookings(on, rows);
}

void keep(connection& on, const booking* before, const change& made) {
  const booking& after = made.after;
  if (made.changed) {
    auto write = on.prepare(upsert_sql);
    write.bind(after.room.view()).bind(to_milliseconds(after.starts_at));
    write.bind(to_milliseconds(after.ends_at)).bind(after.provider.view());
    write.bind(name_of(after.state)).bind(std::int64_t{after.generation}).bind(after.provider_room);
    write.bind(to_milliseconds(after.created_at)).bind(to_milliseconds(after.updated_at));
    write.bind(core::room_digest(after.room, after.generation)).bind(name_of(after.call.state));
    const bool told = after.call.state != call_state::unknown;
    write.bind(told ? to_milliseconds(after.call.told_at) : 0);
    write.bind(milliseconds_or_0(after.call.started_at));
    write.bind(milliseconds_or_0(after.call.ended_at));
    write.bind(std::int64_t{after.preparing.untold}).bind(std::int64_t{after.preparing.failures});
    write.bind(to_milliseconds(after.preparing.not_before));
    write.run();
    if (!before || before->participants != after.participants ||
        before->starts_at != after.starts_at) {
      on.prepare(forget_participants_sql).bind(after.room.view()).run();
      std::int64_t position = 0;
      for (const participant& who : after.participants) {
        auto add = on.prepare(add_participant_sql);
        add.bind(after.room.view()).bind(position++).bind(who.user.view());
        add.bind(core::name_of(who.seat)).bind(to_milliseconds(after.starts_at)).run();
      }
    }
  }
  if (!made.closing) return;
  const room_closing& closing = *made.closing;
  auto note = on.prepare(add_closing_sql);
  note.bind(closing.room.view())
      .bind(std::int64_t{closing.generation})
      .bind(closing.provider.view());
  note.bind(closing.provider_room).bind(to_milliseconds(closing.due_at));
  note.bind(std::int64_t{closing.attempts}).run();
}

constexpr const char* revoke_sql =
    "INSERT INTO revocations (user, token_id, before_at, made_at) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (user, token_id) DO UPDATE SET before_at = max(before_at, excluded.before_at), "
    "made_at = max(made_at, excluded.made_at)";
constexpr const char* forget_revocations_sql =
    "DELETE FROM revocations WHERE (user, token_id) IN (SELECT user, token_id FROM revocations "
    "WHERE made_at < ? ORDER BY made_at LIMIT 100)";
constexpr const char* revocations_sql =
    "SELECT user, token_id, before_at FROM revocations WHERE made_at > ?";

void revoke(connection& on, const core::revocation& what, core::wall_time now) {
  auto write = on.prepare(revoke_sql);
  write.bind(what.user).bind(what.token_id).bind(to_milliseconds(what.before));
  write.bind(to_milliseconds(now)).run();
}

void forget_revocations(connection& on, core::wall_time before) {
  on.prepare(forget_revocations_sql).bind(to_milliseconds(before)).run();
}

std::vector<core::revocation> revocations(connection& on, core::wall_time since) {
  std::vector<core::revocation> out;
  auto rows = on.prepare(revocations_sql);
  rows.bind(to_milliseconds(since));
  while (rows.next())
    out.push_back(
        {std::string(rows.text(0)), std::string(rows.text(1)), from_milliseconds(rows.number(2))});
  return out;
}

void note_interrupted(connection& on, const booking& closed, core::wall_time now) {
  const std::string room = closed.room.text();
  auto write = on.prepare(note_interrupted_sql);
  write.bind(room).bind(std::int64_t{closed.generation}).bind(closed.provider.view());
  write.bind(to_milliseconds(now)).bind(std::string(making_prefix) + room);
  write.bind(std::string(using_prefix) + room).run();
}

void forget_interrupted(connection& on, const core::room_id& room, std::uint32_t generation) {
  auto write = on.prepare(closing_done_sql);
  write.bind(room.view()).bind(std::int64_t{generation}).bind(std::string_view("")).run();
}

bool closing_done(connection& on, const room_closing& which) {
  auto write = on.prepare(closing_done_sql);
  bind_closing(write, which);
  write.run();
  return on.good() && on.rows_changed() > 0;
}

bool closing_later(connection& on, const room_closing& which, bool failed,
                   core::wall_time retry_at) {
  auto write = on.prepare(closing_later_sql);
  bind_closing(write, which);
  write.bind(std::int64_t{failed ? 1 : 0}).bind(to_milliseconds(retry_at)).run();
  return on.good() && on.rows_changed() > 0;
}

}  // namespace rooms::sqlite
