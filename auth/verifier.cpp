#include "auth/verifier.hpp"

#include <algorithm>
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

// An issuer with what this shard knows of its keys.
struct verifier::login {
  const issuer_settings* settings = nullptr;
  issuer_keys_ptr known;
  jose::key_set keys;  // copies of the known ones for this thread

  bool has_kid(std::string_view kid) const {
    return std::ranges::any_of(keys.keys(), [&](const jose::key& one) { return one.kid() == kid; });
  }
};

struct verifier::state {
  explicit state(std::shared_ptr<const session_settings> from)
      : settings(std::move(from)),
        keys(settings->keys.for_this_thread()),
        cache(settings->cache_tokens, random_seed()) {
    for (const issuer_settings& one : settings->issuers) logins.push_back({&one, nullptr, {}});
  }

  login* login_of(std::string_view issuer) {
    for (login& one : logins)
      if (one.settings->issuer == issuer) return &one;
    return nullptr;
  }

  std::shared_ptr<const session_settings> settings;
  jose::key_set keys;
  std::vector<login> logins;
  token_cache cache;
  key_source* source = nullptr;
};

verifier::verifier(std::shared_ptr<const session_settings> settings)
    : state_(std::make_unique<state>(std::move(settings))) {}
verifier::~verifier() = default;
verifier::verifier(verifier&&) noexcept = default;
verifier& verifier::operator=(verifier&&) noexcept = default;

core::result<identity_ptr> verifier::verify(const http::request_head& head, core::wall_time now) {
  const auto token = find_token(*state_->settings, head);
  if (!token) return core::same_failure(token);
  return verify_token(*token, now);
}

core::result<credential> verifier::credential_of(const http::request_head& head) const {
  const auto token = find_token(*state_->settings, head);
  if (!token) return core::same_failure(token);
  return credential{core::secret(std::string(*token))};
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
  const login* whose = nullptr;
  std::optional<jose::claimed_origin> says;
  if (!state_->logins.empty()) {
    auto origin = jose::origin_of(token, settings.rules);
    if (!origin) return core::fail(refusal_for(origin.error()));
    whose = state_->login_of(origin->issuer);
    says = std::move(*origin);
  }
  const auto good = whose ? verify_with(*whose, token, *says, now)
                          : jose::verify_jwt(token, state_->keys, settings.rules, now);
  const bool token_is_judged = good || (good.error().code != errc::must_wait &&
                                        good.error().code != errc::login_unavailable);
  if (!token_is_judged) return core::same_failure(good);
  if (!good) return core::fail(refusal_for(good.error()));
  const claim_rules& rules = whose ? whose->settings->claims : settings;
  auto who = identity_of(good->claims, good->expires_at, rules);
  if (!who) return core::same_failure(who);
  auto shared = std::make_shared<const identity>(std::move(*who));
  state_->cache.put({std::string(token), shared, good->valid_from - settings.rules.leeway,
                     good->expires_at + settings.rules.leeway});
  return shared;
}

// The issuer that a token names says whose keys count, and they alone do.
core::result<jose::verified_jwt> verifier::verify_with(const login& whose, std::string_view token,
                                                       const jose::claimed_origin& says,
                                                       core::wall_time now) const {
  const bool worth_asking = !is_symmetric(says.alg) && state_->source &&
                            state_->source->worth_asking(whose.known.get(), says.kid);
  if (whose.keys.empty() && !is_symmetric(says.alg))
    return core::fail(worth_asking ? errc::must_wait : errc::login_unavailable,
                      "no keys of " + whose.settings->name);
  auto good = jose::verify_jwt(token, whose.keys, whose.settings->rules, now);
  if (good || !worth_asking) return good;
  // Keys without a name are known by trying them.
  const bool another_key = good.error().code == jose::errc::unknown_key ||
                           (good.error().code == jose::errc::bad_signature &&
                            (says.kid.empty() || !whose.has_kid(says.kid)));
  if (another_key) return core::fail(errc::must_wait);
  return good;
}

core::task<core::result<identity_ptr>> verifier::verify_later(credential who,
                                                              const core::clock& time,
                                                              core::deadline until) {
  auto first = verify_token(who.text.reveal(), time.wall_now());
  if (first || first.error().code != errc::must_wait) co_return first;
  const auto origin = jose::origin_of(who.text.reveal(), state_->settings->rules);
  const login* whose = origin ? state_->login_of(origin->issuer) : nullptr;
  if (!whose) co_return core::fail(errc::unauthenticated, "the issuer is not one of ours");
  std::string name = whose->settings->name;
  std::string kid = origin->kid;
  auto keys = co_await state_->source->ask(name, std::move(kid), until);
  if (!keys) co_return core::same_failure(keys);
  learn(name, std::move(*keys));
  auto again = verify_token(who.text.reveal(), time.wall_now());
  if (!again && again.error().code == errc::must_wait)
    co_return core::fail(errc::unauthenticated, "no key of the issuer fits the token");
  co_return again;
}

void verifier::use(std::shared_ptr<const session_settings> settings) {
  auto next = std::make_unique<state>(std::move(settings));
  next->source = state_->source;
  // Keys that are known already need no fetch; those of an issuer that moved are others'.
  for (login& one : next->logins)
    for (const login& before : state_->logins)
      if (same_source(*one.settings, *before.settings)) {
        one.known = before.known;
        one.keys = before.keys;
      }
  state_ = std::move(next);
}

void verifier::meet(key_source& keys) { state_->source = &keys; }

void verifier::learn(const std::string& issuer_name, issuer_keys_ptr keys) {
  for (login& one : state_->logins) {
    if (one.settings->name != issuer_name) continue;
    const bool same = one.known && one.known->edition == keys->edition;
    // An answer that crossed with a newer announcement.
    if (one.known && keys->edition < one.known->edition) return;
    one.known = std::move(keys);
    if (same) return;
    one.keys = one.known->keys.for_this_thread();
    state_->cache.clear();
  }
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
