// The ways in which the network fails.
#pragma once

#include <system_error>

namespace net {

enum class errc {
  timed_out = 1,   // the operation's deadline passed
  closed,          // the other side closed the connection
  connect_failed,  // refused, unreachable, reset while connecting
  name_not_found,  // the host name has no address
  tls_failed,      // handshake or certificate verification failed
  broken,          // any other I/O error
  cancelled,       // we are shutting down
};

std::error_code make_error_code(errc code);

}  // namespace net

template <>
struct std::is_error_code_enum<net::errc> : std::true_type {};
