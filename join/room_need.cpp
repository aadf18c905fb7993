#include "join/room_need.hpp"

#include "join/error.hpp"

namespace join {
namespace {

providers::room_terms terms_of(const rooms::booking& one, const rooms::window_settings& windows) {
  return {one.starts_at, one.ends_at + windows.closes_after, one.participants.size()};
}

}  // namespace

bool is_right(const rooms::booking& one, const providers::provider* vendor,
              const rooms::window_settings& windows) {
  if (!vendor || !vendor->traits().needs_room) return true;
  return !one.provider_room.empty() &&
         vendor->still_right(terms_of(one, windows), one.provider_room);
}

room_need need_of(const rooms::booking& one, const providers::provider* vendor,
                  const rooms::window_settings& windows, core::wall_time now) {
  if (is_right(one, vendor, windows)) return room_need::nothing;
  if (one.provider_room.empty()) return room_need::make;
  if (vendor->replaces_room()) {
    // Whoever went into the one that goes would sit there alone.
    return one.call.state == rooms::call_state::live ? room_need::later : room_need::make;
  }
  return opens_as_it_is(one, vendor, windows, now) ? room_need::tell : room_need::make;
}

bool opens_as_it_is(const rooms::booking& one, const providers::provider* vendor,
                    const rooms::window_settings& windows, core::wall_time now) {
  if (!vendor || one.provider_room.empty()) return false;
  return vendor->still_opens(terms_of(one, windows), one.provider_room, now);
}

core::failure provider_is_missing(const rooms::booking& one) {
  return core::failure(make_error_code(errc::provider_missing),
                       "the booking is held at " + one.provider.text() +
                           ", and no table [providers." + one.provider.text() +
                           "] is configured: bring it back, or book another room");
}

providers::room_wish wish_for(const rooms::booking& one, const rooms::window_settings& windows) {
  const providers::room_terms terms = terms_of(one, windows);
  providers::room_wish out;
  out.room = one.room;
  out.generation = one.generation;
  out.starts_at = terms.starts_at;
  out.ends_at = one.ends_at;
  out.closes_at = terms.closes_at;
  out.participants = terms.participants;
  return out;
}

providers::room_wish wish_for(const rooms::room_closing& one) {
  providers::room_wish out;
  out.room = one.room;
  out.generation = one.generation;
  out.starts_at = out.ends_at = out.closes_at = one.due_at;
  out.wanted_for = providers::urgency::cleanup;
  return out;
}

}  // namespace join
