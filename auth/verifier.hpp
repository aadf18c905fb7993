// verifier: credentials of a request -> identity, on every request, trusting nobody else's word.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/asked_login.hpp"
#include "auth/found_credential.hpp"
#include "auth/identity.hpp"
#include "auth/issuer_keys.hpp"
#include "auth/revocations.hpp"
#include "auth/session_settings.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "core/task.hpp"
#include "http/message.hpp"

namespace auth {

class token_cache;

// What a request brought along, kept by whoever has to wait before it can be verified.
struct credential {
  core::secret text;
  credential_kind kind = credential_kind::token;
  std::size_t cookie = 0;  // of a sealed one: its place in the settings
  identity_ptr told = {};  // by a trusted proxy
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
  // `from_proxy`: the request came through a proxy that is trusted to have set its fields.
  core::result<identity_ptr> verify(const http::request_head& head, core::wall_time now,
                                    bool from_proxy = false);
  // The same for a token by itself.
  core::result<identity_ptr> verify_token(std::string_view token, core::wall_time now);
  // Whether what a trusted proxy says can matter at all.
  bool hears_proxies() const;
  // What verify() looks at, for whoever outlives the request and asks again.
  core::result<credential> credential_of(const http::request_head& head, core::wall_time now,
                                         bool from_proxy = false);
  // As verify(), having asked whoever knows more: a login for its keys.
  core::task<core::result<identity_ptr>> verify_later(credential who, const core::clock* time,
                                                      core::deadline until);

  // Other settings from now on, and nothing that was verified with the ones before is remembered.
  void use(std::shared_ptr<const session_settings> settings);
  // Other keys of its own.
  void use_keys(const jose::key_set& keys);
  // Who fetches keys of issuers. Must outlive this object.
  void meet(key_source& keys);
  // What asking others takes; without it their sessions are refused.
  void meet(const asking_parts& parts);
  // What became known of an issuer's keys. Tokens that others verified are forgotten. False where
  // the keys are of no issuer of ours, such as one that has moved.
  bool learn(issuer_keys_ptr keys);
  // Those sessions do not count from now on, not even remembered ones. What others are asked about
  // is asked again, and where they tell a session's age or id that is held against these too.
  void revoke(std::span<const core::revocation> what, core::wall_time now);
  void revoke(const core::revocation& what, core::wall_time now) { revoke({&what, 1}, now); }
  // Of everything that is let in at this instant, or could be, the iat lies before the one given
  // back: an issuer's clock may be ahead by the leeway, and iat has whole seconds.
  core::wall_time made_before(core::wall_time now) const;
  // Revocations that were made before this instant cover nothing that still counts.
  core::wall_time forgotten_before(core::wall_time now) const;
  std::size_t remembered() const;  // verified tokens in the cache

 private:
  core::result<identity_ptr> verify_found(const found_credential& found,
                                          const http::request_head* head, core::wall_time now);
  core::result<identity_ptr> verify_sealed(std::string_view text, std::size_t cookie,
                                           core::wall_time now);
  core::result<identity_ptr> told_by_proxy(const http::request_head& head, core::wall_time now);
  core::task<core::result<identity_ptr>> wait_for_keys(credential who, const core::clock* time,
                                                       core::deadline until);
  core::result<identity_ptr> verify_afresh(std::string_view token, core::wall_time now);
  core::result<identity_ptr> accept(std::string_view text, const jose::verified_jwt& good,
                                    const claim_rules& rules, std::chrono::seconds leeway,
                                    token_cache& memory, core::wall_time now);
  struct login;
  core::result<identity_ptr> still_counts(core::result<identity_ptr> told,
                                          core::wall_time now) const;
  core::result<jose::verified_jwt> verify_with(const login& whose, std::string_view token,
                                               const jose::claimed_origin& says,
                                               core::wall_time now) const;

  struct state;
  std::unique_ptr<state> state_;
  revocations revoked_;
};

// Signs a session for trying out: sub, role, name, iat, nbf, exp, jti, the first configured iss
// and aud, and the claims that are required.
struct session_wish {
  core::user_id user;
  std::optional<core::role> role;
  std::string name;
  std::chrono::seconds lifetime{3600};
};
core::result<std::string> mint_session(const session_settings& settings, const session_wish& wish,
                                       core::wall_time now, std::string token_id);

}  // namespace auth
