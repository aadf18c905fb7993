#include "api/room_hall.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/json.hpp"

namespace api {
namespace {

room_event call_event(std::uint64_t call, const room_guest& other) {
  room_event out{"call", {}};
  core::json_writer json(out.data);
  json.begin_object().member("call", std::to_string(call)).name("peer").begin_object();
  json.member("page", other.page).member("name", other.name);
  json.member("seat", core::name_of(other.seat)).end_object().end_object();
  return out;
}

room_event left_event(bool on_purpose) {
  return {"left", on_purpose ? R"({"why":"bye"})" : R"({"why":"gone"})"};
}

}  // namespace

void room_hall::mailbox::put(room_event what) {
  bytes_ += what.data.size();
  events_.push_back(std::move(what));
}

void room_hall::mailbox::drop(std::initializer_list<std::string_view> names) {
  std::erase_if(events_, [&](const room_event& one) {
    const bool goes = std::ranges::find(names, one.name) != names.end();
    if (goes) bytes_ -= one.data.size();
    return goes;
  });
}

void room_hall::mailbox::clear() {
  events_.clear();
  bytes_ = 0;
}

std::vector<room_event> room_hall::mailbox::take() {
  std::vector<room_event> out(std::make_move_iterator(events_.begin()),
                              std::make_move_iterator(events_.end()));
  clear();
  return out;
}

room_hall::seated room_hall::enter(const room_guest& guest, std::function<void()> wake) {
  auto found = rooms_.find(guest.room);
  if (found == rooms_.end()) {
    if (rooms_.size() >= rooms_max) return {entry::full, 0};
    found = rooms_.try_emplace(guest.room).first;
  }
  room& in = found->second;
  chair& mine = at(in, guest.seat);
  if (mine.ticket != 0 && mine.guest.user != guest.user) return {entry::taken, 0};

  const bool same_page = mine.guest.user == guest.user && mine.guest.page == guest.page;
  if (mine.ticket != 0) {
    // The same page has connected again: its earlier connection just ends.
    if (!same_page) in.replaced.insert(mine.ticket);
    mine.wake();
  }
  mine.ticket = next_ticket_++;
  mine.guest = guest;
  mine.wake = std::move(wake);
  if (!same_page || mine.said_bye) in.call = 0;
  mine.said_bye = false;
  const std::uint64_t ticket = mine.ticket;
  introduce(in);
  return {entry::seated, ticket};
}

// Once both are there. The same two pages as before go on with their call.
void room_hall::introduce(room& in) {
  chair& a = in.chairs[0];
  chair& b = in.chairs[1];
  if (a.ticket == 0 || b.ticket == 0 || a.said_bye || b.said_bye) return;
  if (in.call == 0) begin_call(in);
  tell_who(a, call_event(in.call, b.guest));
  tell_who(b, call_event(in.call, a.guest));
}

void room_hall::begin_call(room& in) {
  in.call = next_call_++;
  // What still waits belongs to an earlier call.
  for (chair& each : in.chairs) each.waiting.clear();
}

// Who is there: only the last word counts, so that a guest who comes and goes fills nobody's queue.
void room_hall::tell_who(chair& to, room_event what) {
  to.waiting.drop({"call", "left"});
  tell(to, std::move(what));
}

void room_hall::tell(chair& to, room_event what) {
  if (to.ticket == 0) return;
  to.waiting.put(std::move(what));
  if (to.waiting.size() == 1) to.wake();
}

std::optional<std::vector<room_event>> room_hall::take(const core::room_id& room_name,
                                                       std::uint64_t ticket) {
  const auto found = rooms_.find(room_name);
  if (found == rooms_.end()) return std::nullopt;
  room& in = found->second;
  if (in.replaced.erase(ticket) > 0) return std::vector<room_event>{{"replaced", "{}"}};
  for (chair& each : in.chairs) {
    if (each.ticket != ticket) continue;
    return each.waiting.take();
  }
  return std::nullopt;
}

void room_hall::leave(const core::room_id& room_name, std::uint64_t ticket) {
  const auto found = rooms_.find(room_name);
  if (found == rooms_.end()) return;
  room& in = found->second;
  in.replaced.erase(ticket);
  for (chair& each : in.chairs) {
    if (each.ticket != ticket) continue;
    each.ticket = 0;
    each.wake = nullptr;
    each.waiting.clear();
    if (!each.said_bye) tell_who(across(in, each.guest.seat), left_event(false));
  }
  if (in.chairs[0].ticket == 0 && in.chairs[1].ticket == 0 && in.replaced.empty())
    rooms_.erase(found);
}

bool room_hall::pass_on(const core::room_id& room_name, core::role seat, const core::user_id& user,
                        std::string_view page, std::string_view call, room_event said) {
  const auto found = rooms_.find(room_name);
  if (found == rooms_.end()) return false;
  room& in = found->second;
  const chair& mine = at(in, seat);
  chair& other = across(in, seat);
  if (!mine.sits(user, page) || mine.said_bye) return false;
  if (other.ticket == 0 || in.call == 0 || call != std::to_string(in.call)) return false;
  if (other.waiting.has_place_for(said)) {
    tell(other, std::move(said));
    return true;
  }
  // A negotiation with a hole in it never ends. Both begin again, in a call of their own.
  begin_call(in);
  introduce(in);
  return false;
}

bool room_hall::hang_up(const core::room_id& room_name, core::role seat, const core::user_id& user,
                        std::string_view page) {
  const auto found = rooms_.find(room_name);
  if (found == rooms_.end()) return false;
  chair& mine = at(found->second, seat);
  if (!mine.sat(user, page) || mine.said_bye) return false;
  mine.said_bye = true;
  chair& other = across(found->second, seat);
  other.waiting.clear();
  tell(other, left_event(true));
  return other.ticket != 0;
}

}  // namespace api
