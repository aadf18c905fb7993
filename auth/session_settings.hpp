// session_settings: [session] of the configuration: where a session is looked for, who may have
// made it, and what its claims mean.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/options.hpp"
#include "core/secret.hpp"
#include "jose/jwe.hpp"
#include "jose/jwt.hpp"

namespace auth {

// How claims become a person. Paths are dotted; a URL or any other name that is there as a whole
// comes first.
struct claim_rules {
  std::string user_claim = "sub";
  std::string name_claim = "name";
  std::vector<std::string> role_claims = {"role", "roles"};
  std::vector<std::string> expert_roles = {"expert"};  // what those claims call an expert
  std::vector<std::string> client_roles = {"client"};
  // Claims that must be there and say exactly this, a text or "true" or "false": {"tid", "…"}.
  std::vector<std::pair<std::string, std::string>> required;
  // Claims that must not say this, such as that the login is not through with them yet.
  std::vector<std::pair<std::string, std::string>> refused;
};

// [session.issuers.<name>]: a login whose keys are fetched. Its tokens are those with its `iss`;
// they are verified with its keys alone, and its keys verify no others.
struct issuer_settings {
  std::string name;      // of the table: for metrics and logs
  std::string issuer;    // letter by letter as `iss` has it
  std::string jwks_url;  // empty: found by OpenID Connect discovery
  jose::jwt_rules rules;
  claim_rules claims;
  // Keys that could not be fetched again serve this long after they should have been.
  std::chrono::milliseconds stale_for = std::chrono::hours(24);
};

// Where an issuer's keys come from. Of one that moves under its name, what is on its way from the
// old place must not pass for the new one's.
struct key_origin {
  std::string name;
  std::string issuer;
  std::string jwks_url;
  friend bool operator==(const key_origin&, const key_origin&) = default;
};
inline key_origin origin_of(const issuer_settings& of) { return {of.name, of.issuer, of.jwks_url}; }

// Servers that are asked whose session it is: [session.callback] is the marketplace's own and gets
// the caller's cookies or token; [session.introspection] is RFC 7662 and gets tokens.
enum class asked_kind : unsigned char { callback, introspection };
struct asked_settings {
  asked_kind kind = asked_kind::callback;
  std::string url;
  std::vector<std::string> cookies;  // callback: these are passed on, and no others
  std::string client_id;             // introspection
  core::secret client_secret;
  std::chrono::milliseconds timeout{2'000};
  std::chrono::milliseconds good_for{15'000};  // an answer counts without asking again
  std::chrono::milliseconds bad_for{5'000};    // the same where it was that there is no session
  std::string expires_claim = "exp";
  jose::jwt_rules rules;
  claim_rules claims;
};

// [session.authjs]: the encrypted session cookies of Auth.js (5) or NextAuth (4).
struct authjs_settings {
  // What may be found: cookies of that name, whole or in numbered pieces, and the keys that open
  // them.
  struct cookie {
    std::string name;
    jose::direct_keys gcm;
    jose::direct_keys cbc;
  };
  std::vector<cookie> cookies;
};

// [session.headers]: what a trusted proxy says of the caller, having signed them in itself.
struct header_settings {
  std::string user;
  std::string name;   // empty: none
  std::string roles;  // empty: none; several are separated by commas
};

struct session_settings : claim_rules {
  bool bearer = true;                // Authorization: Bearer
  std::vector<std::string> cookies;  // names, in order; bearer goes first and a bad one is final
  // Cookies of @supabase/ssr, whole or in pieces, with the access token inside.
  std::vector<std::string> supabase_cookies;
  jose::key_set keys;
  jose::jwt_rules rules;
  std::vector<issuer_settings> issuers;
  std::optional<authjs_settings> authjs;
  std::optional<asked_settings> callback;
  std::optional<asked_settings> introspection;
  std::optional<header_settings> headers;
  // Origins whose pages may use the caller's cookies here: ours, and those of [cors].
  std::vector<std::string> origins;
  std::size_t cache_tokens = 4096;  // verified tokens remembered per shard
  // To be no shorter than the longest life of a session: what revokes one is read back for so long.
  std::chrono::hours revocations_kept{24 * 90};
};

// Keys: secret (and previous_secret while it is being replaced) with algorithm = HS256|HS384|HS512;
// any number of tables [session.keys.<name>] with secret or pem, algorithm, kid; jwks. Each of
// secret, pem and jwks also as …_file. Any number of tables [session.issuers.<name>].
session_settings read_session_settings(core::options& from);

}  // namespace auth
