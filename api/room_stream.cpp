// The built-in room's event streams: somebody sits down, hears what the other side says, and gets a
// new token as long as the booking lets them stay.
#include <algorithm>

#include "api/parameters.hpp"
#include "api/room_api.hpp"
#include "api/room_message.hpp"
#include "core/json.hpp"
#include "core/time_text.hpp"
#include "http/event_stream.hpp"
#include "rooms/error.hpp"

namespace api {
namespace {

using namespace std::chrono_literals;

std::string problem_event(const core::failure& why) {
  const problem& row = problem_of(why.code);
  std::string out;
  core::json_writer json(out);
  json.begin_object();
  json.member("code", row.code).member("title", row.title).member("detail", row.detail);
  json.end_object();
  return out;
}

constexpr const char* taken_event =
    R"({"code":"seat_taken","title":"This seat is taken",)"
    R"("detail":"Somebody else is in the call on your side. It takes one person on each."})";
constexpr const char* full_event =
    R"({"code":"overloaded","title":"No room left",)"
    R"("detail":"Too many calls are going on right now. Try again in a few minutes."})";

}  // namespace

// What other shards reach of a stream: they ring, it looks. Only the home shard touches it.
struct room_api::line {
  explicit line(core::executor on) : bell(on) {}
  core::notice bell;
  bool look_again = false;
};

struct room_api::scene {
  http::exchange* about = nullptr;
  visitor who;
  std::string page;
  join::gate::place place;
  std::shared_ptr<room_api::line> line;
  rooms::window open;
  core::deadline renew_at{core::steady_time{}};
  std::uint64_t ticket = 0;
};

http::answer room_api::events(http::exchange& about, http::reply& out,
                              const std::string& room_text) {
  const auto refused = [&](const core::failure& why) -> http::answer {
    desk_.refuse(about, out, why);
    return http::answered_now{};
  };
  auto who = caller(about, out, room_text);
  if (!who) return refused(who.error());
  auto page = find_parameter(about.head->query, "page");
  if (!page) return refused(page.error());
  if (!*page || !is_page_name(**page))
    return refused(bad_parameter("page", "page must be 16 to 64 characters of A-Z a-z 0-9 - _."));
  if (about.head->method == http::method::head) {
    out.fields += "Content-Type: text/event-stream\r\n";
    return http::answered_now{};
  }
  auto place = desk_.parts.gate.begin_stream(about.client, who->pass.user);
  if (!place) return refused(place.error());

  auto at = std::make_shared<scene>();
  at->about = &about;
  at->who = std::move(*who);
  at->page = std::move(**page);
  at->place = std::move(*place);
  at->line = std::make_shared<line>(desk_.parts.on);
  return http::answered_by_events(
      [this, at](http::event_stream& events) { return run(at, &events); });
}

core::task<void> room_api::run(std::shared_ptr<scene> at, http::event_stream* events) {
  // Before the booking is looked at: a change that comes in between is heard.
  const auto mine = lines_.emplace(at->who.pass.room, at->line);
  struct leaving {
    room_api& self;
    scene& at;
    std::multimap<core::room_id, std::shared_ptr<line>>::iterator mine;
    ~leaving() {
      self.lines_.erase(mine);
      if (at.ticket == 0) return;
      join::neighbours& shards = self.desk_.parts.shards;
      const std::size_t owner = shards.owner_of(at.who.pass.room);
      shards.post(owner, [hall = self.halls_.at(owner), room = at.who.pass.room,
                          ticket = at.ticket] { hall->leave(room, ticket); });
    }
  } at_exit{*this, *at, mine};

  bool going_on = co_await sit_down(at, events);
  while (going_on) {
    at->line->bell = core::notice(desk_.parts.on);
    going_on = co_await deliver(at, events);
    if (!going_on) co_return;
    const bool due = at->renew_at.passed(desk_.parts.clock.steady_now());
    if (std::exchange(at->line->look_again, false) || due) {
      going_on = co_await look_again(at, events);
      if (!going_on) co_return;
    }
    going_on = co_await events->wait_for(at->line->bell, at->renew_at);
  }
}

core::task<bool> room_api::sit_down(std::shared_ptr<scene> at, http::event_stream* events) {
  auto open = co_await look(at->who);
  if (!open) {
    at->about->note = problem_of(open.error().code).code;
    co_await events->send("end", problem_event(open.error()));
    co_return false;
  }
  at->open = *open;
  const providers::room_pass& pass = at->who.pass;
  const std::string name(pass.name.empty() ? join::default_name(pass.seat) : pass.name);
  room_guest guest{pass.room, pass.user, pass.seat, name, at->page};
  std::function<void()> wake = [home = desk_.parts.on, line = at->line] {
    asio::post(home, [line] { line->bell.give(); });
  };
  std::function<room_hall::seated(room_hall&)> question =
      [guest = std::move(guest), wake = std::move(wake)](room_hall& hall) {
        return hall.enter(guest, wake);
      };
  const auto seat = co_await ask<room_hall::seated>(pass.room, std::move(question));
  if (seat.how != room_hall::entry::seated) {
    const bool taken = seat.how == room_hall::entry::taken;
    at->about->note = taken ? "seat_taken" : "overloaded";
    co_await events->send("end", taken ? taken_event : full_event);
    co_return false;
  }
  at->ticket = seat.ticket;
  plan_renewal(*at, desk_.parts.clock.wall_now());
  std::string hello;
  core::json_writer json(hello);
  json.begin_object().member("name", name).member("seat", core::name_of(pass.seat));
  json.name("iceServers")
      .raw(providers::ice_servers_json(at->who.by.rules->ice, pass.user.view(), open->closes_at));
  json.member("closesAt", core::to_rfc3339(open->closes_at)).end_object();
  const auto sent = co_await events->send("hello", std::move(hello));
  co_return sent.has_value();
}

core::task<bool> room_api::deliver(std::shared_ptr<scene> at, http::event_stream* events) {
  using batch = std::optional<std::vector<room_event>>;
  std::function<batch(room_hall&)> question = [room = at->who.pass.room,
                                               ticket = at->ticket](room_hall& hall) {
    return hall.take(room, ticket);
  };
  auto waiting = co_await ask<batch>(at->who.pass.room, std::move(question));
  if (!waiting) co_return false;
  for (room_event& one : *waiting) {
    const bool last = one.name == "replaced";
    const auto sent = co_await events->send(std::move(one.name), std::move(one.data));
    if (!sent || last) co_return false;
  }
  co_return true;
}

// The booking has changed, or the token is about to end.
core::task<bool> room_api::look_again(std::shared_ptr<scene> at, http::event_stream* events) {
  auto open = co_await look(at->who);
  if (open) co_return co_await renew(at, *open, events);
  at->about->note = problem_of(open.error().code).code;
  co_await events->send("end", problem_event(open.error()));
  co_return false;
}

core::task<bool> room_api::renew(std::shared_ptr<scene> at, rooms::window open,
                                 http::event_stream* events) {
  const core::wall_time now = desk_.parts.clock.wall_now();
  providers::room_pass& pass = at->who.pass;
  at->open = open;
  const auto ends = std::chrono::floor<std::chrono::seconds>(
      std::min<core::wall_time>(now + at->who.by.rules->lifetime, open.closes_at));
  if (ends <= pass.expires_at + 1s) {
    plan_renewal(*at, now);
    co_return true;
  }
  pass.expires_at = ends;
  pass.id = core::new_uuid(desk_.parts.random);
  const auto token = at->who.by.tokens->sign(pass, now);
  plan_renewal(*at, now);
  if (!token) co_return false;
  std::string fresh;
  core::json_writer json(fresh);
  json.begin_object().member("token", *token);
  json.member("expiresAt", core::to_rfc3339(ends));
  // A booking that goes on longer needs relays that do so too.
  json.name("iceServers")
      .raw(providers::ice_servers_json(at->who.by.rules->ice, pass.user.view(), open.closes_at));
  json.end_object();
  const auto sent = co_await events->send("token", std::move(fresh));
  co_return sent.has_value();
}

// When four fifths of the token's life are over; and when the room closes, to say so.
void room_api::plan_renewal(scene& at, core::wall_time now) const {
  const auto left = at.who.pass.expires_at - now;
  const bool last = at.who.pass.expires_at + 1s >= at.open.closes_at;
  const auto wait = last ? at.open.closes_at - now : left * 4 / 5;
  at.renew_at = core::deadline::after(desk_.parts.clock.steady_now(),
                                      std::max<core::wall_time::duration>(wait, 1s));
}

void room_api::booking_changed(const core::room_id& room) {
  const auto [first, last] = lines_.equal_range(room);
  for (auto one = first; one != last; ++one) {
    one->second->look_again = true;
    one->second->bell.give();
  }
}

void room_api::bookings_changed() {
  for (auto& [room, one] : lines_) {
    one->look_again = true;
    one->bell.give();
  }
}

}  // namespace api
