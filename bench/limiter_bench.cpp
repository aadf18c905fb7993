// The limiter against what it could have been: one random memory access, a map behind a mutex, a
// map behind many.
//
// Addresses are asked for in random order. The limit is so generous that nothing is refused, and so
// slow that every bucket stays in use: no place in the table can be reused.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "core/random.hpp"
#include "core/wide.hpp"
#include "net/address.hpp"
#include "ratelimit/limiter.hpp"

namespace {

using ratelimit::policy;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

// A fixed number, so that millions of addresses are brought in once and not for each guess at how
// often to repeat.
constexpr benchmark::IterationCount visits = 2'000'000;

// The limit as shipped with a burst that no benchmark uses up. The benchmarks' time stands still:
// an address that was seen once owes for ever, and its place cannot be reused.
ratelimit::settings settings_for(std::size_t memory_bytes) {
  ratelimit::settings settings;
  settings.ip = {20, std::chrono::seconds{1}, 1'000'000};
  settings.user = settings.service = {};
  settings.memory_bytes = memory_bytes;
  return settings;
}

net::ip_address address(std::uint32_t number) {
  const std::uint32_t spread = number * 2'654'435'761u;
  return net::ip_address::v4(
      {static_cast<unsigned char>(spread >> 24), static_cast<unsigned char>(spread >> 16),
       static_cast<unsigned char>(spread >> 8), static_cast<unsigned char>(spread)});
}

// A multiplicative congruence: random order without a table of it, and without waiting for memory.
class random_order {
 public:
  explicit random_order(std::uint64_t count) : count_(count) {}
  std::uint32_t next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>((static_cast<core::uint128>(state_) * count_) >> 64);
  }

 private:
  std::uint64_t count_;
  std::uint64_t state_ = 42;
};

// A long walk through the addresses in random order, read in sequence: making an address must not
// be what is measured.
std::vector<net::ip_address> walk_through(std::uint64_t count) {
  random_order order(count);
  std::vector<net::ip_address> walk(count < 100'000 ? 65'536 : 4'194'304);
  for (auto& one : walk) one = address(order.next());
  return walk;
}

std::size_t resident_bytes() {
  std::size_t all = 0;
  std::size_t pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%zu %zu", &all, &pages) != 2) pages = 0;
    std::fclose(file);
  }
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t heap_bytes() {
  const auto heap = ::mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

// Whether a check can begin before the one before it has ended. In a server other work lies between
// them, so that the truth is somewhere between the two.
enum class pace : std::uint8_t { overlapping, in_turn };

// The table as shipped (64 MiB), and one of 21 bytes per address. "without_own_place" is the part
// of all addresses that found their line full and took over the place of another.
template <pace Pace>
void take(benchmark::State& state) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  core::system_random random;
  const std::size_t before = resident_bytes();
  ratelimit::limiter limiter(settings_for(static_cast<std::size_t>(state.range(1)) * mebibyte),
                             random);
  const auto now = std::chrono::steady_clock::now();
  for (std::uint32_t i = 0; i < count; ++i)
    benchmark::DoNotOptimize(limiter.take(policy::ip, address(i), now));
  const std::size_t resident = resident_bytes() - before;
  const auto taken_over = limiter.use_of(policy::ip, now).taken_over;

  const auto walk = walk_through(count);
  std::size_t next = 0;
  std::uint64_t refused = 0;
  for (auto _ : state) {
    const bool allowed = limiter.take(policy::ip, walk[next & (walk.size() - 1)], now).allowed;
    refused += !allowed;
    // Nobody is refused, so the walk is the same; but only the answer says so.
    next += Pace == pace::overlapping || allowed ? 1 : 2;
  }
  state.counters["B/address"] = static_cast<double>(resident) / static_cast<double>(count);
  state.counters["without_own_place"] =
      static_cast<double>(taken_over) / static_cast<double>(count);
  state.counters["refused"] = static_cast<double>(refused);
}
void limiter_take(benchmark::State& state) { take<pace::overlapping>(state); }
void limiter_take_in_turn(benchmark::State& state) { take<pace::in_turn>(state); }
void at_all_sizes(benchmark::internal::Benchmark* one) {
  one->ArgNames({"addresses", "MiB"})
      ->Args({1'000, 64})
      ->Args({1'000'000, 64})
      ->Args({1'000'000, 20})
      ->Args({10'000'000, 200})
      ->Iterations(visits);
}
BENCHMARK(limiter_take)->Apply(at_all_sizes);
BENCHMARK(limiter_take_in_turn)->Apply(at_all_sizes);

void limiter_take_ipv6(benchmark::State& state) {
  core::system_random random;
  ratelimit::limiter limiter(settings_for(64 * mebibyte), random);
  const auto now = std::chrono::steady_clock::now();
  std::vector<net::ip_address> clients;
  for (unsigned i = 0; i < 1024; ++i)
    clients.push_back(
        net::ip_address::v6({0x20, 0x01, 0x0d, 0xb8, 0, 0, static_cast<unsigned char>(i >> 8),
                             static_cast<unsigned char>(i), 1}));
  std::size_t next = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(limiter.take(policy::ip, clients[next++ & 1023], now));
}
BENCHMARK(limiter_take_ipv6);

void limiter_take_user(benchmark::State& state) {
  core::system_random random;
  ratelimit::settings settings;
  settings.user = {20, std::chrono::seconds{1}, 1'000'000};
  ratelimit::limiter limiter(settings, random);
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::string> users;
  for (int i = 0; i < 1024; ++i) users.push_back("user-" + std::to_string(1'000'000 + i));
  std::size_t next = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(limiter.take(policy::user, users[next++ & 1023], now));
}
BENCHMARK(limiter_take_user);

// The price of the last resort: every place of the line is taken by others that owe more than is
// allowed.
void limiter_refuse(benchmark::State& state) {
  core::system_random random;
  ratelimit::settings settings = settings_for(64 * mebibyte);
  settings.ip = {1, std::chrono::hours{1}, 1};
  ratelimit::limiter limiter(settings, random);
  const auto now = std::chrono::steady_clock::now();
  for (std::uint32_t i = 0; i < 1000; ++i) limiter.take(policy::ip, address(i), now);
  const auto walk = walk_through(1000);
  std::size_t next = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(limiter.take(policy::ip, walk[next++ & (walk.size() - 1)], now));
}
BENCHMARK(limiter_refuse);

// All threads take from one address, the worst there is for one cache line; then each from its own.
void limiter_hot_address(benchmark::State& state) {
  static std::unique_ptr<ratelimit::limiter> limiter;
  static core::system_random random;
  if (state.thread_index() == 0)
    limiter = std::make_unique<ratelimit::limiter>(settings_for(64 * mebibyte), random);
  const auto now = std::chrono::steady_clock::now();
  const auto client =
      address(state.range(0) ? 1 : static_cast<std::uint32_t>(state.thread_index()));
  for (auto _ : state) benchmark::DoNotOptimize(limiter->take(policy::ip, client, now));
}
// One thread, then one per core.
void on_all_cores(benchmark::internal::Benchmark* one) {
  one->UseRealTime()->Threads(1);
  if (const int cores = benchmark::CPUInfo::Get().num_cpus; cores > 1) one->Threads(cores);
}
BENCHMARK(limiter_hot_address)->ArgName("shared")->Arg(1)->Arg(0)->Apply(on_all_cores);

// All threads take from a million addresses, each in an order of its own.
void limiter_spread_addresses(benchmark::State& state) {
  constexpr std::uint32_t count = 1'000'000;
  static std::unique_ptr<ratelimit::limiter> limiter;
  static std::vector<net::ip_address> walk;
  static core::system_random random;
  const auto now = std::chrono::steady_clock::now();
  if (state.thread_index() == 0) {
    limiter = std::make_unique<ratelimit::limiter>(settings_for(64 * mebibyte), random);
    for (std::uint32_t i = 0; i < count; ++i)
      benchmark::DoNotOptimize(limiter->take(policy::ip, address(i), now));
    if (walk.empty()) walk = walk_through(count);
  }
  // Far from each other, and never in step.
  std::size_t next = static_cast<std::size_t>(state.thread_index()) * 1'234'567;
  for (auto _ : state)
    benchmark::DoNotOptimize(
        limiter->take(policy::ip, walk[next++ & (walk.size() - 1)], now).allowed);
}
BENCHMARK(limiter_spread_addresses)->Apply(on_all_cores);

// What no table of addresses can do without: reading and writing one word at a random place of as
// much memory.
template <pace Pace>
void access_memory(benchmark::State& state) {
  const std::size_t bytes = static_cast<std::size_t>(state.range(0)) * mebibyte;
  void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ::madvise(mapped, bytes, MADV_NOHUGEPAGE);
  auto* words = static_cast<std::uint64_t*>(mapped);
  const std::size_t lines = bytes / 64;
  for (std::size_t i = 0; i < lines; ++i) words[i * 8] = i;
  random_order order(lines);
  std::uint64_t last = 0;
  for (auto _ : state) {
    // In turn: the next place depends on what was read.
    const std::size_t turn = Pace == pace::in_turn ? last & 1 : 0;
    std::uint64_t& word = words[(std::size_t{order.next()} ^ turn) % lines * 8];
    last = word;
    word = last + 2;
  }
  benchmark::DoNotOptimize(last);
  ::munmap(mapped, bytes);
}
void random_memory_access(benchmark::State& state) { access_memory<pace::overlapping>(state); }
void random_memory_access_in_turn(benchmark::State& state) { access_memory<pace::in_turn>(state); }
BENCHMARK(random_memory_access)->ArgName("MiB")->Arg(1)->Arg(20)->Arg(64)->Arg(200);
BENCHMARK(random_memory_access_in_turn)->ArgName("MiB")->Arg(1)->Arg(20)->Arg(64)->Arg(200);

// The usual way: tokens and the time of the last visit, in a hash map behind a mutex.
class mapped_limiter {
 public:
  bool take(const net::ip_address& client, core::steady_time now) {
    const std::scoped_lock hold(lock_);
    auto& [tokens, last] = buckets_.try_emplace(client, bucket{1'000'000.0, now}).first->second;
    tokens =
        std::min(1'000'000.0, tokens + std::chrono::duration<double>(now - last).count() / 3.6);
    last = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  }
  std::size_t size() const { return buckets_.size(); }

 private:
  struct bucket {
    double tokens;
    core::steady_time last;
  };
  std::mutex lock_;
  std::unordered_map<net::ip_address, bucket> buckets_;
};

template <std::size_t Maps>
void map_and_mutex(benchmark::State& state) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  const std::size_t before = heap_bytes();
  auto maps = std::make_unique<std::array<mapped_limiter, Maps>>();
  const auto now = std::chrono::steady_clock::now();
  const auto map_of = [&](const net::ip_address& client) -> mapped_limiter& {
    return (*maps)[client.bytes()[15] % Maps];
  };
  for (std::uint32_t i = 0; i < count; ++i) map_of(address(i)).take(address(i), now);
  const std::size_t heap = heap_bytes() - before;
  const auto walk = walk_through(count);
  std::size_t next = 0;
  for (auto _ : state) {
    const auto& client = walk[next++ & (walk.size() - 1)];
    benchmark::DoNotOptimize(map_of(client).take(client, now));
  }
  state.counters["B/address"] = static_cast<double>(heap) / static_cast<double>(count);
}
void one_map(benchmark::State& state) { map_and_mutex<1>(state); }
void sharded_map(benchmark::State& state) { map_and_mutex<64>(state); }
BENCHMARK(one_map)
    ->ArgName("addresses")
    ->Arg(1'000)
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Iterations(visits);
BENCHMARK(sharded_map)
    ->ArgName("addresses")
    ->Arg(1'000)
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Iterations(visits);

// All threads take from a million addresses, as limiter_spread_addresses does.
template <std::size_t Maps>
void maps_spread_addresses(benchmark::State& state) {
  constexpr std::uint32_t count = 1'000'000;
  static std::array<mapped_limiter, Maps> maps;
  static std::vector<net::ip_address> walk;
  const auto map_of = [](const net::ip_address& client) -> mapped_limiter& {
    return maps[client.bytes()[15] % Maps];
  };
  const auto now = std::chrono::steady_clock::now();
  if (state.thread_index() == 0 && walk.empty()) {
    for (std::uint32_t i = 0; i < count; ++i) map_of(address(i)).take(address(i), now);
    walk = walk_through(count);
  }
  std::size_t next = static_cast<std::size_t>(state.thread_index()) * 1'234'567;
  for (auto _ : state) {
    const auto& client = walk[next++ & (walk.size() - 1)];
    benchmark::DoNotOptimize(map_of(client).take(client, now));
  }
}
void one_map_spread_addresses(benchmark::State& state) { maps_spread_addresses<1>(state); }
void sharded_map_spread_addresses(benchmark::State& state) { maps_spread_addresses<64>(state); }
BENCHMARK(one_map_spread_addresses)->Apply(on_all_cores);
BENCHMARK(sharded_map_spread_addresses)->Apply(on_all_cores);

// One address, or one of each thread's own, from all threads at once. With one hot address as many
// maps as one likes are one map.
template <std::size_t Maps>
void maps_hot_address(benchmark::State& state) {
  static std::array<mapped_limiter, Maps> maps;
  const auto now = std::chrono::steady_clock::now();
  const auto client =
      address(state.range(0) ? 1 : static_cast<std::uint32_t>(state.thread_index()));
  mapped_limiter& map = maps[client.bytes()[15] % Maps];
  for (auto _ : state) benchmark::DoNotOptimize(map.take(client, now));
}
void one_map_hot_address(benchmark::State& state) { maps_hot_address<1>(state); }
void sharded_map_hot_address(benchmark::State& state) { maps_hot_address<64>(state); }
BENCHMARK(one_map_hot_address)->ArgName("shared")->Arg(1)->Arg(0)->Apply(on_all_cores);
BENCHMARK(sharded_map_hot_address)->ArgName("shared")->Arg(1)->Arg(0)->Apply(on_all_cores);

}  // namespace
