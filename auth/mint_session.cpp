// mint_session: signs a session for trying things out and for load tests.
#include <algorithm>
#include <utility>

#include "auth/verifier.hpp"
#include "core/json.hpp"
#include "jose/error.hpp"

namespace auth {
namespace {

using core::json_value;

json_value text(std::string value) { return json_value(json_value::any(std::move(value))); }
json_value number(std::int64_t value) { return json_value(json_value::any(value)); }

// Objects of the claims while they grow; read back by claim_at().
struct node {
  std::string name;
  std::vector<node> members;
  std::optional<json_value> leaf;

  node& at(std::string_view wanted) {
    for (node& inner : members)
      if (inner.name == wanted) return inner;
    return members.emplace_back(node{std::string(wanted), {}, {}});
  }
  // A URL is a name, dots and all; other dots are steps.
  void put(std::string_view path, json_value value) {
    node* here = this;
    if (path.find("://") == path.npos)
      for (auto dot = path.find('.'); dot != path.npos; dot = path.find('.')) {
        here = &here->at(path.substr(0, dot));
        path.remove_prefix(dot + 1);
      }
    here->at(path).leaf = std::move(value);
  }
  void write(core::json_writer& to) const {
    if (leaf) {
      to.value(*leaf);
      return;
    }
    to.begin_object();
    for (const node& inner : members) {
      to.any_name(inner.name);
      inner.write(to);
    }
    to.end_object();
  }
};

// A shared secret first: what others verify with a public key is the issuer's to sign.
const jose::key* signing_key(const jose::key_set& keys) {
  const auto& all = keys.keys();
  const auto shared =
      std::ranges::find_if(all, [](const jose::key& k) { return is_symmetric(k.algorithm()); });
  if (shared != all.end()) return &*shared;
  const auto pair = std::ranges::find_if(all, &jose::key::can_sign);
  return pair == all.end() ? nullptr : &*pair;
}

}  // namespace

core::result<std::string> mint_session(const session_settings& settings, const session_wish& wish,
                                       core::wall_time now, std::string token_id) {
  const jose::key* with = signing_key(settings.keys);
  if (!with)
    return core::fail(jose::errc::bad_key,
                      "no configured key can sign: sessions come from the issuer");
  if (wish.user.empty() || wish.lifetime <= std::chrono::seconds(0))
    return core::fail(jose::errc::bad_claims, "a session needs a user and a time to live");
  const std::int64_t issued = core::unix_seconds(now);
  node claims;
  for (const auto& [path, wanted] : settings.required) claims.put(path, text(wanted));
  claims.put(settings.user_claim, text(wish.user.text()));
  if (wish.role && !settings.role_claims.empty()) {
    const auto& said =
        *wish.role == core::role::expert ? settings.expert_roles : settings.client_roles;
    claims.put(settings.role_claims.front(),
               text(said.empty() ? std::string(core::name_of(*wish.role)) : said.front()));
  }
  if (!wish.name.empty()) claims.put(settings.name_claim, text(wish.name));
  if (!settings.rules.issuers.empty()) claims.put("iss", text(settings.rules.issuers.front()));
  if (!settings.rules.audiences.empty()) claims.put("aud", text(settings.rules.audiences.front()));
  claims.put("iat", number(issued));
  claims.put("nbf", number(issued));
  claims.put("exp", number(issued + wish.lifetime.count()));
  claims.put("jti", text(std::move(token_id)));
  std::string json;
  core::json_writer writer(json);
  claims.write(writer);
  return sign_jwt(*with, json);
}

}  // namespace auth
