// explain_token: why a session is, or is not, accepted, as the running server would judge it.
#pragma once

#include <string>

#include "app/config.hpp"
#include "auth/explain_session.hpp"

namespace app {

// As it would be judged at that time by what is known now: fetches keys where the token's login has
// them by URL, asks the login that knows it, and reads revocations from the store.
auth::session_explanation explain_token(const config& settings, std::string_view token,
                                        core::wall_time at);

}  // namespace app
