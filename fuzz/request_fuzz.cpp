// request_parser: pieces give what the whole gives, what passes keeps the rules of framing, and
// where llhttp is not asked it would have agreed.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "http/parser.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct outcome {
  bool refused = false;
  bool complete = false;
  bool has_head = false;
  bool close = false;
  http::method verb{};
  std::string path, query, host, body;
  std::size_t fields = 0;
  std::size_t used = 0;

  friend bool operator==(const outcome&, const outcome&) = default;
};

constexpr std::size_t body_max = 1000;

// What the parser takes on its guard's word alone, llhttp would have taken as well.
void check_second_opinion(const http::request_parser& parser, std::string_view bytes) {
  if (parser.body() != http::body_kind::none) return;
  const auto verb = parser.head().method;
  if (verb != http::method::get && verb != http::method::head) return;
  bytes = bytes.substr(0, parser.head_bytes());
  if (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  http::second_opinion llhttp;
  llhttp.start(http::second_opinion::kind::request);
  require(!llhttp.head(bytes, http::framing{}, false));
}

void check_views(const http::request_head& head, std::string_view in) {
  const auto inside = [&](std::string_view view) {
    return view.empty() ||
           (view.data() >= in.data() && view.data() + view.size() <= in.data() + in.size());
  };
  require(inside(head.target) && inside(head.query) && inside(head.host));
  require(head.path == "/" || head.path == "*" || inside(head.path));
  for (const auto& one : head.fields) {
    require(inside(one.name) && inside(one.value));
    require(http::is_token(one.name));
    require(one.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
  require(head.minor_version == 0 || http::is_valid_host(head.host));
  require(head.count("host") <= 1);
  require(head.count("content-length") + head.count("transfer-encoding") <= 1);
}

outcome parse(std::string_view text, std::size_t step) {
  http::request_parser parser;
  parser.start({});
  outcome out;
  std::vector<char> bytes;
  for (std::size_t seen = 0; !out.has_head;) {
    if (seen == text.size()) return out;
    seen = std::min(text.size(), seen + step);
    bytes.assign(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(seen));
    if (parser.read_head({bytes.data(), bytes.size()}, out.has_head)) {
      out.refused = true;
      return out;
    }
  }
  const auto& head = parser.head();
  check_views(head, {bytes.data(), bytes.size()});
  check_second_opinion(parser, {bytes.data(), bytes.size()});
  out.verb = head.method;
  out.path = head.path;
  out.query = head.query;
  out.host = head.host;
  out.fields = head.fields.size();
  out.close = parser.wants_close();
  out.used = parser.head_bytes();
  out.complete = parser.body() == http::body_kind::none;
  if (parser.begin_body(body_max)) {
    out.refused = true;
    return out;
  }
  while (!out.complete && out.used < text.size()) {
    http::progress came;
    if (parser.read_body(text.substr(out.used, step), out.body, came)) {
      out.refused = true;
      return out;
    }
    out.used += came.used;
    out.complete = came.complete;
    require(came.used > 0 || came.complete);
    require(out.body.size() <= body_max);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 20'000) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto whole = parse(text, std::max<std::size_t>(size, 1));
  // Byte by byte only where that is cheap: the head is copied for each step.
  for (const std::size_t step : {size <= 600 ? 1U : 97U, 7U + static_cast<unsigned>(size % 13)}) {
    const auto pieces = parse(text, step);
    require(pieces.refused == whole.refused);
    if (!whole.refused) require(pieces == whole);
  }
  return 0;
}
