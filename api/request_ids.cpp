#include "api/request_ids.hpp"

#include <algorithm>
#include <cstring>

#include "core/encoding.hpp"

namespace api {
namespace {

bool is_sane(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

// Empty where there is none, or two: which of them the caller means is anybody's guess.
std::string_view callers_own(const http::request_head& head) {
  std::string_view found;
  for (const http::field_view& one : head.fields) {
    if (!core::equals_ignoring_case(one.name, "x-request-id")) continue;
    if (!found.empty()) return {};
    found = one.value;
  }
  return is_sane(found) ? found : std::string_view{};
}

// Crockford's base 32: no letters that are taken for digits, and safe to read out over a telephone.
constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t size = 26;  // 130 bits hold 128 random ones

}  // namespace

void request_ids::choose(http::exchange& about) {
  if (about.request_id_size != 0) return;
  const std::string_view given = about.head ? callers_own(*about.head) : std::string_view{};
  if (!given.empty()) {
    std::memcpy(about.request_id_text.data(), given.data(), given.size());
    about.request_id_size = static_cast<std::uint8_t>(given.size());
    return;
  }
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (i % 12 == 0) bits = chance_.next();  // 60 bits of each number
    about.request_id_text[i] = alphabet[bits & 31];
    bits >>= 5;
  }
  about.request_id_size = size;
}

}  // namespace api
