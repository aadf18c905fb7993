// verifier: credentials of a request -> identity, on every request, trusting nobody else's word.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity.hpp"
#include "auth/issuer_keys.hpp"
#include "auth/session_settings.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "core/task.hpp"
#include "http/message.hpp"

namespace auth {

// What a request brought along, kept by whoever has to wait before it can be verified.
struct credential {
  core::secret text;
};

class verifier {
 public:
  explicit verifier(std::shared_ptr<const session_settings> settings);
  ~verifier();
  verifier(verifier&&) noexcept;
  verifier& operator=(verifier&&) noexcept;

  // Fails with auth::errc; errc::must_wait where what is known here does not tell, and
  // verify_later() will. Never waits. The token is compared whole with remembered ones and its
  // times are checked on every call.
  core::result<identity_ptr> verify(const http::request_head& head, core::wall_time now);
  // The same for a token by itself.
  core::result<identity_ptr> verify_token(std::string_view token, core::wall_time now);
  // What verify() looks at, for whoever outlives the request and asks again.
  core::result<credential> credential_of(const http::request_head& head) const;
  // As verify(), having asked whoever knows more: a login for its keys.
  core::task<core::result<identity_ptr>> verify_later(credential who, const core::clock& time,
                                                      core::deadline until);

  // Other settings from now on, and nothing that was verified with the ones before is remembered.
  void use(std::shared_ptr<const session_settings> settings);
  // Other keys of its own.
  void use_keys(const jose::key_set& keys);
  // Who fetches keys of issuers. Must outlive this object.
  void meet(key_source& keys);
  // What became known of an issuer's keys. Tokens that others verified are forgotten.
  void learn(const std::string& issuer_name, issuer_keys_ptr keys);
  std::size_t remembered() const;  // verified tokens in the cache

 private:
  core::result<identity_ptr> verify_afresh(std::string_view token, core::wall_time now);
  struct login;
  core::result<jose::verified_jwt> verify_with(const login& whose, std::string_view token,
                                               const jose::claimed_origin& says,
                                               core::wall_time now) const;

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
