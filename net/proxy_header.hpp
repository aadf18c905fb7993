// The PROXY protocol, versions 1 and 2: what a proxy says of the client before the client's first
// byte. https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
#pragma once

#include <cstddef>
#include <string_view>

#include "core/result.hpp"
#include "core/task.hpp"
#include "net/socket_stream.hpp"

namespace net {

struct proxy_header {
  enum class state : unsigned char { need_more, complete, wrong };
  state is = state::wrong;
  std::size_t size = 0;       // of the header, when complete
  bool names_client = false;  // false: a health check of the proxy, or an unknown transport
  ip_address client;
  unsigned short port = 0;
  bool tls = false;  // the client spoke TLS with the proxy (version 2's PP2_TYPE_SSL)
};

// The longest header we read: version 2 with its addresses and a few KiB of extensions.
constexpr std::size_t proxy_header_bytes_max = 4096;

// `bytes` begins with the connection's first byte; further ones are asked for with need_more.
proxy_header read_proxy_header(std::string_view bytes);

// Takes the header, and not a byte more, off the stream, and tells the stream who is on the other
// side.
core::task<core::result<void>> take_proxy_header(socket_stream* from, core::deadline until);

}  // namespace net
