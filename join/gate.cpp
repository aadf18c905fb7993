#include "join/gate.hpp"

#include <unordered_map>

#include "join/error.hpp"

namespace join {

struct gate::state {
  std::size_t waiting = 0;
  std::size_t streams = 0;
  std::unordered_map<net::ip_address, std::size_t> by_address;
  std::unordered_map<core::user_id, std::size_t> by_user;
  // By ratelimit::policy.
  std::array<core::counter*, 3> refused{};
  core::counter* streams_refused = nullptr;
  core::counter* shed = nullptr;

  ratelimit::decision counted(ratelimit::policy which, ratelimit::decision taken) {
    if (!taken.allowed) refused[static_cast<std::size_t>(which)]->add();
    return taken;
  }
};

namespace {

constexpr std::string_view refused_help = "Requests refused because a bucket was empty.";

template <class Key>
void leave(std::unordered_map<Key, std::size_t>& from, const Key& who) {
  const auto found = from.find(who);
  if (found != from.end() && --found->second == 0) from.erase(found);
}

template <class Key>
bool is_full(const std::unordered_map<Key, std::size_t>& of, const Key& who, std::size_t most) {
  const auto found = of.find(who);
  return found != of.end() && found->second >= most;
}

}  // namespace

gate::gate(ratelimit::limiter& buckets, gate_settings settings, core::metrics_page& metrics)
    : buckets_(buckets), settings_(settings), state_(std::make_unique<state>()) {
  using ratelimit::policy;
  for (const policy which : {policy::ip, policy::user, policy::service})
    state_->refused[static_cast<std::size_t>(which)] =
        &metrics.count("ratelimit_rejected_total", refused_help,
                       {{"policy", std::string(ratelimit::name_of(which))}});
  state_->streams_refused =
      &metrics.count("ratelimit_rejected_total", refused_help, {{"policy", "streams"}});
  state_->shed = &metrics.count("http_server_requests_shed_total",
                                "Requests refused because too many were waiting.");
}

gate::~gate() = default;

ratelimit::decision gate::take(ratelimit::policy which, const net::ip_address& address,
                               core::steady_time now) {
  return state_->counted(which, buckets_.take(which, address, now));
}

ratelimit::decision gate::take(ratelimit::policy which, std::string_view key,
                               core::steady_time now) {
  return state_->counted(which, buckets_.take(which, key, now));
}

core::failure gate::refusal(ratelimit::policy which, const ratelimit::decision& taken) {
  return core::failure(errc::rate_limited)
      .with("policy", std::string(ratelimit::name_of(which)))
      .retry_in(taken.retry_in);
}

gate::place& gate::place::operator=(place&& other) noexcept {
  if (this == &other) return *this;
  if (release_) release_();
  release_ = std::exchange(other.release_, nullptr);
  return *this;
}

gate::place::~place() {
  if (release_) release_();
}

core::result<gate::place> gate::begin_waiting() {
  if (state_->waiting >= settings_.waiting_max) {
    state_->shed->add();
    return core::fail(core::failure(errc::overloaded, "too many requests wait on this shard")
                          .retry_in(settings_.overload_retry));
  }
  ++state_->waiting;
  return place([held = state_.get()] { --held->waiting; });
}

core::result<gate::place> gate::begin_stream(const net::ip_address& address,
                                             const core::user_id& user) {
  const net::ip_address network = address.network();
  if (state_->streams >= settings_.streams_max) {
    state_->shed->add();
    return core::fail(core::failure(errc::overloaded, "too many event streams on this shard")
                          .retry_in(settings_.overload_retry));
  }
  if (is_full(state_->by_address, network, settings_.streams_per_address) ||
      is_full(state_->by_user, user, settings_.streams_per_user)) {
    state_->streams_refused->add();
    // Nobody knows when one of the caller's own streams ends: often enough not to be missed.
    return core::fail(core::failure(errc::rate_limited, "too many event streams of one caller")
                          .with("policy", "streams")
                          .retry_in(std::chrono::seconds{15}));
  }
  ++state_->streams;
  ++state_->by_address[network];
  ++state_->by_user[user];
  return place([held = state_.get(), network, user] {
    --held->streams;
    leave(held->by_address, network);
    leave(held->by_user, user);
  });
}

std::size_t gate::waiting() const { return state_->waiting; }

}  // namespace join
