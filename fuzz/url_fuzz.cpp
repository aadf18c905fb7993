// url and query: what is printed parses to the same again, and nothing of it can leave its place.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/framing_guard.hpp"
#include "http/url.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_url(std::string_view text) {
  auto one = http::url::from(text);
  if (!one) return;
  require(one->port != 0 && !one->host.empty());
  require(one->path.starts_with('/'));
  require(http::is_valid_host(one->authority()));
  const auto printed = one->origin() + one->target();
  // A request line and a Host field are made of these.
  for (const char c : printed) require(c > 0x20 && c < 0x7f && c != '#');
  auto again = http::url::from(printed);
  if (!again) return require(printed.size() > text.size());  // past the limit of length
  require(again->secure == one->secure && again->host == one->host && again->port == one->port);
  require(again->path == one->path && again->query == one->query);
}

void check_query(std::string_view text) {
  const auto pairs = http::parse_query(text);
  if (!pairs) return;
  require(pairs->size() <= http::query_pairs_most);
  http::query_reader reader(text);
  std::string_view name;
  std::string_view value;
  for (const auto& one : *pairs) {
    require(reader.next(name, value));
    require(one.first.size() <= name.size() && one.second.size() <= value.size());
  }
  require(!reader.next(name, value));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_url(text);
  check_query(text);
  return 0;
}
