// The ways in which a caller is not who they must be.
#pragma once

#include <string_view>
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

// Facts of a failure that are for the audit log: who it was, and what the caller is not told.
inline constexpr std::string_view audit_user = "audit_user";
inline constexpr std::string_view audit_token_id = "audit_token_id";
inline constexpr std::string_view audit_rule = "audit_rule";
constexpr bool is_for_audit(std::string_view fact) { return fact.starts_with("audit_"); }

}  // namespace auth

template <>
struct std::is_error_code_enum<auth::errc> : std::true_type {};
