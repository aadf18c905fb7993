// Text forms of bytes: base64url, base64, hex, percent-encoding; and what counts as UTF-8.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace core {

using bytes = std::vector<unsigned char>;
using byte_view = std::span<const unsigned char>;

inline byte_view as_bytes(std::string_view text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}
inline std::string_view as_text(byte_view data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

// RFC 4648 section 5 without padding, as JOSE has it.
std::string to_base64url(byte_view data);
void append_base64url(std::string& out, byte_view data);
// Strict: refuses padding, white space, foreign characters and loose trailing bits.
std::optional<std::string> from_base64url(std::string_view text);

// RFC 4648 section 4 with padding.
std::string to_base64(byte_view data);
std::optional<std::string> from_base64(std::string_view text);

std::string to_hex(byte_view data);
std::optional<std::string> from_hex(std::string_view text);

// Encodes every byte outside RFC 3986's unreserved set.
std::string percent_encode(std::string_view text);
void append_percent_encoded(std::string& out, std::string_view text);
// Decodes once. Refuses a '%' that two hex digits do not follow. '+' becomes a space only where
// `plus_is_space` says so (application/x-www-form-urlencoded).
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

// Well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF).
bool is_utf8(std::string_view text);
// Code points of well-formed UTF-8.
std::size_t code_points(std::string_view utf8);

// Compares without telling by its duration where the first difference is; lengths may show.
bool same_in_constant_time(std::string_view a, std::string_view b);

// ASCII only, as HTTP field names and schemes are compared.
// Of the same size.
bool same_letters(std::string_view a, std::string_view b);
inline bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && same_letters(a, b);
}
std::string_view trimmed(std::string_view text);  // of SP and HTAB
std::string lower_case(std::string_view ascii);

}  // namespace core
