// explain_token: why a session is, or is not, accepted, as the running server would judge it.
#pragma once

#include <string>

#include "app/config.hpp"
#include "auth/explain_session.hpp"

namespace app {

// Fetches keys where the token's login has them by URL, and reads revocations from the store.
auth::session_explanation explain_token(const config& settings, std::string_view token);

}  // namespace app
