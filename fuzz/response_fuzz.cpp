// response_parser: pieces give what the whole gives, and a connection is kept only after exact
// framing.
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
  bool failed = false;
  bool complete = false;
  bool keep = false;
  bool ended_well = false;
  int status = 0;
  std::string body;
  std::size_t fields = 0;

  friend bool operator==(const outcome&, const outcome&) = default;
};

constexpr std::size_t body_max = 1000;

outcome read(std::string_view text, std::size_t step, http::method asked) {
  http::message_limits limits;
  limits.body_bytes_max = body_max;
  http::response_parser parser(limits);
  parser.start(asked);
  outcome out;
  for (std::size_t at = 0; at < text.size(); at += step) {
    const auto piece = text.substr(at, step);
    const std::vector<char> bytes(piece.begin(), piece.end());
    auto came = parser.feed({bytes.data(), bytes.size()});
    if (!came) {
      out.failed = true;
      require(!parser.complete() && !parser.may_keep());
      return out;
    }
    require(came->used <= bytes.size());
    require(came->complete || came->used == bytes.size());
  }
  out.complete = parser.complete();
  out.keep = parser.may_keep();
  require(out.complete || !out.keep);
  out.ended_well = parser.eof().has_value();
  require(!out.complete || out.ended_well);
  if (!out.ended_well) return out;
  const auto answer = parser.take();
  require(answer.body.size() <= body_max);
  require(answer.status >= 200 && answer.status <= 599);
  out.status = answer.status;
  out.body = answer.body;
  out.fields = answer.fields.size();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 20'000) return 0;
  const auto asked = data[0] % 2 == 0 ? http::method::get : http::method::head;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = read(text, size, asked);
  for (const std::size_t step : {1U, 7U + static_cast<unsigned>(size % 13)})
    require(read(text, step, asked) == whole);
  return 0;
}
