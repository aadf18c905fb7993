// Bytes of text, sixteen or eight at a time in one register: for checks that nearly every byte
// passes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace core {

// The vector extension that GCC and clang share; a comparison gives a block of 0 and -1.
template <std::size_t Size>
struct block_of {
  using type __attribute__((vector_size(Size))) = unsigned char;
};
using sixteen_bytes = block_of<16>::type;
using eight_bytes = block_of<8>::type;

template <class Block>
Block load_block(const char* from) {
  Block out;
  std::memcpy(&out, from, sizeof out);
  return out;
}

// Text of 1 to 15 bytes in one block; what is left over of that repeats some of them.
inline sixteen_bytes load_short(const char* from, std::size_t size) {
  std::uint64_t halves[2];
  if (size >= 8) {
    std::memcpy(&halves[0], from, 8);
    std::memcpy(&halves[1], from + size - 8, 8);
  } else if (size >= 4) {
    std::uint32_t ends[2];
    std::memcpy(&ends[0], from, 4);
    std::memcpy(&ends[1], from + size - 4, 4);
    halves[0] = halves[1] = std::uint64_t{ends[1]} << 32 | ends[0];
  } else {
    const auto byte = [&](std::size_t at) -> std::uint32_t {
      return static_cast<unsigned char>(from[at]);
    };
    const std::uint32_t four = byte(0) | byte(size / 2) << 8 | byte(size - 1) << 16 | byte(0) << 24;
    halves[0] = halves[1] = std::uint64_t{four} << 32 | four;
  }
  sixteen_bytes out;
  std::memcpy(&out, halves, sizeof out);
  return out;
}

// For each byte the entry of a table that its lower four bits name, or 0 where its top bit is set.
inline sixteen_bytes look_up(const unsigned char* table_of_16, sixteen_bytes bytes) {
#if defined(__SSSE3__)
  using signed_bytes __attribute__((vector_size(16))) = char;
  signed_bytes table;
  std::memcpy(&table, table_of_16, sizeof table);
  return sixteen_bytes(__builtin_ia32_pshufb128(table, signed_bytes(bytes)));
#else
  for (unsigned i = 0; i < sizeof bytes; ++i)
    bytes[i] = bytes[i] < 0x80 ? table_of_16[bytes[i] & 15u] : 0;
  return bytes;
#endif
}

// One bit for each byte of a comparison, the first byte's lowest.
inline std::uint32_t bits_of(block_of<16>::type mask) {
#if defined(__SSE2__)
  using signed_bytes __attribute__((vector_size(16))) = char;
  return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128(signed_bytes(mask)));
#else
  std::uint32_t bits = 0;
  for (unsigned i = 0; i < 16; ++i) bits |= static_cast<std::uint32_t>(mask[i] & 1u) << i;
  return bits;
#endif
}

inline bool is_any(block_of<8>::type mask) {
  std::uint64_t bits;
  std::memcpy(&bits, &mask, sizeof bits);
  return bits != 0;
}
inline bool is_any(block_of<16>::type mask) { return bits_of(mask) != 0; }

// Whether `visit` holds for any of the blocks that cover `size` bytes, at least eight; called with
// the block's type and offset. The last one may overlap the one before.
template <class Visit>
bool any_block(std::size_t size, Visit visit) {
  if (size < sizeof(sixteen_bytes))
    return visit.template operator()<eight_bytes>(0) ||
           visit.template operator()<eight_bytes>(size - sizeof(eight_bytes));
  const std::size_t last = size - sizeof(sixteen_bytes);
  for (std::size_t at = 0; at < last; at += sizeof(sixteen_bytes))
    if (visit.template operator()<sixteen_bytes>(at)) return true;
  return visit.template operator()<sixteen_bytes>(last);
}

// Whether `fits` holds for any byte. It is called with blocks and with single bytes (unsigned char)
// and made of comparisons, & and |: any_byte(text, [](auto c) { return (c < 0x20) | (c == 0x7f); })
template <class Fits>
bool any_byte(std::string_view text, Fits fits) {
  if (text.size() >= sizeof(eight_bytes))
    return any_block(text.size(), [&]<class Block>(std::size_t at) {
      return is_any(Block(fits(load_block<Block>(text.data() + at))));
    });
  for (const char one : text)
    if (fits(static_cast<unsigned char>(one))) return true;
  return false;
}

// A-Z becomes a-z; all other bytes stay.
template <class Block>
Block lower_case_block(Block bytes) {
  return bytes | (Block((bytes >= 'A') & (bytes <= 'Z')) & 0x20);
}

}  // namespace core
