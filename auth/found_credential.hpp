// found_credential: which of a request's credentials counts, and who is to judge it.
#pragma once

#include <string>
#include <string_view>

#include "auth/session_settings.hpp"
#include "core/result.hpp"
#include "http/message.hpp"

namespace auth {

enum class credential_kind : unsigned char {
  token,           // a JWT, judged here
  sealed_cookie,   // Auth.js: opened here
  asked_callback,  // the marketplace is asked
  asked_introspection,
  told,  // a trusted proxy has said who it is
};

struct found_credential {
  credential_kind kind = credential_kind::token;
  // A view into the request, or into the caller's buffer where it was put together.
  std::string_view text;
  std::size_t cookie = 0;  // of a sealed one: its place in the settings
};

// A proxy's fields, where it is trusted and they are there; then bearer; then the cookies of JWTs,
// of Auth.js and of the callback. The first one found is final. `buffer` is overwritten.
// errc::unauthenticated when there is none, when fields are ambiguous, and where another site's
// page made the browser send cookies, ours or those by which the proxy knows its users.
core::result<found_credential> find_credential(const session_settings& settings,
                                               const http::request_head& head, bool from_proxy,
                                               std::string& buffer);

// Whether what browsers add by themselves may count in this request. They say from which site a
// request comes (Sec-Fetch-Site), older ones at least the origin of a script; who says neither is
// no browser, or one whose SameSite cookies have to do. Either of them twice is nobody's word.
bool comes_from_our_pages(const http::request_head& head, const std::vector<std::string>& origins);

}  // namespace auth
