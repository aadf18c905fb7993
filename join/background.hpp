// background: what waits to be made or closed on one shard: bounded, each room once.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_set>

#include "core/clock.hpp"
#include "rooms/store.hpp"

namespace join {

// After so many failures over about a week, somebody has to look: the log says so, and it is not
// tried again.
constexpr std::uint32_t closing_attempts_max = 32;

// 30 s, doubled by each failure, at most six hours; of what is still to be made, or told, an hour:
// a call may come of it.
std::chrono::seconds setback(std::uint32_t failures);
constexpr std::chrono::seconds prepare_setback_max = std::chrono::hours{1};

// One of the two.
struct background_job {
  rooms::booking_ptr booking;   // whose room is to be made
  rooms::room_closing closing;  // where there is no booking: what is to be closed

  const core::room_id& room() const { return booking ? booking->room : closing.room; }
};

class background_queue {
 public:
  background_queue(std::size_t workers_max, std::size_t jobs_max)
      : workers_max_(workers_max), jobs_max_(jobs_max) {}

  // False where it is queued already, or there is no room: the sweep brings it again.
  bool offer(background_job job);
  std::optional<background_job> take();

  // True where one more may work.
  bool begin_worker();
  void end_worker() { --workers_; }

  std::size_t size() const { return jobs_.size(); }

 private:
  std::size_t workers_max_;
  std::size_t jobs_max_;
  std::size_t workers_ = 0;
  std::deque<background_job> jobs_;
  std::unordered_set<std::string> queued_;
};

}  // namespace join
