// decide: the rules of the door, one after the other, and what each of them says.
#include "rooms/decide.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "core/time_text.hpp"
#include "rooms/error.hpp"

namespace rooms {
namespace {

using outcome = decision::outcome;

bool holds(rule which, const booking* one, const caller& who, core::role seat, core::wall_time now,
           const window& open) {
  switch (which) {
    case rule::room_exists:
      return one != nullptr;
    case rule::session_role:
      return !who.names_roles || std::ranges::find(who.roles, seat) != who.roles.end();
    case rule::assigned:
      return std::ranges::any_of(one->participants,
                                 [&](const participant& p) { return p.user == who.user; });
    case rule::seat:
      return std::ranges::any_of(one->participants, [&](const participant& p) {
        return p.user == who.user && p.seat == seat;
      });
    case rule::not_cancelled:
      return one->state != booking_state::cancelled;
    case rule::not_ended:
      return one->state != booking_state::ended;
    // Open at exactly opens_at, closed at exactly closes_at.
    case rule::open_yet:
      return now >= open.opens_at;
    case rule::still_open:
      return now < open.closes_at;
  }
  return false;
}

std::string_view name_of(outcome what) {
  switch (what) {
    case outcome::passed:
      return "passed";
    case outcome::failed:
      return "failed";
    case outcome::not_checked:
      return "not checked";
  }
  return "unknown";
}

// "1 d 2 h 3 min 4 s", rounded up to whole seconds, so that a wait of this length is long enough.
std::string span_of(std::chrono::nanoseconds length) {
  auto left = std::chrono::ceil<std::chrono::seconds>(length).count();
  std::string out;
  constexpr std::pair<std::int64_t, std::string_view> units[] = {
      {86'400, "d"}, {3'600, "h"}, {60, "min"}};
  for (const auto& [size, unit] : units) {
    if (left < size) continue;
    fmt::format_to(std::back_inserter(out), "{} {} ", left / size, unit);
    left %= size;
  }
  if (left > 0 || out.empty()) fmt::format_to(std::back_inserter(out), "{} s ", left);
  out.pop_back();
  return out;
}

// What the sentences speak of; the booking exists wherever one of them is asked for.
struct scene {
  const decision& made;
  const booking* one;
  const caller& who;
  core::role seat;
  core::wall_time now;
};

std::string session_role_sentence(const scene& at) {
  if (!at.who.names_roles) return "The session names no roles, so the booking alone decides.";
  if (at.who.roles.empty()) return "The session says that the caller has no role at all.";
  std::string names;
  for (const core::role each : at.who.roles) {
    if (!names.empty()) names += ", ";
    names += core::name_of(each);
  }
  return fmt::format("The seat {} was asked for and the session names {}.", core::name_of(at.seat),
                     names);
}

std::string assigned_sentence(const scene& at) {
  return fmt::format(
      "The caller is {} of the {} on the list.",
      holds(rule::assigned, at.one, at.who, at.seat, at.now, at.made.open) ? "one" : "none",
      at.one->participants.size());
}

std::string seat_sentence(const scene& at) {
  const auto seats = std::ranges::count(at.one->participants, at.who.user, &participant::user);
  if (seats == 0) return "The caller is not on the list.";
  if (holds(rule::seat, at.one, at.who, at.seat, at.now, at.made.open))
    return fmt::format("The list has the caller as {}.", core::name_of(at.seat));
  return fmt::format("The list has the caller, but not as {}.", core::name_of(at.seat));
}

std::string opens_sentence(const scene& at) {
  const window& open = at.made.open;
  const std::string when = core::to_rfc3339(open.opens_at);
  if (at.now < open.opens_at)
    return fmt::format("The room opens for the {} at {}, in {} (now {}).", core::name_of(at.seat),
                       when, span_of(open.opens_at - at.now), core::to_rfc3339(at.now));
  return fmt::format("The room is open to the {} since {} (now {}).", core::name_of(at.seat), when,
                     core::to_rfc3339(at.now));
}

std::string closes_sentence(const scene& at) {
  const window& open = at.made.open;
  const std::string when = core::to_rfc3339(open.closes_at);
  if (at.now < open.closes_at)
    return fmt::format("The room closes at {}, in {}.", when, span_of(open.closes_at - at.now));
  return fmt::format("The room closed at {}.", when);
}

std::string sentence_of(rule which, const scene& at) {
  if (!at.one) {
    return which == rule::room_exists ? "No booking has this room."
                                      : "There is no booking to look at.";
  }
  switch (which) {
    case rule::room_exists:
      return fmt::format("A booking has this room: {} to {}, with {}.",
                         core::to_rfc3339(at.one->starts_at), core::to_rfc3339(at.one->ends_at),
                         at.one->provider.view());
    case rule::session_role:
      return session_role_sentence(at);
    case rule::assigned:
      return assigned_sentence(at);
    case rule::seat:
      return seat_sentence(at);
    case rule::not_cancelled:
    case rule::not_ended:
      return fmt::format("The booking is {}.", rooms::name_of(at.one->state));
    case rule::open_yet:
      return opens_sentence(at);
    case rule::still_open:
      return closes_sentence(at);
  }
  return {};
}

}  // namespace

window_settings read_window_settings(core::options& from) {
  using namespace std::chrono;
  // A door that is open for longer than a week around the call is no door.
  constexpr milliseconds least{0}, most = hours{24 * 7};
  window_settings read;
  read.expert_opens_before =
      from.duration("expert_opens_before", read.expert_opens_before, least, most);
  read.client_opens_before =
      from.duration("client_opens_before", read.client_opens_before, least, most);
  read.closes_after = from.duration("closes_after", read.closes_after, least, most);
  return read;
}

window window_of(const booking& one, core::role seat, const window_settings& settings) {
  const auto before =
      seat == core::role::expert ? settings.expert_opens_before : settings.client_opens_before;
  return {one.starts_at - before, one.ends_at + settings.closes_after};
}

std::string_view name_of(rule which) {
  switch (which) {
    case rule::room_exists:
      return "room_exists";
    case rule::session_role:
      return "session_role";
    case rule::assigned:
      return "assigned";
    case rule::seat:
      return "seat";
    case rule::not_cancelled:
      return "not_cancelled";
    case rule::not_ended:
      return "not_ended";
    case rule::open_yet:
      return "open_yet";
    case rule::still_open:
      return "still_open";
  }
  return "unknown";
}

decision decide(const booking* one, const caller& who, core::role seat, core::wall_time now,
                const window_settings& windows) {
  decision made;
  made.rules.fill(outcome::not_checked);
  if (one) made.open = window_of(*one, seat, windows);
  for (std::size_t i = 0; i < rule_count; ++i) {
    const auto which = static_cast<rule>(i);
    const bool passed = holds(which, one, who, seat, now, made.open);
    made.rules[i] = passed ? outcome::passed : outcome::failed;
    if (passed) continue;
    made.failed = which;
    return made;
  }
  made.allowed = true;
  return made;
}

core::failure decision::refusal(core::wall_time now) const {
  const auto because = [](errc code, std::string detail) {
    return core::failure(make_error_code(code), std::move(detail));
  };
  switch (failed) {
    case rule::room_exists:
      return because(errc::room_not_found, "no booking has this room");
    case rule::session_role:
      return because(errc::wrong_role, "the session lacks the role");
    case rule::assigned:
      return because(errc::not_assigned, "the caller is not on the list");
    case rule::seat:
      return because(errc::wrong_role, "the caller is on the list for the other seat");
    case rule::not_cancelled:
      return because(errc::room_cancelled, "the booking is cancelled");
    case rule::not_ended:
      return because(errc::room_ended, "the booking is ended");
    case rule::open_yet: {
      // Rounded up: a caller that waits this long does get in.
      const auto wait = std::chrono::ceil<std::chrono::seconds>(open.opens_at - now);
      return because(errc::too_early, "the window is not open yet")
          .with("opensAt", core::to_rfc3339(open.opens_at))
          .retry_in(std::max(wait, std::chrono::seconds{1}));
    }
    case rule::still_open:
      return because(errc::room_ended, "the window is over")
          .with("closesAt", core::to_rfc3339(open.closes_at));
  }
  return because(errc::not_assigned, "no rule decided");
}

std::string_view code_of(rule failed) {
  switch (failed) {
    case rule::room_exists:
      return "room_not_found";
    case rule::session_role:
    case rule::seat:
      return "wrong_role";
    case rule::assigned:
      return "not_assigned";
    case rule::not_cancelled:
      return "room_cancelled";
    case rule::open_yet:
      return "too_early";
    case rule::not_ended:
    case rule::still_open:
      return "room_ended";
  }
  return "";
}

std::string explain(const decision& made, const booking* one, const caller& who, core::role seat,
                    core::wall_time now) {
  const scene at{made, one, who, seat, now};
  std::string out;
  for (std::size_t i = 0; i < rule_count; ++i) {
    const auto which = static_cast<rule>(i);
    fmt::format_to(std::back_inserter(out), "{:<13}  {:<11}  {}\n", name_of(which),
                   name_of(made.rules[i]), sentence_of(which, at));
  }
  fmt::format_to(std::back_inserter(out), "{:<13}  {:<11}  {}\n", "decision",
                 made.allowed ? "allowed" : "refused",
                 made.allowed ? "The caller gets a link." : code_of(made.failed));
  return out;
}

}  // namespace rooms
