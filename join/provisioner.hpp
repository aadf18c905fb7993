// provisioner: makes and closes rooms at providers. A room is made once, by the shard that owns it,
// however many ask.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"
#include "core/options.hpp"
#include "core/result.hpp"
#include "core/task.hpp"
#include "core/trace.hpp"
#include "join/neighbours.hpp"
#include "providers/registry.hpp"
#include "rooms/decide.hpp"
#include "rooms/store.hpp"

namespace join {

struct provision_settings {
  // Rooms are made this long before the start; the booking itself is the moment where it lies
  // nearer.
  std::chrono::milliseconds prepare_before = std::chrono::hours{24};
  // Rooms that become due are made over so long a time, each at a moment of its own; at most half
  // of prepare_before, so that all are there well before they are needed.
  std::chrono::milliseconds prepare_spread = std::chrono::hours{1};
  // For one create or close call with the store around it. It is not the join's deadline: who waits
  // may leave.
  std::chrono::milliseconds call_timeout{10'000};
  // Rooms of one provider under way at a time on one shard: as many as have a place in its line,
  // and some more that still ask the store.
  std::size_t makes_max = 512;
  // Background work of one shard: calls at a time, and how many may queue (the sweep finds the rest
  // again).
  std::size_t background_calls = 4;
  std::size_t background_queue_max = 10'000;
  // How often the store is asked for rooms that somebody forgot to make or to close.
  std::chrono::milliseconds sweep_every{30'000};
  // A call that runs when its room's door closes keeps the room for so much longer at most.
  std::chrono::milliseconds running_grace{std::chrono::hours{4}};
  std::size_t sweep_batch = 100;
};
// [rooms] prepare_before, prepare_spread, call_timeout, background_calls, sweep_every,
// running_grace
provision_settings read_provision_settings(core::options& from);

struct provisioner_parts {
  std::size_t shard = 0;  // our own index among the neighbours
  core::executor on;
  neighbours& shards;
  rooms::store& store;
  providers::registry& providers;
  const core::clock& clock;
  core::logger& log;
  core::metrics_page& metrics;
  rooms::window_settings windows;
  provision_settings settings;
  std::string process = "alone";  // its name among those that share the store
  core::sleeper sleep = core::sleep_until;
};

// One per shard. After all have been made, each meets its peers.
class provisioner {
 public:
  explicit provisioner(provisioner_parts parts);
  ~provisioner();
  provisioner(const provisioner&) = delete;
  provisioner& operator=(const provisioner&) = delete;

  // All provisioners by shard index, this one included. They must live until all of them are
  // stopped.
  void meet(std::vector<provisioner*> peers);

  // True where nobody gets in before the provider has been asked: for a room that has not been
  // made, or that does not serve the booking as it is now.
  bool must_prepare(const rooms::booking& one);
  // The other way round, of somebody at the door; where the provider does not know of a change and
  // nobody has noted that yet, it is told in the background.
  bool lets_in(const rooms::booking_ptr& one);
  // The booking with a room of its provider that lets people in, made now where it has none. Where
  // it cannot be replaced by the right one, the one that is there serves. Failures are
  // providers::errc, the store's, or provider_missing; they are shared by all who wait and not
  // remembered. The provider hears of the trace of whoever asked first.
  core::task<core::result<rooms::booking_ptr>> ready(rooms::booking_ptr one,
                                                     std::optional<core::trace> trace,
                                                     core::deadline until);

  // The provider does not know the booking's room: every shard forgets it, and ready() makes it
  // anew.
  core::task<core::result<void>> forget(rooms::booking_ptr one, core::deadline until);

  // In the background, from the shard of this object: makes the room of a new booking, tells the
  // provider of a changed one, closes that of a cancelled or ended one, unless that has been done.
  // Never waits; what fails, or is cut off, is found by the sweep.
  void prepare_soon(rooms::booking_ptr one);
  void close_soon(rooms::booking_ptr one);

  // One look for rooms that are due: forgotten after a crash, or failed before. Of the processes
  // that share a store one sweeps. Call start_sweeping on one shard.
  core::task<void> sweep();
  void start_sweeping();

  // No further work; what runs is cancelled. Await ended before the object goes.
  void stop();
  core::task<bool> ended(core::deadline until);

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace join
