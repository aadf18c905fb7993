// credentials: what a request brings along to prove who sends it.
#pragma once

#include <optional>
#include <string_view>

#include "core/result.hpp"
#include "http/message.hpp"

namespace auth {

// The token of `Authorization: Bearer` (RFC 6750 section 2.1, scheme in any case); nullopt where
// there is no such field. Two fields, another scheme and what is no token are refused:
// errc::unauthenticated.
core::result<std::optional<std::string_view>> bearer_token(const http::request_head& head);

// The value of the cookie of that name (RFC 6265 section 4.2.1), quotes taken off; nullopt where
// there is none. The same name twice is refused, for nobody can say which one was meant.
core::result<std::optional<std::string_view>> cookie_value(const http::request_head& head,
                                                           std::string_view name);

}  // namespace auth
