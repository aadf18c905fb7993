// The ways in which a caller is not who they must be.
#pragma once

#include <system_error>

namespace auth {

enum class errc {
  unauthenticated = 1,  // no session, or one that is not valid
  session_expired,      // a good session whose time is over
  bad_service_key,      // a service call without a known key
  must_wait,            // what is known here does not tell: verifier::verify_later()
  login_unavailable,    // whoever could tell does not answer
};

std::error_code make_error_code(errc code);

}  // namespace auth

template <>
struct std::is_error_code_enum<auth::errc> : std::true_type {};
