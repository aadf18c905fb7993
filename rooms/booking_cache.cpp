// booking_cache: two shelves and one read per room at a time.
#include "rooms/booking_cache.hpp"

#include <string>
#include <unordered_map>
#include <utility>

#include "core/seed.hpp"
#include "rooms/shelf.hpp"

namespace rooms {
namespace {

// Reads of one room that are under way, and the latest write of it that one of them may have
// missed.
struct reading {
  std::uint64_t latest_write = 0;
  std::size_t running = 0;
};

struct nothing {};

constexpr std::size_t cache_line = 64;

core::deadline later_of(core::deadline a, core::deadline b) { return a.at() < b.at() ? b : a; }

}  // namespace

struct booking_cache::state : std::enable_shared_from_this<state> {
  state(store& s, cache_settings c, core::executor on, cache_numbers* n)
      : from(s),
        settings(c),
        numbers(n),
        present(c.bookings_max, core::random_seed()),
        absent(c.absent_max, core::random_seed()),
        flights(on) {}

  std::optional<booking_ptr> known(const core::room_id& room, core::steady_time now) {
    if (const auto* held = present.find(room.view(), now)) return *held;
    if (absent.find(room.view(), now)) return booking_ptr{};
    return std::nullopt;
  }

  void learn(const core::room_id& room, const booking_ptr& one, core::steady_time asked_at) {
    if (one) {
      absent.erase(room.view());
      present.put(room.view(), one, asked_at + settings.fresh);
    } else {
      present.erase(room.view());
      absent.put(room.view(), nothing{}, asked_at + settings.absent_fresh);
    }
  }

  // One query. What it gives is kept unless the room was written since the query began.
  core::task<core::result<booking_ptr>> read(core::room_id room, std::uint64_t latest_write,
                                             core::steady_time asked_at, core::deadline until) {
    ++under_way.try_emplace(room.text(), reading{latest_write, 0}).first->second.running;
    // Whatever ends the query, even a cancellation, must not leave a trace.
    struct leave {
      state& at;
      const core::room_id& room;
      ~leave() {
        const auto mine = at.under_way.find(room.text());
        if (--mine->second.running == 0) at.under_way.erase(mine);
      }
    } at_exit{*this, room};
    auto found = co_await from.find(room, until);
    if (!found) co_return core::same_failure(found);
    booking_ptr one;
    if (*found) one = std::make_shared<const booking>(std::move(**found));
    if (latest_write_of(room) == latest_write) learn(room, one, asked_at);
    co_return one;
  }

  std::uint64_t latest_write_of(const core::room_id& room) const {
    const auto found = under_way.find(room.text());
    return found == under_way.end() ? 0 : found->second.latest_write;
  }

  store& from;
  cache_settings settings;
  cache_numbers* numbers;
  shelf<booking_ptr> present;
  shelf<nothing> absent;
  std::unordered_map<std::string, reading> under_way;
  std::uint64_t writes = 0;  // of all rooms: numbers a write
  core::single_flight<booking_ptr> flights;
};

cache_settings read_cache_settings(core::options& from) {
  using namespace std::chrono_literals;
  cache_settings read;
  read.bookings_max = static_cast<std::size_t>(from.integer(
      "bookings_max", static_cast<std::int64_t>(read.bookings_max), 1'000, 10'000'000));
  read.fresh = from.duration("fresh", read.fresh, 1s, 24h);
  read.absent_fresh = from.duration("absent_fresh", read.absent_fresh, 0ms, 60s);
  return read;
}

booking_cache::booking_cache(store& from, cache_settings settings, core::executor on,
                             cache_numbers* numbers)
    : state_(std::make_shared<state>(from, settings, on, numbers)) {}

booking_cache::~booking_cache() { state_->flights.close(); }

std::optional<booking_ptr> booking_cache::find_now(const core::room_id& room,
                                                   core::steady_time now) {
  auto held = state_->known(room, now);
  if (state_->numbers) (held ? state_->numbers->hits : state_->numbers->misses).add();
  return held;
}

void booking_cache::look_ahead(std::string_view room, step next) const {
  const shelf<booking_ptr>& present = state_->present;
  if (next == step::index) return present.expect(room);
  if (next == step::entry) return present.expect_entry(room);
  const booking_ptr* const held = present.glimpse(room);
  if (!held || !*held) return;
  const auto* lines = reinterpret_cast<const char*>(held->get());
  for (std::size_t line = 0; line < sizeof(booking); line += cache_line)
    __builtin_prefetch(lines + line);
}

core::task<core::result<booking_ptr>> booking_cache::find(core::room_id room, core::steady_time now,
                                                          core::deadline until) {
  const std::shared_ptr<state> self = state_;
  if (auto held = self->known(room, now)) co_return *held;
  const std::uint64_t latest = self->latest_write_of(room);
  // A read that began before the latest write is another flight: room ids hold no space.
  std::string key = room.text() + " " + std::to_string(latest);
  const auto grace = core::deadline::after(now, self->settings.read_within);
  const core::deadline longer = later_of(until, grace);
  std::function<core::task<core::result<booking_ptr>>()> fetch = [self, room, latest, now, longer] {
    return self->read(room, latest, now, longer);
  };
  co_return co_await self->flights.join(std::move(key), std::move(fetch), until);
}

void booking_cache::forget(const core::room_id& room) {
  state_->present.erase(room.view());
  state_->absent.erase(room.view());
  const auto reads = state_->under_way.find(room.text());
  if (reads != state_->under_way.end()) reads->second.latest_write = ++state_->writes;
}

void booking_cache::forget_everything() {
  state_->present = shelf<booking_ptr>(state_->settings.bookings_max, core::random_seed());
  state_->absent = shelf<nothing>(state_->settings.absent_max, core::random_seed());
  for (auto& [room, reads] : state_->under_way) reads.latest_write = ++state_->writes;
}

std::size_t booking_cache::size() const { return state_->present.size() + state_->absent.size(); }

}  // namespace rooms
