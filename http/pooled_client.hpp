// pooled_client: the HTTP/1.1 client of one shard. Whoever we ask may be slow, broken or hostile:
// everything has a limit.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "core/metrics.hpp"
#include "core/options.hpp"
#include "http/client.hpp"
#include "http/connection_pool.hpp"
#include "net/connector.hpp"
#include "net/shard.hpp"

namespace http {

struct client_settings {
  std::string ca_file;  // for net::tls_client; empty: the system's store
  pool_settings pool;
  // From the first byte sent to the first byte of the answer.
  std::chrono::milliseconds first_byte_timeout{4'000};
  // Everything, waiting for a connection included. The caller's own deadline is usually shorter.
  std::chrono::milliseconds total_timeout{10'000};
  std::size_t head_bytes_max = 16 * 1024;
  // Answers of providers are a few KiB, key sets some tens.
  std::size_t body_bytes_max = 1024 * 1024;
};
// [http_client] ca_file, connect_timeout, first_byte_timeout, total_timeout, idle_timeout,
// connections_max, idle_max, waiting_max, body_bytes_max
client_settings read_client_settings(core::options& from);

// A request is sent again, once and on a fresh connection, only when a kept-alive one turned out to
// be dead: it failed before a byte of the answer had come, and either nothing had been handed to
// the network or repeating does no harm (RFC 9110 section 9.2.2): the method is safe, or the caller
// says so with safe_to_repeat. A failure on a fresh connection, a timeout and a broken answer are
// never repeated here.
class pooled_client final : public client {
 public:
  // All of them must outlive this object; the shard's thread alone uses it.
  pooled_client(net::shard& on, net::connector& connector, core::metrics_page& metrics,
                client_settings settings);

  // Http only to this machine. Fails besides what client promises with core::errc::queue_full (too
  // many requests wait for that server) and core::errc::internal (a request that must not be
  // written).
  core::task<core::result<response>> send(request what, core::deadline until) override;

  std::size_t idle_connections() const { return pool_.idle(); }
  std::size_t open_connections() const { return pool_.open(); }
  std::size_t waiting_requests() const { return pool_.waiting(); }
  // For shutdown: closes idle connections and fails new requests; those under way may end.
  void close() { pool_.close(); }

 private:
  struct attempt;
  struct counters;

  core::task<core::result<response>> exchange(request what, core::deadline until);
  // One request over one connection. `bytes` lives in exchange().
  core::task<attempt> ask(net::stream* over, const std::string* bytes, method verb,
                          core::deadline until);
  core::task<void> write(net::stream* over, const std::string* bytes, attempt* now,
                         core::deadline until);
  core::task<void> read(net::stream* over, method verb, attempt* now, core::deadline first_byte,
                        core::deadline until);

  net::shard& shard_;
  client_settings settings_;
  connection_pool pool_;
  std::shared_ptr<const counters> counters_;
};

}  // namespace http
