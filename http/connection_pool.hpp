// connection_pool: connections of one shard to the servers we ask, kept alive per origin, and a
// bounded queue before them.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/metrics.hpp"
#include "core/result.hpp"
#include "core/task.hpp"
#include "net/connector.hpp"
#include "net/shard.hpp"

namespace http {

struct pool_settings {
  std::chrono::milliseconds connect_timeout{2'000};  // name, TCP and TLS together
  std::chrono::milliseconds idle_timeout{30'000};    // shorter than what most servers keep
  std::size_t connections_max = 64;                  // per origin
  std::size_t idle_max = 16;                         // per origin
  std::size_t waiting_max = 1024;  // requests that wait for a connection, per origin
};

class connection_pool {
  struct origin;
  struct state;

 public:
  // The right to use one of an origin's connections. Destroying it closes the connection, unless
  // keep() was called, and passes its place to whoever waits first.
  class place {
   public:
    place() = default;
    place(place&& other) noexcept = default;
    place& operator=(place&& other) noexcept;
    ~place() { give_back(); }

    net::stream& stream() const { return *stream_; }
    bool reused() const { return reused_; }
    // Closes what there is and connects anew, keeping the place.
    core::task<core::result<void>> connect(core::deadline until);
    // The connection may carry another request.
    void keep() { keep_ = true; }

   private:
    friend class connection_pool;
    place(std::shared_ptr<origin> from, net::stream_ptr over);
    void give_back();

    std::shared_ptr<origin> from_;
    net::stream_ptr stream_;
    bool reused_ = false;
    bool keep_ = false;
  };

  connection_pool(net::shard& on, net::connector& connector, core::metrics_page& metrics,
                  pool_settings settings);
  ~connection_pool();

  // A connection to that origin: an idle one that is not stale, a new one, or the first one that
  // becomes free, in order of asking. Fails with core::errc::queue_full, net::errc::timed_out,
  // net::errc::cancelled or as the connector does.
  core::task<core::result<place>> take(net::endpoint to, core::deadline until);

  std::size_t idle() const;
  std::size_t open() const;  // idle, in use and being connected
  std::size_t waiting() const;
  // Closes what is idle, ends the waiting, keeps nothing from now on.
  void close();

 private:
  std::shared_ptr<state> state_;  // places may outlive the pool
};

}  // namespace http
