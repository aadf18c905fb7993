#include "http/known_field.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace http {
namespace {

constexpr std::array<std::string_view, known_field_count> names = {
    "accept",          "authorization",
    "connection",      "content-encoding",
    "content-length",  "content-type",
    "cookie",          "expect",
    "forwarded",       "host",
    "origin",          "purpose",
    "sec-fetch-site",  "sec-purpose",
    "traceparent",     "transfer-encoding",
    "x-forwarded-for", "x-forwarded-proto",
    "x-moz",           "x-request-id"};

constexpr std::size_t longest = std::ranges::max(names, {}, &std::string_view::size).size();

// The names of each size, as numbers in one row, and where each size begins.
struct by_size {
  std::array<std::uint8_t, known_field_count> order{};
  std::array<std::uint8_t, longest + 2> begin{};
};
constexpr by_size sorted = [] {
  by_size out;
  std::uint8_t at = 0;
  for (std::size_t size = 0; size <= longest; ++size) {
    out.begin[size] = at;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i].size() == size) out.order[at++] = static_cast<std::uint8_t>(i);
  }
  out.begin[longest + 1] = at;
  return out;
}();

// Setting one bit makes capitals small and leaves small letters and '-' as they are; what else it
// turns into one of those is a control character.
template <class Word>
bool same_word(const char* text, const char* lower_case) {
  constexpr auto bits = static_cast<Word>(0x2020202020202020u);
  Word a, b;
  std::memcpy(&a, text, sizeof a);
  std::memcpy(&b, lower_case, sizeof b);
  return (a | bits) == b;
}

bool is_name(std::string_view text, std::string_view lower_case) {
  const std::size_t size = text.size();
  if (size < sizeof(std::uint64_t))  // no known name has less than four letters
    return same_word<std::uint32_t>(text.data(), lower_case.data()) &&
           same_word<std::uint32_t>(text.data() + size - 4, lower_case.data() + size - 4);
  for (std::size_t at = 0; at + sizeof(std::uint64_t) < size; at += sizeof(std::uint64_t))
    if (!same_word<std::uint64_t>(text.data() + at, lower_case.data() + at)) return false;
  return same_word<std::uint64_t>(text.data() + size - 8, lower_case.data() + size - 8);
}

}  // namespace

std::string_view name_of(known_field which) { return names[static_cast<std::size_t>(which)]; }

known_field known_field_from(std::string_view name) {
  if (name.size() > longest) return known_field::unknown;
  for (std::size_t i = sorted.begin[name.size()]; i < sorted.begin[name.size() + 1]; ++i)
    if (is_name(name, names[sorted.order[i]])) return known_field{sorted.order[i]};
  return known_field::unknown;
}

}  // namespace http
