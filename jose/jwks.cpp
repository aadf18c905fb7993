// key_set::from_jwks: a JSON Web Key Set (RFC 7517) becomes the keys that may verify sessions.
#include <algorithm>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "jose/error.hpp"
#include "jose/keys.hpp"

namespace jose {
namespace {

// The largest sets seen (Entra ID with certificate chains) have some 20 KiB; a set has a handful of
// keys.
constexpr core::json_limits set_limits{256 * 1024, 8, 10'000};
constexpr std::size_t keys_max = 64;

// use and key_ops, where they are there, must allow verifying (RFC 7517 sections 4.2 and 4.3).
bool may_verify(const core::json_value& jwk) {
  if (const auto* use = jwk.find("use"))
    if (!use->as_string() || *use->as_string() != "sig") return false;
  const auto* operations = jwk.find("key_ops");
  if (!operations) return true;
  const auto* items = operations->as_array();
  return items && std::ranges::any_of(*items, [](const core::json_value& one) {
           return one.as_string() && *one.as_string() == "verify";
         });
}

core::result<key> read_shared(const core::json_value& jwk, std::optional<algorithm> alg,
                              std::string kid) {
  const std::string* encoded = jwk.find_string("k");
  auto raw = encoded ? core::from_base64url(*encoded) : std::nullopt;
  if (!raw) return core::fail(errc::bad_key, "oct key without k");
  return key::from_secret(core::secret(std::move(*raw)), alg.value_or(algorithm::hs256),
                          std::move(kid));
}

core::result<key> read_key(const core::json_value& jwk, bool allow_symmetric) {
  if (!jwk.as_object()) return core::fail(errc::bad_key, "not an object");
  if (!may_verify(jwk)) return core::fail(errc::bad_key, "not for verifying signatures");
  std::optional<algorithm> alg;
  if (const auto* named = jwk.find("alg")) {
    if (named->as_string()) alg = algorithm_from(*named->as_string());
    if (!alg) return core::fail(errc::bad_key, "unknown alg");
  }
  std::string kid;
  if (const auto* named = jwk.find("kid")) {
    if (!named->as_string()) return core::fail(errc::bad_key, "kid is not a string");
    kid = *named->as_string();
  }
  const std::string* type = jwk.find_string("kty");
  if (!type || *type != "oct") return key::from_public_jwk(jwk, alg, std::move(kid));
  if (!allow_symmetric) return core::fail(errc::bad_key, "a shared secret in a published set");
  return read_shared(jwk, alg, std::move(kid));
}

// Two keys that a token could mean alike: the first would hide the second.
bool collide(const key& a, const key& b) {
  return !a.kid().empty() && a.kid() == b.kid() && a.algorithm() == b.algorithm();
}

bool are_the_same(const key& a, const key& b) {
  if (!is_symmetric(a.algorithm())) return a.public_jwk() == b.public_jwk();
  std::string probe;
  return a.sign("probe", probe).has_value() && b.verify("probe", probe);
}

}  // namespace

core::result<key_set> key_set::from_jwks(std::string_view json, bool allow_symmetric) {
  const auto root = core::read_json(json, set_limits);
  if (!root) return core::fail(errc::bad_key, "the key set is not JSON: " + root.error().detail);
  const auto* listed = root->find("keys");
  if (!listed || !listed->as_array())
    return core::fail(errc::bad_key, "the key set has no list of keys");
  if (listed->as_array()->size() > keys_max)
    return core::fail(errc::bad_key, "the key set has over 64 keys");
  key_set out;
  std::string skipped;
  for (const core::json_value& jwk : *listed->as_array()) {
    auto read = read_key(jwk, allow_symmetric);
    if (!read) {
      skipped += (skipped.empty() ? ": " : ", ") + read.error().detail;
      continue;
    }
    const auto twin =
        std::ranges::find_if(out.keys_, [&](const key& one) { return collide(one, *read); });
    if (twin == out.keys_.end())
      out.add(std::move(*read));
    else if (!are_the_same(*twin, *read))
      return core::fail(errc::bad_key, "the key set has two keys of one kid and alg");
  }
  if (out.empty()) return core::fail(errc::bad_key, "the key set has no usable key" + skipped);
  return out;
}

}  // namespace jose
