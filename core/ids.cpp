#include "core/ids.hpp"

#include <algorithm>

#include "core/byte_set.hpp"
#include "core/encoding.hpp"

namespace core {
namespace {

constexpr byte_set room_id_characters = ascii::letters_and_digits | byte_set("._~:@-");
constexpr byte_set provider_name_characters = ascii::lower_letters | ascii::digits | byte_set("-_");

}  // namespace

bool room_id_rule::allows(std::string_view text) {
  return !text.empty() && text.size() <= 128 && room_id_characters.covers(text);
}

bool user_id_rule::allows(std::string_view text) {
  return !text.empty() && text.size() <= 255 && is_utf8(text) &&
         std::ranges::none_of(
             text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool provider_name_rule::allows(std::string_view text) {
  return !text.empty() && text.size() <= 64 && provider_name_characters.covers(text);
}

std::string_view name_of(role seat) { return seat == role::expert ? "expert" : "client"; }

std::optional<role> role_from(std::string_view text) {
  if (text == "expert") return role::expert;
  if (text == "client") return role::client;
  return std::nullopt;
}

}  // namespace core
