#include "http/request_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "http/error.hpp"
#include "http/framing_guard.hpp"

namespace http {
namespace {

// Longer targets meet 414 at most servers (RFC 9112 section 3 asks for 8 000 octets).
constexpr std::size_t target_bytes_max = 16 * 1024;

// They decide where a message ends or what becomes of the connection.
constexpr std::array<std::string_view, 10> fields_of_ours = {
    "Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive",
    "TE",   "Trailer",        "Upgrade",           "Expect",     "Proxy-Connection"};

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_ours(std::string_view name) {
  return std::ranges::any_of(
      fields_of_ours, [&](std::string_view one) { return core::equals_ignoring_case(one, name); });
}

// The name of the field stays in our log; its value may be a secret and does not.
core::result<void> check(const field& one) {
  if (!is_token(one.name))
    return core::fail(core::errc::internal, "a request field's name is no token");
  if (is_ours(one.name))
    return core::fail(core::errc::internal, "only the client itself sets " + one.name);
  if (has_control_character(one.value))
    return core::fail(core::errc::internal, "control characters in request field " + one.name);
  return {};
}

bool has_field(const request& what, std::string_view name) {
  return std::ranges::any_of(
      what.fields, [&](const field& one) { return core::equals_ignoring_case(one.name, name); });
}

bool usually_has_body(method verb) {
  return verb == method::post || verb == method::put || verb == method::patch;
}

}  // namespace

std::string_view user_agent() { return "stagedoor/" STAGEDOOR_VERSION; }

core::result<std::string> write_request(const request& what, const url& to) {
  if (what.method == method::connect || what.method == method::other)
    return core::fail(core::errc::internal, "a method that our client does not speak");
  const std::string target = to.target();
  if (!target.starts_with('/') || !is_printable(target))
    return core::fail(errc::bad_url, "unusable target");
  if (target.size() > target_bytes_max) return core::fail(errc::bad_url, "the target is too long");
  if (!is_printable(to.authority())) return core::fail(errc::bad_url, "unusable host");

  std::string out;
  out.reserve(512 + target.size() + what.body.size());
  out +=
      fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", name_of(what.method), target, to.authority());
  for (const field& one : what.fields) {
    if (auto good = check(one); !good) return core::same_failure(good);
    out.append(one.name).append(": ").append(one.value).append("\r\n");
  }
  if (!has_field(what, "User-Agent"))
    out.append("User-Agent: ").append(user_agent()).append("\r\n");
  // We cannot decompress, and without this field a server may choose any coding (RFC 9110
  // section 12.5.3).
  if (!has_field(what, "Accept-Encoding")) out += "Accept-Encoding: identity\r\n";
  if (!what.body.empty() || usually_has_body(what.method))
    out += fmt::format("Content-Length: {}\r\n", what.body.size());
  out += "\r\n";
  out += what.body;
  return out;
}

}  // namespace http
