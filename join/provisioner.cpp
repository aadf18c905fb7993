#include "join/provisioner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "core/single_flight.hpp"
#include "join/background.hpp"
#include "join/error.hpp"
#include "join/room_need.hpp"
#include "providers/error.hpp"
#include "providers/guard.hpp"
#include "providers/rest_call.hpp"
#include "rooms/error.hpp"

namespace join {
namespace {

using rooms::booking_ptr;
// Who asked first.
struct asker {
  std::optional<core::trace> trace = std::nullopt;
  providers::urgency who = providers::urgency::join;
};
using noted_closing = std::optional<rooms::room_closing>;

constexpr std::string_view sweep_lease = "sweep";

// A call that runs in a room that is to be replaced: looked at again after so long, or when the
// provider tells of its end.
constexpr std::chrono::minutes running_pause{1};
// For a limit of seconds a worker waits, some turns of it; for a longer one it leaves its place to
// other vendors.
constexpr std::chrono::seconds turn_waited{2};
constexpr int turns_waited = 5;

// When a vendor's own limit lets it through, which is nobody's failure; nullopt for all else.
std::optional<std::chrono::seconds> turn_in(const core::failure& why) {
  if (!providers::was_used_up(why) || !why.retry_after) return std::nullopt;
  return std::min<std::chrono::seconds>(*why.retry_after, prepare_setback_max);
}

// What is made only to be closed ends by itself after so long, where it can.
constexpr std::chrono::minutes interrupted_life{10};

}  // namespace

struct provisioner::state {
  explicit state(provisioner_parts from)
      : parts(std::move(from)),
        flights(parts.on),
        tasks(parts.on, [this](std::exception_ptr) { parts.log.error("provisioner_surprise"); }),
        background(parts.settings.background_calls, parts.settings.background_queue_max) {}

  using handle = std::shared_ptr<state>;

  core::deadline call_deadline() const {
    return core::deadline::after(parts.clock.steady_now(), parts.settings.call_timeout);
  }
  void count(std::string_view what, const core::provider_name& vendor, bool good) {
    const bool made = what == "made";
    parts.metrics
        .count(made ? "rooms_provisioned_total" : "rooms_closed_total",
               made ? "Rooms made at providers." : "Rooms closed at providers.",
               {{"provider", vendor.text()}, {"outcome", good ? "ok" : "failed"}})
        .add();
  }
  bool reuses_room(const core::provider_name& name) const {
    const providers::provider* vendor = parts.providers.find(name);
    return vendor && vendor->traits().reuses_room;
  }
  room_need need_of(const rooms::booking& one) {
    const providers::provider* vendor = parts.providers.find(one.provider);
    if (is_right(one, vendor, parts.windows)) return room_need::nothing;
    return join::need_of(one, vendor, parts.windows, parts.clock.wall_now());
  }
  // What one who asks for this has done himself: who is at the door only waits for what he needs.
  static bool is_for(room_need what, providers::urgency who) {
    return what == room_need::make ||
           (what == room_need::tell && who == providers::urgency::prepare);
  }

  // Why the room cannot be made now, where that is known without asking anybody.
  std::optional<core::failure> provider_away(const rooms::booking& one) const {
    const providers::provider* vendor = parts.providers.find(one.provider);
    if (!vendor || unsaved.contains(key_of(one))) return std::nullopt;
    const auto under_way = being_made.find(one.provider);
    if (under_way != being_made.end() && under_way->second >= parts.settings.makes_max)
      return providers::line_full();
    return vendor->away();
  }

  // On the shard that owns the room.
  static core::task<core::result<booking_ptr>> ready_here(handle self, booking_ptr one, asker by,
                                                          core::deadline until);
  static core::task<core::result<booking_ptr>> make(handle self, booking_ptr wanted, asker by);
  static core::task<core::result<booking_ptr>> make_alone(handle self, booking_ptr wanted, asker by,
                                                          core::deadline until);
  static core::task<core::result<booking_ptr>> keep(handle self, booking_ptr one,
                                                    std::string provider_room,
                                                    core::deadline until);
  static core::task<bool> closed(handle self, core::room_id room, core::deadline until);

  // From another shard, whose answer is brought home.
  struct meeting {
    explicit meeting(core::executor on) : answered(on) {}
    core::notice answered;
    core::result<booking_ptr> answer = core::fail(core::errc::cancelled, "shutting down");
  };
  static core::task<core::result<booking_ptr>> ready_there(handle self, std::size_t owner,
                                                           booking_ptr one, asker by,
                                                           core::deadline until);
  static core::task<void> serve(handle owner, std::shared_ptr<meeting> met, core::executor home,
                                booking_ptr one, asker by, core::deadline until);

  // While it lives, this is being closed, and nobody else closes or reuses it.
  struct turn {
    turn(state& at, std::string of) : from(at.closing), what(std::move(of)) {
      from.emplace(what, core::notice(at.parts.on));
    }
    ~turn() { from.extract(what).mapped().give(); }
    std::unordered_map<std::string, core::notice>& from;
    std::string what;
  };

  // Of several processes, one makes or closes a room, and one sweeps. Whoever is killed meanwhile
  // loses it when the time is over.
  rooms::lease lease_on(std::string what, std::string holder,
                        std::chrono::milliseconds longest) const {
    return {std::move(what), std::move(holder), parts.clock.wall_now() + longest};
  }
  // One holder for each time that a room is taken: who closes it must not let go of it under who
  // makes it, though both are this process.
  rooms::lease room_lease(std::string what) {
    auto left = unreturned.extract(what);
    std::string holder = left.empty()
                             ? fmt::format("{} {}.{}", parts.process, parts.shard, ++times_taken)
                             : std::move(left.mapped());
    return lease_on(std::move(what), std::move(holder), parts.settings.call_timeout);
  }
  static std::string use_of(const core::room_id& room) {
    return std::string(rooms::using_prefix) + room.text();
  }
  std::string making(const core::room_id& room, const core::provider_name& vendor) const {
    if (reuses_room(vendor)) return use_of(room);
    return std::string(rooms::making_prefix) + room.text();
  }
  // Where making and closing meet in one room at the provider, they exclude each other. Elsewhere
  // none waits for another, not even of those that one booking has.
  std::string closing_of(const rooms::room_closing& one) const {
    if (reuses_room(one.provider)) return use_of(one.room);
    return fmt::format("close {}#{} {}", one.room.text(), one.generation, one.provider_room);
  }
  static core::task<bool> held(handle self, rooms::lease wanted, core::deadline until);
  static core::task<void> let_go(handle self, rooms::lease mine);
  static core::task<void> let_lapse(handle self, rooms::lease mine);
  static core::task<bool> sweeps_here(handle self, core::deadline until);

  // Background work, on the owner's shard.
  static void enqueue(const handle& self, background_job job);
  static core::task<void> work(handle self);
  static core::task<void> do_prepare(handle self, booking_ptr one);
  static core::task<void> settle(handle self, booking_ptr one, core::deadline until);
  static core::task<core::result<booking_ptr>> make_unhurried(handle self, booking_ptr one,
                                                              core::deadline until);
  static core::task<void> put_off(handle self, booking_ptr one, bool failed,
                                  std::chrono::seconds pause);
  static core::task<core::result<noted_closing>> still_due(handle self, rooms::room_closing asked,
                                                           core::deadline until);
  static core::task<void> do_close(handle self, rooms::room_closing asked);
  static core::task<void> close_alone(handle self, rooms::room_closing asked, core::deadline until);
  static void to_owner(const handle& self, background_job job);
  static core::task<void> sweep_rooms_of(handle self, core::provider_name vendor,
                                         core::wall_time now, core::deadline until);
  static core::task<void> end_overdue(handle self, core::wall_time now, core::deadline until);
  static core::task<void> sweep(handle self);
  static core::task<void> sweep_forever(handle self);

  provisioner_parts parts;
  std::vector<handle> peers;
  core::single_flight<booking_ptr> flights;
  core::task_group tasks;
  background_queue background;
  std::unordered_map<std::string, core::notice> closing;  // given when the turn ends
  // How many rooms are being made at each provider.
  std::map<core::provider_name, std::size_t> being_made;
  struct maker {
    explicit maker(std::size_t& count) : under_way(count) { ++under_way; }
    ~maker() { --under_way; }
    maker(const maker&) = delete;
    maker& operator=(const maker&) = delete;
    std::size_t& under_way;
  };
  // Rooms that are being made ahead of time, with nobody at the door.
  std::unordered_set<std::string> unhurried;

  // Rooms that were made and could not be remembered by the store, by room and generation: making
  // another would part the two people. Bounded; what does not fit is in the log.
  static constexpr std::size_t unsaved_max = 10'000;
  static std::string key_of(const rooms::booking& one) {
    return one.room.text() + '#' + std::to_string(one.generation);
  }
  void save_later(const rooms::booking& one, const std::string& provider_room) {
    if (unsaved.size() < unsaved_max) unsaved[key_of(one)] = provider_room;
  }
  std::optional<std::string> take_unsaved(const rooms::booking& one) {
    auto found = unsaved.extract(key_of(one));
    if (found.empty()) return std::nullopt;
    return std::move(found.mapped());
  }
  std::unordered_map<std::string, std::string> unsaved;
  std::uint64_t times_taken = 0;
  // What the store could not take back, by its holder: ours still, so that we need not wait for it.
  std::unordered_map<std::string, std::string> unreturned;
  bool stopped = false;
  bool sweeps = false;  // this process does, as far as it knows
};

core::task<core::result<booking_ptr>> provisioner::state::ready_here(handle self, booking_ptr one,
                                                                     asker by,
                                                                     core::deadline until) {
  std::function<core::task<core::result<booking_ptr>>()> fetch = [self, one, by] {
    return make(self, one, by);
  };
  const bool began_unhurried =
      by.who == providers::urgency::join && self->unhurried.contains(one->room.text());
  auto got = co_await self->flights.join(one->room.text(), fetch, until);
  // What was being made ahead gives way to joins; who is at the door is no part of that.
  if (!got && got.error().code == providers::errc::unavailable && began_unhurried) {
    auto again = co_await self->flights.join(one->room.text(), fetch, until);
    got = std::move(again);
  }
  // A flight that began before the booking changed has made the room for what it was, and one that
  // somebody at the door began tells of no change; the next one has read it as it is.
  const bool behind = got && (*got)->state == rooms::booking_state::scheduled &&
                      is_for(self->need_of(**got), by.who);
  if (behind) {
    auto again = co_await self->flights.join(one->room.text(), fetch, until);
    got = std::move(again);
  }
  if (!got && got.error().code == core::errc::timed_out)
    co_return core::fail(providers::errc::timed_out, "waited for the room to be made");
  co_return got;
}

// False when the deadline came before another process let go. A store that does not answer keeps
// nobody: whoever goes on asks it again.
core::task<bool> provisioner::state::held(handle self, rooms::lease wanted, core::deadline until) {
  constexpr std::chrono::milliseconds pause{100};
  const core::clock& clock = self->parts.clock;
  for (;;) {
    const core::wall_time now = clock.wall_now();
    wanted.ends_at = now + self->parts.settings.call_timeout;
    auto mine = co_await self->parts.store.hold(wanted, now, until);
    if (!mine || *mine) co_return true;
    const core::deadline next = core::deadline::after(clock.steady_now(), pause);
    const bool more = co_await self->parts.sleep(earlier_of(next, until));
    if (!more || until.passed(clock.steady_now())) co_return false;
  }
}

core::task<void> provisioner::state::let_go(handle self, rooms::lease mine) {
  auto gone = co_await self->parts.store.let_go(mine.what, mine.holder, self->call_deadline());
  if (!gone && self->unreturned.size() < unsaved_max)
    self->unreturned[std::move(mine.what)] = std::move(mine.holder);
}

// Anybody may have it, and it is remembered that nobody knows what came of it.
core::task<void> provisioner::state::let_lapse(handle self, rooms::lease mine) {
  const core::wall_time now = self->parts.clock.wall_now();
  mine.ends_at = now;
  co_await self->parts.store.hold(std::move(mine), now, self->call_deadline());
}

core::task<core::result<booking_ptr>> provisioner::state::make(handle self, booking_ptr wanted,
                                                               asker by) {
  // The store is not bothered for what would fail anyway: with the provider away there may be
  // thousands of these a second.
  if (auto why = self->provider_away(*wanted)) co_return core::fail(std::move(*why));
  const maker at_exit(self->being_made[wanted->provider]);
  const core::deadline until = self->call_deadline();
  if (self->reuses_room(wanted->provider)) {
    // What is made before an older generation's close arrives there would be lost by it.
    const bool free = co_await closed(self, wanted->room, until);
    if (!free) co_return core::fail(providers::errc::timed_out, "waited for the room to be closed");
  }
  const rooms::lease mine = self->room_lease(self->making(wanted->room, wanted->provider));
  const bool alone = co_await held(self, mine, until);
  if (!alone)
    co_return core::fail(providers::errc::timed_out, "waited for another process to make the room");
  auto made = co_await make_alone(self, std::move(wanted), std::move(by), until);
  // Nobody waits for that.
  const bool unknown = !made && made.error().code == providers::errc::timed_out;
  self->tasks.spawn(unknown ? let_lapse(self, mine) : let_go(self, mine));
  co_return made;
}

core::task<core::result<booking_ptr>> provisioner::state::make_alone(handle self,
                                                                     booking_ptr wanted, asker by,
                                                                     core::deadline until) {
  provisioner_parts& parts = self->parts;
  // Somebody may have made it since the caller read the booking: the store knows.
  auto stored = co_await parts.store.find(wanted->room, until);
  booking_ptr one = wanted;
  if (stored) {
    if (!*stored) co_return core::fail(rooms::errc::room_not_found);
    one = std::make_shared<const rooms::booking>(std::move(**stored));
    const bool open = one->state == rooms::booking_state::scheduled;
    if (!open || !is_for(self->need_of(*one), by.who)) co_return one;
  } else if (!one->provider_room.empty()) {
    co_return core::same_failure(stored);  // what was told could not be remembered
  } else {
    // Where creating is idempotent by the room's name, people need not wait until the store is
    // back.
    parts.log.warn("store_unavailable", {{"during", "prepare"}, {"detail", stored.error().detail}});
  }
  providers::provider* vendor = parts.providers.find(one->provider);
  if (!vendor) co_return core::fail(provider_is_missing(*one));
  if (vendor->makes_another()) {
    if (!stored) co_return core::same_failure(stored);
    if (auto made = self->take_unsaved(*one))
      co_return co_await keep(self, one, std::move(*made), until);
  }

  providers::room_wish wish = wish_for(*one, parts.windows);
  wish.trace = std::move(by.trace);
  wish.provider_room = one->provider_room;
  wish.wanted_for = by.who;
  auto made = co_await vendor->prepare(std::move(wish), until);
  if (made && made->empty())
    made = core::fail(providers::errc::rejected, "the provider gave no room");
  // What is made ahead has time to wait for its turn.
  const bool waits = !made && by.who == providers::urgency::prepare && turn_in(made.error());
  if (!waits) self->count("made", one->provider, made.has_value());
  if (!made) {
    const core::failure& why = made.error();
    parts.log.log(waits ? core::log_level::debug : core::log_level::warn, "room_not_made",
                  {{"provider", one->provider.text()},
                   {"room", one->room.text()},
                   {"error", why.code.message()},
                   {"detail", why.detail}});
    co_return core::same_failure(made);
  }
  co_return co_await keep(self, one, std::move(*made), until);
}

core::task<core::result<booking_ptr>> provisioner::state::keep(handle self, booking_ptr one,
                                                               std::string provider_room,
                                                               core::deadline until) {
  provisioner_parts& parts = self->parts;
  const core::wall_time now = parts.clock.wall_now();
  providers::provider* vendor = parts.providers.find(one->provider);
  const bool replaces = vendor && vendor->replaces_room() && !one->provider_room.empty() &&
                        !vendor->same_room(one->provider_room, provider_room);
  const bool is_another =
      vendor && vendor->makes_another() && !vendor->same_room(one->provider_room, provider_room);
  auto kept =
      co_await parts.store.remember_room({one, provider_room, replaces, is_another}, now, until);
  if (!kept) {
    // The room is there: whoever waits may go in, and the next join asks for the same room again.
    parts.log.error("room_not_remembered", {{"provider", one->provider.text()},
                                            {"room", one->room.text()},
                                            {"detail", kept.error().detail}});
    if (vendor && vendor->makes_another()) self->save_later(*one, provider_room);
    auto with_room = std::make_shared<rooms::booking>(*one);
    with_room->provider_room = std::move(provider_room);
    co_return booking_ptr(std::move(with_room));
  }
  const bool current = vendor && kept->generation == one->generation &&
                       kept->state == rooms::booking_state::scheduled &&
                       !self->reuses_room(one->provider);
  const bool lost = current && is_another && !vendor->same_room(kept->provider_room, provider_room);
  // Before the one that goes has gone, everybody knows the one that stays.
  co_await parts.shards.announce_change(one->room);
  if (lost || (current && replaces)) {
    // Lost: another node was faster, or a call has begun in the one before. Which of them is to go
    // has been noted.
    const std::string& goes = lost ? provider_room : one->provider_room;
    enqueue(self, {nullptr, {one->room, one->generation, one->provider, goes, now}});
  }
  co_return std::make_shared<const rooms::booking>(std::move(*kept));
}

core::task<core::result<booking_ptr>> provisioner::state::ready_there(handle self,
                                                                      std::size_t owner,
                                                                      booking_ptr one, asker by,
                                                                      core::deadline until) {
  const core::executor home = co_await asio::this_coro::executor;
  auto met = std::make_shared<meeting>(home);
  self->parts.shards.post(owner, [there = self->peers.at(owner), met, home, one, by, until] {
    there->tasks.spawn(serve(there, met, home, one, by, until));
  });
  const bool answered = co_await met->answered.wait(until);
  if (!answered)
    co_return core::fail(providers::errc::timed_out, "waited for the shard that owns the room");
  co_return met->answer;
}

core::task<void> provisioner::state::serve(handle owner, std::shared_ptr<meeting> met,
                                           core::executor home, booking_ptr one, asker by,
                                           core::deadline until) {
  auto got = co_await ready_here(owner, std::move(one), std::move(by), until);
  met->answer = std::move(got);
  // The notice belongs to the other shard, and so does the last reference to it.
  asio::post(home, [met = std::move(met)] { met->answered.give(); });
}

void provisioner::state::enqueue(const handle& self, background_job job) {
  if (self->stopped) return;
  if (!self->background.offer(std::move(job))) return;
  if (!self->background.begin_worker()) return;
  if (!self->tasks.spawn(work(self))) self->background.end_worker();
}

core::task<void> provisioner::state::work(handle self) {
  struct leaving {
    background_queue& from;
    ~leaving() { from.end_worker(); }
  } at_exit{self->background};
  while (auto job = self->background.take()) {
    if (job->booking)
      co_await do_prepare(self, job->booking);
    else
      co_await do_close(self, job->closing);
  }
}

core::task<core::result<booking_ptr>> provisioner::state::make_unhurried(handle self,
                                                                         booking_ptr one,
                                                                         core::deadline until) {
  // Somebody at the door who was faster has the same room made with more urgency.
  const bool first = !self->flights.in_flight(one->room.text());
  if (first) self->unhurried.insert(one->room.text());
  auto got = co_await ready_here(self, one, {std::nullopt, providers::urgency::prepare}, until);
  if (first) self->unhurried.erase(one->room.text());
  co_return got;
}

core::task<void> provisioner::state::do_prepare(handle self, booking_ptr one) {
  const core::deadline until = self->call_deadline();
  if (self->need_of(*one) == room_need::nothing) co_return co_await settle(self, one, until);
  auto got = co_await make_unhurried(self, one, until);
  for (int turns = 0; !got && turns < turns_waited; ++turns) {
    const auto turn = turn_in(got.error());
    if (!turn || *turn > turn_waited) break;
    const core::deadline next = core::deadline::after(self->parts.clock.steady_now(), *turn);
    const bool more = co_await self->parts.sleep(next);
    if (!more || self->stopped) break;
    auto again = co_await make_unhurried(self, one, self->call_deadline());
    got = std::move(again);
  }
  if (!got) {
    const auto turn = turn_in(got.error());
    const auto pause =
        turn.value_or(std::min(setback(one->preparing.failures), prepare_setback_max));
    co_return co_await put_off(self, one, !turn, pause);
  }
  const room_need left = self->need_of(**got);
  if (left == room_need::later) co_return co_await put_off(self, *got, false, running_pause);
  if (left == room_need::nothing) co_await settle(self, *got, until);
}

// A change that is none to its provider.
core::task<void> provisioner::state::settle(handle self, booking_ptr one, core::deadline until) {
  if (!one->preparing.untold) co_return;
  const core::wall_time now = self->parts.clock.wall_now();
  const rooms::room_made as_it_is{one, one->provider_room};
  auto kept = co_await self->parts.store.remember_room(as_it_is, now, until);
  if (kept) co_await self->parts.shards.announce_change(one->room);
}

// Where the store does not keep that, the next sweep tries again.
core::task<void> provisioner::state::put_off(handle self, booking_ptr one, bool failed,
                                             std::chrono::seconds pause) {
  auto kept = co_await self->parts.store.prepare_later(one->room, one->generation, failed,
                                                       self->parts.clock.wall_now() + pause,
                                                       self->call_deadline());
  if (kept && *kept) co_await self->parts.shards.announce_change(one->room);
}

// False when the deadline came first.
core::task<bool> provisioner::state::closed(handle self, core::room_id room, core::deadline until) {
  // No further turn begins for a room that is being made.
  const auto turn = self->closing.find(use_of(room));
  if (turn == self->closing.end()) co_return true;
  core::notice ended = turn->second;
  co_return co_await ended.wait(until);
}

// The closing as it is noted now; nothing where it has been done, or where the booking was opened
// again and the room that is to be closed is in use for it. One that is still to be made there does
// not count: it comes after the closing.
core::task<core::result<noted_closing>> provisioner::state::still_due(handle self,
                                                                      rooms::room_closing asked,
                                                                      core::deadline until) {
  rooms::store& store = self->parts.store;
  auto noted = co_await store.find_closing(asked, until);
  if (!noted || !*noted || !self->reuses_room(asked.provider)) co_return noted;
  auto stored = co_await store.find(asked.room, until);
  if (!stored) co_return core::same_failure(stored);
  const std::optional<rooms::booking>& now = *stored;
  const bool in_use = now && now->provider == asked.provider &&
                      now->generation > asked.generation &&
                      now->state == rooms::booking_state::scheduled && !now->provider_room.empty();
  if (!in_use) co_return noted;
  co_await store.closing_done(asked, until);
  co_return noted_closing();
}

core::task<void> provisioner::state::do_close(handle self, rooms::room_closing asked) {
  const core::deadline until = self->call_deadline();
  const bool is_made_now =
      self->reuses_room(asked.provider) && self->flights.in_flight(asked.room.text());
  // What is still noted afterwards comes with the next sweep.
  std::string what = self->closing_of(asked);
  if (is_made_now || self->closing.contains(what)) co_return;
  const turn at_exit(*self, what);
  const rooms::lease mine = self->room_lease(std::move(what));
  auto taken = co_await self->parts.store.hold(mine, self->parts.clock.wall_now(), until);
  if (!taken || !*taken) co_return;
  co_await close_alone(self, std::move(asked), until);
  co_await let_go(self, mine);
}

namespace {

// What a closing is about. Where its maker was interrupted, making it once more finds it, or makes
// it to be closed; nothing where each that is made is another.
core::task<core::result<std::string>> room_of(providers::provider* vendor, rooms::room_closing due,
                                              core::wall_time now, core::deadline until) {
  if (!due.provider_room.empty()) co_return due.provider_room;
  if (vendor->makes_another()) co_return std::string();
  providers::room_wish same = wish_for(due);
  same.starts_at = now;
  same.ends_at = same.closes_at = now + interrupted_life;
  co_return co_await vendor->prepare(std::move(same), until);
}

}  // namespace

core::task<void> provisioner::state::close_alone(handle self, rooms::room_closing asked,
                                                 core::deadline until) {
  provisioner_parts& parts = self->parts;
  auto noted = co_await still_due(self, asked, until);
  if (!noted)
    parts.log.warn("store_unavailable", {{"during", "close"}, {"detail", noted.error().detail}});
  if (!noted || !*noted) co_return;
  const rooms::room_closing& due = **noted;
  providers::provider* vendor = parts.providers.find(due.provider);
  core::result<void> gone = core::fail(errc::provider_missing, due.provider.text());
  if (vendor) {
    auto known = co_await room_of(vendor, due, parts.clock.wall_now(), until);
    if (known && known->empty()) {
      parts.log.warn("room_may_be_left",
                     {{"provider", due.provider.text()}, {"room", due.room.text()}});
      co_await parts.store.closing_done(due, until);
      co_return;
    }
    if (known) {
      auto answer = co_await vendor->close(wish_for(due), std::move(*known), until);
      gone = std::move(answer);
    } else {
      gone = core::same_failure(known);
    }
  }
  const auto turn = gone ? std::nullopt : turn_in(gone.error());
  if (!turn) self->count("closed", due.provider, gone.has_value());
  const bool give_up = !gone && !turn && due.attempts + 1 >= closing_attempts_max;
  if (!gone && !turn)
    parts.log.log(give_up ? core::log_level::error : core::log_level::warn,
                  give_up ? "room_never_closed" : "room_not_closed",
                  {{"provider", due.provider.text()},
                   {"room", due.room.text()},
                   {"attempts", due.attempts + 1},
                   {"error", gone.error().code.message()},
                   {"detail", gone.error().detail}});
  // A failure of the store needs no answer: the closing is still noted there and comes again.
  if (gone || give_up) {
    co_await parts.store.closing_done(due, until);
    co_return;
  }
  const auto pause = turn.value_or(setback(due.attempts));
  co_await parts.store.closing_later(due, !turn, parts.clock.wall_now() + pause, until);
}

void provisioner::state::to_owner(const handle& self, background_job job) {
  const std::size_t owner = self->parts.shards.owner_of(job.room());
  if (owner == self->parts.shard) return enqueue(self, std::move(job));
  self->parts.shards.post(
      owner, [there = self->peers.at(owner), job = std::move(job)] { enqueue(there, job); });
}

// Rooms whose door has closed are given back to their provider: the closings that this notes are
// found by the rest of the sweep.
core::task<void> provisioner::state::end_overdue(handle self, core::wall_time now,
                                                 core::deadline until) {
  provisioner_parts& parts = self->parts;
  const core::wall_time closed = now - parts.windows.closes_after;
  auto over = co_await parts.store.end_overdue(closed, closed - parts.settings.running_grace, now,
                                               parts.settings.sweep_batch, until);
  if (!over) {
    parts.log.warn("sweep_failed", {{"detail", over.error().detail}});
    co_return;
  }
  for (const rooms::booking& one : *over) co_await parts.shards.announce_change(one.room);
}

core::task<bool> provisioner::state::sweeps_here(handle self, core::deadline until) {
  const provisioner_parts& parts = self->parts;
  // Three sweeps that did not come: that process is gone.
  const auto longest = std::max<std::chrono::milliseconds>(3 * parts.settings.sweep_every,
                                                           parts.settings.call_timeout);
  const rooms::lease wanted = self->lease_on(std::string(sweep_lease), parts.process, longest);
  auto mine = co_await parts.store.hold(wanted, parts.clock.wall_now(), until);
  if (!mine) parts.log.warn("sweep_failed", {{"detail", mine.error().detail}});
  self->sweeps = mine && *mine;
  co_return self->sweeps;
}

// Each provider by itself: none waits behind the bookings of another.
core::task<void> provisioner::state::sweep_rooms_of(handle self, core::provider_name vendor,
                                                    core::wall_time now, core::deadline until) {
  provisioner_parts& parts = self->parts;
  rooms::rooms_due which;
  which.provider = std::move(vendor);
  which.starts_before = now + parts.settings.prepare_before;
  which.spread = std::min(parts.settings.prepare_spread, parts.settings.prepare_before / 2);
  which.ends_after = now - parts.windows.closes_after;
  which.now = now;
  which.limit = parts.settings.sweep_batch;
  auto due = co_await parts.store.to_prepare(std::move(which), until);
  if (!due) {
    parts.log.warn("sweep_failed", {{"detail", due.error().detail}});
    co_return;
  }
  for (rooms::booking& one : *due)
    to_owner(self, {std::make_shared<const rooms::booking>(std::move(one)), {}});
}

core::task<void> provisioner::state::sweep(handle self) {
  provisioner_parts& parts = self->parts;
  const core::wall_time now = parts.clock.wall_now();
  const std::size_t most = parts.settings.sweep_batch;
  const core::deadline until = self->call_deadline();
  const bool ours = co_await sweeps_here(self, until);
  if (!ours) co_return;
  for (const providers::provider* vendor : parts.providers.all())
    if (vendor->traits().needs_room)
      co_await sweep_rooms_of(self, vendor->traits().name, now, until);
  co_await end_overdue(self, now, until);
  auto due = co_await parts.store.due_closings(now, most, until);
  if (due)
    for (rooms::room_closing& one : *due) to_owner(self, {nullptr, std::move(one)});
  else
    parts.log.warn("sweep_failed", {{"detail", due.error().detail}});
}

core::task<void> provisioner::state::sweep_forever(handle self) {
  for (bool more = true; more;) {
    co_await sweep(self);
    const core::steady_time now = self->parts.clock.steady_now();
    more = co_await self->parts.sleep(core::deadline::after(now, self->parts.settings.sweep_every));
  }
}

provisioner::provisioner(provisioner_parts parts)
    : state_(std::make_shared<state>(std::move(parts))) {
  state_->peers.resize(state_->parts.shard + 1);
}

provisioner::~provisioner() { state_->peers.clear(); }

void provisioner::meet(std::vector<provisioner*> peers) {
  state_->peers.clear();
  for (const provisioner* peer : peers) state_->peers.push_back(peer->state_);
}

bool provisioner::must_prepare(const rooms::booking& one) {
  return state_->need_of(one) == room_need::make;
}

bool provisioner::lets_in(const booking_ptr& one) {
  const room_need need = state_->need_of(*one);
  // A booking's own changes are noted as they are made; other windows since the start are not.
  if (need == room_need::tell && !one->preparing.untold) state::to_owner(state_, {one, {}});
  return need != room_need::make;
}

core::task<core::result<booking_ptr>> provisioner::ready(booking_ptr one,
                                                         std::optional<core::trace> trace,
                                                         core::deadline until) {
  if (lets_in(one)) co_return one;
  const provisioner_parts& parts = state_->parts;
  const bool opens = opens_as_it_is(*one, parts.providers.find(one->provider), parts.windows,
                                    parts.clock.wall_now());
  // Who would get in without the change waits for it only as long as there is time left for that.
  const core::steady_time now = parts.clock.steady_now();
  const core::deadline waits = opens ? core::deadline::after(now, until.left(now) / 2) : until;
  const std::size_t owner = parts.shards.owner_of(one->room);
  auto by = asker{std::move(trace)};
  core::result<booking_ptr> made = core::fail(core::errc::cancelled);
  if (owner == parts.shard) {
    auto here = co_await state::ready_here(state_, one, std::move(by), waits);
    made = std::move(here);
  } else {
    auto there = co_await state::ready_there(state_, owner, one, std::move(by), waits);
    made = std::move(there);
  }
  if (!made && opens) co_return one;
  co_return made;
}

core::task<core::result<void>> provisioner::forget(booking_ptr one, core::deadline until) {
  const provisioner_parts& parts = state_->parts;
  auto forgotten = co_await parts.store.forget_room(one, parts.clock.wall_now(), until);
  if (!forgotten) co_return core::same_failure(forgotten);
  if (*forgotten)
    parts.log.warn("room_gone", {{"provider", one->provider.text()}, {"room", one->room.text()}});
  co_await parts.shards.announce_change(one->room);
  co_return core::result<void>();
}

void provisioner::prepare_soon(booking_ptr one) {
  const core::wall_time now = state_->parts.clock.wall_now();
  // Of a change to a room that is there already, its provider hears at once.
  const bool too_far =
      one->provider_room.empty() && one->starts_at - state_->parts.settings.prepare_before > now;
  const bool over = one->ends_at + state_->parts.windows.closes_after <= now;
  if (too_far || over || one->state != rooms::booking_state::scheduled) return;
  const bool wanted = one->preparing.untold || state_->need_of(*one) != room_need::nothing;
  if (wanted) state::to_owner(state_, {std::move(one), {}});
}

void provisioner::close_soon(booking_ptr one) {
  if (one->provider_room.empty() || one->state == rooms::booking_state::scheduled) return;
  const core::wall_time now = state_->parts.clock.wall_now();
  rooms::room_closing due{one->room, one->generation, one->provider, one->provider_room, now};
  state::to_owner(state_, {nullptr, std::move(due)});
}

core::task<void> provisioner::sweep() { return state::sweep(state_); }

void provisioner::start_sweeping() { state_->tasks.spawn(state::sweep_forever(state_)); }

void provisioner::stop() {
  state_->stopped = true;
  state_->tasks.close(true);
  state_->flights.close();
}

core::task<bool> provisioner::ended(core::deadline until) {
  const bool tasks = co_await state_->tasks.ended(until);
  const bool flights = co_await state_->flights.ended(until);
  // Another process need not wait until our time is over.
  if (state_->sweeps)
    co_await state_->parts.store.let_go(std::string(sweep_lease), state_->parts.process, until);
  co_return tasks&& flights;
}

}  // namespace join
