#include "http/connection_pool.hpp"

#include <fmt/format.h>

#include <deque>
#include <list>
#include <map>
#include <vector>

#include "core/error.hpp"
#include "net/deadline_wheel.hpp"
#include "net/error.hpp"

namespace http {
namespace {

// Origins come from the configuration; this many is a mistake somewhere.
constexpr std::size_t origins_max = 256;

}  // namespace

struct connection_pool::origin {
  struct kept {
    net::stream_ptr stream;
    core::steady_time since;
  };
  struct waiter {
    explicit waiter(core::executor on) : told(on) {}
    core::notice told;
    std::optional<place> mine;
    bool cancelled = false;
  };

  std::weak_ptr<state> pool;
  std::string key;
  net::endpoint to;
  std::size_t open = 0;        // places given out, and idle connections
  std::deque<kept> idle;       // the most recently used is last
  std::list<waiter*> waiting;  // in order of asking
};

struct connection_pool::state : std::enable_shared_from_this<state> {
  struct sweeper final : net::deadline_wheel::entry {
    explicit sweeper(state& s) : pool(s) {}
    void expired() override { pool.sweep(); }
    state& pool;
  };

  state(net::shard& s, net::connector& c, core::metrics_page& metrics, pool_settings with)
      : shard(s),
        connector(c),
        settings(with),
        idle_level(
            metrics.level("http_client_connections_open", connections_help, {{"state", "idle"}})),
        busy_level(
            metrics.level("http_client_connections_open", connections_help, {{"state", "busy"}})),
        waiting_level(metrics.level("http_client_requests_waiting",
                                    "Requests that wait for a free connection.")),
        alarm(*this) {}

  // Null where there are too many already.
  std::shared_ptr<origin> origin_of(const net::endpoint& to) {
    auto key = fmt::format("{}{}:{}", to.tls ? "tls " : "", to.host, to.port);
    if (const auto found = origins.find(key); found != origins.end()) return found->second;
    if (origins.size() >= origins_max) return {};
    auto mine = std::make_shared<origin>();
    mine->pool = weak_from_this();
    mine->key = key;
    mine->to = to;
    origins.emplace(std::move(key), mine);
    return mine;
  }

  // An idle connection that still looks alive.
  net::stream_ptr reuse(origin& from) {
    const auto now = shard.clock().steady_now();
    while (!from.idle.empty()) {
      origin::kept last = std::move(from.idle.back());
      from.idle.pop_back();
      idle_level.add(-1);
      if (now - last.since < settings.idle_timeout && !last.stream->is_stale())
        return std::move(last.stream);
      --from.open;
    }
    return {};
  }

  void put(const std::shared_ptr<origin>& to, net::stream_ptr over) {
    if (!closed && !to->waiting.empty()) {
      origin::waiter* first = to->waiting.front();
      to->waiting.pop_front();
      waiting_level.add(-1);
      if (over && over->is_stale()) over.reset();
      first->mine.emplace(place(to, std::move(over)));
      busy_level.add(1);
      first->told.give();
      return;
    }
    if (over && !closed) {
      if (to->idle.size() >= settings.idle_max) drop_oldest(*to);
      to->idle.push_back({std::move(over), shard.clock().steady_now()});
      idle_level.add(1);
      if (!alarm.armed()) watch();
      return;
    }
    --to->open;
    forget_if_unused(*to);
  }

  void drop_oldest(origin& from) {
    if (from.idle.empty()) return;
    from.idle.pop_front();
    --from.open;
    idle_level.add(-1);
  }

  void forget_if_unused(const origin& one) {
    if (one.open == 0 && one.waiting.empty()) origins.erase(std::string(one.key));
  }

  void sweep() {
    const auto now = shard.clock().steady_now();
    std::vector<std::shared_ptr<origin>> all;
    all.reserve(origins.size());
    for (const auto& [key, one] : origins) all.push_back(one);
    for (const auto& one : all) {
      while (!one->idle.empty() && now - one->idle.front().since >= settings.idle_timeout)
        drop_oldest(*one);
      forget_if_unused(*one);
    }
    watch();
  }

  // Sweeps again when the oldest idle connection is due.
  void watch() {
    std::optional<core::steady_time> oldest;
    for (const auto& [key, one] : origins)
      if (!one->idle.empty())
        oldest = std::min(oldest.value_or(one->idle.front().since), one->idle.front().since);
    if (oldest) shard.deadlines().arm(alarm, core::deadline::after(*oldest, settings.idle_timeout));
  }

  void close() {
    closed = true;
    alarm.disarm();
    const auto all = std::exchange(origins, {});
    for (const auto& [key, one] : all) {
      while (!one->idle.empty()) drop_oldest(*one);
      while (!one->waiting.empty()) {
        origin::waiter* first = one->waiting.front();
        one->waiting.pop_front();
        waiting_level.add(-1);
        first->cancelled = true;
        first->told.give();
      }
    }
  }

  static constexpr const char* connections_help = "Connections to the servers that we ask.";
  net::shard& shard;
  net::connector& connector;
  pool_settings settings;
  core::gauge& idle_level;
  core::gauge& busy_level;
  core::gauge& waiting_level;
  std::map<std::string, std::shared_ptr<origin>> origins;
  bool closed = false;
  sweeper alarm;
};

connection_pool::place::place(std::shared_ptr<origin> from, net::stream_ptr over)
    : from_(std::move(from)), stream_(std::move(over)), reused_(stream_ != nullptr) {}

connection_pool::place& connection_pool::place::operator=(place&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  from_ = std::move(other.from_);
  stream_ = std::move(other.stream_);
  reused_ = other.reused_;
  keep_ = other.keep_;
  return *this;
}

void connection_pool::place::give_back() {
  const auto from = std::move(from_);
  if (!from) return;
  net::stream_ptr over = keep_ ? std::move(stream_) : nullptr;
  stream_.reset();
  const auto pool = from->pool.lock();
  if (!pool) return;
  pool->busy_level.add(-1);
  pool->put(from, std::move(over));
}

core::task<core::result<void>> connection_pool::place::connect(core::deadline until) {
  stream_.reset();
  reused_ = false;
  const auto pool = from_->pool.lock();
  if (!pool || pool->closed) co_return core::fail(net::errc::cancelled, "shutting down");
  until = earlier_of(until, core::deadline::after(pool->shard.clock().steady_now(),
                                                  pool->settings.connect_timeout));
  auto made = co_await pool->connector.connect(from_->to, until);
  if (!made) co_return core::same_failure(made);
  stream_ = std::move(*made);
  co_return core::result<void>();
}

connection_pool::connection_pool(net::shard& on, net::connector& connector,
                                 core::metrics_page& metrics, pool_settings settings)
    : state_(std::make_shared<state>(on, connector, metrics, settings)) {}

connection_pool::~connection_pool() { close(); }

core::task<core::result<connection_pool::place>> connection_pool::take(net::endpoint to,
                                                                       core::deadline until) {
  const auto pool = state_;
  if (pool->closed) co_return core::fail(net::errc::cancelled, "shutting down");
  const auto mine = pool->origin_of(to);
  if (!mine)
    co_return core::fail(core::errc::queue_full, "connections to too many different servers");
  net::stream_ptr kept = pool->reuse(*mine);
  if (kept) {
    pool->busy_level.add(1);
    co_return place(mine, std::move(kept));
  }
  place got;
  if (mine->open < pool->settings.connections_max) {
    ++mine->open;
    pool->busy_level.add(1);
    got = place(mine, nullptr);
  } else {
    if (mine->waiting.size() >= pool->settings.waiting_max)
      co_return core::fail(core::errc::queue_full, "too many requests wait for " + to.host);
    struct queueing {
      origin& at;
      state& pool;
      origin::waiter self;
      queueing(origin& o, state& s) : at(o), pool(s), self(s.shard.executor()) {
        at.waiting.push_back(&self);
        pool.waiting_level.add(1);
      }
      // Left at the deadline or cancelled: a place that came meanwhile goes on to the next by its
      // destructor.
      ~queueing() {
        if (std::erase(at.waiting, &self) > 0) pool.waiting_level.add(-1);
      }
    } queue(*mine, *pool);
    co_await queue.self.told.wait(until);
    if (queue.self.cancelled) co_return core::fail(net::errc::cancelled, "shutting down");
    if (!queue.self.mine)
      co_return core::fail(net::errc::timed_out,
                           fmt::format("all {} connections to {} are busy", mine->open, to.host));
    got = std::move(*queue.self.mine);
    queue.self.mine.reset();
    if (got.stream_) co_return std::move(got);
  }
  auto connected = co_await got.connect(until);
  if (!connected) co_return core::same_failure(connected);
  co_return std::move(got);
}

std::size_t connection_pool::idle() const {
  std::size_t sum = 0;
  for (const auto& [key, one] : state_->origins) sum += one->idle.size();
  return sum;
}
std::size_t connection_pool::open() const {
  std::size_t sum = 0;
  for (const auto& [key, one] : state_->origins) sum += one->open;
  return sum;
}
std::size_t connection_pool::waiting() const {
  std::size_t sum = 0;
  for (const auto& [key, one] : state_->origins) sum += one->waiting.size();
  return sum;
}
void connection_pool::close() { state_->close(); }

}  // namespace http
