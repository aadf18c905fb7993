// identity: who a verified session says the caller is.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"

namespace auth {

struct identity {
  core::user_id user;
  std::string name;          // display name from the session; may be empty
  bool names_roles = false;  // the session says what the caller is, in `roles`
  std::vector<core::role>
      roles;  // only meaningful where names_roles; roles we do not know are left out
  core::wall_time expires_at;                // of the session
  std::string token_id;                      // jti; may be empty
  std::optional<core::wall_time> issued_at;  // iat
};

using identity_ptr = std::shared_ptr<const identity>;

}  // namespace auth
