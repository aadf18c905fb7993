// Bytes as a vendor's XML: whatever they are, what is read stays within the limits.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/encoding.hpp"
#include "providers/xml_answer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const providers::xml_limits limits{16'384, 4, 100, 256};
  const auto got = providers::read_xml(text, limits);
  if (!got) return 0;
  if (got->root.empty() || text.find("<!DOCTYPE") < text.find("<" + got->root)) std::abort();
  if (got->members.size() >= limits.elements_max) std::abort();
  for (const auto& [name, value] : got->members)
    if (name.empty() || value.size() > limits.text_bytes_max || !core::is_utf8(value)) std::abort();
  return 0;
}
