// key_fetch: a login's keys by URL: OpenID Connect discovery where no URL is configured, then the
// JSON Web Key Set. Whoever answers is not trusted with more than that.
#pragma once

#include <chrono>
#include <string>

#include "auth/session_settings.hpp"
#include "core/result.hpp"
#include "http/client.hpp"
#include "jose/keys.hpp"

namespace auth {

struct fetched_keys {
  jose::key_set keys;
  std::chrono::seconds fresh_for{0};
  std::string jwks_url;  // where they were found
};

// `jwks_url` is where the keys were found last; empty: the configured URL, or discovery. No answer
// but 200 counts: redirects are failures. Fails with net::errc, http::errc, jose::errc::bad_key or
// errc::login_unavailable.
core::task<core::result<fetched_keys>> fetch_keys(http::client* from, issuer_settings of,
                                                  std::string jwks_url, core::deadline until);

// How long an answer says that it may be kept (Cache-Control, RFC 9111 section 5.2, less its Age),
// brought between 5 minutes and a day; 10 minutes where it does not say. A set that "must not be
// kept" is kept for the least time all the same: the alternative is a fetch for each token.
std::chrono::seconds freshness_of(const http::response& answer);

// The jwks_uri of a discovery document that is about this issuer and no other (OpenID Connect
// Discovery 1.0 section 4.3). By https; by http of this machine where the issuer is so itself.
core::result<std::string> jwks_url_in(std::string_view document, std::string_view issuer);

// Where the discovery document of an issuer is (section 4.1).
std::string discovery_url_of(std::string_view issuer);

// https, or http of this machine.
bool may_be_fetched(std::string_view url);

}  // namespace auth
