// dns_cache: host names to addresses for one shard. One look-up per name at a time; waiters leave
// at their own deadline.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/blocking.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "core/single_flight.hpp"
#include "core/task.hpp"
#include "net/address.hpp"
#include "net/error.hpp"

namespace net {

using addresses = std::vector<ip_address>;

// Asks somebody who knows. Fails with errc::name_not_found or errc::timed_out; what it captures
// must outlive the shard.
using name_lookup =
    std::function<core::task<core::result<addresses>>(std::string host, core::deadline until)>;

// The system's resolver cannot be cancelled and may take seconds, so it runs on threads of its own.
// A name always goes to the same thread: one that hangs delays only its neighbours. Shared by all
// shards and stopped after them.
class lookup_threads {
 public:
  explicit lookup_threads(std::size_t count = 4);
  // Looks up through getaddrinfo. This object must outlive the function.
  name_lookup lookup();

 private:
  std::vector<std::unique_ptr<core::blocking_thread>> threads_;
};

struct dns_settings {
  std::chrono::milliseconds good_for{30'000};  // an answer is used without asking again
  std::chrono::milliseconds bad_for{1'000};    // a failure is repeated without asking again
  // An old answer still serves while the resolver fails: names rarely move, resolvers often
  // stumble.
  std::chrono::milliseconds stale_for{3'600'000};
  std::chrono::milliseconds stale_wait{
      500};  // how long a caller with an old answer waits for the new one
  std::chrono::milliseconds lookup_max{15'000};  // then a look-up counts as failed
  std::size_t names_max = 256;                   // we talk to a handful of configured hosts
};

class dns_cache {
 public:
  dns_cache(core::executor on, const core::clock& time, name_lookup lookup,
            dns_settings settings = {});
  ~dns_cache();

  // At least one address, in the resolver's order. IP literals and localhost need no look-up.
  core::task<core::result<addresses>> find(std::string host, core::deadline until);

  std::size_t size() const;
  // Look-ups that run end without an answer; find() fails from now on. For shutdown.
  void close();

 private:
  struct state;
  std::shared_ptr<state> state_;  // a look-up may end after the cache
  core::single_flight<addresses> flights_;
};

// A name that the resolver may be asked for. Refuses what would be read as a number ("2130706433",
// "0x7f.1").
bool is_host_name(std::string_view text);

}  // namespace net
