// The ways in which a call of our API is malformed.
#pragma once

#include <system_error>

namespace api {

enum class errc {
  invalid_request = 1,  // 400: a parameter; the fact "parameter" names it
  https_required,       // 403: plain HTTP where a trusted proxy must have said https
  internal,             // 500: a bug; the log has it
};

std::error_code make_error_code(errc code);

}  // namespace api

template <>
struct std::is_error_code_enum<api::errc> : std::true_type {};
