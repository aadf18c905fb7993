#include "join/join_service.hpp"

#include "join/error.hpp"
#include "join/room_need.hpp"
#include "providers/error.hpp"
#include "providers/guard.hpp"
#include "rooms/error.hpp"

namespace join {
namespace {

using namespace std::chrono_literals;

core::wall_time refresh_time(core::wall_time now, core::wall_time expires_at) {
  const auto life = expires_at - now;
  return now + std::max<core::wall_time::duration>(life - 2min, life * 4 / 5);
}

joined made_of(opened&& door, const providers::provider& vendor, providers::join_link&& way,
               core::wall_time now) {
  joined out;
  out.booking = std::move(door.booking);
  out.provider = &vendor.traits();
  out.url = std::move(way.url);
  out.token = std::move(way.token);
  out.expires_at = way.expires_at;
  out.refresh_after = refresh_time(now, way.expires_at);
  return out;
}

}  // namespace

std::string_view default_name(core::role seat) {
  return seat == core::role::expert ? "Expert" : "Client";
}

core::result<opened> join_service::decide(rooms::booking_ptr one, const join_call& call,
                                          const auth::identity& who, core::wall_time now) const {
  const rooms::caller caller{who.user, who.names_roles, who.roles};
  const rooms::decision made = rooms::decide(one.get(), caller, call.seat, now, parts_.windows);
  if (!made.allowed) return core::fail(made.refusal(now));
  return opened{std::move(one), made.open};
}

void join_service::fill(providers::admission& entry, const opened& door, const join_call& call,
                        const auth::identity& who, core::wall_time now) const {
  entry.room = door.booking->room;
  entry.generation = door.booking->generation;
  entry.provider_room = door.booking->provider_room;
  entry.user = who.user;
  if (!call.display_name.empty())
    entry.name = call.display_name;
  else if (!who.name.empty())
    entry.name = who.name;
  else
    entry.name = default_name(call.seat);
  entry.seat = call.seat;
  entry.now = now;
  entry.closes_at = door.window.closes_at;
}

std::optional<core::result<opened>> join_service::check_now(const join_call& call,
                                                            const auth::identity& who,
                                                            core::wall_time now,
                                                            core::steady_time steady_now) {
  std::optional<rooms::booking_ptr> known = parts_.bookings.find_now(call.room, steady_now);
  if (!known) return std::nullopt;
  return decide(std::move(*known), call, who, now);
}

core::task<core::result<opened>> join_service::check(join_call call, auth::identity_ptr who,
                                                     core::deadline until) {
  auto found = co_await parts_.bookings.find(call.room, parts_.clock.steady_now(), until);
  if (!found) co_return core::same_failure(found);
  co_return decide(std::move(*found), call, *who, parts_.clock.wall_now());
}

std::optional<core::result<joined>> join_service::join_now(const join_call& call,
                                                           const auth::identity& who,
                                                           core::wall_time now,
                                                           core::steady_time steady_now) {
  auto door = check_now(call, who, now, steady_now);
  if (!door) return std::nullopt;
  if (!*door) return core::result<joined>(core::same_failure(*door));
  providers::provider* vendor = parts_.providers.find((*door)->booking->provider);
  if (!vendor) return core::result<joined>(core::fail(provider_is_missing(*(*door)->booking)));
  if (vendor->traits().needs_room && !parts_.rooms.lets_in((*door)->booking)) return std::nullopt;

  fill(warm_, **door, call, who, now);
  auto way =
      vendor->traits().by_ticket ? std::optional(ticket_for(warm_)) : vendor->admit_now(warm_);
  if (!way) return std::nullopt;
  if (!*way) return core::result<joined>(core::same_failure(*way));
  return made_of(std::move(**door), *vendor, std::move(**way), now);
}

core::result<providers::join_link> join_service::ticket_for(
    const providers::admission& entry) const {
  ticket out{entry.room, entry.generation, entry.user, entry.seat, entry.name, {}};
  // Whole seconds, as the ticket says them.
  out.expires_at = core::from_unix_seconds(
      core::unix_seconds(std::min(entry.now + parts_.doors.lifetime(), entry.closes_at)));
  if (out.expires_at <= entry.now)
    return core::fail(rooms::errc::room_ended, "the room closes now");
  auto address = parts_.doors.address_of(out, entry.now);
  if (!address) return core::same_failure(address);
  return providers::join_link{std::move(*address), out.expires_at};
}

namespace {

// Who holds a ticket was checked when it was given: what it says is who they are.
auth::identity_ptr holder_of(const ticket& one) {
  auto who = std::make_shared<auth::identity>();
  who->user = one.user;
  who->expires_at = one.expires_at;
  return who;
}

}  // namespace

core::task<core::result<opened>> join_service::look_at(ticket from, core::deadline until) {
  auto door = co_await check({from.room, from.seat, from.name, {}}, holder_of(from), until);
  if (door && (*door).booking->generation != from.generation)
    co_return core::fail(rooms::errc::room_ended, "the ticket is of an earlier booking");
  co_return door;
}

core::task<core::result<joined>> join_service::follow(ticket from, core::deadline until) {
  auto door = co_await look_at(from, until);
  if (!door) co_return core::same_failure(door);
  co_return co_await enter(std::move(*door), {from.room, from.seat, from.name, {}}, holder_of(from),
                           until, way::past_the_ticket);
}

std::string_view join_service::provider_of(const core::room_id& room) {
  const auto known = parts_.bookings.find_now(room, parts_.clock.steady_now());
  if (!known || !*known) return "none";
  const providers::provider* vendor = parts_.providers.find((*known)->provider);
  return vendor ? vendor->traits().name.view() : "none";
}

core::task<core::result<joined>> join_service::join(join_call call, auth::identity_ptr who,
                                                    core::deadline until) {
  auto door = co_await check(call, who, until);
  if (!door) co_return core::same_failure(door);
  co_return co_await enter(std::move(*door), std::move(call), std::move(who), until);
}

core::task<core::result<joined>> join_service::enter(opened door, join_call call,
                                                     auth::identity_ptr who, core::deadline until) {
  co_return co_await enter(std::move(door), std::move(call), std::move(who), until,
                           way::as_configured);
}

core::task<core::result<joined>> join_service::enter(opened door, join_call call,
                                                     auth::identity_ptr who, core::deadline until,
                                                     way by) {
  auto first = co_await enter_once(&door, call, who, until, by);
  if (first || first.error().code != providers::errc::room_gone) co_return first;
  // Somebody deleted it at the provider: nobody would get in until the booking's times change.
  auto forgotten = co_await parts_.rooms.forget(door.booking, until);
  if (!forgotten) co_return core::same_failure(forgotten);
  auto again = co_await check(call, who, until);
  if (!again) co_return core::same_failure(again);
  co_return co_await enter_once(&*again, std::move(call), std::move(who), until, by);
}

core::task<core::result<joined>> join_service::enter_once(opened* door, join_call call,
                                                          auth::identity_ptr who,
                                                          core::deadline until, way by) {
  auto prepared = co_await parts_.rooms.ready(door->booking, call.trace, until);
  if (!prepared) co_return core::same_failure(prepared);
  const core::wall_time now = parts_.clock.wall_now();
  if (*prepared != door->booking) {
    // The room was made from the booking as it is now, which may have changed since it was checked.
    auto again = decide(std::move(*prepared), call, *who, now);
    if (!again) co_return core::same_failure(again);
    *door = std::move(*again);
  }
  providers::provider* vendor = parts_.providers.find(door->booking->provider);
  if (!vendor) co_return core::fail(provider_is_missing(*door->booking));

  providers::admission entry;
  fill(entry, *door, call, *who, now);
  const bool by_ticket = vendor->traits().by_ticket && by == way::as_configured;
  auto way = by_ticket ? std::optional(ticket_for(entry)) : vendor->admit_now(entry);
  if (!way) {
    entry.trace = call.trace;
    auto asked = co_await vendor->admit(std::move(entry), until);
    // The booking may have changed meanwhile, and it is the reason then, whatever the provider
    // says.
    auto still = co_await check(call, who, until);
    if (!still) co_return core::same_failure(still);
    if (still->booking->generation != door->booking->generation)
      co_return core::fail(providers::line_full());
    way = std::move(asked);
  }
  if (!*way) co_return core::same_failure(*way);
  co_return made_of(std::move(*door), *vendor, std::move(**way), now);
}

}  // namespace join
