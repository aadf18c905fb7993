#include "net/deadline_wheel.hpp"

#include <algorithm>
#include <exception>

namespace net {
namespace {

// 51.2 seconds a turn: most waits end within the first, the others are looked at once per turn.
constexpr std::size_t slot_count = 512;

std::int64_t tick_at(core::steady_time at) {
  return std::chrono::floor<std::chrono::nanoseconds>(at.time_since_epoch()) /
         std::chrono::nanoseconds(deadline_wheel::tick);
}

}  // namespace

struct deadline_wheel::core_state : std::enable_shared_from_this<core_state> {
  core_state(core::executor on, const core::clock& clock) : time(clock), timer(on) {
    for (link& slot : slots) slot.next = slot.previous = &slot;
  }

  static void unlink(link& one) {
    one.next->previous = one.previous;
    one.previous->next = one.next;
    one.next = one.previous = nullptr;
  }
  static void push_back(link& list, link& one) {
    one.next = &list;
    one.previous = list.previous;
    list.previous->next = &one;
    list.previous = &one;
  }

  void arm(entry& one, core::deadline when) {
    if (armed++ == 0 && !running) last_tick = tick_at(time.steady_now());
    one.at_ = std::min(when.at(), core::steady_time::max() - tick);  // room for rounding up
    one.wheel_ = this;
    // The first tick at which the instant has passed, and one that is still to come.
    const auto rounded_up = one.at_ + tick - core::steady_time::duration(1);
    const auto due = std::max(tick_at(rounded_up), last_tick + 1);
    push_back(slots[static_cast<std::size_t>(due) % slot_count], one);
    if (!running) start();
  }

  void turn(core::steady_time now) {
    const auto until = tick_at(now);
    auto from = std::max(last_tick + 1, until - static_cast<std::int64_t>(slot_count) + 1);
    link due;
    due.next = due.previous = &due;
    for (; from <= until; ++from)
      collect(slots[static_cast<std::size_t>(from) % slot_count], now, due);
    last_tick = std::max(last_tick, until);
    fire(due);
  }

  static void collect(link& slot, core::steady_time now, link& due) {
    for (link* next = slot.next; next != &slot;) {
      auto& one = static_cast<entry&>(*next);
      next = next->next;
      if (one.at_ > now) continue;  // a later turn's
      unlink(one);
      push_back(due, one);
    }
  }

  // Each may disarm or destroy any of the others, so they are taken off one by one.
  void fire(link& due) {
    std::exception_ptr surprise;
    while (due.next != &due) {
      auto& one = static_cast<entry&>(*due.next);
      one.disarm();
      try {
        one.expired();
      } catch (...) {
        if (!surprise) surprise = std::current_exception();
      }
    }
    if (surprise) std::rethrow_exception(surprise);
  }

  void start() {
    running = true;
    const core::steady_time next_tick{
        std::chrono::duration_cast<core::steady_time::duration>(tick * (last_tick + 1))};
    const auto wait = std::clamp<core::steady_time::duration>(next_tick - time.steady_now(),
                                                              std::chrono::milliseconds(1), tick);
    timer.expires_after(wait);
    timer.async_wait([weak = weak_from_this()](const std::error_code& stopped) {
      const auto self = weak.lock();
      if (stopped || !self) return;
      self->running = false;
      struct restart {
        core_state& state;
        ~restart() {
          if (state.armed > 0 && !state.running) state.start();
        }
      } on_exit{*self};
      self->turn(self->time.steady_now());
    });
  }

  const core::clock& time;
  core::timer timer;
  std::array<link, slot_count> slots;
  std::int64_t last_tick = 0;
  std::size_t armed = 0;
  bool running = false;
};

void deadline_wheel::entry::disarm() {
  if (!armed()) return;
  core_state::unlink(*this);
  --wheel_->armed;
}

deadline_wheel::deadline_wheel(core::executor on, const core::clock& time)
    : state_(std::make_shared<core_state>(on, time)) {}

deadline_wheel::~deadline_wheel() {
  state_->timer.cancel();
  for (link& slot : state_->slots)
    while (slot.next != &slot) static_cast<entry&>(*slot.next).disarm();
}

void deadline_wheel::arm(entry& one, core::deadline when) {
  one.disarm();
  state_->arm(one, when);
}

void deadline_wheel::turn(core::steady_time now) { state_->turn(now); }

std::size_t deadline_wheel::armed() const { return state_->armed; }

}  // namespace net
