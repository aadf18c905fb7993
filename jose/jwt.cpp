#include "jose/jwt.hpp"

#include <algorithm>
#include <cmath>

#include "core/encoding.hpp"
#include "jose/error.hpp"

namespace jose {
namespace {

// Headers with a certificate chain in x5c are the deepest and longest that issuers send.
constexpr core::json_limits header_limits{8 * 1024, 6, 128};
// Keycloak's resource_access.<client>.roles is four deep; a thousand group names still fit.
constexpr core::json_limits claims_limits{8 * 1024, 10, 2'000};
// The end of the year 9999. What lies beyond is milliseconds by mistake, or an attack on the
// arithmetic.
constexpr double instant_max = 253'402'300'799.0;
// The last whole second that a wall_time in nanoseconds can hold is in 2262.
constexpr std::int64_t wall_seconds_max = 9'000'000'000;
// A token without kid is tried with at most so many keys of its algorithm: each costs a signature
// check.
constexpr int keys_tried_max = 4;

struct parts {
  std::string_view header;
  std::string_view claims;
  std::string_view signature;
  std::string_view signed_text;  // header "." claims
};

core::result<parts> split(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == token.npos ? first : token.find('.', first + 1);
  if (second == token.npos) return core::fail(errc::malformed, "not three parts");
  parts out{token.substr(0, first), token.substr(first + 1, second - first - 1),
            token.substr(second + 1), token.substr(0, second)};
  // JWE in compact form has five.
  if (out.signature.find('.') != token.npos)
    return core::fail(errc::malformed, "more than three parts");
  if (out.header.empty() || out.claims.empty()) return core::fail(errc::malformed, "an empty part");
  return out;
}

std::string_view without_application(std::string_view type) {
  constexpr std::string_view prefix = "application/";
  if (type.size() > prefix.size() &&
      core::equals_ignoring_case(type.substr(0, prefix.size()), prefix))
    type.remove_prefix(prefix.size());
  return type;
}

struct header {
  algorithm alg;
  std::optional<std::string> kid;
};

// Members that would change what the rest means, or that name a key of the sender's choice. crit is
// refused whatever it lists, for we understand no extension (RFC 7515 section 4.1.11); so are b64
// (RFC 7797) and zip, also with the value that changes nothing.
core::result<void> check_members(const core::json_value& json) {
  for (const std::string_view name : {"crit", "b64", "zip", "jwk", "jku", "x5u"})
    if (json.find(name)) return core::fail(errc::unsupported, "header with " + std::string(name));
  // x5t, x5t#S256 and x5c are sent by issuers in good faith (Entra ID, ADFS); they are never looked
  // at.
  return {};
}

core::result<void> check_type(const core::json_value& json, const jwt_rules& rules) {
  if (const auto* content = json.find("cty")) {
    const auto* text = content->as_string();
    if (!text) return core::fail(errc::malformed, "cty is not a string");
    if (core::equals_ignoring_case(without_application(*text), "JWT"))
      return core::fail(errc::unsupported, "a token inside a token");
  }
  const auto* type = json.find("typ");
  if (!type) return {};
  const auto* text = type->as_string();
  if (!text) return core::fail(errc::malformed, "typ is not a string");
  const bool known = std::ranges::any_of(rules.types, [&](const std::string& one) {
    return core::equals_ignoring_case(without_application(*text), one);
  });
  if (!known) return core::fail(errc::unsupported, "typ of another kind of token");
  return {};
}

core::result<header> read_header(std::string_view encoded, const jwt_rules& rules) {
  const auto text = core::from_base64url(encoded);
  if (!text) return core::fail(errc::malformed, "header is not base64url");
  auto json = core::read_json(*text, header_limits);
  if (!json || !json->as_object())
    return core::fail(errc::malformed, "header is not a JSON object");
  const std::string* name = json->find_string("alg");
  if (!name) return core::fail(errc::malformed, "alg is missing or not a string");
  const auto alg = algorithm_from(*name);
  if (!alg) return core::fail(errc::unsupported, "unknown alg");
  if (!rules.algorithms.empty() &&
      std::ranges::find(rules.algorithms, *alg) == rules.algorithms.end())
    return core::fail(errc::unsupported, "an alg that is not expected");
  if (auto fine = check_members(*json); !fine) return core::same_failure(fine);
  if (auto fine = check_type(*json, rules); !fine) return core::same_failure(fine);
  header out{*alg, std::nullopt};
  if (const auto* kid = json->find("kid")) {
    const auto* kid_text = kid->as_string();
    if (!kid_text || kid_text->size() > kid_bytes_max)
      return core::fail(errc::malformed, "kid is not a string of at most 256 bytes");
    out.kid = *kid_text;
  }
  return out;
}

core::result<core::json_value> parse_claims(std::string_view json) {
  auto claims = core::read_json(json, claims_limits);
  if (!claims || !claims->as_object())
    return core::fail(errc::malformed, "claims are not a JSON object");
  return claims;
}

core::result<core::json_value> read_claims(std::string_view encoded) {
  const auto text = core::from_base64url(encoded);
  if (!text) return core::fail(errc::malformed, "claims are not base64url");
  return parse_claims(*text);
}

// kid is compared byte by byte and means nothing else. Where a key of that name exists, only keys
// of that name count; otherwise keys that were configured without a name do.
core::result<void> check_signature(const parts& token, const header& head, const key_set& keys,
                                   std::string_view signature) {
  const auto named = [&](const key& one) {
    return head.kid && !one.kid().empty() && one.kid() == *head.kid;
  };
  const bool any_named = std::ranges::any_of(keys.keys(), named);
  int tried = 0;
  for (const key& one : keys.keys()) {
    if (one.algorithm() != head.alg) continue;
    if (any_named ? !named(one) : head.kid && !one.kid().empty()) continue;
    if (tried++ == keys_tried_max) break;
    if (one.verify(token.signed_text, signature)) return {};
  }
  if (tried == 0) return core::fail(errc::unknown_key, "no key for this kid and alg");
  return core::fail(errc::bad_signature, "signature does not match");
}

// A NumericDate (RFC 7519 section 2) in seconds; nullopt where the claim is absent.
core::result<std::optional<double>> instant(const core::json_value& claims, std::string_view name) {
  const auto* found = claims.find(name);
  if (!found) return std::nullopt;
  const auto number = found->as_number();
  if (!number || !std::isfinite(*number) || *number < 0 || *number > instant_max)
    return core::fail(errc::bad_claims, std::string(name) + " is not a time");
  return *number;
}

core::wall_time to_wall(double seconds) {
  return core::from_unix_seconds(std::min(static_cast<std::int64_t>(seconds), wall_seconds_max));
}

core::result<void> read_times(verified_jwt& token, const jwt_rules& rules, core::wall_time now) {
  const auto expires = instant(token.claims, "exp");
  if (!expires) return core::same_failure(expires);
  if (!*expires) return core::fail(errc::bad_claims, "exp is missing");
  const auto begins = instant(token.claims, "nbf");
  if (!begins) return core::same_failure(begins);
  const auto issued = instant(token.claims, "iat");
  if (!issued) return core::same_failure(issued);
  // Fractions of a second are rounded against the token.
  token.expires_at = to_wall(std::floor(**expires));
  token.valid_from = to_wall(std::ceil(std::max(begins->value_or(0), issued->value_or(0))));
  if (now >= token.expires_at + rules.leeway) return core::fail(errc::expired, "exp has passed");
  if (now + rules.leeway < token.valid_from)
    return core::fail(errc::not_yet_valid, "nbf or iat lies ahead");
  return {};
}

bool is_one_of(const std::string& text, const std::vector<std::string>& accepted) {
  return std::ranges::find(accepted, text) != accepted.end();
}

// A member that is a string or not there at all.
core::result<const std::string*> optional_text(const core::json_value& claims,
                                               std::string_view name) {
  const auto* found = claims.find(name);
  if (!found) return nullptr;
  if (const auto* text = found->as_string()) return text;
  return core::fail(errc::bad_claims, std::string(name) + " is not a string");
}

core::result<void> check_audience(const core::json_value& claims,
                                  const std::vector<std::string>& accepted) {
  const auto* found = claims.find("aud");
  bool meant_for_us = accepted.empty();
  if (found && found->as_string()) {
    meant_for_us = meant_for_us || is_one_of(*found->as_string(), accepted);
  } else if (found) {
    const auto* items = found->as_array();
    if (!items) return core::fail(errc::bad_claims, "aud is not a string or a list of strings");
    for (const core::json_value& item : *items) {
      if (!item.as_string()) return core::fail(errc::bad_claims, "aud lists what is not a string");
      meant_for_us = meant_for_us || is_one_of(*item.as_string(), accepted);
    }
  }
  if (!meant_for_us) return core::fail(errc::bad_claims, "aud does not name us");
  return {};
}

core::result<void> check_registered(const core::json_value& claims, const jwt_rules& rules) {
  const auto issuer = optional_text(claims, "iss");
  if (!issuer) return core::same_failure(issuer);
  if (!rules.issuers.empty() && (!*issuer || !is_one_of(**issuer, rules.issuers)))
    return core::fail(errc::bad_claims, "iss is not an issuer of ours");
  for (const std::string_view name : {"sub", "jti"})
    if (const auto text = optional_text(claims, name); !text) return core::same_failure(text);
  const auto party = optional_text(claims, "azp");
  if (!party) return core::same_failure(party);
  if (!rules.parties.empty() && (!*party || !is_one_of(**party, rules.parties)))
    return core::fail(errc::bad_claims, "azp is not a party of ours");
  return check_audience(claims, rules.audiences);
}

core::result<verified_jwt> accept(core::json_value claims, const jwt_rules& rules,
                                  core::wall_time now) {
  verified_jwt out{std::move(claims), {}, {}};
  if (auto fine = check_registered(out.claims, rules); !fine) return core::same_failure(fine);
  if (auto fine = read_times(out, rules, now); !fine) return core::same_failure(fine);
  return out;
}

}  // namespace

core::result<std::string> sign_jwt(const key& with, std::string_view claims_json,
                                   std::string_view typ) {
  if (!claims_json.starts_with('{') || !claims_json.ends_with('}'))
    return core::fail(errc::malformed, "claims are not a JSON object");
  std::string out;
  out.reserve(with.jwt_header().size() + claims_json.size() * 4 / 3 + 128);
  if (typ == "JWT") {
    out = with.jwt_header();
  } else {
    std::string json;
    core::json_writer writer(json);
    writer.begin_object().member("alg", name_of(with.algorithm()));
    if (!with.kid().empty()) writer.member("kid", with.kid());
    writer.member("typ", typ).end_object();
    core::append_base64url(out, core::as_bytes(json));
  }
  out += '.';
  core::append_base64url(out, core::as_bytes(claims_json));
  std::string signature;
  if (auto done = with.sign(out, signature); !done) return core::same_failure(done);
  out += '.';
  core::append_base64url(out, core::as_bytes(signature));
  return out;
}

core::result<claimed_origin> origin_of(std::string_view token, const jwt_rules& rules) {
  if (token.size() > rules.token_bytes_max) return core::fail(errc::malformed, "too large");
  const auto pieces = split(token);
  if (!pieces) return core::same_failure(pieces);
  auto head = read_header(pieces->header, rules);
  if (!head) return core::same_failure(head);
  const auto claims = read_claims(pieces->claims);
  if (!claims) return core::same_failure(claims);
  const auto issuer = optional_text(*claims, "iss");
  if (!issuer) return core::same_failure(issuer);
  return claimed_origin{head->alg, std::move(head->kid).value_or(""),
                        *issuer ? **issuer : std::string()};
}

core::result<verified_jwt> verify_jwt(std::string_view token, const key_set& keys,
                                      const jwt_rules& rules, core::wall_time now) {
  if (token.size() > rules.token_bytes_max) return core::fail(errc::malformed, "too large");
  const auto pieces = split(token);
  if (!pieces) return core::same_failure(pieces);
  const auto head = read_header(pieces->header, rules);
  if (!head) return core::same_failure(head);
  const auto signature = core::from_base64url(pieces->signature);
  if (!signature) return core::fail(errc::malformed, "signature is not base64url");
  if (auto good = check_signature(*pieces, *head, keys, *signature); !good)
    return core::same_failure(good);

  auto claims = read_claims(pieces->claims);
  if (!claims) return core::same_failure(claims);
  return accept(std::move(*claims), rules, now);
}

core::result<verified_jwt> accept_claims(std::string_view json, const jwt_rules& rules,
                                         core::wall_time now) {
  auto claims = parse_claims(json);
  if (!claims) return core::same_failure(claims);
  return accept(std::move(*claims), rules, now);
}

}  // namespace jose
