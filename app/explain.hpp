// explain: the decision about one person, seat and room, rule by rule, without a side effect.
#pragma once

#include <string>

#include "app/config.hpp"

namespace app {

struct explain_question {
  core::user_id user;
  core::role seat = core::role::expert;
  core::room_id room;
  core::wall_time at;
};

// Reads the bookings of the configured store (for the demo: the seeded ones).
core::result<std::string> explain_decision(const config& settings, const explain_question& asked);

}  // namespace app
