// changes: created, replaced, closed, opened again: the life of a booking in plain functions.
#include "rooms/changes.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "core/digest.hpp"
#include "core/encoding.hpp"
#include "rooms/error.hpp"

namespace rooms {
namespace {

core::wall_time kept(core::wall_time at) { return from_milliseconds(to_milliseconds(at)); }

tl::unexpected<core::failure> invalid(std::string pointer, std::string detail) {
  core::failure why(make_error_code(errc::invalid_booking), detail);
  return core::fail(std::move(why).with(std::move(pointer), std::move(detail)));
}

// What read_booking_body promises, checked again for those who make drafts themselves.
core::result<void> check(const booking_draft& draft) {
  if (draft.ends_at <= draft.starts_at) return invalid("/endsAt", "must be after startsAt");
  if (draft.ends_at - draft.starts_at > length_max)
    return invalid("/endsAt", "must be at most 24 hours after startsAt");
  if (draft.participants.empty() || draft.participants.size() > participants_max)
    return invalid("/participants", "must name 1 to 64 participants");
  return {};
}

// What a provider may have been told of.
bool same_terms(const booking& one, const booking& other) {
  return one.starts_at == other.starts_at && one.ends_at == other.ends_at &&
         one.participants == other.participants;
}

room_closing closing_of(const booking& one, std::uint32_t generation, std::string provider_room,
                        core::wall_time now) {
  return {one.room, generation, one.provider, std::move(provider_room), kept(now), 0};
}

}  // namespace

core::result<change> change_by_put(const booking* before, booking_draft draft,
                                   const core::provider_name& fallback, core::wall_time now) {
  draft.starts_at = kept(draft.starts_at);
  draft.ends_at = kept(draft.ends_at);
  if (auto good = check(draft); !good) return core::same_failure(good);
  if (before && draft.provider && *draft.provider != before->provider)
    return invalid("/provider",
                   "the booking was made with " + before->provider.text() + " and stays there");

  change made;
  if (before) {
    made.after = *before;
  } else {
    made.created = true;
    made.after.room = std::move(draft.room);
    made.after.provider = fallback;
    if (draft.provider) made.after.provider = std::move(*draft.provider);
    made.after.created_at = kept(now);
  }
  booking& after = made.after;
  const bool reopened = after.state != booking_state::scheduled;
  if (reopened) {
    // The closed generation's room is (or was) noted for closing when it was closed.
    ++after.generation;
    after.provider_room.clear();
    after.preparing = {};
    after.call = {};
    after.state = booking_state::scheduled;
  }
  made.changed = made.created || reopened || after.starts_at != draft.starts_at ||
                 after.ends_at != draft.ends_at || after.participants != draft.participants;
  if (!made.changed) return made;
  after.starts_at = draft.starts_at;
  after.ends_at = draft.ends_at;
  after.participants = std::move(draft.participants);
  after.updated_at = kept(now);
  // Whatever was tried in vain before, this is another wish.
  after.preparing = {};
  after.preparing.untold = !after.provider_room.empty();
  return made;
}

core::result<change> change_by_close(const booking* before, booking_state to, core::wall_time now) {
  if (!before) return core::fail(errc::room_not_found, "no booking to close");
  if (to == booking_state::scheduled)
    return core::fail(errc::invalid_booking, "a booking is closed as cancelled or ended");
  change made;
  made.after = *before;
  // Closing a provider's room makes the provider report its end: that must not undo a cancellation.
  if (before->state == to || before->state == booking_state::cancelled) return made;
  made.changed = true;
  made.after.state = to;
  made.after.updated_at = kept(now);
  if (before->state == booking_state::scheduled && !before->provider_room.empty())
    made.closing = closing_of(*before, before->generation, before->provider_room, now);
  return made;
}

core::result<change> change_by_room(const booking* before, room_made what, core::wall_time now) {
  if (!before) return core::fail(errc::room_not_found, "no booking has this room");
  change made;
  made.after = *before;
  if (what.provider_room.empty()) return made;
  const booking& told = *what.told;
  const bool current = before->generation == told.generation;
  const bool has_other = current && before->provider_room != told.provider_room;
  const bool runs = current && what.replaces && before->call.state == call_state::live;
  if (has_other || runs) {
    if (what.is_another && what.provider_room != before->provider_room)
      made.closing = closing_of(*before, told.generation, std::move(what.provider_room), now);
    return made;
  }
  if (current && what.replaces)
    made.closing = closing_of(*before, told.generation, told.provider_room, now);
  if (current) {
    if (before->provider_room != what.provider_room) made.after.updated_at = kept(now);
    made.after.provider_room = what.provider_room;
    made.after.preparing = {};
    made.after.preparing.untold = !same_terms(*before, told);
    made.changed = made.after.provider_room != before->provider_room ||
                   made.after.preparing != before->preparing;
  }
  // It was made for a call that was called off meanwhile, which noted the one before.
  if (!current || before->state != booking_state::scheduled)
    made.closing = closing_of(*before, told.generation, std::move(what.provider_room), now);
  return made;
}

change change_by_loss(const booking* before, const booking& known, core::wall_time now) {
  change made;
  if (!before) return made;
  made.after = *before;
  made.changed = before->generation == known.generation &&
                 before->provider_room == known.provider_room && !known.provider_room.empty();
  if (!made.changed) return made;
  made.after.provider_room.clear();
  made.after.preparing = {};
  made.after.updated_at = kept(now);
  return made;
}

change change_by_waiting(const booking& before, bool failed, core::wall_time not_before) {
  change made;
  made.after = before;
  made.changed = true;
  preparation& waits = made.after.preparing;
  waits.untold = !before.provider_room.empty();
  waits.not_before = kept(not_before);
  if (failed) ++waits.failures;
  return made;
}

int share_of_spread(const core::room_id& room, std::uint32_t generation) {
  return std::stoi(core::room_digest(room, generation).substr(0, 3), nullptr, 16);
}

bool is_to_prepare(const booking& one, const rooms_due& which) {
  const bool bare = one.provider_room.empty();
  const auto share = which.spread * share_of_spread(one.room, one.generation) / spread_parts;
  return one.state == booking_state::scheduled && one.provider == which.provider &&
         one.ends_at > which.ends_after && one.preparing.not_before <= which.now &&
         (bare ? one.starts_at < which.starts_before - share : one.preparing.untold);
}

change change_by_report(const booking& before, const call_report& report, core::wall_time now) {
  change made;
  made.after = before;
  call_record& call = made.after.call;
  // A provider's clock may be ahead of ours, but not so far that no later report is ever believed.
  const core::wall_time at = kept(std::min(report.at, now + std::chrono::minutes{5}));
  const bool known = call.state != call_state::unknown;
  // Some vendors count whole seconds: of a start and an end in one of them, the end was later.
  const bool same_second = at == call.told_at && report.live && call.state == call_state::ended;
  const bool said_again = report.is_timeless && !report.live && call.state == call_state::ended;
  if (said_again) return made;
  if (known && (at < call.told_at || same_second)) {
    // Late: the end was told before the start. All that it adds is when that was.
    if (report.live && call.state == call_state::ended && !call.started_at) call.started_at = at;
  } else if (report.live) {
    if (call.state != call_state::live) call = {call_state::live, at, at, std::nullopt};
    call.told_at = at;
  } else if (call.state != call_state::ended || at > call.told_at) {
    call = {call_state::ended, at, call.started_at, at};
    made.after.preparing.not_before = {};  // what waited for the end of the call
    if (report.room_is_gone) {
      made.after.provider_room.clear();
      made.after.preparing = {};
    }
  }
  made.changed = call != before.call || made.after.provider_room != before.provider_room;
  return made;
}

bool is_overdue(const booking& one, core::wall_time ended_before, core::wall_time live_before) {
  return one.state == booking_state::scheduled && !one.provider_room.empty() &&
         one.ends_at < (one.call.state == call_state::live ? live_before : ended_before);
}

std::string cursor_of(const list_place& place) {
  return core::to_base64url(
      core::as_bytes(std::to_string(to_milliseconds(place.starts_at)) + " " + place.room));
}

core::result<list_place> place_of(const std::string& cursor) {
  // The longest: 20 digits, a space and a room of 128 bytes.
  constexpr std::size_t cursor_bytes_max = 256;
  const auto bad = [] { return core::fail(errc::bad_cursor, "no page gave this cursor"); };
  if (cursor.size() > cursor_bytes_max) return bad();
  const auto text = core::from_base64url(cursor);
  if (!text) return bad();
  const std::size_t space = text->find(' ');
  if (space == std::string::npos) return bad();
  std::int64_t at = 0;
  const char* const end = text->data() + space;
  const auto read = std::from_chars(text->data(), end, at);
  if (read.ec != std::errc{} || read.ptr != end) return bad();
  auto room = core::room_id::from(std::string_view(*text).substr(space + 1));
  // What system_clock can hold: milliseconds of about three centuries each way.
  constexpr std::int64_t milliseconds_max = 9'000'000'000'000;
  if (!room || at > milliseconds_max || at < -milliseconds_max) return bad();
  return list_place{from_milliseconds(at), room->text()};
}

std::int64_t to_milliseconds(core::wall_time at) {
  return std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

core::wall_time from_milliseconds(std::int64_t at) {
  return core::wall_time{std::chrono::milliseconds{at}};
}

}  // namespace rooms
