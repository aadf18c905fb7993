// session_token: the token that a video service of your own is handed, as a JWT or in the plain
// HMAC form.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/options.hpp"
#include "core/random.hpp"
#include "core/result.hpp"
#include "jose/keys.hpp"

namespace providers {

enum class token_kind : unsigned char { jwt, hmac, none };

// What a token says; the views live as long as the call.
struct session_claims {
  std::string_view room;
  std::string_view user;
  std::string_view role;
  std::string_view name;
  core::wall_time now;
  core::wall_time ends;
};

struct token_settings {
  token_kind kind = token_kind::jwt;
  std::optional<jose::key> key;  // absent for `none`, and where it had a mistake
  std::string kid;
  std::string typ = "JWT";
  std::string issuer;
  std::string audience;
  std::chrono::seconds lifetime{300};
  std::string expert = "expert";  // what the service calls our two seats
  std::string client = "client";
  std::string own_claims;                // as they stand in each token: ,"tenant":"acme"
  std::vector<std::string> public_jwks;  // the active key's, then older ones

  bool can_be_made() const { return kind == token_kind::none || key.has_value(); }
  const std::string& role_of(core::role seat) const {
    return seat == core::role::expert ? expert : client;
  }
};

// Reads [providers.<name>.token]. Mistakes are noted.
token_settings read_token_settings(core::options& from, const std::string& issuer,
                                   const std::string& audience);

// Signs on one shard.
class session_signer {
 public:
  explicit session_signer(const token_settings& settings);

  core::result<std::string> sign(const session_claims& about, core::random_source& random);
  // What we show the service when we talk to it ourselves (RFC 9068): "rooms:write", for a minute.
  core::result<std::string> service_token(core::wall_time now, core::random_source& random);

 private:
  core::result<std::string> sign_jwt(const session_claims& about, core::random_source& random);
  core::result<std::string> sign_hmac(const session_claims& about, core::random_source& random);

  const token_settings& settings_;
  std::optional<jose::key> key_;
  std::string claims_begin_;  // iss and aud never change
  std::string times_;         // the same with iat, nbf and exp, which change with the second
  std::int64_t times_issued_ = 0;
  std::int64_t times_exp_ = 0;
  std::string claims_;
};

}  // namespace providers
