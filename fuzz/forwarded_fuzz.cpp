// X-Forwarded-For and Forwarded as any client may write them, read as if a trusted proxy had passed
// them on.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "net/address.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  const std::vector<std::string_view> values{
      text.substr(0, line), line == text.npos ? std::string_view{} : text.substr(line + 1)};
  net::proxy_settings proxies;
  proxies.trusted.push_back(*net::ip_network::from("10.0.0.0/8"));
  const auto peer = *net::ip_address::from("10.0.0.1");
  for (const auto header : {net::proxy_settings::header_kind::x_forwarded_for,
                            net::proxy_settings::header_kind::forwarded}) {
    proxies.header = header;
    const auto client = net::client_behind(proxies, peer, false, values, values[0]);
    // Whatever comes out can be printed and read again.
    const auto again = net::ip_address::from(client.address.text());
    if (!again || *again != client.address) std::abort();
  }
  return 0;
}
