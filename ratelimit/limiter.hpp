// limiter: token buckets for millions of keys in one fixed-size table of atomics that all shards share.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/options.hpp"
#include "core/random.hpp"
#include "net/address.hpp"

namespace ratelimit {

// `rate` tokens come back per `per`; at most `burst` can be saved up.
struct limit {
  std::uint32_t rate = 0;  // 0: no limit
  std::chrono::seconds per{1};
  std::uint32_t burst = 0;

  bool off() const { return rate == 0; }
};

// [limits] ip = { rate = 20, per = "second", burst = 40 }, user = {…}, service = {…}, memory = "64MiB"
struct settings {
  limit ip{20, std::chrono::seconds{1}, 40};
  limit user{5, std::chrono::seconds{1}, 20};
  limit service{200, std::chrono::seconds{1}, 400};
  std::size_t memory_bytes = 64 * 1024 * 1024;
};
settings read_settings(core::options& from);

enum class policy : std::uint8_t { ip, user, service };
std::string_view name_of(policy which);

struct decision {
  bool allowed = true;
  std::uint32_t remaining = 0;      // whole tokens left after this one
  std::chrono::seconds retry_in{0};  // when refused: by then a retry succeeds, at least 1
  std::chrono::seconds reset_in{0};  // until one more token is there (RateLimit's t)
};

class limiter {
 public:
  limiter(const settings& from, core::random_source& seed);
  ~limiter();

  // Exact, lock-free, from any thread, no allocation. Refused requests cost nothing.
  decision take(policy which, const net::ip_address& address, core::steady_time now);
  decision take(policy which, std::string_view key, core::steady_time now);

  const limit& of(policy which) const;
  // `"ip";q=40;w=2` and `"ip";r=0;t=1` (draft-ietf-httpapi-ratelimit-headers), appended to `out`.
  void append_policy_field(std::string& out, policy which) const;
  static void append_limit_field(std::string& out, policy which, const decision& taken);

  std::size_t memory_bytes() const;

 private:
  struct table;
  settings settings_;
  std::unique_ptr<table> table_;
};

}  // namespace ratelimit
