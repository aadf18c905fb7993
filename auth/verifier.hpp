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
  bool bearer = true;                // Authorization: Bearer
  std::vector<std::string> cookies;  // names, in order; bearer goes first and a bad one is final
  jose::key_set keys;
  jose::jwt_rules rules;
  std::string user_claim = "sub";
  std::string name_claim = "name";
  std::vector<std::string> role_claims = {"role", "roles"};  // dotted paths
  std::vector<std::string> expert_roles = {"expert"};        // what those claims call an expert
  std::vector<std::string> client_roles = {"client"};
  std::size_t cache_tokens = 4096;  // verified tokens remembered per shard
};
// Keys: secret (and previous_secret while it is being replaced) with algorithm = HS256|HS384|HS512;
// any number of tables [session.keys.<name>] with secret or pem, algorithm, kid; jwks. Each of
// secret, pem and jwks also as …_file.
session_settings read_session_settings(core::options& from);

class verifier {
 public:
  explicit verifier(std::shared_ptr<const session_settings> settings);
  ~verifier();
  verifier(verifier&&) noexcept;
  verifier& operator=(verifier&&) noexcept;

  // Fails with auth::errc. Never waits. The token is compared whole with remembered ones and its
  // times are checked on every call.
  core::result<identity_ptr> verify(const http::request_head& head, core::wall_time now);
  // The same for a token by itself.
  core::result<identity_ptr> verify_token(std::string_view token, core::wall_time now);
  // The token that verify() looks at, for whoever outlives the request and asks again.
  core::result<std::string_view> token_of(const http::request_head& head) const;

  // Other keys from now on, and nothing that was verified with the ones before is remembered.
  // Sources that must wait (a key set by URL, introspection) stand beside this class: they wait
  // first, then hand keys in here or claims to identity_of(), so that what is known stays a plain
  // function call.
  void use_keys(const jose::key_set& keys);
  std::size_t remembered() const;  // verified tokens in the cache

 private:
  core::result<identity_ptr> verify_afresh(std::string_view token, core::wall_time now);

  struct state;
  std::unique_ptr<state> state_;
};

// The token of the first configured source that has one: unauthenticated when there is none or the
// fields are ambiguous (two Authorization fields, another scheme).
core::result<std::string_view> find_token(const session_settings& settings,
                                          const http::request_head& head);

// Signs a session for trying out: sub, role, name, iat, nbf, exp, jti, and the first configured iss
// and aud.
struct session_wish {
  core::user_id user;
  std::optional<core::role> role;
  std::string name;
  std::chrono::seconds lifetime{3600};
};
core::result<std::string> mint_session(const session_settings& settings, const session_wish& wish,
                                       core::wall_time now, std::string token_id);

}  // namespace auth
