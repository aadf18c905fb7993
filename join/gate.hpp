// gate: who is let in at all: a bucket per address before everything else, and a bound on requests
// under way.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "core/ids.hpp"
#include "core/metrics.hpp"
#include "core/options.hpp"
#include "core/result.hpp"
#include "ratelimit/limiter.hpp"

namespace join {

struct gate_settings {
  // Requests of one shard that wait for something (a provider, the store). More could not be
  // answered in time: a provider call takes up to five seconds, and each waiting request holds
  // memory.
  std::size_t waiting_max = 2048;
  // Open event streams of one shard, of one address and of one user there.
  std::size_t streams_max = 4096;
  std::size_t streams_per_address = 32;
  std::size_t streams_per_user = 8;
  std::chrono::seconds overload_retry{1};
};
// [overload] waiting_max, streams_max, streams_per_address, streams_per_user
gate_settings read_gate_settings(core::options& from);

// One per shard.
class gate {
 public:
  gate(ratelimit::limiter& buckets, gate_settings settings, core::metrics_page& metrics);
  ~gate();
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;

  // Takes one token; a refusal counts in ratelimit_rejected_total.
  ratelimit::decision take(ratelimit::policy which, const net::ip_address& address,
                           core::steady_time now);
  ratelimit::decision take(ratelimit::policy which, std::string_view key, core::steady_time now);
  // The refusal as a failure: join::errc::rate_limited with the fact "policy" and retry_after.
  static core::failure refusal(ratelimit::policy which, const ratelimit::decision& taken);

  // Given back when it goes out of scope. The gate must outlive it.
  class place {
   public:
    place() = default;
    place(place&& other) noexcept : release_(std::exchange(other.release_, nullptr)) {}
    place& operator=(place&& other) noexcept;
    ~place();

   private:
    friend class gate;
    explicit place(std::function<void()> release) : release_(std::move(release)) {}
    std::function<void()> release_;
  };
  // join::errc::overloaded where too many requests wait already.
  core::result<place> begin_waiting();
  // join::errc::overloaded, or rate_limited with the policy "streams".
  core::result<place> begin_stream(const net::ip_address& address, const core::user_id& user);

  std::size_t waiting() const;
  const ratelimit::limiter& buckets() const { return buckets_; }

 private:
  struct state;
  ratelimit::limiter& buckets_;
  gate_settings settings_;
  std::unique_ptr<state> state_;
};

}  // namespace join
