// The ways in which HTTP fails, as a server that reads requests and as a client that reads answers.
#pragma once

#include <system_error>

namespace http {

enum class errc {
  bad_request = 1,         // 400: framing or syntax; the connection ends
  body_too_large,          // 413
  uri_too_long,            // 414
  headers_too_large,       // 431
  not_implemented,         // 501: a transfer coding other than chunked, CONNECT
  version_not_supported,   // 505
  expectation_failed,      // 417
  request_timeout,         // 408: the request did not arrive in time
  not_found,               // 404: no such path
  method_not_allowed,      // 405
  unsupported_media_type,  // 415
  bad_url,                 // not an absolute URL that we can ask
  bad_response,            // the server's answer breaks the protocol or ends early
  response_too_large,      // the server's answer passes our limits
};

std::error_code make_error_code(errc code);

}  // namespace http

template <>
struct std::is_error_code_enum<http::errc> : std::true_type {};
