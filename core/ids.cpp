#include "core/ids.hpp"

#include <algorithm>

#include "core/encoding.hpp"

namespace core {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

bool room_id_rule::allows(std::string_view text) {
  constexpr std::string_view marks = "._~:@-";
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [&](char c) {
    return is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
  });
}

bool user_id_rule::allows(std::string_view text) {
  return !text.empty() && text.size() <= 255 && is_utf8(text) &&
         std::ranges::none_of(
             text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool provider_name_rule::allows(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::string_view name_of(role seat) { return seat == role::expert ? "expert" : "client"; }

std::optional<role> role_from(std::string_view text) {
  if (text == "expert") return role::expert;
  if (text == "client") return role::client;
  return std::nullopt;
}

}  // namespace core
