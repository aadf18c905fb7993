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
  bool secure = true;  // https
  std::string host;    // lower case; IPv6 without brackets
  unsigned short port = 443;
  std::string path = "/";  // with its encoding
  std::string query;       // without '?'

  // Refuses user info, fragments, control characters, spaces and what is not http(s):
  // errc::bad_url.
  static core::result<url> from(std::string_view text);
  std::string origin() const;     // "https://example.com" or with ":8443"
  std::string authority() const;  // for Host
  std::string target() const;     // path and query
};

// More parameters than any request of ours has; a query with more is refused as a whole.
constexpr std::size_t query_pairs_most = 128;

// Walks over "a=b&c" without decoding and without allocating. Empty pairs are skipped.
class query_reader {
 public:
  explicit query_reader(std::string_view query) : rest_(query) {}
  bool next(std::string_view& name, std::string_view& value);

 private:
  std::string_view rest_;
};

// The query's parameters in order, decoded once; nullopt on bad percent-encoding, on more than
// query_pairs_most of them or more than 8 KiB. '+' is a space.
using query_pairs = std::vector<std::pair<std::string, std::string>>;
std::optional<query_pairs> parse_query(std::string_view query);

}  // namespace http
