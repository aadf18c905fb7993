#include "join/store_watch.hpp"

#include <string>
#include <utility>

namespace join {
namespace {

using namespace std::chrono_literals;

// The store answers within microseconds; where it does not, the next look comes soon.
constexpr std::chrono::milliseconds look_within = 2s;

core::counter& counted(core::metrics_page& on, std::string kind) {
  return on.count("store_news_total",
                  "Changes that other processes wrote to the shared store, as heard of here.",
                  {{"kind", std::move(kind)}});
}

}  // namespace

store_watch::store_watch(watch_parts parts)
    : parts_(std::move(parts)),
      heard_at_(parts_.clock.steady_now()),
      bookings_(counted(parts_.metrics, "booking")),
      revocations_(counted(parts_.metrics, "revocation")),
      everything_(counted(parts_.metrics, "everything")),
      tasks_(parts_.on, [this](std::exception_ptr) { parts_.log.error("watch_surprise"); }) {
  parts_.metrics.sample("store_watch_behind_seconds",
                        "Since this process last heard what others wrote to the shared store.", {},
                        [this] { return std::chrono::duration<double>(behind()).count(); });
}

std::chrono::milliseconds store_watch::behind() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(parts_.clock.steady_now() -
                                                               heard_at_.load());
}

core::task<core::result<void>> store_watch::begin(core::deadline until) {
  // The place first: what is revoked while the others are read is heard of twice and not missed.
  auto now = co_await parts_.store.news_since(std::nullopt, until);
  if (!now) co_return core::same_failure(now);
  place_ = now->next;
  heard_at_ = parts_.clock.steady_now();
  co_return co_await recall(until);
}

core::task<core::result<void>> store_watch::recall(core::deadline until) {
  const core::wall_time since =
      core::forgotten_before(parts_.clock.wall_now(), parts_.revocations_kept);
  auto known = co_await parts_.store.revocations(since, until);
  if (!known) co_return core::same_failure(known);
  rooms::news what;
  what.revocations = std::move(*known);
  if (!what.empty()) co_await parts_.shards.announce(std::move(what));
  co_return core::result<void>();
}

core::task<core::result<void>> store_watch::bring(core::deadline until) {
  auto page = co_await parts_.store.news_since(place_, until);
  if (!page) co_return core::same_failure(page);
  bookings_.add(page->what.rooms.size());
  revocations_.add(page->what.revocations.size());
  if (page->what.everything) {
    everything_.add();
    auto recalled = co_await recall(until);
    if (!recalled) co_return core::same_failure(recalled);
  }
  const rooms::news_place next = page->next;
  if (!page->what.empty()) co_await parts_.shards.announce(std::move(page->what));
  place_ = next;
  heard_at_ = parts_.clock.steady_now();
  co_return core::result<void>();
}

core::task<void> store_watch::look() {
  const auto until = core::deadline::after(parts_.clock.steady_now(), look_within);
  auto brought = co_await bring(until);
  if (!brought && !failing_)
    parts_.log.error("store_watch_failed", {{"detail", brought.error().detail}});
  if (brought && failing_) parts_.log.info("store_watch_recovered");
  failing_ = !brought;
}

core::task<void> store_watch::look_forever() {
  for (bool more = true; more;) {
    const core::steady_time now = parts_.clock.steady_now();
    more = co_await parts_.sleep(core::deadline::after(now, parts_.look_every));
    if (more) co_await look();
  }
}

void store_watch::start() { tasks_.spawn(look_forever()); }
void store_watch::stop() { tasks_.close(true); }
core::task<bool> store_watch::ended(core::deadline until) { return tasks_.ended(until); }

}  // namespace join
