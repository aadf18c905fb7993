// memory_store: what rooms::changes decides, kept in two maps.
#include "support/memory_store.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <tuple>

#include "core/digest.hpp"
#include "core/time_text.hpp"
#include "rooms/error.hpp"

namespace tests {
namespace {

bool by_start(const rooms::booking& a, const rooms::booking& b) {
  return std::tie(a.starts_at, a.room) < std::tie(b.starts_at, b.room);
}

bool wanted(const rooms::booking_query& query, const rooms::booking& one) {
  if (query.from && one.starts_at < *query.from) return false;
  if (query.to && one.starts_at >= *query.to) return false;
  if (query.state && one.state != *query.state) return false;
  return !query.user || std::ranges::any_of(one.participants, [&](const rooms::participant& p) {
    return p.user == *query.user;
  });
}

}  // namespace

const rooms::booking* memory_store::peek(std::string_view room) const {
  const auto found = bookings_.find(room);
  return found == bookings_.end() ? nullptr : &found->second;
}

void memory_store::add(rooms::booking one) { bookings_[one.room.text()] = std::move(one); }

void memory_store::keep(const rooms::change& made) {
  if (made.changed) bookings_[made.after.room.text()] = made.after;
  if (made.closing) closings_.try_emplace(key_of(*made.closing), *made.closing);
  if (made.changed || made.closing) ++writes;
}

core::result<void> memory_store::able(core::deadline until) const {
  if (broken) return core::fail(rooms::errc::store_unavailable, "broken by the test");
  if (until.passed(std::chrono::steady_clock::now()))
    return core::fail(rooms::errc::store_unavailable, "the deadline passed");
  return {};
}

core::task<core::result<rooms::put_outcome>> memory_store::put(rooms::booking_draft draft,
                                                               core::provider_name fallback,
                                                               core::wall_time now,
                                                               core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  const core::room_id room = draft.room;
  auto made = rooms::change_by_put(before(room), std::move(draft), fallback, now);
  if (!made) co_return core::same_failure(made);
  keep(*made);
  co_return rooms::put_outcome{std::move(made->after), made->created, made->changed};
}

core::task<core::result<std::optional<rooms::booking>>> memory_store::find(core::room_id room,
                                                                           core::deadline until) {
  ++finds;
  if (auto good = able(until); !good) co_return core::same_failure(good);
  std::optional<rooms::booking> answer;
  if (const auto* one = before(room)) answer = *one;
  if (pause) co_await pause();
  co_return answer;
}

core::task<core::result<rooms::booking_page>> memory_store::list(rooms::booking_query query,
                                                                 core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  std::vector<rooms::booking> all;
  for (const auto& [room, one] : bookings_)
    if (wanted(query, one)) all.push_back(one);
  std::ranges::sort(all, by_start);
  if (!query.cursor.empty()) {
    auto place = rooms::place_of(query.cursor);
    if (!place) co_return core::same_failure(place);
    std::erase_if(all, [&](const rooms::booking& one) {
      return std::tie(one.starts_at, one.room.text()) <= std::tie(place->starts_at, place->room);
    });
  }
  rooms::booking_page page;
  const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, rooms::page_max);
  const bool more = all.size() > limit;
  if (more) all.resize(limit);
  page.bookings = std::move(all);
  if (more)
    page.next_cursor =
        rooms::cursor_of({page.bookings.back().starts_at, page.bookings.back().room.text()});
  co_return page;
}

core::task<core::result<rooms::booking>> memory_store::close(core::room_id room,
                                                             rooms::booking_state to,
                                                             core::wall_time now,
                                                             core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  auto made = rooms::change_by_close(before(room), to, now);
  if (!made) co_return core::same_failure(made);
  keep(*made);
  const rooms::booking& one = made->after;
  for (const std::string_view prefix : {rooms::making_prefix, rooms::using_prefix}) {
    const auto known = leases.find(std::string(prefix) + room.text());
    if (!made->changed || !one.provider_room.empty() || known == leases.end()) continue;
    const auto due_at = std::max(known->second.ends_at, now);
    const rooms::room_closing due{one.room, one.generation, one.provider, {}, due_at};
    closings_.try_emplace(key_of(due), due);
  }
  co_return std::move(made->after);
}

core::task<core::result<rooms::booking>> memory_store::remember_room(rooms::room_made what,
                                                                     core::wall_time now,
                                                                     core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  const core::room_id room = what.told->room;
  const rooms::room_closing interrupted{room, what.told->generation, what.told->provider, {}, now};
  auto made = rooms::change_by_room(before(room), std::move(what), now);
  if (!made) co_return core::same_failure(made);
  keep(*made);
  closings_.erase(key_of(interrupted));
  co_return std::move(made->after);
}

core::task<core::result<bool>> memory_store::forget_room(rooms::booking_ptr known,
                                                         core::wall_time now,
                                                         core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  const auto made = rooms::change_by_loss(before(known->room), *known, now);
  keep(made);
  co_return made.changed;
}

core::task<core::result<std::vector<rooms::booking>>> memory_store::to_prepare(
    rooms::rooms_due which, core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  std::vector<rooms::booking> untold, bare;
  for (const auto& [room, one] : bookings_)
    if (rooms::is_to_prepare(one, which))
      (one.provider_room.empty() ? bare : untold).push_back(one);
  std::ranges::sort(untold, {}, [](const rooms::booking& one) {
    return std::tuple(one.preparing.not_before, one.room);
  });
  std::ranges::sort(bare, by_start);
  if (untold.size() > which.limit) untold.resize(which.limit);
  if (bare.size() > which.limit) bare.resize(which.limit);
  std::ranges::move(bare, std::back_inserter(untold));
  co_return untold;
}

core::task<core::result<bool>> memory_store::prepare_later(core::room_id room,
                                                           std::uint32_t generation, bool failed,
                                                           core::wall_time not_before,
                                                           core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  const auto* one = before(room);
  const bool waits =
      one && one->generation == generation && one->state == rooms::booking_state::scheduled;
  if (waits) keep(rooms::change_by_waiting(*one, failed, not_before));
  co_return waits;
}

core::task<core::result<rooms::report_outcome>> memory_store::report_call(rooms::call_report what,
                                                                          core::wall_time now,
                                                                          core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  for (const auto& [room, one] : bookings_) {
    const bool meant =
        what.room ? one.room == *what.room
        : !what.digest.empty()
            ? core::room_digest(one.room, one.generation) == what.digest
            : !what.remembered.empty() && one.provider_room.starts_with(what.remembered);
    if (!meant || one.provider != what.provider) continue;
    auto made = rooms::change_by_report(one, what, now);
    keep(made);
    co_return rooms::report_outcome{std::move(made.after), made.changed};
  }
  co_return rooms::report_outcome{};
}

core::task<core::result<std::vector<rooms::booking>>> memory_store::end_overdue(
    core::wall_time ended_before, core::wall_time live_before, core::wall_time now,
    std::size_t limit, core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  std::vector<rooms::booking> all;
  for (const auto& [room, one] : bookings_)
    if (rooms::is_overdue(one, ended_before, live_before)) all.push_back(one);
  std::ranges::sort(all, {}, &rooms::booking::ends_at);
  if (all.size() > limit) all.resize(limit);
  for (rooms::booking& one : all) {
    auto made = rooms::change_by_close(&one, rooms::booking_state::ended, now);
    keep(*made);
    one = std::move(made->after);
  }
  co_return all;
}

core::task<core::result<std::vector<rooms::room_closing>>> memory_store::due_closings(
    core::wall_time now, std::size_t limit, core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  std::vector<rooms::room_closing> due;
  for (const auto& [key, one] : closings_)
    if (one.due_at <= now) due.push_back(one);
  std::ranges::sort(due, {}, &rooms::room_closing::due_at);
  if (due.size() > limit) due.resize(limit);
  co_return due;
}

core::task<core::result<std::optional<rooms::room_closing>>> memory_store::find_closing(
    rooms::room_closing which, core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  std::optional<rooms::room_closing> answer;
  const auto found = closings_.find(key_of(which));
  if (found != closings_.end()) answer = found->second;
  co_return answer;
}

core::task<core::result<bool>> memory_store::closing_done(rooms::room_closing which,
                                                          core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  co_return closings_.erase(key_of(which)) > 0;
}

core::task<core::result<bool>> memory_store::revoke(core::revocation what, core::wall_time now,
                                                    core::wall_time forget_before,
                                                    core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  ++writes;
  std::erase_if(revoked, [&](const auto& one) { return one.second.second < forget_before; });
  auto& [known, made_at] = revoked[{what.user, what.token_id}];
  const auto before =
      std::max(known.before, rooms::from_milliseconds(rooms::to_milliseconds(what.before)));
  known = std::move(what);
  known.before = before;
  made_at = std::max(made_at, now);
  co_return true;
}

core::task<core::result<std::vector<core::revocation>>> memory_store::revocations(
    core::wall_time since, core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  std::vector<core::revocation> out;
  for (const auto& [name, one] : revoked)
    if (one.second > since) out.push_back(one.first);
  co_return out;
}

core::task<core::result<rooms::news_page>> memory_store::news_since(
    std::optional<rooms::news_place> place, core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  const auto end = static_cast<rooms::news_place>(news.size());
  rooms::news_page page;
  page.next = end;
  if (!place || *place >= end) co_return page;
  page.what = news.at(static_cast<std::size_t>(*place));
  page.next = *place + 1;
  co_return page;
}

core::task<core::result<bool>> memory_store::hold(rooms::lease what, core::wall_time now,
                                                  core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  const auto known = leases.find(what.what);
  const bool free = known == leases.end() || known->second.holder == what.holder ||
                    known->second.ends_at <= now ||
                    known->second.taken_at > now + rooms::lease_clock_slack;
  if (!free) co_return false;
  leases[what.what] = {what.holder, now, what.ends_at};
  co_return true;
}

core::task<core::result<bool>> memory_store::let_go(std::string what, std::string holder,
                                                    core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  const auto known = leases.find(what);
  if (known == leases.end() || known->second.holder != holder) co_return false;
  leases.erase(known);
  co_return true;
}

core::task<core::result<bool>> memory_store::closing_later(rooms::room_closing which, bool failed,
                                                           core::wall_time retry_at,
                                                           core::deadline until) {
  if (auto good = able(until); !good) co_return core::same_failure(good);
  const auto found = closings_.find(key_of(which));
  if (found == closings_.end()) co_return false;
  if (failed) ++found->second.attempts;
  found->second.due_at = rooms::from_milliseconds(rooms::to_milliseconds(retry_at));
  co_return true;
}

rooms::booking_draft draft_of(std::string_view room) {
  rooms::booking_draft draft;
  draft.room = core::room_id::from(room).value();
  draft.starts_at = core::from_rfc3339("2026-11-22T10:00:00Z").value();
  draft.ends_at = core::from_rfc3339("2026-11-22T11:00:00Z").value();
  draft.participants = {{core::user_id::from("u1").value(), core::role::expert},
                        {core::user_id::from("u2").value(), core::role::client}};
  return draft;
}

rooms::booking booking_of(std::string_view room, std::string_view provider) {
  auto made =
      rooms::change_by_put(nullptr, draft_of(room), core::provider_name::from(provider).value(),
                           core::from_rfc3339("2026-11-22T09:00:00Z").value());
  return std::move(made->after);
}

}  // namespace tests
