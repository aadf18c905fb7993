// What read_json accepts can be written and read again, and settles.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/json.hpp"

namespace {

std::string written_again(std::string_view text) {
  const auto value = core::read_json(text);
  if (!value) std::abort();
  std::string out;
  core::json_writer(out).value(*value);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!core::read_json(text)) return 0;
  // The first turn may change a spelling (-0.0 becomes -0, then the integer 0); after that nothing
  // moves.
  const std::string settled = written_again(written_again(text));
  if (written_again(settled) != settled) std::abort();
  return 0;
}
