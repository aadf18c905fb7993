// listener: accepts connections on one shard, within limits, and runs each to its end.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <memory>
#include <vector>

#include "core/metrics.hpp"
#include "core/options.hpp"
#include "core/random.hpp"
#include "core/task_group.hpp"
#include "net/connection_counts.hpp"
#include "net/listen_address.hpp"
#include "net/shard.hpp"
#include "net/socket_stream.hpp"
#include "net/stream.hpp"
#include "net/tls.hpp"

namespace net {

struct listener_limits {
  std::size_t connections_max = 20'000;  // in total; must be covered by the limit on open files
  // Of one client address, an IPv6 /64 being one. Trusted proxies, unix sockets and this machine's
  // loopback speak for many and are not limited by it.
  std::size_t connections_per_client_max = 256;
  std::chrono::milliseconds handshake_timeout{10'000};  // TLS and the PROXY header together
};
// [server] connections_max, connections_per_client_max, handshake_timeout
listener_limits read_listener_limits(core::options& from);

struct listener_metrics {
  explicit listener_metrics(core::metrics_page& page);
  core::gauge& open;
  core::counter& accepted;
  core::counter& over_total;
  core::counter& over_client;
  core::counter& no_descriptors;
  core::counter& bad_proxy_header;
  core::counter& handshakes;
  core::counter& handshakes_resumed;
  core::counter& handshakes_failed;
  core::counter& handshakes_timed_out;
  core::counter& surprises;
};

// What the listeners of all shards share. Outlives them and their streams.
struct listener_desk {
  listener_desk(listener_limits limits, proxy_settings proxies, core::metrics_page& page,
                core::random_source& random);

  const listener_limits limits;
  const proxy_settings proxies;     // who may send PROXY headers
  std::unique_ptr<tls_server> tls;  // needed before an address with `tls` is listened on
  connection_counts counts;
  listener_metrics metrics;
  // The system call; tests run out of descriptors here.
  int (*accept)(int, sockaddr*, socklen_t*, int) = ::accept4;
};

using connection_handler = std::function<core::task<void>(stream_ptr)>;

// Lives on one shard: after the shard has started, its calls are for that shard's thread only.
class listener final : private resting_place {
 public:
  listener(shard& on, listener_desk& desk, connection_handler handle);
  ~listener();
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  // Takes this shard's socket of the place and begins to accept.
  void listen(listening_place& at);
  // Accepts what has connected already, then closes the listening sockets.
  void stop_accepting();
  // To be awaited after stop_accepting. Closes those that rest, lets the others finish, cancels
  // what still runs at the deadline; true when nothing did.
  core::task<bool> drain(core::deadline until);

  // Connections that are being handled, and those that rest.
  std::size_t open() const { return connections_.size(); }
  std::size_t resting() const { return resting_; }

 private:
  struct door;
  struct sleeper;
  enum class outcome : unsigned char { empty, accepted, exhausted };

  core::task<void> accept_from(std::shared_ptr<door> at);
  outcome accept_one(door& at);
  void turn_one_away(door& at);
  void admit(door& at, int descriptor, const peer& other);
  bool rest(stream_ptr& who, core::deadline until) override;
  void close_resting();
  bool is_limited(const peer& other) const;
  core::task<void> prepare(std::unique_ptr<socket_stream> raw, bool proxy_header, bool tls);
  core::task<core::result<stream_ptr>> greet(std::unique_ptr<socket_stream> raw, bool proxy_header,
                                             bool tls);

  shard& shard_;
  listener_desk& desk_;
  connection_handler handle_;
  std::vector<std::shared_ptr<door>> doors_;
  core::task_group accepting_;
  core::task_group connections_;
  sleeper* first_ = nullptr;
  std::size_t resting_ = 0;
  bool draining_ = false;
  int spare_;  // given up for the moment it takes to turn somebody away when descriptors run out
};

}  // namespace net
