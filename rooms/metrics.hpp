// The numbers of the bookings: how long the store takes and how often the cache knows.
#pragma once

#include "core/metrics.hpp"

namespace rooms {

struct store_numbers {
  explicit store_numbers(core::metrics_page& page)
      : read_seconds(page.times("store_operation_duration_seconds",
                                "Waiting for the bookings' store, its queue included, in seconds.",
                                {{"operation", "read"}})),
        write_seconds(page.times("store_operation_duration_seconds",
                                 "Waiting for the bookings' store, its queue included, in seconds.",
                                 {{"operation", "write"}})),
        failures(page.count("store_failures_total",
                            "Operations that the store could not do, or not in time.")) {}

  core::histogram& read_seconds;
  core::histogram& write_seconds;
  core::counter& failures;
};

struct cache_numbers {
  explicit cache_numbers(core::metrics_page& page)
      : hits(page.count("booking_cache_lookups_total", "Bookings asked of the cache.",
                        {{"outcome", "hit"}})),
        misses(page.count("booking_cache_lookups_total", "Bookings asked of the cache.",
                          {{"outcome", "miss"}})) {}

  core::counter& hits;
  core::counter& misses;
};

}  // namespace rooms
