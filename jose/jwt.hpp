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

// exp is required. Order: size and shape, header, key by kid and alg, signature, claims. Failures:
// jose::errc.
core::result<verified_jwt> verify_jwt(std::string_view token, const key_set& keys,
                                      const jwt_rules& rules, core::wall_time now);

}  // namespace jose
