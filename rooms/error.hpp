// The ways in which a booking does not open the door.
#pragma once

#include <system_error>

namespace rooms {

enum class errc {
  room_not_found = 1,
  wrong_role,
  not_assigned,
  too_early,
  room_ended,
  room_cancelled,
  invalid_booking,    // 422
  store_unavailable,  // the database did not answer or is full; a write may or may not have
                      // happened
  bad_cursor,         // 400: a list's cursor that no page gave
};

std::error_code make_error_code(errc code);

}  // namespace rooms

template <>
struct std::is_error_code_enum<rooms::errc> : std::true_type {};
