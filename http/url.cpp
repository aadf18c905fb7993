#include "http/url.hpp"

#include <algorithm>
#include <charconv>

#include "core/encoding.hpp"
#include "http/characters.hpp"
#include "http/error.hpp"
#include "http/framing_guard.hpp"

namespace http {
namespace {

// Browsers and proxies stop near 8 KiB; nothing that we ask or are asked needs more.
constexpr std::size_t url_bytes_max = 8 * 1024;

// RFC 3986 lets a host hold ';', ',', quotes and '*' as well. No name in DNS has them, and origins
// stand in policies of which they are the punctuation: "https://a.example;script-src" would be a
// directive. Percent-encoding is legal too and never meant: two spellings of one host.
constexpr core::byte_set origin_characters =
    core::ascii::letters_and_digits | core::byte_set("-._");

// Port and host of "host:port", whose characters is_valid_host() has checked.
bool split_authority(std::string_view authority, url& out) {
  std::string_view rest = authority;
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    out.host = core::lower_case(rest.substr(1, end - 1));
    rest.remove_prefix(end + 1);
  } else {
    const auto end = std::min(rest.find(':'), rest.size());
    const auto name = rest.substr(0, end);
    if (!origin_characters.covers(name)) return false;
    out.host = core::lower_case(name);
    rest.remove_prefix(end);
  }
  out.port = out.secure ? 443 : 80;
  if (rest.size() <= 1) return true;
  rest.remove_prefix(1);
  std::from_chars(rest.data(), rest.data() + rest.size(), out.port);
  return out.port != 0;
}

bool is_default_port(const url& one) { return one.port == (one.secure ? 443 : 80); }

}  // namespace

core::result<url> url::from(std::string_view text) {
  if (text.size() > url_bytes_max) return core::fail(errc::bad_url, "too long");
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return core::fail(errc::bad_url, "no scheme");
  url out;
  const auto scheme = text.substr(0, colon);
  if (core::equals_ignoring_case(scheme, "https"))
    out.secure = true;
  else if (core::equals_ignoring_case(scheme, "http"))
    out.secure = false;
  else
    return core::fail(errc::bad_url, "neither http nor https");

  text.remove_prefix(colon + 3);
  if (!target_characters.covers(text))
    return core::fail(errc::bad_url, "a character that no URL may hold, or a fragment");
  const auto end = std::min(text.find_first_of("/?"), text.size());
  const auto authority = text.substr(0, end);
  // '@' is in no host, so user info is refused with everything else that is no authority.
  if (!is_valid_host(authority) || !split_authority(authority, out))
    return core::fail(errc::bad_url, "no valid host and port");

  const auto rest = text.substr(end);
  const auto question = std::min(rest.find('?'), rest.size());
  out.path = rest.substr(0, question);
  if (out.path.empty()) out.path = "/";
  out.query = rest.substr(std::min(question + 1, rest.size()));
  return out;
}

std::string url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (!is_default_port(*this)) text += ":" + std::to_string(port);
  return text;
}

std::string url::origin() const { return (secure ? "https://" : "http://") + authority(); }

std::string url::target() const { return query.empty() ? path : path + "?" + query; }

bool query_reader::next(std::string_view& name, std::string_view& value) {
  while (!rest_.empty()) {
    const auto end = std::min(rest_.find('&'), rest_.size());
    const auto pair = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    name = pair.substr(0, equals);
    value = pair.substr(std::min(equals + 1, pair.size()));
    return true;
  }
  return false;
}

std::optional<query_pairs> parse_query(std::string_view query) {
  if (query.size() > url_bytes_max) return std::nullopt;
  query_pairs pairs;
  query_reader reader(query);
  std::string_view name;
  std::string_view value;
  while (reader.next(name, value)) {
    if (pairs.size() == query_pairs_most) return std::nullopt;
    auto plain_name = core::percent_decode(name, true);
    auto plain_value = core::percent_decode(value, true);
    if (!plain_name || !plain_value) return std::nullopt;
    pairs.emplace_back(std::move(*plain_name), std::move(*plain_value));
  }
  return pairs;
}

}  // namespace http
