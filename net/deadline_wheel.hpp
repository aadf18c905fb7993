// deadline_wheel: one coarse timer wheel per shard instead of one Asio timer per operation.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "core/task.hpp"

namespace net {

// Fires up to one tick late and never early. Arming and disarming cost a few pointer writes. Its
// own timer runs only while something is armed.
class deadline_wheel {
  struct core_state;
  struct link {
    link* next = nullptr;
    link* previous = nullptr;
  };

 public:
  static constexpr std::chrono::milliseconds tick{100};

  // What is to be done when the time has passed; unlinks itself when destroyed.
  class entry : private link {
   public:
    entry() = default;
    entry(const entry&) = delete;
    entry& operator=(const entry&) = delete;
    virtual ~entry() { disarm(); }
    void disarm();
    bool armed() const { return next != nullptr; }

   private:
    friend class deadline_wheel;
    friend struct core_state;
    virtual void expired() = 0;  // called on the shard, already disarmed; it may destroy the entry
    core::steady_time at_;
    core_state* wheel_ = nullptr;
  };

  // The timer is on `on`; what the time is says `time`.
  deadline_wheel(core::executor on, const core::clock& time);
  // Entries that are still armed never fire.
  ~deadline_wheel();
  deadline_wheel(const deadline_wheel&) = delete;
  deadline_wheel& operator=(const deadline_wheel&) = delete;

  // Replaces an earlier arming of the same entry.
  void arm(entry& one, core::deadline when);

  // Calls expired() of all that are due; the wheel's own timer does this, tests may too.
  void turn(core::steady_time now);

  std::size_t armed() const;

 private:
  std::shared_ptr<core_state> state_;  // the timer's handler may outlive the wheel
};

}  // namespace net
