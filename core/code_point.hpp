// code_point: one character of a text that is known to be UTF-8, and whether it may be shown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace core {

// Takes the first one away. The text is well-formed and not empty.
inline std::uint32_t take_code_point(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  std::uint32_t out = length == 1 ? first : first & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i)
    out = out << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
  text.remove_prefix(length);
  return out;
}

// What terminals, editors and browsers obey instead of showing it: controls, line separators, and
// what turns the direction of the text around it (Unicode's Bidi_Control).
constexpr bool may_not_be_shown(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e || c == 0x200f ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

}  // namespace core
