// byte_set: a set of ASCII characters, and whether a text is made of them alone. Grammars of HTTP,
// URIs, tokens and ids are such sets; a text is looked at sixteen bytes at a time.
#pragma once

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string_view>

#include "core/byte_blocks.hpp"

namespace core {

class byte_set {
 public:
  // Each of these characters. Bytes beyond ASCII are in no set.
  consteval explicit byte_set(std::string_view characters) {
    for (const char c : characters) add(c);
  }
  // The characters from `first` to `last`, both included.
  static consteval byte_set range(char first, char last) {
    byte_set out("");
    for (auto c = static_cast<unsigned char>(first); c <= static_cast<unsigned char>(last); ++c)
      out.add(static_cast<char>(c));
    return out;
  }

  consteval byte_set operator|(const byte_set& other) const {
    byte_set out = *this;
    for (std::size_t i = 0; i < rows_.size(); ++i) out.rows_[i] |= other.rows_[i];
    return out;
  }
  consteval byte_set without(std::string_view characters) const {
    byte_set out = *this;
    for (const char c : characters) out.rows_[low(c)] &= static_cast<unsigned char>(~high(c));
    return out;
  }

  constexpr bool has(char c) const { return (rows_[low(c)] & high(c)) != 0; }

  // Whether all bytes of the text are in the set; of an empty one they are.
  bool covers(std::string_view text) const {
    constexpr std::size_t step = sizeof(sixteen_bytes);
    if (text.size() < step)
      return text.empty() || bits_of(foreign(load_short(text.data(), text.size()))) == 0;
    // Foreign bytes are rare: no look at the verdict in between.
    sixteen_bytes found = foreign(load_block<sixteen_bytes>(text.data() + text.size() - step));
    for (std::size_t at = 0; at + step < text.size(); at += step)
      found |= foreign(load_block<sixteen_bytes>(text.data() + at));
    return bits_of(found) == 0;
  }

 private:
  static constexpr std::size_t low(char c) { return static_cast<unsigned char>(c) & 15u; }
  static constexpr unsigned char high(char c) {
    return bit_of_row[static_cast<unsigned char>(c) >> 4];
  }
  consteval void add(char c) {
    if (high(c) == 0) throw std::invalid_argument("not ASCII");
    rows_[low(c)] |= high(c);
  }
  // 0xff for each byte that is not in the set, 0 for the others.
  sixteen_bytes foreign(sixteen_bytes bytes) const {
    // look_up() gives 0 for bytes beyond ASCII.
    const sixteen_bytes rows = look_up(rows_.data(), bytes);
    return sixteen_bytes((rows & look_up(bit_of_row.data(), bytes >> 4)) == 0);
  }

  // A character's place in the ASCII table: its lower four bits choose an entry, its upper ones a
  // bit of that.
  static constexpr std::array<unsigned char, 16> bit_of_row = {1, 2, 4, 8, 16, 32, 64, 128};
  std::array<unsigned char, 16> rows_{};
};

namespace ascii {

inline constexpr byte_set digits = byte_set::range('0', '9');
inline constexpr byte_set lower_letters = byte_set::range('a', 'z');
inline constexpr byte_set letters = lower_letters | byte_set::range('A', 'Z');
inline constexpr byte_set letters_and_digits = letters | digits;
// From '!' to '~'.
inline constexpr byte_set visible = byte_set::range('!', '~');

}  // namespace ascii

}  // namespace core
