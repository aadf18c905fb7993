// wiring: every object of the server, built from top to bottom. Read it as a parts list.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "api/front.hpp"
#include "app/config.hpp"
#include "core/clock.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"
#include "core/random.hpp"
#include "http/connection.hpp"
#include "http/pooled_client.hpp"
#include "join/gate.hpp"
#include "join/join_service.hpp"
#include "join/neighbours.hpp"
#include "join/provisioner.hpp"
#include "net/connector.hpp"
#include "net/dns_cache.hpp"
#include "net/listener.hpp"
#include "net/shard.hpp"
#include "net/tls_client.hpp"
#include "providers/registry.hpp"
#include "ratelimit/limiter.hpp"
#include "rooms/booking_cache.hpp"
#include "rooms/metrics.hpp"
#include "rooms/sqlite_store.hpp"

namespace app {

// What all shards share. Members are destroyed from the bottom up: threads that resume a shard's
// coroutines go before the shards do.
struct common_parts {
  explicit common_parts(config from);

  config settings;
  core::system_clock clock;
  core::system_random random;
  std::string process;  // a name of this process that no other one has
  std::unique_ptr<core::logger> log;
  std::unique_ptr<core::logger> audit;  // nullptr where nothing is recorded
  core::metrics_page metrics;
  ratelimit::limiter limiter;
  std::shared_ptr<const api::settings> face;  // what the HTTP face is told
  net::shard_group shards;
  net::shard admin_shard;
  net::lookup_threads lookups;
  std::shared_ptr<net::trusted_roots> roots;  // whom our connections to others trust
  rooms::sqlite_store store;
  std::atomic<bool> draining{false};
};

// What one shard has for itself.
struct shard_parts {
  shard_parts(common_parts& common, join::neighbours& neighbours, net::shard& on);

  net::shard& shard;
  net::dns_cache names;
  std::unique_ptr<net::tls_client> tls;
  net::tcp_connector connector;
  http::pooled_client client;
  providers::registry providers;
  rooms::cache_numbers cache_numbers;
  rooms::booking_cache bookings;
  join::gate gate;
  join::provisioner provisioner;
  auth::verifier sessions;
  auth::service_keys service_keys;
  join::tickets doors;
  join::join_service joins;
  api::front front;
  http::server server;

  // New session, service and ticket keys, from the next request on. Called on the shard.
  void take_keys(std::shared_ptr<const auth::session_settings> sessions_now,
                 auth::service_keys keys_now,
                 std::shared_ptr<const join::ticket_settings> tickets_now);
  // What has changed, whoever changed it. Called on the shard.
  void hear(const rooms::news& what, core::wall_time now);
  // No new work; what runs is cancelled. To be awaited on the shard before anything is destroyed.
  core::task<void> stop(core::deadline until);
};

}  // namespace app
