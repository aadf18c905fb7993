// Who the caller is behind trusted proxies: X-Forwarded-For and Forwarded (RFC 7239), read from the
// right.
#include <optional>
#include <string>
#include <string_view>

#include "core/encoding.hpp"
#include "net/address.hpp"

namespace net {
namespace {

// Proxies that name each other more than this many times are a loop or an attack; the entries
// beyond are not read.
constexpr std::size_t hops_max = 32;
// The longest entry that can matter: for="[…]:65535";by=…;host=…;proto=https.
constexpr std::size_t entry_bytes_max = 1024;

// An address with an optional port and, for IPv6, optional brackets.
std::optional<ip_address> address_in(std::string_view text) {
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == text.npos) return std::nullopt;
    const auto rest = text.substr(close + 1);
    if (!rest.empty() && !rest.starts_with(':')) return std::nullopt;
    return ip_address::from(text.substr(1, close - 1));
  }
  if (const auto whole = ip_address::from(text)) return whole;
  const auto colon = text.find(':');
  if (colon == text.npos || text.find(':', colon + 1) != text.npos) return std::nullopt;
  return ip_address::from(text.substr(0, colon));
}

// Walks over a header's list from its last entry to its first without copying it. Commas inside
// quotes do not separate; a list with an open quote has no readable entries.
class entries_from_right {
 public:
  entries_from_right(const std::vector<std::string_view>& values, bool quoted)
      : values_(values), value_(values.size()), quoted_(quoted) {}

  std::optional<std::string_view> next() {
    while (at_start_) {
      if (value_ == 0) return std::nullopt;
      left_ = values_[--value_];
      at_start_ = false;
    }
    const auto comma = last_comma();
    const auto entry = comma == left_.npos ? left_ : left_.substr(comma + 1);
    at_start_ = comma == left_.npos;
    left_ = at_start_ ? std::string_view{} : left_.substr(0, comma);
    return core::trimmed(entry);
  }

 private:
  std::size_t last_comma() const {
    if (!quoted_) return left_.rfind(',');
    bool inside = false;
    for (std::size_t i = left_.size(); i-- > 0;) {
      if (left_[i] == '"' && !escaped(i)) inside = !inside;
      if (left_[i] == ',' && !inside) return i;
      if (left_.size() - i > entry_bytes_max) break;
    }
    return left_.npos;
  }
  // An odd number of backslashes before it.
  bool escaped(std::size_t at) const {
    std::size_t slashes = 0;
    while (slashes < at && slashes < entry_bytes_max && left_[at - 1 - slashes] == '\\') ++slashes;
    return slashes % 2 == 1;
  }

  const std::vector<std::string_view>& values_;
  std::size_t value_;
  bool quoted_;
  bool at_start_ = true;
  std::string_view left_;
};

struct hop {
  std::optional<ip_address> address;
  bool https = false;
};

// Takes one `name=value` pair off the front of a forwarded-element; false where it is none.
bool take_pair(std::string_view& from, std::string_view& name, std::string& value) {
  const auto equals = from.find('=');
  if (equals == from.npos) return false;
  name = core::trimmed(from.substr(0, equals));
  from.remove_prefix(equals + 1);
  value.clear();
  if (!from.starts_with('"')) {
    const auto end = from.find(';');
    value = core::trimmed(from.substr(0, end));
    from = end == from.npos ? std::string_view{} : from.substr(end);
  } else {
    std::size_t i = 1;
    for (; i < from.size() && from[i] != '"'; ++i) {
      if (from[i] == '\\') ++i;
      if (i == from.size()) return false;
      value += from[i];
    }
    if (i == from.size()) return false;
    from = core::trimmed(from.substr(i + 1));
  }
  if (from.empty()) return true;
  if (!from.starts_with(';')) return false;
  from = core::trimmed(from.substr(1));
  return true;
}

hop read_element(std::string_view element) {
  hop found;
  if (element.size() > entry_bytes_max) return found;
  std::string_view name;
  std::string value;
  std::optional<ip_address> address;
  bool seen_for = false, seen_proto = false;
  while (!element.empty()) {
    if (!take_pair(element, name, value)) return {};
    if (core::equals_ignoring_case(name, "for")) {
      if (seen_for) return {};  // two answers are none (RFC 7239 section 4)
      seen_for = true;
      address = address_in(value);
    } else if (core::equals_ignoring_case(name, "proto")) {
      if (seen_proto) return {};
      seen_proto = true;
      found.https = core::equals_ignoring_case(value, "https");
    }
  }
  found.address = address;
  return found;
}

hop read_entry(const proxy_settings& proxies, std::string_view entry) {
  if (proxies.header == proxy_settings::header_kind::forwarded) return read_element(entry);
  hop found;
  if (entry.size() <= entry_bytes_max) found.address = address_in(entry);
  return found;
}

bool is_trusted(const proxy_settings& proxies, const ip_address& address) {
  for (const ip_network& one : proxies.trusted)
    if (one.contains(address)) return true;
  return false;
}

}  // namespace

bool last_is_https(std::string_view scheme) {
  const auto comma = scheme.rfind(',');
  return core::equals_ignoring_case(
      core::trimmed(comma == scheme.npos ? scheme : scheme.substr(comma + 1)), "https");
}

proxy_settings read_proxy_settings(core::options& from) {
  proxy_settings made;
  for (const std::string& text : from.texts("trusted")) {
    if (text == "unix") {
      made.trust_unix_socket = true;
    } else if (const auto network = ip_network::from(text)) {
      if (network->holds_all())
        from.note("trusted", "\"" + text + "\" trusts everybody: anyone could forge an address",
                  "name the networks that your proxies call from");
      made.trusted.push_back(*network);
    } else {
      from.note("trusted", "names \"" + text + "\", which is no address or network",
                "write addresses like \"10.0.0.0/8\", \"::1\" or \"unix\"");
    }
  }
  const auto header = from.one_of("header", "x-forwarded-for", {"x-forwarded-for", "forwarded"});
  if (header == "forwarded") made.header = proxy_settings::header_kind::forwarded;
  return made;
}

forwarded_client client_behind(const proxy_settings& proxies, const ip_address& peer,
                               bool peer_is_unix, const std::vector<std::string_view>& values,
                               std::string_view scheme) {
  forwarded_client client{peer, false};
  const bool trusted = peer_is_unix ? proxies.trust_unix_socket : is_trusted(proxies, peer);
  if (!trusted) return client;

  const bool elements = proxies.header == proxy_settings::header_kind::forwarded;
  if (!elements) client.https = last_is_https(scheme);
  entries_from_right list(values, elements);
  for (std::size_t i = 0; i < hops_max; ++i) {
    const auto entry = list.next();
    if (!entry) return client;
    const hop step = read_entry(proxies, *entry);
    // Every element that we come to was written by a trusted proxy; the one of the client itself
    // says how it called, the ones to its right only how the proxies talk to each other.
    if (elements) client.https = step.https;
    if (!step.address) return client;  // unknown, hidden or broken: nobody beyond can be believed
    client.address = *step.address;
    if (!is_trusted(proxies, client.address)) return client;
  }
  return client;
}

}  // namespace net
