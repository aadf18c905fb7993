// booking_cache: the bookings that one shard has read lately, absent ones included. Bounded; told
// of every write.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "core/clock.hpp"
#include "core/options.hpp"
#include "core/single_flight.hpp"
#include "rooms/metrics.hpp"
#include "rooms/store.hpp"

namespace rooms {

struct cache_settings {
  std::size_t bookings_max = 100'000;       // per shard
  std::chrono::milliseconds fresh{60'000};  // a booking is read again after this
  std::chrono::milliseconds absent_fresh{2'000};
  // Rooms without a booking have a shelf of their own: whoever tries room after room fills only
  // that one.
  std::size_t absent_max = 10'000;
  // One read serves all who wait for it, so it goes on at least this long even if the first of them
  // leaves.
  std::chrono::milliseconds read_within{2'000};
};

// [cache]: bookings_max, fresh, absent_fresh.
cache_settings read_cache_settings(core::options& from);

class booking_cache {
 public:
  booking_cache(store& from, cache_settings settings, core::executor on,
                cache_numbers* numbers = nullptr);
  ~booking_cache();  // reads under way are cancelled

  // What is known without asking the store: nullopt is "not known", a null pointer is "no such
  // booking".
  std::optional<booking_ptr> find_now(const core::room_id& room, core::steady_time now);
  // For who will ask find_now() for this room in a moment, and has other things to do before:
  // starts to fetch what it will read into the processor's cache, a step further each time.
  enum class step : unsigned char { index, entry, booking };
  void look_ahead(std::string_view room, step next) const;
  // Asks the store where needed, one query per room at a time. A null pointer where there is no
  // such booking.
  core::task<core::result<booking_ptr>> find(core::room_id room, core::steady_time now,
                                             core::deadline until);
  // A write happened: what is known is dropped, an answer that is on its way from the store is not
  // kept, and whoever asks from now on gets a read that began after this.
  void forget(const core::room_id& room);
  // The same of every room.
  void forget_everything();
  std::size_t size() const;  // bookings and absent rooms

 private:
  struct state;
  std::shared_ptr<state> state_;  // reads under way hold it too
};

}  // namespace rooms
