#include "auth/verifier.hpp"

#include <algorithm>
#include <utility>

#include "auth/error.hpp"
#include "auth/session_claims.hpp"
#include "auth/token_cache.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"
#include "core/seed.hpp"
#include "jose/error.hpp"

namespace auth {
namespace {

// The caller learns whether to log in again or at all; the log learns why. The token itself is in
// neither.
core::failure refusal_for(const core::failure& why) {
  const bool expired = why.code == jose::errc::expired;
  std::string detail = "token " + why.code.message();
  if (!why.detail.empty()) detail += ": " + why.detail;
  return core::failure(make_error_code(expired ? errc::session_expired : errc::unauthenticated),
                       std::move(detail));
}

core::failure too_old() {
  return core::failure(make_error_code(errc::session_expired),
                       "made longer ago than session.revocations_kept");
}

// Who comes with a session that was taken back is known: the audit log tells it, the caller is not
// told.
core::failure taken_back(const identity& who) {
  core::failure why(make_error_code(errc::unauthenticated), "the session was revoked");
  return std::move(why)
      .with(std::string(audit_user), who.user.text())
      .with(std::string(audit_token_id), who.token_id)
      .with(std::string(audit_rule), "session_revoked");
}

core::failure expired_in_cache() {
  return core::failure(make_error_code(errc::session_expired),
                       "token expired: its time has passed");
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
        cache(settings->cache_tokens, core::random_seed()),
        sealed(settings->authjs ? settings->cache_tokens : 0, core::random_seed()) {
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
  std::shared_ptr<asked_login>& asked(credential_kind kind) {
    return kind == credential_kind::asked_callback ? callback : introspection;
  }
  void meet(const asking_parts& parts) {
    asking.emplace(parts);
    const auto make = [&](const std::optional<asked_settings>& from) {
      return from ? std::make_shared<asked_login>(*from, parts, settings->cache_tokens) : nullptr;
    };
    callback = make(settings->callback);
    introspection = make(settings->introspection);
  }

  token_cache cache;
  token_cache sealed;  // cookies that were opened
  key_source* source = nullptr;
  std::optional<asking_parts> asking;
  std::shared_ptr<asked_login> callback;
  std::shared_ptr<asked_login> introspection;
  std::string buffer;  // for credentials that come in pieces
};

verifier::verifier(std::shared_ptr<const session_settings> settings)
    : state_(std::make_unique<state>(std::move(settings))) {}
verifier::~verifier() = default;
verifier::verifier(verifier&&) noexcept = default;
verifier& verifier::operator=(verifier&&) noexcept = default;

core::result<identity_ptr> verifier::verify(const http::request_head& head, core::wall_time now,
                                            bool from_proxy) {
  const auto found = find_credential(*state_->settings, head, from_proxy, state_->buffer);
  if (!found) return core::same_failure(found);
  return verify_found(*found, &head, now);
}

core::result<identity_ptr> verifier::verify_found(const found_credential& found,
                                                  const http::request_head* head,
                                                  core::wall_time now) {
  switch (found.kind) {
    case credential_kind::token:
      return verify_token(found.text, now);
    case credential_kind::sealed_cookie:
      return verify_sealed(found.text, found.cookie, now);
    case credential_kind::told:
      if (head) return told_by_proxy(*head, now);
      break;
    case credential_kind::asked_callback:
    case credential_kind::asked_introspection:
      if (const auto& asked = state_->asked(found.kind)) {
        if (auto known = asked->remembered(found.text)) return still_counts(std::move(*known), now);
        return core::fail(errc::must_wait);
      }
      break;
  }
  return core::fail(errc::unauthenticated, "nobody can judge this session");
}

core::result<credential> verifier::credential_of(const http::request_head& head,
                                                 core::wall_time now, bool from_proxy) {
  const auto found = find_credential(*state_->settings, head, from_proxy, state_->buffer);
  if (!found) return core::same_failure(found);
  credential out{core::secret(std::string(found->text)), found->kind, found->cookie, {}};
  if (found->kind != credential_kind::told) return out;
  auto who = told_by_proxy(head, now);
  if (!who) return core::same_failure(who);
  out.told = std::move(*who);
  return out;
}

// The proxy has signed them in, so its word is all there is; it counts for this request.
core::result<identity_ptr> verifier::told_by_proxy(const http::request_head& head,
                                                   core::wall_time now) {
  const header_settings& names = *state_->settings->headers;
  core::json_value::object claims;
  const auto add = [&](const std::string& name, std::string_view value) {
    claims.emplace_back(name, core::json_value(core::json_value::any(std::string(value))));
  };
  claim_rules rules = *state_->settings;
  rules.user_claim = "user";
  rules.name_claim = "name";
  rules.role_claims = {"roles"};
  rules.required.clear();
  rules.refused.clear();
  add("user", head.find(names.user));
  if (!names.name.empty()) add("name", head.find(names.name));
  if (!names.roles.empty() && !head.find(names.roles).empty()) {
    core::json_value::array roles;
    std::string_view rest = head.find(names.roles);
    while (!rest.empty()) {
      const auto end = std::min(rest.find(','), rest.size());
      roles.emplace_back(core::json_value::any(std::string(core::trimmed(rest.substr(0, end)))));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    claims.emplace_back("roles", core::json_value(core::json_value::any(std::move(roles))));
  }
  const core::json_value said{core::json_value::any(std::move(claims))};
  auto who = identity_of(said, now + std::chrono::minutes(1), rules);
  if (!who) return core::same_failure(who);
  return std::make_shared<const identity>(std::move(*who));
}

// A cookie that Auth.js has sealed with the secret that we share.
core::result<identity_ptr> verifier::verify_sealed(std::string_view text, std::size_t cookie,
                                                   core::wall_time now) {
  if (const auto* known = state_->sealed.find(text)) {
    if (now >= known->from && now < known->until) return known->who;
    const bool expired = now >= known->until;
    state_->sealed.erase(text);
    if (expired) return core::fail(expired_in_cache());
  }
  const session_settings& settings = *state_->settings;
  if (!settings.authjs || cookie >= settings.authjs->cookies.size())
    return core::fail(errc::unauthenticated, "no such cookie any more");
  const auto& with = settings.authjs->cookies[cookie];
  auto opened = jose::decrypt_direct(text, with.cbc);
  if (!opened && opened.error().code == jose::errc::unsupported)
    opened = jose::decrypt_direct(text, with.gcm);
  if (!opened) return core::fail(refusal_for(opened.error()));
  // Whoever has sealed it is the issuer; Auth.js names neither iss nor aud.
  jose::jwt_rules rules;
  rules.leeway = settings.rules.leeway;
  const auto good = jose::accept_claims(opened->reveal(), rules, now);
  if (!good) return core::fail(refusal_for(good.error()));
  return accept(text, *good, settings, rules.leeway, state_->sealed, now);
}

// What is genuine and in its time: whether it says who the caller is, and still counts.
core::result<identity_ptr> verifier::accept(std::string_view text, const jose::verified_jwt& good,
                                            const claim_rules& rules, std::chrono::seconds leeway,
                                            token_cache& memory, core::wall_time now) {
  auto who = identity_of(good.claims, good.expires_at, rules);
  if (!who) return core::same_failure(who);
  who->expires_at = counts_until(*who, state_->settings->revocations_kept);
  if (now >= who->expires_at + leeway) return core::fail(too_old());
  if (revoked_.covers(*who)) return core::fail(taken_back(*who));
  auto shared = std::make_shared<const identity>(std::move(*who));
  memory.put({std::string(text), shared, good.valid_from - leeway, shared->expires_at + leeway});
  return shared;
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
  if (whose)
    return accept(token, *good, whose->settings->claims, whose->settings->rules.leeway,
                  state_->cache, now);
  return accept(token, *good, settings, settings.rules.leeway, state_->cache, now);
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
                                                              const core::clock* time,
                                                              core::deadline until) {
  if (who.told) co_return who.told;
  const found_credential found{who.kind, who.text.reveal(), who.cookie};
  auto first = verify_found(found, nullptr, time->wall_now());
  if (first || first.error().code != errc::must_wait) co_return first;
  if (who.kind == credential_kind::token)
    co_return co_await wait_for_keys(std::move(who), time, until);
  const std::shared_ptr<asked_login> asked = state_->asked(who.kind);
  auto told = co_await asked->ask(std::move(who.text), until);
  co_return still_counts(std::move(told), time->wall_now());
}

// What was told of a session may date or name it, and then it can have been taken back here.
core::result<identity_ptr> verifier::still_counts(core::result<identity_ptr> told,
                                                  core::wall_time now) const {
  if (!told) return told;
  const session_settings& settings = *state_->settings;
  if (now >= counts_until(**told, settings.revocations_kept) + settings.rules.leeway)
    return core::fail(too_old());
  if (revoked_.covers_told(**told)) return core::fail(taken_back(**told));
  return told;
}

core::task<core::result<identity_ptr>> verifier::wait_for_keys(credential who,
                                                               const core::clock* time,
                                                               core::deadline until) {
  const auto origin = jose::origin_of(who.text.reveal(), state_->settings->rules);
  const login* whose = origin ? state_->login_of(origin->issuer) : nullptr;
  if (!whose) co_return core::fail(errc::unauthenticated, "the issuer is not one of ours");
  std::string name = whose->settings->name;
  std::string kid = origin->kid;
  auto keys = co_await state_->source->ask(std::move(name), std::move(kid), until);
  if (!keys) co_return core::same_failure(keys);
  if (!learn(std::move(*keys))) {
    core::failure moving(make_error_code(errc::login_unavailable), "the issuer is being moved");
    co_return core::fail(std::move(moving).retry_in(std::chrono::seconds(1)));
  }
  auto again = verify_token(who.text.reveal(), time->wall_now());
  if (!again && again.error().code == errc::must_wait)
    co_return core::fail(errc::unauthenticated, "no key of the issuer fits the token");
  co_return again;
}

void verifier::use(std::shared_ptr<const session_settings> settings) {
  auto next = std::make_unique<state>(std::move(settings));
  next->source = state_->source;
  if (state_->asking) next->meet(*state_->asking);
  // Keys that are known already need no fetch; those of an issuer that moved are others'.
  for (login& one : next->logins)
    for (const login& before : state_->logins)
      if (origin_of(*one.settings) == origin_of(*before.settings)) {
        one.known = before.known;
        one.keys = before.keys;
      }
  state_ = std::move(next);
}

bool verifier::hears_proxies() const { return state_->settings->headers.has_value(); }

void verifier::meet(key_source& keys) { state_->source = &keys; }

void verifier::meet(const asking_parts& parts) { state_->meet(parts); }

bool verifier::learn(issuer_keys_ptr keys) {
  const auto whose = std::ranges::find_if(
      state_->logins, [&](const login& one) { return origin_of(*one.settings) == keys->origin; });
  if (whose == state_->logins.end()) return false;
  const bool same = whose->known && whose->known->edition == keys->edition;
  // An answer that crossed with a newer announcement.
  if (whose->known && keys->edition < whose->known->edition) return true;
  whose->known = std::move(keys);
  if (same) return true;
  whose->keys = whose->known->keys.for_this_thread();
  state_->cache.clear();
  return true;
}

void verifier::use_keys(const jose::key_set& keys) {
  state_->keys = keys.for_this_thread();
  state_->cache.clear();
}

void verifier::revoke(std::span<const core::revocation> what, core::wall_time now) {
  if (what.empty()) return;
  for (const core::revocation& one : what)
    revoked_.add(one, now, state_->settings->revocations_kept);
  // The memory is walked once. What one of a few says is known without the table.
  const auto gone = [&](const identity& who) {
    return what.size() > 1 ? revoked_.covers(who) : covers(what.front(), who);
  };
  state_->cache.erase_if(gone);
  state_->sealed.erase_if(gone);
  if (state_->callback) state_->callback->forget();
  if (state_->introspection) state_->introspection->forget();
}

core::wall_time verifier::made_before(core::wall_time now) const {
  const session_settings& settings = *state_->settings;
  std::chrono::seconds ahead = settings.rules.leeway;
  for (const issuer_settings& one : settings.issuers) ahead = std::max(ahead, one.rules.leeway);
  return core::from_unix_seconds(core::unix_seconds(now + ahead) + 1);
}

core::wall_time verifier::forgotten_before(core::wall_time now) const {
  return core::forgotten_before(now, state_->settings->revocations_kept);
}

std::size_t verifier::remembered() const { return state_->cache.size(); }

}  // namespace auth
