#include "app/online_check.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "app/outside_world.hpp"

namespace app {
namespace {

constexpr std::chrono::seconds provider_patience{10};

// What a provider needs to be asked.
struct provider_world : outside_world {
  explicit provider_world(const config& settings) : outside_world(settings) {
    if (!client) return;
    providers.emplace(settings.providers, providers::provider_tools{*client, clock, random, silence,
                                                                    metrics, shard.executor()});
  }
  std::optional<providers::registry> providers;
};

core::task<void> ask_all(provider_world* world, bool* all_good) {
  for (providers::provider* one : world->providers->all()) {
    const auto until = core::deadline::after(world->clock.steady_now(), provider_patience);
    const auto answer = co_await one->try_credentials(until);
    fmt::print("  {:<17} {}\n", one->traits().name.text(),
               answer ? "good: " + *answer : "FAILED: " + answer.error().detail);
    if (!answer) *all_good = false;
  }
}

}  // namespace

int check_online(const config& settings) {
  provider_world world(settings);
  if (!world.tls) {
    fmt::print(stderr, "stagedoor: http_client.ca_file: {}\n", world.tls.error().detail);
    return 1;
  }
  bool all_good = true;
  world.run(ask_all(&world, &all_good));
  return all_good ? 0 : 1;
}

}  // namespace app
