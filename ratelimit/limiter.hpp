// limiter: token buckets for millions of keys in one fixed-size table of atomics that all shards
// share.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/metrics.hpp"
#include "core/options.hpp"
#include "core/random.hpp"
#include "net/address.hpp"
#include "ratelimit/keyed_hash.hpp"
#include "ratelimit/pace.hpp"

namespace ratelimit {

class bucket_line;

// [limits] ip = { rate = 20, per = "second", burst = 40 }, user = {…}, service = "off", memory =
// "64MiB"
struct settings {
  limit ip{20, std::chrono::seconds{1}, 40};
  limit user{5, std::chrono::seconds{1}, 20};
  limit service{200, std::chrono::seconds{1}, 400};
  std::size_t memory_bytes = 64 * 1024 * 1024;
};
settings read_settings(core::options& from);

enum class policy : std::uint8_t { ip, user, service };
std::string_view name_of(policy which);

constexpr std::size_t policies = 3;

struct decision {
  bool allowed = true;
  std::uint32_t remaining = 0;       // whole tokens left after this one
  std::chrono::seconds retry_in{0};  // when refused: by then a retry succeeds, at least 1
  std::chrono::seconds reset_in{0};  // until one more token is there (RateLimit's t)
};

// Each policy has a share of the table of its own, so that no spray of addresses reaches the users'
// buckets. A key has eight places in one cache line; bucket_line.hpp says what happens when all are
// taken. Two keys of one line share a bucket when 24 bits of their keyed hashes agree too: for a
// new key at most 7 in 2^24 (one in 2.4 million), and at 64 MiB a given key shares with any of a
// million others with a probability of one in 15 million.
class limiter {
 public:
  // Throws std::invalid_argument for limits that cannot be configured and std::bad_alloc.
  limiter(const settings& from, core::random_source& seed);
  ~limiter();
  limiter(const limiter&) = delete;
  limiter& operator=(const limiter&) = delete;

  // Exact, lock-free, from any thread, no allocation. Refused requests cost nothing. IPv6 addresses
  // count per /64.
  decision take(policy which, const net::ip_address& address, core::steady_time now);
  decision take(policy which, std::string_view key, core::steady_time now);

  // For who will take in a moment: starts to fetch the bucket into the processor's cache.
  void expect(policy which, const net::ip_address& address) const;
  void expect(policy which, std::string_view key) const;

  const limit& of(policy which) const;
  // `"ip";q=40;w=2` and `"ip";r=0;t=1` (draft-ietf-httpapi-ratelimit-headers), appended to `out`.
  // Nothing for a policy without a limit.
  void append_policy_field(std::string& out, policy which) const;
  static void append_limit_field(std::string& out, policy which, const decision& taken);

  // The address space of the table. Pages that no key has touched cost no memory.
  std::size_t memory_bytes() const { return mapped_bytes_; }

  struct occupancy {
    std::size_t places = 0;
    std::size_t in_use = 0;        // keys that owe something; an estimate from at most 1,024 lines
    std::uint64_t taken_over = 0;  // keys that got another's place and debt, since the start
  };
  occupancy use_of(policy which, core::steady_time now) const;
  // ratelimit_table_places, ratelimit_table_places_in_use, ratelimit_table_takeovers_total. The
  // page reads this limiter and the clock whenever it is scraped: both outlive it.
  void show(core::metrics_page& page, const core::clock& clock) const;

 private:
  struct share {
    limit allowed;
    pace with;
    bucket_line* lines = nullptr;
    std::uint64_t line_count = 0;
    std::string policy_field;
    core::counter taken_over;
  };
  const share& of_policy(policy which) const { return shares_[static_cast<std::size_t>(which)]; }
  decision take(share& from, std::uint64_t hash, core::steady_time now);
  static void expect(const share& from, std::uint64_t hash);

  word_hash address_hash_;
  keyed_hash text_hash_;
  std::array<share, policies> shares_;
  void* mapped_ = nullptr;
  std::size_t mapped_bytes_ = 0;
};

}  // namespace ratelimit
