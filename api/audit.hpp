// audit: one line per decision about a join, in a log of its own: who wanted into which room, and
// why they were or were not let in.
#pragma once

#include <string_view>

#include "auth/identity.hpp"
#include "core/log.hpp"
#include "http/exchange.hpp"
#include "join/join_service.hpp"

namespace api {

class audit_record {
 public:
  // `to` may be null: nothing is recorded.
  explicit audit_record(core::logger* to) : to_(to) {}

  // `who` is null where nobody was known. `code` is "ok" or the problem's. Never names a token: the
  // hash of its id tells two of them apart.
  void decided(const http::exchange& about, const join::join_call& call, const auth::identity* who,
               std::string_view outcome, std::string_view code, std::string_view provider) const;
  void revoked(const http::exchange& about, const core::revocation& what) const;

 private:
  core::logger* to_;
};

}  // namespace api
