// decide: may this person take this seat in this room now? Pure: the join uses it, and `explain`
// prints it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/options.hpp"
#include "core/result.hpp"
#include "rooms/booking.hpp"

namespace rooms {

// [windows]: when each side may enter, relative to the booking's start and end.
struct window_settings {
  std::chrono::milliseconds expert_opens_before = std::chrono::minutes{30};
  std::chrono::milliseconds client_opens_before = std::chrono::minutes{15};
  std::chrono::milliseconds closes_after = std::chrono::minutes{60};
};
window_settings read_window_settings(core::options& from);

struct window {
  core::wall_time opens_at;
  core::wall_time closes_at;
};
window window_of(const booking& one, core::role seat, const window_settings& settings);

struct caller {
  const core::user_id& user;
  bool names_roles = false;  // the session says which roles the caller has
  std::span<const core::role> roles;
};

// In the order in which they are checked; the first that fails decides.
enum class rule : std::uint8_t {
  room_exists,
  session_role,
  assigned,
  seat,
  not_cancelled,
  not_ended,
  open_yet,
  still_open
};
constexpr std::size_t rule_count = 8;
std::string_view name_of(rule which);
// The problem code that a caller gets when this rule fails: "not_assigned".
std::string_view code_of(rule failed);

struct decision {
  enum class outcome : std::uint8_t { passed, failed, not_checked };
  std::array<outcome, rule_count> rules{};
  bool allowed = false;
  rule failed = rule::room_exists;  // where !allowed
  window open{};                    // where the booking exists

  // The refusal as a failure with its facts (opensAt, closesAt) and retry_after. Requires !allowed.
  core::failure refusal(core::wall_time now) const;
};

// `one` is null where no booking has that room. Does not allocate.
decision decide(const booking* one, const caller& who, core::role seat, core::wall_time now,
                const window_settings& windows);

// Every rule with its outcome and a sentence each, one line per rule, and a last line with the
// decision and its code.
std::string explain(const decision& made, const booking* one, const caller& who, core::role seat,
                    core::wall_time now);

}  // namespace rooms
