// Fakes of the seams that nearly every test needs: time and chance.
#pragma once

#include <cstdint>

#include "core/clock.hpp"
#include "core/random.hpp"
#include "core/time_text.hpp"

namespace tests {

// Stands still until it is moved. Starts at 2026-11-22T10:00:00Z.
class fake_clock final : public core::clock {
 public:
  core::steady_time steady_now() const override { return steady_; }
  core::wall_time wall_now() const override { return wall_; }
  void advance(std::chrono::nanoseconds by) {
    steady_ += std::chrono::duration_cast<core::steady_time::duration>(by);
    wall_ += std::chrono::duration_cast<core::wall_time::duration>(by);
  }
  void set_wall(core::wall_time at) { wall_ = at; }

 private:
  core::steady_time steady_{std::chrono::hours(1000)};
  core::wall_time wall_ = *core::from_rfc3339("2026-11-22T10:00:00Z");
};

// Repeatable: bytes 0, 1, 2, … over and over.
class fake_random final : public core::random_source {
 public:
  void fill(std::span<unsigned char> bytes) override {
    for (unsigned char& byte : bytes) byte = next_++;
  }

 private:
  unsigned char next_ = 0;
};

}  // namespace tests
