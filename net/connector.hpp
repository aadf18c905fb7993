// connector: host and port -> stream. The seam at which tests replace the network.
#pragma once

#include <string>

#include "core/result.hpp"
#include "core/task.hpp"
#include "net/stream.hpp"

namespace net {

struct endpoint {
  std::string host;   // a name, an IPv4 address or an IPv6 address without brackets
  unsigned short port = 0;
  bool tls = false;
};

class connector {
 public:
  virtual ~connector() = default;
  // Looks the name up, connects (trying each address in turn) and, for TLS, verifies certificate and host name.
  virtual core::task<core::result<stream_ptr>> connect(endpoint to, core::deadline until) = 0;
};

}  // namespace net
