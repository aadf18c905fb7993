// trouble_breaker: leaves a server alone that keeps failing. A state machine that is told the time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "core/clock.hpp"

namespace auth {

// Five failures in a row open it; after a pause one call goes through as a trial, and each trial
// that fails doubles the pause.
class trouble_breaker {
 public:
  static constexpr std::uint32_t failures_max = 5;
  static constexpr std::chrono::milliseconds pause_first{1'000};
  static constexpr std::chrono::milliseconds pause_last{30'000};

  bool may_go(core::steady_time now) {
    if (failures_ < failures_max) return true;
    if (now < closed_until_) return false;
    closed_until_ = now + pause_;  // the others wait for what the trial brings
    return true;
  }
  std::chrono::seconds wait(core::steady_time now) const {
    return std::chrono::ceil<std::chrono::seconds>(std::max(closed_until_ - now, {}));
  }
  void succeeded() {
    failures_ = 0;
    pause_ = pause_first;
  }
  void failed(core::steady_time now) {
    if (failures_ < failures_max) ++failures_;
    if (failures_ < failures_max) return;
    closed_until_ = now + pause_;
    pause_ = std::min(pause_ * 2, pause_last);
  }
  bool open() const { return failures_ >= failures_max; }

 private:
  std::uint32_t failures_ = 0;  // in a row
  std::chrono::milliseconds pause_ = pause_first;
  core::steady_time closed_until_{};
};

}  // namespace auth
