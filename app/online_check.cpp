#include "app/online_check.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "core/random.hpp"
#include "net/connector.hpp"

namespace app {
namespace {

constexpr std::chrono::seconds patience{10};

// The few parts of a shard that a provider needs, driven by this thread.
struct outside_world {
  explicit outside_world(const config& settings)
      : shard(0, 0, "check", clock),
        names(shard.executor(), clock, lookups.lookup()),
        tls(net::tls_client::create({settings.client.ca_file}, clock)) {
    if (!tls) return;
    connector.emplace(shard, names, **tls);
    client.emplace(shard, *connector, metrics, settings.client);
    providers.emplace(settings.providers, providers::provider_tools{*client, clock, random, silence,
                                                                    metrics, shard.executor()});
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
  std::optional<providers::registry> providers;
};

core::task<void> ask_all(outside_world* world, bool* all_good) {
  for (providers::provider* one : world->providers->all()) {
    const auto until = core::deadline::after(world->clock.steady_now(), patience);
    const auto answer = co_await one->try_credentials(until);
    fmt::print("  {:<17} {}\n", one->traits().name.text(),
               answer ? "good: " + *answer : "FAILED: " + answer.error().detail);
    if (!answer) *all_good = false;
  }
}

}  // namespace

int check_online(const config& settings) {
  outside_world world(settings);
  if (!world.tls) {
    fmt::print(stderr, "stagedoor: http_client.ca_file: {}\n", world.tls.error().detail);
    return 1;
  }
  bool all_good = true;
  bool ended = false;
  asio::co_spawn(world.shard.context(), ask_all(&world, &all_good),
                 [&](std::exception_ptr surprise) {
                   ended = true;
                   if (surprise) std::rethrow_exception(surprise);
                 });
  while (!ended) world.shard.context().run_one();
  world.client->close();
  world.names.close();
  return all_good ? 0 : 1;
}

}  // namespace app
