// booking_cache: the bookings that one shard has read lately, absent ones included. Bounded; told of every write.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/clock.hpp"
#include "core/single_flight.hpp"
#include "rooms/store.hpp"

namespace rooms {

struct cache_settings {
  std::size_t bookings_max = 100'000;         // per shard
  std::chrono::milliseconds fresh{60'000};    // a booking is read again after this
  std::chrono::milliseconds absent_fresh{2'000};
};

class booking_cache {
 public:
  booking_cache(store& from, cache_settings settings, core::executor on);
  ~booking_cache();

  // What is known without asking the store: nullopt is "not known", a null pointer is "no such booking".
  std::optional<booking_ptr> find_now(const core::room_id& room, core::steady_time now);
  // Asks the store where needed, one query per room at a time. A null pointer where there is no such booking.
  core::task<core::result<booking_ptr>> find(core::room_id room, core::steady_time now,
                                             core::deadline until);
  // A write happened: what is known is dropped, and an answer that is on its way from the store is not kept.
  void forget(const core::room_id& room);
  std::size_t size() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace rooms
