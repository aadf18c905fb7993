#include "core/encoding.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "core/byte_blocks.hpp"

namespace core {
namespace {

constexpr std::string_view url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view plain_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view hex_digits = "0123456789abcdef";

constexpr std::array<std::int8_t, 256> values_of(std::string_view alphabet) {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return values;
}
constexpr auto url_values = values_of(url_alphabet);
constexpr auto plain_values = values_of(plain_alphabet);

using four_words __attribute__((vector_size(16))) = std::uint32_t;

std::uint32_t load_big_endian(const unsigned char* from) {
  std::uint32_t word;
  std::memcpy(&word, from, sizeof word);
  return std::endian::native == std::endian::little ? __builtin_bswap32(word) : word;
}

// Sixteen numbers below 64 become the letters of an alphabet that differs from others in its last
// two.
sixteen_bytes letters_of(sixteen_bytes numbers, char letter_62, char letter_63) {
  return numbers + 'A' + from_on(numbers, 26, 'a' - 'Z' - 1) + from_on(numbers, 52, '0' - 'z' - 1) +
         from_on(numbers, 62, letter_62 - '9' - 1) +
         from_on(numbers, 63, letter_63 - letter_62 - 1);
}

void append_base64(std::string& out, byte_view data, std::string_view alphabet) {
  const std::size_t start = out.size();
  out.resize(start + (data.size() * 4 + 2) / 3);
  char* to = out.data() + start;
  // Pointers, as a checked index costs as much as the work.
  const unsigned char* const from = data.data();
  const char* const letters = alphabet.data();
  std::size_t i = 0;
  // Twelve bytes at a time: four words, the upper 24 bits of each spread over its four bytes.
  for (; i + 13 <= data.size() && std::endian::native == std::endian::little; i += 12, to += 16) {
    const four_words in = {load_big_endian(from + i), load_big_endian(from + i + 3),
                           load_big_endian(from + i + 6), load_big_endian(from + i + 9)};
    const four_words numbers =
        (in >> 26) | (in >> 12 & 0x3f00) | (in << 2 & 0x3f0000) | (in << 16 & 0x3f000000);
    const auto text = letters_of(sixteen_bytes(numbers), letters[62], letters[63]);
    std::memcpy(to, &text, sizeof text);
  }
  for (; i + 3 <= data.size(); i += 3) {
    const auto three = static_cast<std::uint32_t>(from[i] << 16 | from[i + 1] << 8 | from[i + 2]);
    *to++ = letters[three >> 18];
    *to++ = letters[three >> 12 & 63];
    *to++ = letters[three >> 6 & 63];
    *to++ = letters[three & 63];
  }
  if (i + 1 == data.size()) {
    *to++ = alphabet[data[i] >> 2];
    *to++ = alphabet[(data[i] & 3u) << 4];
  } else if (i + 2 == data.size()) {
    *to++ = alphabet[data[i] >> 2];
    *to++ = alphabet[(data[i] & 3u) << 4 | static_cast<unsigned>(data[i + 1]) >> 4];
    *to++ = alphabet[(data[i + 1] & 15u) << 2];
  }
}

std::optional<std::string> decode_base64(std::string_view text,
                                         const std::array<std::int8_t, 256>& values) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out(text.size() * 3 / 4, '\0');
  char* to = out.data();
  const auto value = [&](std::size_t at) -> int {
    return values[static_cast<unsigned char>(text[at])];
  };
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    // A foreign character is -1, whose sign survives every shift and or.
    const int four =
        value(i) * (1 << 18) | value(i + 1) * (1 << 12) | value(i + 2) * (1 << 6) | value(i + 3);
    if (four < 0) return std::nullopt;
    *to++ = static_cast<char>(four >> 16);
    *to++ = static_cast<char>(four >> 8);
    *to++ = static_cast<char>(four);
  }
  const std::size_t left = text.size() - i;
  if (left == 0) return out;
  const int last = value(i) * (1 << 12) | value(i + 1) * (1 << 6) | (left == 3 ? value(i + 2) : 0);
  // Loose bits would give one token several spellings.
  if (last < 0 || (last & (left == 3 ? 0x3 : 0x3ff)) != 0) return std::nullopt;
  *to++ = static_cast<char>(last >> 10);
  if (left == 3) *to++ = static_cast<char>(last >> 2);
  return out;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Length of the well-formed sequence at the start of `text`, 0 where there is none (Unicode table
// 3-7).
std::size_t sequence_length(std::string_view text) {
  const auto at = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto tail = [&](std::size_t i) { return at(i) >= 0x80 && at(i) <= 0xbf; };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = first == 0xed ? 0x9f : 0xbf;
    return at(1) >= low && at(1) <= high && tail(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned low = first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
    return at(1) >= low && at(1) <= high && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

void append_base64url(std::string& out, byte_view data) { append_base64(out, data, url_alphabet); }

std::string to_base64url(byte_view data) {
  std::string out;
  append_base64url(out, data);
  return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
  return decode_base64(text, url_values);
}

std::string to_base64(byte_view data) {
  std::string out;
  append_base64(out, data, plain_alphabet);
  while (out.size() % 4 != 0) out.push_back('=');
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.ends_with("=="))
    text.remove_suffix(2);
  else if (text.ends_with('='))
    text.remove_suffix(1);
  return decode_base64(text, plain_values);
}

std::string to_hex(byte_view data) {
  std::string out;
  out.reserve(data.size() * 2);
  for (const unsigned char byte : data) {
    out.push_back(hex_digits[byte >> 4]);
    out.push_back(hex_digits[byte & 15]);
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high << 4 | low));
  }
  return out;
}

void append_percent_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view upper_digits = "0123456789ABCDEF";
  while (!text.empty()) {
    const auto plain =
        static_cast<std::size_t>(std::ranges::find_if_not(text, is_unreserved) - text.begin());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    const auto byte = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    const char escaped[] = {'%', upper_digits[byte >> 4], upper_digits[byte & 15]};
    out.append(escaped, sizeof escaped);
  }
}

std::string percent_encode(std::string_view text) {
  std::string out;
  append_percent_encoded(out, text);
  return out;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  if (!any_byte(text, [](auto c) { return (c == '%') | (c == '+'); })) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
      continue;
    }
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high << 4 | low));
    i += 2;
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::size_t code_points(std::string_view utf8) {
  std::size_t count = 0;
  for (const char c : utf8)
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) ++count;
  return count;
}

bool same_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool same_letters(std::string_view a, std::string_view b) {
  if (a.size() >= sizeof(eight_bytes))
    return !any_block(a.size(), [&]<class Block>(std::size_t at) {
      return is_any(Block(lower_case_block(load_block<Block>(a.data() + at)) !=
                          lower_case_block(load_block<Block>(b.data() + at))));
    });
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a.data()[i]) != lower(b.data()[i])) return false;
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string lower_case(std::string_view ascii) {
  std::string out(ascii);
  for (char& c : out) c = lower(c);
  return out;
}

}  // namespace core
