// asked_answer: what is said to, and heard from, a server that knows whose session it is: a session
// callback of the marketplace, or token introspection (RFC 7662). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/identity.hpp"
#include "auth/session_settings.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "http/message.hpp"

namespace auth {

// What is passed on of a caller, as one text that is also what answers are remembered by: it begins
// with the kind of what follows. `cookies` is in the form of a Cookie field; one of the two is
// empty.
inline constexpr std::string_view bearer_mark = "bearer ";
inline constexpr std::string_view cookie_mark = "cookie ";
core::secret forwarded_text(std::string_view bearer, std::string_view cookies);

// The question for such a text.
http::request question_of(const asked_settings& settings, std::string_view forwarded);

struct asked_answer {
  // Who it is. errc::unauthenticated and session_expired where the server says that it is nobody;
  // errc::login_unavailable where it says nothing that makes sense, with its Retry-After.
  core::result<identity> who;
  // Others' questions would fare no better. False where the server puts off this one alone.
  bool server_fails = false;
};

asked_answer read_answer(const asked_settings& settings, const http::response& answer,
                         core::wall_time now);

}  // namespace auth
