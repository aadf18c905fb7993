// config: one TOML file and the environment, read into every room's settings, or all their mistakes
// at once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/settings.hpp"
#include "app/config_file.hpp"
#include "auth/service_keys.hpp"
#include "auth/verifier.hpp"
#include "core/log.hpp"
#include "core/options.hpp"
#include "http/connection.hpp"
#include "http/pooled_client.hpp"
#include "join/gate.hpp"
#include "join/provisioner.hpp"
#include "join/tickets.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "net/tls.hpp"
#include "providers/registry.hpp"
#include "ratelimit/limiter.hpp"
#include "rooms/booking_cache.hpp"
#include "rooms/decide.hpp"
#include "rooms/sqlite_store.hpp"

namespace app {

// [shutdown]
struct shutdown_settings {
  std::chrono::milliseconds delay{0};       // between SIGTERM and closing the listeners
  std::chrono::milliseconds grace{30'000};  // for requests in flight
};

// Everything that the server is told, in the order of the sample file.
struct config {
  std::string public_url;
  core::provider_name default_provider;
  std::size_t threads = 1;
  std::vector<net::listen_settings> listen;
  std::vector<net::listen_settings> admin_listen;
  std::optional<net::tls_settings> tls;
  net::proxy_settings proxies;
  net::listener_limits listener;
  http::connection_limits connections;
  std::shared_ptr<const auth::session_settings> sessions;
  auth::service_keys service_keys;
  rooms::sqlite_settings store;
  rooms::cache_settings cache;
  rooms::window_settings windows;
  ratelimit::settings limits;
  std::vector<providers::configured_provider> providers;
  http::client_settings client;
  join::provision_settings provision;
  join::gate_settings gate;
  std::shared_ptr<const join::ticket_settings> tickets;
  std::chrono::milliseconds join_timeout{5'000};
  std::vector<std::string> cors_origins;
  api::page_settings pages;
  core::log_settings log;
  core::log_settings audit;  // no file: none
  shutdown_settings shutdown;
  bool demo = false;
  unsigned short demo_port = 0;

  // The options that providers' makers refer to live as long as the configuration.
  std::shared_ptr<core::options> source;
};

// What a configuration is made from. Only STAGEDOOR__… variables are read.
struct config_source {
  std::optional<std::string> file;
  app::variables variables;
  bool demo = false;
  bool makes_demo_secret = false;  // serve does; other commands read the one of the running demo
  bool checks_files = false;       // check-config and serve; see check_files
  core::file_reader read_file = core::read_small_file;  // for secrets and keys that files hold

  // A demo that reads its configuration again keeps its secret.
  config_source for_reload() const {
    config_source again = *this;
    again.makes_demo_secret = false;
    again.checks_files = false;  // the files of a reload are opened by whoever takes them over
    return again;
  }
};

struct loaded_config {
  std::optional<config> value;  // only where there are no mistakes
  core::mistakes mistakes;      // in the order of the file's lines, then of the environment
};
loaded_config load_config(const config_source& from);
// The same for a text, as the fuzz target and tests have it.
loaded_config load_config_text(std::string_view toml, const config_source& from);

// One line per mistake: "stagedoor.toml:12: server.lisen is not a known key; did you mean
// \"listen\"?"
std::string describe(const core::mistakes& found);

// What the server would do, for check-config. Names no secret.
std::string summary_of(const config& settings);

}  // namespace app
