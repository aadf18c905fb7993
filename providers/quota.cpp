#include "providers/quota.hpp"

#include <algorithm>
#include <utility>

namespace providers {

std::string_view name_of(urgency which) {
  switch (which) {
    case urgency::cleanup:
      return "cleanup";
    case urgency::prepare:
      return "prepare";
    case urgency::join:
      return "join";
  }
  return "unknown";
}

// Of a short window: as long as a provider may shut us out altogether (retry_after_max).
constexpr std::chrono::seconds told_longest{120};

quota::quota(quota_limit limit) : limit_(std::move(limit)) {}

std::uint32_t quota::share_of(urgency who) const {
  switch (who) {
    case urgency::cleanup:
      return std::max(limit_.amount / 2, 1u);
    case urgency::prepare:
      return std::max(limit_.amount / 4 * 3 + limit_.amount % 4 * 3 / 4, 1u);
    case urgency::join:
      break;
  }
  return limit_.amount;
}

std::chrono::nanoseconds quota::window_left(const core::clock& clock) const {
  const std::int64_t second = core::unix_seconds(clock.wall_now());
  return std::chrono::seconds(limit_.window.count() - second % limit_.window.count());
}

void quota::forget_old(const core::clock& clock) {
  if (limit_.aligned) {
    const std::int64_t index = core::unix_seconds(clock.wall_now()) / limit_.window.count();
    if (index != std::exchange(window_index_, index)) used_ = 0;
    return;
  }
  const auto begins = clock.steady_now() - limit_.window;
  while (!log_.empty() && log_.front().at <= begins) {
    used_ -= log_.front().cost;
    log_.pop_front();
  }
}

// When enough has left the window for `cost` to fit under `most`.
std::chrono::nanoseconds quota::wait_for(std::uint32_t most, std::uint32_t cost,
                                         const core::clock& clock) const {
  if (limit_.aligned) return window_left(clock);
  std::uint32_t used = used_;
  for (const taken& one : log_) {
    used -= one.cost;
    if (used + cost <= most || used == 0) return one.at + limit_.window - clock.steady_now();
  }
  return limit_.window;
}

std::chrono::nanoseconds quota::take(urgency who, std::uint32_t cost, const core::clock& clock) {
  const std::lock_guard hold(lock_);
  forget_old(clock);
  const auto now = clock.steady_now();
  if (now < closed_until_) return closed_until_ - now;
  // A call that costs more than a share could hold goes alone, or it never would.
  const std::uint32_t most = share_of(who);
  if (used_ + cost > most && !(used_ == 0 && cost <= limit_.amount))
    return std::max<std::chrono::nanoseconds>(wait_for(most, cost, clock),
                                              std::chrono::milliseconds(1));
  used_ += cost;
  if (!limit_.aligned) log_.push_back({now, cost});
  return std::chrono::nanoseconds{0};
}

void quota::give_back(std::uint32_t cost, const core::clock& clock) {
  const std::lock_guard hold(lock_);
  forget_old(clock);
  if (limit_.aligned) {
    used_ -= std::min(used_, cost);
    return;
  }
  for (auto one = log_.rbegin(); one != log_.rend() && cost > 0; ++one) {
    const std::uint32_t back = std::min(one->cost, cost);
    one->cost -= back;
    cost -= back;
    used_ -= back;
  }
}

std::chrono::seconds quota::close(std::optional<std::chrono::seconds> told,
                                  const core::clock& clock) {
  const std::lock_guard hold(lock_);
  const auto guess = limit_.aligned ? std::chrono::ceil<std::chrono::seconds>(window_left(clock))
                                    : std::min(limit_.window / 6, std::chrono::seconds{10});
  // What is used up comes back with the window: a word of hours on a limit of seconds is a mistake,
  // or about another limit.
  const auto longest = std::max(limit_.window + limit_.window / 24, told_longest);
  const auto wait = std::clamp(told.value_or(guess), std::chrono::seconds{1}, longest);
  closed_until_ = std::max(closed_until_, clock.steady_now() + wait);
  return wait;
}

std::uint32_t quota::left(const core::clock& clock) {
  const std::lock_guard hold(lock_);
  forget_old(clock);
  if (clock.steady_now() < closed_until_) return 0;
  return limit_.amount - std::min(used_, limit_.amount);
}

}  // namespace providers
