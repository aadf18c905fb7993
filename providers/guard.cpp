#include "providers/guard.hpp"

#include <algorithm>
#include <bit>
#include <deque>

#include "providers/error.hpp"

namespace providers {

std::string_view name_of(circuit_state state) {
  switch (state) {
    case circuit_state::closed:
      return "closed";
    case circuit_state::half_open:
      return "half_open";
    case circuit_state::open:
      return "open";
  }
  return "unknown";
}

std::chrono::nanoseconds circuit_breaker::refusal(core::steady_time now) const {
  switch (state_) {
    case circuit_state::closed:
      break;
    case circuit_state::half_open:
      // Nobody knows when the trial ends; the base time is a fair guess.
      return trial_under_way_ ? limits_.open_for : std::chrono::nanoseconds{0};
    case circuit_state::open:
      return std::max(std::chrono::nanoseconds{0}, std::chrono::nanoseconds{open_until_ - now});
  }
  return std::chrono::nanoseconds{0};
}

circuit_breaker::verdict circuit_breaker::ask(core::steady_time now) {
  if (const auto wait = refusal(now); wait.count() > 0)
    return {.go = false, .era = era_, .wait = wait};
  if (state_ == circuit_state::open) {
    state_ = circuit_state::half_open;
    ++era_;
  }
  trial_under_way_ = state_ == circuit_state::half_open;
  return {.go = true, .era = era_, .wait = {}};
}

void circuit_breaker::remember(bool failure) {
  const std::uint32_t window = std::min<std::uint32_t>(limits_.window, 64);
  const std::uint64_t mask = window >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << window) - 1;
  history_ = (history_ << 1 | (failure ? 1u : 0u)) & mask;
  seen_ = std::min(seen_ + 1, window);
  in_row_ = failure ? in_row_ + 1 : 0;
}

void circuit_breaker::succeeded(std::uint32_t era) {
  if (era != era_ || state_ == circuit_state::open) return;
  if (state_ == circuit_state::half_open) {
    state_ = circuit_state::closed;
    trial_under_way_ = false;
    openings_ = 0;
    history_ = 0;
    seen_ = 0;
    ++era_;
  }
  remember(false);
}

void circuit_breaker::failed(std::uint32_t era, core::steady_time now,
                             std::optional<core::seconds> told) {
  // What the provider says of waiting is news even from a call of yesterday.
  if (told && state_ == circuit_state::open)
    open_until_ = std::max(open_until_, now + std::min(*told, limits_.retry_after_max));
  if (era != era_ || state_ == circuit_state::open) return;
  remember(true);
  const bool too_many =
      in_row_ >= limits_.failures_in_row ||
      static_cast<std::uint32_t>(std::popcount(history_)) >= limits_.failures_in_window;
  if (told || too_many || state_ == circuit_state::half_open) open(now, told);
}

void circuit_breaker::abandoned(std::uint32_t era) {
  if (era == era_) trial_under_way_ = false;
}

void circuit_breaker::open(core::steady_time now, std::optional<core::seconds> told) {
  const std::uint32_t doublings = std::min(openings_, 16u);
  auto wait = std::min<std::chrono::milliseconds>(limits_.open_for * (1 << doublings),
                                                  limits_.open_for_max);
  if (told) wait = std::min<std::chrono::milliseconds>(*told, limits_.retry_after_max);
  // A polite "come back in a second" is no proof of illness: only our own judgement makes the next
  // time longer.
  else
    ++openings_;
  open_until_ = now + wait;
  state_ = circuit_state::open;
  trial_under_way_ = false;
  in_row_ = 0;
  history_ = 0;
  seen_ = 0;
  ++era_;
}

std::chrono::nanoseconds retry_pause(const guard_settings& limits, std::uint32_t attempt,
                                     std::uint64_t chance) {
  const std::uint32_t doublings = std::min(attempt, 16u);
  const auto step =
      std::min<std::chrono::milliseconds>(limits.retry_base * (1 << doublings), limits.retry_most);
  const auto most = static_cast<std::uint64_t>(std::chrono::nanoseconds(step).count());
  return std::chrono::nanoseconds(static_cast<std::int64_t>(chance % (most + 1)));
}

struct slots::ticket {
  explicit ticket(core::executor on) : called(on) {}
  core::notice called;
  bool served = false;
};

struct slots::state {
  void give_back() {
    if (line.empty()) {
      --taken;
      return;
    }
    const auto next = line.front();
    line.pop_front();
    next->served = true;
    next->called.give();
  }

  std::size_t max;
  std::size_t line_max;
  core::executor on;
  std::size_t taken = 0;
  std::deque<std::shared_ptr<ticket>> line;
};

slots::slots(const guard_settings& limits, core::executor on)
    : state_(std::make_shared<state>(state{limits.concurrent_max, limits.queue_max, on, 0, {}})) {}

slots::slot::~slot() {
  if (of_) of_->give_back();
}

core::failure line_full() {
  return core::failure(errc::unavailable, "too many calls wait for the provider")
      .with("reason", "busy")
      .retry_in(core::seconds{1});
}

bool slots::full() const {
  return state_->taken >= state_->max && state_->line.size() >= state_->line_max;
}
std::size_t slots::taken() const { return state_->taken; }
std::size_t slots::waiting() const { return state_->line.size(); }

core::task<core::result<slots::slot>> slots::take(core::deadline until) {
  if (state_->taken < state_->max) {
    ++state_->taken;
    co_return slot(state_);
  }
  if (full()) co_return core::fail(line_full());
  auto mine = std::make_shared<ticket>(state_->on);
  state_->line.push_back(mine);
  // Whoever leaves the line early, cancelled ones included, leaves it in order.
  struct place {
    std::shared_ptr<state> of;
    std::shared_ptr<ticket> mine;
    bool kept = false;
    ~place() {
      if (kept) return;
      if (mine->served)
        of->give_back();
      else
        std::erase(of->line, mine);
    }
  } here{state_, mine};
  co_await mine->called.wait(until);
  if (!mine->served)
    co_return core::fail(errc::timed_out, "waited for other calls to the provider");
  here.kept = true;
  co_return slot(here.of);
}

}  // namespace providers
