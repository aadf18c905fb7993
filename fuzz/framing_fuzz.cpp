// The header fields of a provider's page, judged for whether it may be framed: whatever they hold,
// and a refusal's reason is one short line.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "api/framing.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  http::response page;
  page.status = 200;
  page.fields = {{"Content-Security-Policy", text.substr(0, line)},
                 {"X-Frame-Options", line == text.npos ? "" : text.substr(line + 1)}};
  const auto said = api::framing_of(page, "https://video.example", "https://door.example:8443");
  if (said.verdict == api::framing_verdict::refused ? said.reason.empty() : !said.reason.empty())
    std::abort();
  for (const char c : said.reason)
    if (c < 0x20 || c > 0x7e) std::abort();
  if (said.reason.size() > 256) std::abort();
  return 0;
}
