// outside_world: the few parts of a shard that asking other servers takes, driven by a command's
// own thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "app/config.hpp"
#include "core/random.hpp"
#include "http/pooled_client.hpp"
#include "net/connector.hpp"

namespace app {

struct outside_world {
  explicit outside_world(const config& settings)
      : shard(0, 0, "check", clock),
        names(shard.executor(), clock, lookups.lookup()),
        tls(trusting(settings.client.ca_file)) {
    if (!tls) return;
    connector.emplace(shard, names, **tls);
    client.emplace(shard, *connector, metrics, settings.client);
  }
  ~outside_world() {
    if (client) client->close();
    names.close();
  }

  core::result<std::unique_ptr<net::tls_client>> trusting(const std::string& ca_file) const {
    auto roots = net::trusted_roots::from(ca_file);
    if (!roots) return core::same_failure(roots);
    return net::tls_client::create({std::move(*roots)}, clock);
  }

  // Runs it to its end.
  void run(core::task<void> work) {
    bool ended = false;
    asio::co_spawn(shard.context(), std::move(work), [&](std::exception_ptr surprise) {
      ended = true;
      if (surprise) std::rethrow_exception(surprise);
    });
    while (!ended) shard.context().run_one();
  }

  core::system_clock clock;
  core::system_random random;
  core::silent_logger silence;
  core::metrics_page metrics;
  net::shard shard;
  net::lookup_threads lookups;
  net::dns_cache names;
  core::result<std::unique_ptr<net::tls_client>> tls;
  std::optional<net::tcp_connector> connector;
  std::optional<http::pooled_client> client;
};

}  // namespace app
