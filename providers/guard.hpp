// guard: keeps a provider's trouble from becoming ours. State machines that are told the time, one
// set per provider and shard: each shard finds out for itself that a provider is away.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "core/task.hpp"

namespace providers {

struct guard_settings {
  std::uint32_t failures_in_row = 5;  // open the circuit,
  std::uint32_t failures_in_window =
      10;  // and so do these among the last `window` outcomes (64 at most)
  std::uint32_t window = 20;
  core::milliseconds open_for{2'000};       // doubled each time that a trial fails,
  core::milliseconds open_for_max{30'000};  // up to this
  core::seconds retry_after_max{120};       // a provider may not shut us out for longer
  std::size_t concurrent_max = 32;          // calls under way
  std::size_t queue_max = 256;              // calls that wait for one of those to end
  // A call that is wanted at the door waits this long for its turn where a quota is used up; who
  // would have to wait longer is told for how long.
  core::milliseconds quota_wait{1'000};
  std::uint32_t retries_max = 2;         // of one call
  core::milliseconds retry_base{100};    // jitter is drawn from up to this, doubled each time,
  core::milliseconds retry_most{1'000};  // up to this
  // No retry that would leave the provider less than this to answer.
  core::milliseconds answer_least{200};
};

// The numbers are those of the metric provider_circuit_state.
enum class circuit_state : std::uint8_t { closed = 0, half_open = 1, open = 2 };
std::string_view name_of(circuit_state state);

// Closed: calls go through. Open: none does, until a time. Half open: one goes, as a trial.
class circuit_breaker {
 public:
  explicit circuit_breaker(const guard_settings& limits) : limits_(limits) {}

  // A call that may go has a number; its outcome is reported with it, so that a straggler from
  // before the circuit opened does not count as the trial.
  struct verdict {
    bool go = false;
    std::uint32_t era = 0;
    std::chrono::nanoseconds wait{0};  // until asking again makes sense, where it may not go
  };
  verdict ask(core::steady_time now);
  // What ask() would say of waiting, changing nothing.
  std::chrono::nanoseconds refusal(core::steady_time now) const;

  void succeeded(std::uint32_t era);
  // `told` is the provider's own Retry-After: it opens the circuit at once, for as long as it says.
  void failed(std::uint32_t era, core::steady_time now, std::optional<core::seconds> told);
  // The call ended without telling anything about the provider.
  void abandoned(std::uint32_t era);

  circuit_state state() const { return state_; }

 private:
  void open(core::steady_time now, std::optional<core::seconds> told);
  void remember(bool failure);

  guard_settings limits_;
  circuit_state state_ = circuit_state::closed;
  core::steady_time open_until_{};
  std::uint32_t era_ = 0;
  std::uint32_t in_row_ = 0;
  std::uint32_t openings_ = 0;  // in a row
  std::uint64_t history_ = 0;   // one bit per outcome, the youngest lowest; set for a failure
  std::uint32_t seen_ = 0;
  bool trial_under_way_ = false;
};

// Retries are a tenth of what succeeds: when everything fails, retrying stops instead of doubling
// the load.
class retry_budget {
 public:
  void succeeded() { tenths_ = tenths_ < tenths_max ? tenths_ + 1 : tenths_max; }
  bool take() {
    if (tenths_ < 10) return false;
    tenths_ -= 10;
    return true;
  }

 private:
  static constexpr std::uint32_t tenths_max = 100;
  std::uint32_t tenths_ = tenths_max;
};

// How long to wait before retry number `attempt` (from 0), for a draw of chance. Full jitter:
// anything from nothing to the step's size, so that callers who failed together do not come back
// together.
std::chrono::nanoseconds retry_pause(const guard_settings& limits, std::uint32_t attempt,
                                     std::uint64_t chance);

// errc::unavailable, for who finds the line full.
core::failure line_full();

// At most `concurrent_max` hold a slot, at most `queue_max` wait in line for one.
class slots {
  struct state;

 public:
  slots(const guard_settings& limits, core::executor on);

  // Gives its place to the next in line when it goes.
  class slot {
   public:
    slot() = default;
    slot(slot&& other) noexcept : of_(std::move(other.of_)) {}
    slot& operator=(slot&& other) noexcept {
      of_.swap(other.of_);
      return *this;
    }
    ~slot();

   private:
    friend class slots;
    explicit slot(std::shared_ptr<state> of) : of_(std::move(of)) {}
    std::shared_ptr<state> of_;
  };

  // Neither a slot is free nor a place in the line.
  bool full() const;
  // Fails with line_full() where that is so, with errc::timed_out when the deadline
  // passes in it.
  core::task<core::result<slot>> take(core::deadline until);

  std::size_t taken() const;
  std::size_t waiting() const;

 private:
  struct ticket;
  std::shared_ptr<state> state_;  // slots may outlive this object
};

}  // namespace providers
