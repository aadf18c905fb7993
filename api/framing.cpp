#include "api/framing.hpp"

#include <algorithm>
#include <optional>

#include "core/encoding.hpp"
#include "http/url.hpp"

namespace api {
namespace {

// What is shown of a field: enough to find it, not all of a policy.
constexpr std::size_t reason_bytes_max = 200;

std::string_view take(std::string_view& rest, std::string_view separators) {
  const std::size_t end = std::min(rest.find_first_of(separators), rest.size());
  const std::string_view out = core::trimmed(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return out;
}

std::string readable(std::string_view text) {
  std::string out(text.substr(0, reason_bytes_max));
  std::ranges::replace_if(out, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

bool host_fits(std::string_view pattern, std::string_view host) {
  if (pattern == "*") return true;
  if (pattern.starts_with("*."))
    return host.size() > pattern.size() - 1 && host.ends_with(pattern.substr(1));
  return core::equals_ignoring_case(pattern, host);
}

// A host-source or scheme-source of CSP level 3, section 6.7.2.8; paths play no part in ancestors.
bool source_fits(std::string_view source, const http::url& ours) {
  if (source == "*") return true;
  const std::size_t scheme_end = source.find("://");
  if (scheme_end == std::string_view::npos && source.ends_with(':') && source.size() > 1)
    return core::equals_ignoring_case(source, ours.secure ? "https:" : "http:") ||
           (ours.secure && core::equals_ignoring_case(source, "http:"));
  if (scheme_end != std::string_view::npos) {
    const std::string_view scheme = source.substr(0, scheme_end);
    const bool same = core::equals_ignoring_case(scheme, ours.secure ? "https" : "http");
    if (!same && !(ours.secure && core::equals_ignoring_case(scheme, "http"))) return false;
    source.remove_prefix(scheme_end + 3);
  }
  source = source.substr(0, source.find('/'));
  const std::size_t bracket = source.rfind(']');
  const std::size_t colon = source.rfind(':');
  std::string_view port;
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    port = source.substr(colon + 1);
    source = source.substr(0, colon);
  }
  const std::string own_port = std::to_string(ours.port);
  const bool port_fits =
      port == "*" || port == own_port || (port.empty() && (ours.port == 443 || ours.port == 80));
  return port_fits && host_fits(source, ours.host);
}

bool ancestors_allow(std::string_view sources, const http::url& ours, bool is_same) {
  while (!sources.empty()) {
    const std::string_view one = take(sources, " \t");
    if (one.empty() || core::equals_ignoring_case(one, "'none'")) continue;
    if (core::equals_ignoring_case(one, "'self'") ? is_same : source_fits(one, ours)) return true;
  }
  return false;
}

// The sources of frame-ancestors in one policy; nullopt where it has none.
std::optional<std::string_view> ancestors_in(std::string_view policy) {
  constexpr std::string_view name = "frame-ancestors";
  while (!policy.empty()) {
    const std::string_view directive = take(policy, ";");
    if (core::equals_ignoring_case(directive.substr(0, name.size()), name) &&
        (directive.size() == name.size() || directive[name.size()] == ' ' ||
         directive[name.size()] == '\t'))
      return core::trimmed(directive.substr(name.size()));
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(framing_verdict what) {
  constexpr std::string_view names[] = {"allowed", "refused", "unknown"};
  return names[static_cast<std::size_t>(what)];
}

framing framing_of(const http::response& page, std::string_view theirs, std::string_view ours) {
  const auto mine = http::url::from(ours);
  if (!mine) return {};
  const bool is_same = theirs == ours;
  bool governed = false;
  for (const http::field& one : page.fields) {
    if (!core::equals_ignoring_case(one.name, "content-security-policy")) continue;
    for (std::string_view rest = one.value; !rest.empty();) {
      const auto sources = ancestors_in(take(rest, ","));
      if (!sources) continue;
      governed = true;
      if (!ancestors_allow(*sources, *mine, is_same))
        return {framing_verdict::refused,
                "Content-Security-Policy: frame-ancestors " + readable(*sources)};
    }
  }
  if (governed) return {framing_verdict::allowed, {}};
  for (const http::field& one : page.fields) {
    if (!core::equals_ignoring_case(one.name, "x-frame-options")) continue;
    for (std::string_view rest = one.value; !rest.empty();) {
      const std::string_view word = take(rest, ",");
      if (core::equals_ignoring_case(word, "deny") ||
          (core::equals_ignoring_case(word, "sameorigin") && !is_same))
        return {framing_verdict::refused, "X-Frame-Options: " + readable(word)};
    }
  }
  return {framing_verdict::allowed, {}};
}

}  // namespace api
