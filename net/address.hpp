// Addresses of clients: parsed, compared, cut to what a limiter counts, and found behind trusted
// proxies.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.hpp"

namespace net {

// IPv4 or IPv6, held as 16 bytes; IPv4 is held IPv4-mapped, so ::ffff:192.0.2.1 and 192.0.2.1 are
// one address.
class ip_address {
 public:
  ip_address() = default;  // ::
  static ip_address v4(std::array<unsigned char, 4> bytes);
  static ip_address v6(std::array<unsigned char, 16> bytes);
  // An address and nothing else: no port, brackets or zone.
  static std::optional<ip_address> from(std::string_view text);

  bool is_v4() const;
  bool is_loopback() const;
  std::string text() const;
  void append_text(std::string& out) const;
  // What one client counts as: the address, or its /64 network for IPv6.
  ip_address network() const;
  const std::array<unsigned char, 16>& bytes() const { return bytes_; }
  friend auto operator<=>(const ip_address&, const ip_address&) = default;

 private:
  std::array<unsigned char, 16> bytes_{};
};

// "192.0.2.0/24", "2001:db8::/32", "127.0.0.1".
class ip_network {
 public:
  static std::optional<ip_network> from(std::string_view text);
  bool contains(const ip_address& address) const;
  // All addresses, or all of IPv4.
  bool holds_all() const { return bits_ == 0 || (bits_ == 96 && base_.is_v4()); }
  bool is_loopback() const { return base_.is_loopback(); }

 private:
  ip_address base_;
  unsigned bits_ = 128;
};

// Which peers may speak for others, and through which header.
struct proxy_settings {
  std::vector<ip_network> trusted;
  bool trust_unix_socket = false;  // a peer on our unix socket is a trusted proxy
  enum class header_kind : unsigned char {
    x_forwarded_for,
    forwarded
  } header = header_kind::x_forwarded_for;
};
// [proxy] trusted = ["10.0.0.0/8", "unix"], header = "x-forwarded-for" | "forwarded"
proxy_settings read_proxy_settings(core::options& from);

struct forwarded_client {
  ip_address address;
  bool https = false;  // what the trusted proxy said of the caller's scheme
};

// What the nearest proxy says of the scheme: the last entry of X-Forwarded-Proto.
bool last_is_https(std::string_view scheme);

// The right-most address that is not a trusted proxy; the peer's own where it is not trusted or the
// header cannot be read there. `values` are all values of the configured header in order, `scheme`
// X-Forwarded-Proto's last (ignored for Forwarded, whose proto= belongs to the hop).
forwarded_client client_behind(const proxy_settings& proxies, const ip_address& peer,
                               bool peer_is_unix, const std::vector<std::string_view>& values,
                               std::string_view scheme);

}  // namespace net

template <>
struct std::hash<net::ip_address> {
  std::size_t operator()(const net::ip_address& address) const noexcept {
    return std::hash<std::string_view>{}(
        {reinterpret_cast<const char*>(address.bytes().data()), address.bytes().size()});
  }
};
