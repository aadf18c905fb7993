#include "net/shard.hpp"

#include <pthread.h>
#include <asio/post.hpp>

#include <atomic>
#include <utility>

#include "core/metrics.hpp"

namespace net {
namespace {

// FNV-1a: the same owner on every run and every node, whatever the library's std::hash does.
std::uint64_t stable_hash(std::string_view key) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : key) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3u;
  }
  return hash;
}

}  // namespace

shard::shard(std::size_t index, std::size_t metric_lane, std::string name, const core::clock& time)
    : index_(index),
      metric_lane_(metric_lane),
      name_(std::move(name)),
      clock_(time),
      keep_alive_(context_.get_executor()),
      deadlines_(context_.get_executor(), time),
      ready_(context_.get_executor(), deadlines_) {}

shard::~shard() {
  stop();
  join();
}

void shard::start() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), name_.substr(0, 15).c_str());
    core::use_metric_lane(metric_lane_);
    for (;;) {
      try {
        context_.run();
        return;
      } catch (...) {
        // Whoever threw is gone; the others on this shard have done nothing wrong.
        surprises_.fetch_add(1, std::memory_order_relaxed);
      }
    }
  });
}

void shard::stop() { context_.stop(); }

void shard::join() {
  if (thread_.joinable()) thread_.join();
}

void shard::post(std::function<void()> call) { asio::post(context_, std::move(call)); }

shard_group::shard_group(std::size_t count, const core::clock& time) : clock_(time) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t lane = 1 + i % (core::metric_lanes - 1);
    shards_.push_back(std::make_unique<shard>(i, lane, "shard-" + std::to_string(i), time));
  }
}

// All threads end before the first shard is destroyed: they post to each other.
shard_group::~shard_group() { stop(); }

shard& shard_group::owner_of(std::string_view key) {
  return *shards_[stable_hash(key) % shards_.size()];
}

void shard_group::start() {
  for (auto& one : shards_) one->start();
}

void shard_group::stop() {
  for (auto& one : shards_) one->stop();
  for (auto& one : shards_) one->join();
}

core::task<void> shard_group::announce(std::function<void(std::size_t)> tell, core::executor home) {
  // Each shard's copy reports when it is destroyed, so that one that throws has heard it too.
  struct receipt {
    receipt(std::size_t count, core::executor on) : missing(count), home(on), all(on) {}
    std::atomic<std::size_t> missing;
    core::executor home;
    core::notice all;
  };
  struct report {
    std::shared_ptr<receipt> to;
    ~report() {
      if (to->missing.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
      const core::executor where = to->home;
      asio::post(where, [at = std::move(to)] { at->all.give(); });
    }
  };
  auto shared = std::make_shared<receipt>(shards_.size(), home);
  core::notice all = shared->all;
  for (auto& one : shards_)
    one->post([tell, shared, index = one->index()] {
      report when_done{shared};
      tell(index);
    });
  shared.reset();
  const auto until = core::deadline::after(clock_.steady_now(), shard::answer_wait_max);
  co_await all.wait(until);
}

}  // namespace net
