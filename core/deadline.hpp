// deadline: the steady instant by which an answer must be there. A step may shorten it, never
// extend it.
#pragma once

#include <algorithm>
#include <chrono>

#include "core/clock.hpp"

namespace core {

class deadline {
 public:
  explicit constexpr deadline(steady_time at) : at_(at) {}
  static deadline after(steady_time now, std::chrono::nanoseconds wait) {
    return deadline(now + std::chrono::duration_cast<steady_time::duration>(wait));
  }

  constexpr steady_time at() const { return at_; }
  bool passed(steady_time now) const { return now >= at_; }
  std::chrono::nanoseconds left(steady_time now) const {
    return std::max(std::chrono::nanoseconds{0}, std::chrono::nanoseconds{at_ - now});
  }
  friend deadline earlier_of(deadline a, deadline b) { return deadline(std::min(a.at_, b.at_)); }

 private:
  steady_time at_;
};

}  // namespace core
