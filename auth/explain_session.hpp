// explain_session: why a session is, or is not, accepted, rule by rule. Nothing of the token itself
// is in what it says.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "auth/revocations.hpp"
#include "auth/session_settings.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"

namespace auth {

struct session_question {
  std::string_view token;  // as field_of_pasted() reads it
  core::wall_time at;
  // Gets the keys of an issuer with keys by URL.
  std::function<core::result<jose::key_set>(const issuer_settings&)> keys_of;
  // What the server that is asked about such sessions says of this one.
  std::function<core::result<identity>(const asked_settings&, std::string_view forwarded)> ask;
  const revocations* revoked = nullptr;  // nullptr: not known
};

struct session_explanation {
  std::string text;  // one line per rule, and one for the decision
  bool accepted = false;
};
session_explanation explain_session(const session_settings& settings,
                                    const session_question& asked);

}  // namespace auth
