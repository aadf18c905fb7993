// Which characters may stand where in HTTP/1.1 and URIs, as tables.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace http {

enum character_class : std::uint8_t {
  token_class = 1,   // tchar of RFC 9110 section 5.6.2
  target_class = 2,  // what RFC 3986 knows, without '#': a request's target has no fragment
  host_class = 4,    // reg-name: unreserved, sub-delims and '%' of percent-encoding
};

constexpr std::array<std::uint8_t, 256> make_character_classes() {
  std::array<std::uint8_t, 256> table{};
  const auto add = [&table](std::string_view characters, std::uint8_t classes) {
    for (const char c : characters) {
      auto& entry = table[static_cast<unsigned char>(c)];
      entry = static_cast<std::uint8_t>(entry | classes);
    }
  };
  add("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
      token_class | target_class | host_class);
  add("!#$%&'*+-.^_`|~", token_class);
  add("-._~!$&'()*+,;=%", target_class | host_class);
  add(":/?[]@", target_class);
  return table;
}

inline constexpr std::array<std::uint8_t, 256> character_classes = make_character_classes();

constexpr bool is_in_class(char c, character_class wanted) {
  return (character_classes[static_cast<unsigned char>(c)] & wanted) != 0;
}
constexpr bool is_token_character(char c) { return is_in_class(c, token_class); }
constexpr bool is_target_character(char c) { return is_in_class(c, target_class); }
constexpr bool is_host_character(char c) { return is_in_class(c, host_class); }

}  // namespace http
