// deadline_wheel: one coarse timer wheel per shard instead of one Asio timer per operation.
#pragma once

#include <array>
#include <cstddef>

#include "core/task.hpp"

namespace net {

// Fires up to one tick late and never early. Arming and disarming cost a few pointer writes.
class deadline_wheel {
 public:
  static constexpr std::chrono::milliseconds tick{100};

  // What is to be done when the time has passed; unlinks itself when destroyed.
  class entry {
   public:
    entry() = default;
    entry(const entry&) = delete;
    entry& operator=(const entry&) = delete;
    virtual ~entry() { disarm(); }
    void disarm();
    bool armed() const { return next_ != nullptr; }

   private:
    friend class deadline_wheel;
    virtual void expired() = 0;  // called on the shard, already disarmed
    entry* next_ = nullptr;
    entry* previous_ = nullptr;
    core::steady_time at_;
    deadline_wheel* wheel_ = nullptr;
  };

  deadline_wheel(core::executor on, const core::clock& time);
  ~deadline_wheel();

  // Replaces an earlier arming of the same entry.
  void arm(entry& one, core::deadline when);

  // Calls expired() of all that are due; the wheel's own timer does this, tests may too.
  void turn(core::steady_time now);

 private:
  struct core_state;
  std::unique_ptr<core_state> state_;
};

}  // namespace net
