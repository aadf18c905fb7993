// append_all: several texts at the end of a string, with one look at its memory instead of one for
// each. Answers and log lines are made of dozens of pieces.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace core {
namespace append_details {

// Of a literal the size is known to the compiler, which copies it without a call.
template <std::size_t Size>
constexpr std::size_t size_of(const char (&)[Size]) {
  return Size - 1;
}
inline std::size_t size_of(std::string_view text) { return text.size(); }

template <std::size_t Size>
char* copy(char* to, const char (&literal)[Size]) {
  std::memcpy(to, literal, Size - 1);
  return to + Size - 1;
}
inline char* copy(char* to, std::string_view text) {
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

}  // namespace append_details

// Each piece is a literal or a text; none may be part of `out`.
template <class... Pieces>
void append_all(std::string& out, const Pieces&... pieces) {
  const std::size_t before = out.size();
  out.resize(before + (append_details::size_of(pieces) + ...));
  char* to = out.data() + before;
  ((to = append_details::copy(to, pieces)), ...);
}

}  // namespace core
