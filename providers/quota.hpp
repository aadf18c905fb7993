// quota: what a vendor documents as "so many calls in such a time", counted before the vendor has
// to refuse. One per limit and credential, shared by the shards of the process.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"

namespace providers {

// Who needs a call, the most urgent last: a person at the door, a room made ahead of time, a room
// that is closed.
enum class urgency : std::uint8_t { cleanup, prepare, join };
std::string_view name_of(urgency which);

struct quota_limit {
  std::string name;  // the label of its metrics: "create_per_minute"
  std::uint32_t amount = 0;
  std::chrono::seconds window{60};
  // True: windows begin on multiples of their length in UTC, as days do. False: no stretch of the
  // window's length ever holds more than the amount.
  bool aligned = false;
};

// Joins may use all of it, what is made ahead three quarters and clean-up a half, so that neither
// can starve a join.
class quota {
 public:
  explicit quota(quota_limit limit);

  // Takes `cost`, or takes nothing and says after which time asking again makes sense.
  std::chrono::nanoseconds take(urgency who, std::uint32_t cost, const core::clock& clock);
  // What was taken for a call that was not made.
  void give_back(std::uint32_t cost, const core::clock& clock);

  // The vendor itself says that it is used up. `told` is its own word for how long; without it an
  // aligned window is closed to its end, another for a sixth of its length and ten seconds at most.
  // It is believed for the length of the window and a little more, at least two minutes.
  // Gives what was decided.
  std::chrono::seconds close(std::optional<std::chrono::seconds> told, const core::clock& clock);

  // What a join could still take now.
  std::uint32_t left(const core::clock& clock);
  const std::string& name() const { return limit_.name; }

 private:
  struct taken {
    core::steady_time at;
    std::uint32_t cost;
  };
  std::uint32_t share_of(urgency who) const;
  void forget_old(const core::clock& clock);
  std::chrono::nanoseconds window_left(const core::clock& clock) const;
  std::chrono::nanoseconds wait_for(std::uint32_t most, std::uint32_t cost,
                                    const core::clock& clock) const;

  const quota_limit limit_;
  std::mutex lock_;
  std::deque<taken> log_;  // the oldest first; of an aligned window the sum alone counts
  std::uint32_t used_ = 0;
  std::int64_t window_index_ = 0;
  core::steady_time closed_until_{};
};

}  // namespace providers
