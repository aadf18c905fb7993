// request_writer: a request of ours as bytes on the wire, or a refusal where it could be read as
// two.
#pragma once

#include <string>

#include "core/result.hpp"
#include "http/message.hpp"
#include "http/url.hpp"

namespace http {

// What every request of ours says of its sender: "stagedoor/0.1.0".
std::string_view user_agent();

// The head and the body. Host, Content-Length, Connection and their kind are ours to write: a
// caller that sets one, a name that is no token or a value with a control character is
// core::errc::internal (a bug of ours, never the user's mistake).
core::result<std::string> write_request(const request& what, const url& to);

}  // namespace http
