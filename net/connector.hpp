// connector: host and port -> stream. The seam at which tests replace the network.
#pragma once

#include <memory>
#include <string>

#include "core/result.hpp"
#include "core/task.hpp"
#include "net/dns_cache.hpp"
#include "net/shard.hpp"
#include "net/socket_stream.hpp"
#include "net/stream.hpp"
#include "net/tls_client.hpp"

namespace net {

struct endpoint {
  std::string host;  // a name, an IPv4 address or an IPv6 address without brackets
  unsigned short port = 0;
  bool tls = false;
};

class connector {
 public:
  virtual ~connector() = default;
  // Looks the name up, connects (trying each address in turn) and, for TLS, verifies certificate
  // and host name.
  virtual core::task<core::result<stream_ptr>> connect(endpoint to, core::deadline until) = 0;
};

// The real one, for one shard; all that it is given must outlive it. Addresses are tried one after
// the other, the two families in turn, each with a fair share of the time that is left, so that one
// dead address costs no caller the call.
class tcp_connector final : public connector {
 public:
  tcp_connector(shard& on, dns_cache& names, tls_client& tls)
      : shard_(on), names_(names), tls_(tls) {}

  // Fails with errc::name_not_found, connect_failed, timed_out or tls_failed; the detail names the
  // address and says why.
  core::task<core::result<stream_ptr>> connect(endpoint to, core::deadline until) override;

 private:
  // One address: TCP, and TLS where it is wanted.
  core::task<core::result<stream_ptr>> reach(endpoint to, ip_address at, core::deadline until);

  core::task<core::result<stream_ptr>> secure(std::unique_ptr<socket_stream> over, endpoint to,
                                              core::deadline until);

  shard& shard_;
  dns_cache& names_;
  tls_client& tls_;
};

// The same addresses, IPv6 and IPv4 in turn, beginning with the family that the resolver put first
// (RFC 8305 section 4).
addresses in_alternating_families(const addresses& from);

}  // namespace net
