// room_need: what a booking's room at its provider still wants, and with which words it is asked
// for. Pure: the provisioner acts on it.
#pragma once

#include "core/clock.hpp"
#include "providers/provider.hpp"
#include "rooms/decide.hpp"
#include "rooms/store.hpp"

namespace join {

// A room's way: make, then nothing; after each change of the booking tell, until the provider knows
// of it; in the end a closing, which the store notes by itself.
enum class room_need : unsigned char {
  nothing,  // it is there and right, or none is needed
  tell,     // it serves as it is; its provider hears of the change in the background
  later,    // the change would replace it while a call is running in it: after that
  make,     // nobody gets in before its provider has answered
};

// Nothing is needed, whatever the time: the answer of nearly every join.
bool is_right(const rooms::booking& one, const providers::provider* vendor,
              const rooms::window_settings& windows);
// `vendor` is null where the booking's provider is not configured (any more): nothing can be done.
room_need need_of(const rooms::booking& one, const providers::provider* vendor,
                  const rooms::window_settings& windows, core::wall_time now);
// Whether the room that is there lets people in, whatever is still to be told.
bool opens_as_it_is(const rooms::booking& one, const providers::provider* vendor,
                    const rooms::window_settings& windows, core::wall_time now);

// For the operator, of a booking whose provider's table is gone from the configuration, or has
// another name.
core::failure provider_is_missing(const rooms::booking& one);

providers::room_wish wish_for(const rooms::booking& one, const rooms::window_settings& windows);
// A closing has outlived its booking: only the room's name at the provider counts.
providers::room_wish wish_for(const rooms::room_closing& one);

}  // namespace join
