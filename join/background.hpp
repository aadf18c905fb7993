// background: what waits to be made or closed on one shard: bounded, each room once, failures with
// a pause.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "core/clock.hpp"
#include "rooms/store.hpp"

namespace join {

// After so many failures over about a week, somebody has to look: the log says so, and it is not
// tried again.
constexpr std::uint32_t closing_attempts_max = 32;

// 30 s, doubled by each failure, at most six hours.
std::chrono::seconds setback(std::uint32_t failures);

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

  // False where it is queued already, failed a short while ago, or there is no room: the sweep
  // brings it again.
  bool offer(background_job job, core::steady_time now);
  std::optional<background_job> take();

  // True where one more may work.
  bool begin_worker();
  void end_worker() { --workers_; }

  // How making a room went, so that a provider that refuses is not asked all the time.
  void succeeded(const core::room_id& room) { setbacks_.erase(room); }
  void failed(const core::room_id& room, core::steady_time now);

  std::size_t size() const { return jobs_.size(); }

 private:
  struct trouble {
    std::uint32_t failures = 0;
    core::steady_time not_before;
  };

  std::size_t workers_max_;
  std::size_t jobs_max_;
  std::size_t workers_ = 0;
  std::deque<background_job> jobs_;
  std::unordered_set<std::string> queued_;
  std::unordered_map<core::room_id, trouble> setbacks_;
};

}  // namespace join
