// JSON Web Tokens in compact form: signed and verified (RFC 7515, 7519, 8725).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/result.hpp"
#include "jose/keys.hpp"

namespace jose {

// Header {"alg":…,["kid":…,]"typ":typ} and the given claims, which must be a JSON object's text.
core::result<std::string> sign_jwt(const key& with, std::string_view claims_json,
                                   std::string_view typ = "JWT");

struct jwt_rules {
  std::size_t token_bytes_max = 8 * 1024;
  std::vector<std::string> issuers;    // exact; empty: iss is not checked
  std::vector<std::string> audiences;  // one of them must be in aud; empty: aud is not checked
  std::chrono::seconds leeway{30};
  // azp (who asked for the token) must be one of these; empty: not checked.
  std::vector<std::string> parties;
  // Of all that a key may have, these; empty: all.
  std::vector<algorithm> algorithms;
  // typ, where the token has one, must be one of these (compared ignoring case, "application/"
  // dropped).
  std::vector<std::string> types = {"JWT", "at+jwt"};
};

// A token whose signature, header and registered claims have been found good.
struct verified_jwt {
  core::json_value claims;
  core::wall_time expires_at;  // exp; it is good until then and the leeway have passed
  core::wall_time valid_from;  // the later of nbf and iat, 1970 where there is neither
};

// What a token says of itself before anything of it has been verified: whose keys to look at, and
// nothing else.
struct claimed_origin {
  algorithm alg;
  std::string kid;     // empty where it names none
  std::string issuer;  // empty where it names none
};
// Refuses what verify_jwt would refuse before looking at a key.
core::result<claimed_origin> origin_of(std::string_view token, const jwt_rules& rules);

// exp is required. Order: size and shape, header, key by kid and alg, signature, claims. Failures:
// jose::errc.
core::result<verified_jwt> verify_jwt(std::string_view token, const key_set& keys,
                                      const jwt_rules& rules, core::wall_time now);

// The second half of verify_jwt, for claims whose origin is proven in another way.
core::result<verified_jwt> accept_claims(std::string_view json, const jwt_rules& rules,
                                         core::wall_time now);

}  // namespace jose
