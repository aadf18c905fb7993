// verifier: credentials of a request -> identity, on every request, trusting nobody else's word.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity.hpp"
#include "core/options.hpp"
#include "core/result.hpp"
#include "http/message.hpp"
#include "jose/jwt.hpp"

namespace auth {

// [session]: where a session is looked for and what makes one valid.
struct session_settings {
  bool bearer = true;                    // Authorization: Bearer
  std::vector<std::string> cookies;      // names, in order; bearer goes first and a bad one is final
  jose::key_set keys;
  jose::jwt_rules rules;
  std::string user_claim = "sub";
  std::string name_claim = "name";
  std::vector<std::string> role_claims = {"role", "roles"};  // dotted paths
  std::size_t cache_tokens = 4096;       // verified tokens remembered per shard
};
session_settings read_session_settings(core::options& from);

class verifier {
 public:
  explicit verifier(std::shared_ptr<const session_settings> settings);
  ~verifier();

  // Fails with auth::errc. Never waits. The token is compared whole with remembered ones and its times are checked on
  // every call.
  core::result<identity_ptr> verify(const http::request_head& head, core::wall_time now);
  // The same for a token by itself.
  core::result<identity_ptr> verify_token(std::string_view token, core::wall_time now);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

// The token of the first configured source that has one: unauthenticated when there is none or the fields are
// ambiguous (two Authorization fields, another scheme).
core::result<std::string_view> find_token(const session_settings& settings, const http::request_head& head);

// Signs a session for trying out: sub, role, name, iat, nbf, exp, jti, and the first configured iss and aud.
struct session_wish {
  core::user_id user;
  std::optional<core::role> role;
  std::string name;
  std::chrono::seconds lifetime{3600};
};
core::result<std::string> mint_session(const session_settings& settings, const session_wish& wish,
                                       core::wall_time now, std::string token_id);

}  // namespace auth
