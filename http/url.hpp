// url: an absolute http or https URL, parsed and printed (RFC 3986).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"

namespace http {

struct url {
  bool secure = true;       // https
  std::string host;         // lower case; IPv6 without brackets
  unsigned short port = 443;
  std::string path = "/";   // with its encoding
  std::string query;        // without '?'

  // Refuses user info, fragments, control characters, spaces and what is not http(s): errc::bad_url.
  static core::result<url> from(std::string_view text);
  std::string origin() const;     // "https://example.com" or with ":8443"
  std::string authority() const;  // for Host
  std::string target() const;     // path and query
};

// The query's parameters in order, decoded once; nullopt on bad percent-encoding. '+' is a space.
using query_pairs = std::vector<std::pair<std::string, std::string>>;
std::optional<query_pairs> parse_query(std::string_view query);

}  // namespace http
