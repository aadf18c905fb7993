// store_watch: brings over what other processes have written to the store we share.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>

#include "core/clock.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"
#include "core/result.hpp"
#include "core/task.hpp"
#include "core/task_group.hpp"
#include "join/neighbours.hpp"
#include "rooms/store.hpp"

namespace join {

struct watch_parts {
  core::executor on;  // not a shard that serves
  neighbours& shards;
  rooms::store& store;
  const core::clock& clock;
  core::logger& log;
  core::metrics_page& metrics;
  std::chrono::hours revocations_kept{};
  // With reading and telling it stays far below the second that is promised.
  std::chrono::milliseconds look_every{250};
  core::sleeper sleep = core::sleep_until;
};

// One per process. What it hears of is announced to every shard.
class store_watch {
 public:
  explicit store_watch(watch_parts parts);

  // All revocations, and where the news begin. Before anybody can connect.
  core::task<core::result<void>> begin(core::deadline until);
  // One look for news. What goes wrong is made up for by the next one.
  core::task<void> look();
  // Looks again and again until it is stopped.
  void start();
  void stop();
  core::task<bool> ended(core::deadline until);
  // Since the store was last heard. From any thread.
  std::chrono::milliseconds behind() const;
  // Whether what others write counts here soon. Several looks may fail before it does not.
  bool hears() const { return behind() <= deaf_after; }

 private:
  static constexpr std::chrono::seconds deaf_after{5};
  core::task<core::result<void>> recall(core::deadline until);
  core::task<core::result<void>> bring(core::deadline until);
  core::task<void> look_forever();

  watch_parts parts_;
  rooms::news_place place_ = 0;
  bool failing_ = false;  // said so in the log
  std::atomic<core::steady_time> heard_at_;
  core::counter& bookings_;
  core::counter& revocations_;
  core::counter& everything_;
  core::task_group tasks_;
};

}  // namespace join
