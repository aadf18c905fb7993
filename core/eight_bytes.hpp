// Eight bytes of text at a time, in one register: for checks that nearly every byte passes.
// After Mycroft's "determine if a word has a zero byte" and its relatives (Warren, Hacker's
// Delight, chapter 6).
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace core::eight_bytes {

inline constexpr std::uint64_t each = 0x0101010101010101;
inline constexpr std::uint64_t high_bits = each * 0x80;

inline std::uint64_t load(const char* from) {
  std::uint64_t out;
  std::memcpy(&out, from, sizeof out);
  return out;
}

// Marks in the high bit of a byte. All are exact up to and including the first marked byte and may
// mark more after it, so they answer "is there one".
constexpr std::uint64_t marks_of(std::uint64_t bytes, unsigned char wanted) {
  const std::uint64_t rest = bytes ^ (each * wanted);
  return (rest - each) & ~rest & high_bits;
}
// ASCII control characters but DEL.
constexpr std::uint64_t marks_below_space(std::uint64_t bytes) {
  return (bytes - each * 0x20) & ~bytes & high_bits;
}
constexpr std::uint64_t marks_beyond_ascii(std::uint64_t bytes) { return bytes & high_bits; }

// A-Z becomes a-z; all other bytes stay.
constexpr std::uint64_t lower_case(std::uint64_t bytes) {
  const std::uint64_t seven = bytes & ~high_bits;
  const std::uint64_t from_a = seven + each * (0x80 - 'A');
  const std::uint64_t beyond_z = seven + each * (0x7f - 'Z');
  return bytes | ((~bytes & high_bits & (from_a ^ beyond_z)) >> 2);
}

// Whether `marks` finds something in any byte of the text; at least eight bytes.
template <class Marks>
bool any(std::string_view text, Marks marks) {
  const char* const last = text.data() + text.size() - 8;
  for (const char* at = text.data(); at < last; at += 8)
    if (marks(load(at)) != 0) return true;
  return marks(load(last)) != 0;
}

}  // namespace core::eight_bytes
