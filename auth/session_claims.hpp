// session_claims: a verified token's claims -> who the caller is. Pure; whatever verifies sessions
// ends here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/identity.hpp"
#include "auth/session_settings.hpp"
#include "core/json.hpp"
#include "core/result.hpp"

namespace auth {

// errc::unauthenticated where the user claim is missing or no user_id, a required claim is missing
// or another one, or a refused one is there.
core::result<identity> identity_of(const core::json_value& claims, core::wall_time expires_at,
                                   const claim_rules& rules);

// A NumericDate (RFC 7519 section 2), or a time as text, as frameworks' JSON has it.
std::optional<core::wall_time> instant_in(const core::json_value& value);

// A member by name, else by a path whose steps are separated by dots; nullptr where it leads
// nowhere. Names may have dots in them, at every step ("https://acme.example/roles",
// "resource_access.web.app.roles"): whatever reading of the path leads somewhere counts.
const core::json_value* claim_at(const core::json_value& claims, std::string_view path);

// Trimmed, cut to 64 code points; empty where it holds control, line or direction characters.
std::string display_name(std::string_view utf8);

}  // namespace auth
