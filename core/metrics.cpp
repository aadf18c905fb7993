#include "core/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace core {
namespace {

thread_local std::size_t lane_of_this_thread = 0;

std::string series_of(const metrics_page::labels& with) {
  std::string out;
  for (const auto& [name, value] : with) {
    out += out.empty() ? "" : ",";
    out += name;
    out += "=\"";
    for (const char c : value) {
      if (c == '\\' || c == '"') out += '\\';
      if (c == '\n')
        out += "\\n";
      else
        out += c;
    }
    out += '"';
  }
  return out;
}

std::string braced(const std::string& series) { return series.empty() ? "" : "{" + series + "}"; }

}  // namespace

void use_metric_lane(std::size_t lane) { lane_of_this_thread = lane % metric_lanes; }
std::size_t metric_lane() { return lane_of_this_thread; }

std::uint64_t counter::total() const {
  std::uint64_t sum = 0;
  for (const cell& one : cells_) sum += one.value.load(std::memory_order_relaxed);
  return sum;
}

struct alignas(64) histogram::lane_cells {
  explicit lane_cells(std::size_t buckets) : hits(buckets) {}
  std::vector<std::atomic<std::uint64_t>> hits;
  std::atomic<double> sum{0};
};

histogram::histogram(std::span<const double> bounds) : bounds_(bounds.begin(), bounds.end()) {
  for (std::size_t i = 0; i < metric_lanes; ++i)
    lanes_.push_back(std::make_unique<lane_cells>(bounds_.size() + 1));
}

void histogram::observe(double seconds) {
  lane_cells& mine = *lanes_[metric_lane()];
  const auto bucket = std::ranges::lower_bound(bounds_, seconds) - bounds_.begin();
  mine.hits[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  double seen = mine.sum.load(std::memory_order_relaxed);
  while (!mine.sum.compare_exchange_weak(seen, seen + seconds, std::memory_order_relaxed)) {
  }
}

histogram::reading histogram::read() const {
  reading out;
  out.at_most.resize(bounds_.size() + 1);
  for (const auto& lane : lanes_) {
    for (std::size_t i = 0; i < out.at_most.size(); ++i)
      out.at_most[i] += lane->hits[i].load(std::memory_order_relaxed);
    out.sum += lane->sum.load(std::memory_order_relaxed);
  }
  for (std::size_t i = 1; i < out.at_most.size(); ++i) out.at_most[i] += out.at_most[i - 1];
  return out;
}

struct metrics_page::family {
  std::string name, help, type;
  std::map<std::string, std::unique_ptr<counter>> counters;
  std::map<std::string, std::unique_ptr<gauge>> gauges;
  std::map<std::string, std::unique_ptr<histogram>> histograms;
  std::map<std::string, std::function<double()>> samples;

  void render(std::string& out) const;
};

metrics_page::metrics_page() = default;
metrics_page::~metrics_page() = default;

metrics_page::family& metrics_page::family_of(std::string_view name, std::string_view help,
                                              std::string_view type) {
  auto found = families_.find(name);
  if (found == families_.end()) {
    auto made = std::make_unique<family>();
    made->name = name;
    made->help = help;
    made->type = type;
    found = families_.emplace(std::string(name), std::move(made)).first;
  }
  if (found->second->type != type)
    throw std::logic_error("metric " + std::string(name) + " was declared with another type");
  return *found->second;
}

counter& metrics_page::count(std::string_view name, std::string_view help, labels with) {
  const std::lock_guard hold(lock_);
  auto& slot = family_of(name, help, "counter").counters[series_of(with)];
  if (!slot) slot = std::make_unique<counter>();
  return *slot;
}

gauge& metrics_page::level(std::string_view name, std::string_view help, labels with) {
  const std::lock_guard hold(lock_);
  auto& slot = family_of(name, help, "gauge").gauges[series_of(with)];
  if (!slot) slot = std::make_unique<gauge>();
  return *slot;
}

histogram& metrics_page::times(std::string_view name, std::string_view help, labels with,
                               std::span<const double> bounds) {
  const std::lock_guard hold(lock_);
  auto& slot = family_of(name, help, "histogram").histograms[series_of(with)];
  if (!slot) slot = std::make_unique<histogram>(bounds);
  return *slot;
}

void metrics_page::sample(std::string_view name, std::string_view help, labels with,
                          std::function<double()> read) {
  const std::lock_guard hold(lock_);
  family_of(name, help, "gauge").samples[series_of(with)] = std::move(read);
}

void metrics_page::sample_total(std::string_view name, std::string_view help, labels with,
                                std::function<double()> read) {
  const std::lock_guard hold(lock_);
  family_of(name, help, "counter").samples[series_of(with)] = std::move(read);
}

void metrics_page::family::render(std::string& out) const {
  auto to = std::back_inserter(out);
  fmt::format_to(to, "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  for (const auto& [series, value] : counters)
    fmt::format_to(to, "{}{} {}\n", name, braced(series), value->total());
  for (const auto& [series, value] : gauges)
    fmt::format_to(to, "{}{} {}\n", name, braced(series), value->value());
  for (const auto& [series, read] : samples)
    fmt::format_to(to, "{}{} {}\n", name, braced(series), read());
  for (const auto& [series, value] : histograms) {
    const auto reading = value->read();
    const std::string comma = series.empty() ? "" : series + ",";
    for (std::size_t i = 0; i < value->bounds().size(); ++i)
      fmt::format_to(to, "{}_bucket{{{}le=\"{}\"}} {}\n", name, comma, value->bounds()[i],
                     reading.at_most[i]);
    fmt::format_to(to, "{}_bucket{{{}le=\"+Inf\"}} {}\n", name, comma, reading.at_most.back());
    fmt::format_to(to, "{}_sum{} {}\n", name, braced(series), reading.sum);
    fmt::format_to(to, "{}_count{} {}\n", name, braced(series), reading.at_most.back());
  }
}

std::string metrics_page::render() const {
  const std::lock_guard hold(lock_);
  std::string out;
  for (const auto& [name, one] : families_) one->render(out);
  return out;
}

}  // namespace core
