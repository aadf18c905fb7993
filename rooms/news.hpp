// news: what has been written to the store, for those who remember what it was before.
#pragma once

#include <cstdint>
#include <vector>

#include "core/ids.hpp"
#include "core/revocation.hpp"

namespace rooms {

struct news {
  std::vector<core::room_id> rooms;  // whose bookings have changed
  std::vector<core::revocation> revocations;
  bool everything = false;  // too much was missed: nothing that is remembered counts

  bool empty() const { return rooms.empty() && revocations.empty() && !everything; }
};

// How far somebody has read in the store's order of writes. Means something to the store alone.
using news_place = std::int64_t;

struct news_page {
  news what;
  news_place next = 0;  // where to go on
};

}  // namespace rooms
