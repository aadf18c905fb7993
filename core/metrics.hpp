// Numbers per thread, summed when scraped, in Prometheus' text format 0.0.4.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace core {

// Threads that count each have a lane of their own; lane 0 is shared by all others.
constexpr std::size_t metric_lanes = 17;
void use_metric_lane(std::size_t lane);  // 0 to metric_lanes - 1; call once at the thread's start
std::size_t metric_lane();

// Only grows.
class counter {
 public:
  void add(std::uint64_t n = 1) {
    cells_[metric_lane()].value.fetch_add(n, std::memory_order_relaxed);
  }
  std::uint64_t total() const;

 private:
  struct alignas(64) cell {
    std::atomic<std::uint64_t> value{0};
  };
  std::array<cell, metric_lanes> cells_;
};

// Goes up and down.
class gauge {
 public:
  void add(std::int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  void set(std::int64_t n) { value_.store(n, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// How long things took, in seconds; bounds are fixed at creation and ascend.
class histogram {
 public:
  explicit histogram(std::span<const double> bounds);
  void observe(double seconds);
  struct reading {
    std::vector<std::uint64_t> at_most;  // cumulative, one per bound, the last one is the count
    double sum = 0;
  };
  reading read() const;
  std::span<const double> bounds() const { return bounds_; }

 private:
  struct lane_cells;
  std::vector<double> bounds_;
  std::vector<std::unique_ptr<lane_cells>> lanes_;
};

inline constexpr std::array<double, 14> request_seconds_bounds = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5};

// The page at /metrics. Families and series are made at start or on first use of a label set from a
// fixed list; references stay valid as long as the page. Thread-safe; the look-up takes a lock, so
// keep the reference.
class metrics_page {
 public:
  using labels = std::vector<std::pair<std::string, std::string>>;

  metrics_page();
  ~metrics_page();
  counter& count(std::string_view name, std::string_view help, labels with = {});
  gauge& level(std::string_view name, std::string_view help, labels with = {});
  histogram& times(std::string_view name, std::string_view help, labels with = {},
                   std::span<const double> bounds = request_seconds_bounds);
  // A number that is read when the page is scraped.
  void sample(std::string_view name, std::string_view help, labels with,
              std::function<double()> read);
  // The same for a number that only grows.
  void sample_total(std::string_view name, std::string_view help, labels with,
                    std::function<double()> read);

  std::string render() const;

 private:
  struct family;
  family& family_of(std::string_view name, std::string_view help, std::string_view type);

  mutable std::mutex lock_;
  std::map<std::string, std::unique_ptr<family>, std::less<>> families_;
};

}  // namespace core
