// The PROXY protocol: no input is read beyond its end, and a header is complete at exactly one
// length.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/proxy_header.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto whole = net::read_proxy_header(text);
  if (whole.is != net::proxy_header::state::complete) return 0;
  if (whole.size > text.size() || whole.size > net::proxy_header_bytes_max) std::abort();
  const auto alone = net::read_proxy_header(text.substr(0, whole.size));
  if (alone.is != whole.is || alone.size != whole.size || alone.client != whole.client)
    std::abort();
  const auto cut = net::read_proxy_header(text.substr(0, whole.size - 1));
  if (cut.is != net::proxy_header::state::need_more) std::abort();
  return 0;
}
