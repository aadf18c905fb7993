#include "auth/verifier.hpp"

#include <array>
#include <cstring>
#include <utility>

#include "auth/credentials.hpp"
#include "auth/error.hpp"
#include "auth/session_claims.hpp"
#include "auth/token_cache.hpp"
#include "core/random.hpp"
#include "jose/error.hpp"

namespace auth {
namespace {

std::uint64_t random_seed() {
  std::array<unsigned char, 8> bytes;
  core::system_random().fill(bytes);
  std::uint64_t out;
  std::memcpy(&out, bytes.data(), sizeof out);
  return out;
}

// The caller learns whether to log in again or at all; the log learns why. The token itself is in
// neither.
core::failure refusal_for(const core::failure& why) {
  const bool expired = why.code == jose::errc::expired;
  std::string detail = "token " + why.code.message();
  if (!why.detail.empty()) detail += ": " + why.detail;
  return core::failure(make_error_code(expired ? errc::session_expired : errc::unauthenticated),
                       std::move(detail));
}

core::failure expired_in_cache() {
  return core::failure(make_error_code(errc::session_expired), "token expired: exp has passed");
}

}  // namespace

struct verifier::state {
  explicit state(std::shared_ptr<const session_settings> from)
      : settings(std::move(from)),
        keys(settings->keys.for_this_thread()),
        cache(settings->cache_tokens, random_seed()) {}

  std::shared_ptr<const session_settings> settings;
  jose::key_set keys;
  token_cache cache;
};

verifier::verifier(std::shared_ptr<const session_settings> settings)
    : state_(std::make_unique<state>(std::move(settings))) {}
verifier::~verifier() = default;
verifier::verifier(verifier&&) noexcept = default;
verifier& verifier::operator=(verifier&&) noexcept = default;

core::result<identity_ptr> verifier::verify(const http::request_head& head, core::wall_time now) {
  const auto token = token_of(head);
  if (!token) return core::same_failure(token);
  return verify_token(*token, now);
}

core::result<std::string_view> verifier::token_of(const http::request_head& head) const {
  return find_token(*state_->settings, head);
}

core::result<identity_ptr> verifier::verify_token(std::string_view token, core::wall_time now) {
  if (const auto* known = state_->cache.find(token)) {
    if (now >= known->from && now < known->until) return known->who;
    // The wall clock may have been set back as well as gone on: then the token is looked at anew.
    const bool expired = now >= known->until;
    state_->cache.erase(token);
    if (expired) return core::fail(expired_in_cache());
  }
  return verify_afresh(token, now);
}

core::result<identity_ptr> verifier::verify_afresh(std::string_view token, core::wall_time now) {
  const session_settings& settings = *state_->settings;
  const auto good = jose::verify_jwt(token, state_->keys, settings.rules, now);
  if (!good) return core::fail(refusal_for(good.error()));
  auto who = identity_of(good->claims, good->expires_at, settings);
  if (!who) return core::same_failure(who);
  auto shared = std::make_shared<const identity>(std::move(*who));
  state_->cache.put({std::string(token), shared, good->valid_from - settings.rules.leeway,
                     good->expires_at + settings.rules.leeway});
  return shared;
}

void verifier::use_keys(const jose::key_set& keys) {
  state_->keys = keys.for_this_thread();
  state_->cache.clear();
}

std::size_t verifier::remembered() const { return state_->cache.size(); }

core::result<std::string_view> find_token(const session_settings& settings,
                                          const http::request_head& head) {
  if (settings.bearer) {
    const auto bearer = bearer_token(head);
    if (!bearer) return core::same_failure(bearer);
    if (*bearer) return **bearer;
  }
  for (const std::string& name : settings.cookies) {
    const auto cookie = cookie_value(head, name);
    if (!cookie) return core::same_failure(cookie);
    if (*cookie) return **cookie;
  }
  return core::fail(errc::unauthenticated, "no session");
}

}  // namespace auth
