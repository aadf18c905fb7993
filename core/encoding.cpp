#include "core/encoding.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "core/byte_blocks.hpp"
#include "core/byte_set.hpp"

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

// How far the letters of an alphabet are from their numbers, by runs of letters that follow each
// other: a-z first, each of 0-9 and of the last two by itself, A-Z at the end.
using base64_runs = std::array<unsigned char, 16>;
constexpr base64_runs runs_of(std::string_view alphabet) {
  base64_runs out{};
  out[0] = static_cast<unsigned char>(alphabet[26] - 26);
  for (std::size_t i = 52; i < 64; ++i)
    out[i - 51] = static_cast<unsigned char>(static_cast<unsigned char>(alphabet[i]) - i);
  out[13] = static_cast<unsigned char>(alphabet[0]);
  return out;
}
constexpr base64_runs url_runs = runs_of(url_alphabet);
constexpr base64_runs plain_runs = runs_of(plain_alphabet);

// Sixteen numbers below 64 become letters.
sixteen_bytes letters_of(sixteen_bytes numbers, const base64_runs& runs) {
  const sixteen_bytes last = numbers > 51 ? numbers - 51 : sixteen_bytes{};
  return numbers + look_up(runs.data(), last | (sixteen_bytes(numbers < 26) & 13));
}

// The first twelve bytes as sixteen numbers of six bits: three bytes are the lower 24 bits of a
// word, whose parts are spread over its four bytes.
sixteen_bytes numbers_of(sixteen_bytes bytes) {
  const auto words = four_words(__builtin_shufflevector(bytes, sixteen_bytes{}, 2, 1, 0, 16, 5, 4,
                                                        3, 16, 8, 7, 6, 16, 11, 10, 9, 16));
  return sixteen_bytes((words >> 18) | (words >> 4 & 0x3f00) | (words << 10 & 0x3f0000) |
                       (words << 24 & 0x3f000000));
}

void append_base64(std::string& out, byte_view data, std::string_view alphabet,
                   const base64_runs& runs) {
  const std::size_t start = out.size();
  out.resize(start + (data.size() * 4 + 2) / 3);
  char* to = out.data() + start;
  // Pointers, as a checked index costs as much as the work.
  const unsigned char* const from = data.data();
  const char* const letters = alphabet.data();
  std::size_t i = 0;
  constexpr bool by_blocks = std::endian::native == std::endian::little;
  for (; by_blocks && i + sizeof(sixteen_bytes) <= data.size(); i += 12, to += 16) {
    sixteen_bytes next;
    std::memcpy(&next, from + i, sizeof next);
    const auto text = letters_of(numbers_of(next), runs);
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

constexpr byte_set unreserved =
    ascii::letters_and_digits | byte_set("-._~");  // RFC 3986 section 2.3

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

void append_base64url(std::string& out, byte_view data) {
  append_base64(out, data, url_alphabet, url_runs);
}

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
  append_base64(out, data, plain_alphabet, plain_runs);
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
  if (unreserved.covers(text)) {
    out.append(text);
    return;
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const char escaped[] = {'%', upper_digits[byte >> 4], upper_digits[byte & 15]};
    if (unreserved.has(c))
      out.push_back(c);
    else
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
