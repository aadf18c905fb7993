// The ways in which tokens and keys fail.
#pragma once

#include <system_error>

namespace jose {

enum class errc {
  malformed = 1,  // not a compact JWS, bad base64url, bad JSON, duplicate members, too large
  unsupported,    // crit, b64, zip, an unknown alg, "none", a token inside a token
  unknown_key,    // no key of ours fits kid and alg
  bad_signature,
  expired,        // exp has passed
  not_yet_valid,  // nbf or iat lies ahead
  bad_claims,     // exp missing, iss or aud wrong, a claim of the wrong type
  weak_key,       // shorter than its algorithm demands
  bad_key,        // not a key, or not one for this algorithm
};

std::error_code make_error_code(errc code);

}  // namespace jose

template <>
struct std::is_error_code_enum<jose::errc> : std::true_type {};
