#include "net/proxy_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>

#include "net/error.hpp"

namespace net {
namespace {

using state = proxy_header::state;

constexpr std::string_view signature_2{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::string_view signature_1{"PROXY "};
// Section 2.1: "a 108-byte buffer is always enough to store all the line and a trailing zero".
constexpr std::size_t line_bytes_max = 107;

bool may_begin(std::string_view bytes, std::string_view with) {
  const auto size = std::min(bytes.size(), with.size());
  return bytes.substr(0, size) == with.substr(0, size);
}

// Decimal without sign or leading zeros.
std::optional<unsigned short> exact_port_from(std::string_view text) {
  unsigned value = 0;
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (text.empty() || read.ec != std::errc{} || read.ptr != end || value > 65535)
    return std::nullopt;
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  return static_cast<unsigned short>(value);
}

proxy_header read_fields(std::string_view line, proxy_header found) {
  std::array<std::string_view, 5> field;
  for (std::size_t i = 0; i < field.size(); ++i) {
    const auto space = line.find(' ');
    if ((space == line.npos) != (i + 1 == field.size())) return {};
    field[i] = line.substr(0, space);
    if (space != line.npos) line.remove_prefix(space + 1);
  }
  const bool four = field[0] == "TCP4";
  if (!four && field[0] != "TCP6") return {};
  for (const std::size_t at : {1u, 2u})
    if ((field[at].find(':') == std::string_view::npos) != four) return {};
  const auto source = ip_address::from(field[1]);
  const auto port = exact_port_from(field[3]);
  if (!source || !ip_address::from(field[2]) || !port || !exact_port_from(field[4])) return {};
  found.names_client = true;
  found.client = *source;
  found.port = *port;
  return found;
}

proxy_header read_version_1(std::string_view bytes) {
  const auto end = bytes.substr(0, line_bytes_max).find('\n');
  if (end == bytes.npos)
    return {.is = bytes.size() < line_bytes_max ? state::need_more : state::wrong};
  if (bytes[end - 1] != '\r') return {};
  proxy_header found{.is = state::complete, .size = end + 1};
  const auto line = bytes.substr(signature_1.size(), end - 1 - signature_1.size());
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return found;
  return read_fields(line, found);
}

std::size_t number(std::string_view two_bytes) {
  return static_cast<std::size_t>(static_cast<unsigned char>(two_bytes[0])) << 8 |
         static_cast<unsigned char>(two_bytes[1]);
}

// Type-length-value after the addresses: only whether the client spoke TLS matters to us.
bool read_extensions(std::string_view rest, bool& tls) {
  constexpr char type_ssl = 0x20;
  constexpr unsigned char client_ssl = 0x01;
  while (!rest.empty()) {
    if (rest.size() < 3) return false;
    const std::size_t size = number(rest.substr(1, 2));
    if (rest.size() < 3 + size) return false;
    if (rest[0] == type_ssl && size >= 5)
      tls = (static_cast<unsigned char>(rest[3]) & client_ssl) != 0;
    rest.remove_prefix(3 + size);
  }
  return true;
}

proxy_header read_version_2(std::string_view bytes) {
  constexpr std::size_t fixed = 16;
  if (bytes.size() < fixed) return {.is = state::need_more};
  const auto command = static_cast<unsigned char>(bytes[12]);
  const auto family = static_cast<unsigned char>(bytes[13]);
  const std::size_t size = fixed + number(bytes.substr(14, 2));
  if ((command != 0x20 && command != 0x21) || size > proxy_header_bytes_max) return {};
  if (bytes.size() < size) return {.is = state::need_more};
  proxy_header found{.is = state::complete, .size = size};
  if (command == 0x20) return found;  // LOCAL: the proxy itself, its health check

  const auto body = bytes.substr(fixed, size - fixed);
  std::size_t addresses = 0;
  switch (family) {
    case 0x00:
      return found;  // UNSPEC
    case 0x11:
      addresses = 12;
      break;
    case 0x21:
      addresses = 36;
      break;
    case 0x31:
      addresses = 216;
      break;
    default:
      return {};  // datagrams do not come over a stream
  }
  if (body.size() < addresses || !read_extensions(body.substr(addresses), found.tls)) return {};
  if (family == 0x31) return found;  // a unix socket at the proxy has no address
  found.names_client = true;
  if (family == 0x11) {
    std::array<unsigned char, 4> four;
    std::copy_n(body.begin(), 4, four.begin());
    found.client = ip_address::v4(four);
    found.port = static_cast<unsigned short>(number(body.substr(8, 2)));
  } else {
    std::array<unsigned char, 16> six;
    std::copy_n(body.begin(), 16, six.begin());
    found.client = ip_address::v6(six);
    found.port = static_cast<unsigned short>(number(body.substr(32, 2)));
  }
  return found;
}

}  // namespace

proxy_header read_proxy_header(std::string_view bytes) {
  if (bytes.empty()) return {.is = state::need_more};
  if (may_begin(bytes, signature_2)) {
    if (bytes.size() < signature_2.size()) return {.is = state::need_more};
    return read_version_2(bytes);
  }
  if (!may_begin(bytes, signature_1)) return {};
  if (bytes.size() <= signature_1.size()) return {.is = state::need_more};
  return read_version_1(bytes);
}

core::task<core::result<void>> take_proxy_header(socket_stream* from, core::deadline until) {
  const auto buffer = std::make_unique<std::array<char, proxy_header_bytes_max>>();
  proxy_header found{.is = state::need_more};
  for (;;) {
    auto waited = co_await from->wait_readable(until);
    if (!waited) co_return waited;
    const auto there = from->peek_available(*buffer);
    if (!there) co_return core::same_failure(there);
    found = read_proxy_header({buffer->data(), *there});
    if (found.is != state::need_more) break;
    if (from->has_ended()) co_return core::fail(errc::closed, "closed within the PROXY header");
    from->expect_more();
  }
  if (found.is == state::wrong) co_return core::fail(errc::broken, "no PROXY header");
  // Peeked bytes are there, so that one read takes them.
  const auto taken = from->read_available(std::span(*buffer).first(found.size));
  if (!taken || *taken != found.size) co_return core::fail(errc::broken, "lost the PROXY header");
  peer better = from->other();
  better.introduced = true;
  better.named = found.names_client;
  better.proxy_is_local = better.is_unix || better.address.is_loopback();
  if (found.names_client) {
    better.address = found.client;
    better.port = found.port;
    better.is_unix = false;
    better.is_tls = found.tls;
  }
  from->set_other(better);
  co_return core::result<void>();
}

}  // namespace net
