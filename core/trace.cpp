#include "core/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace core {
namespace {

// "00-" + 32 + "-" + 16 + "-" + 2
constexpr std::size_t known_size = 55;

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) { return text.find_first_not_of('0') == text.npos; }

}  // namespace

std::optional<trace> trace::from(std::string_view traceparent) {
  if (traceparent.size() < known_size) return std::nullopt;
  const std::string_view version = traceparent.substr(0, 2);
  // Later versions may go on after what we know; this one may not.
  if (traceparent.size() > known_size && (version == "00" || traceparent[known_size] != '-'))
    return std::nullopt;
  const std::string_view id = traceparent.substr(3, 32);
  const std::string_view parent = traceparent.substr(36, 16);
  const std::string_view flags = traceparent.substr(53, 2);
  if (traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-' ||
      !is_lower_hex(version) || version == "ff" || !is_lower_hex(id) || is_zero(id) ||
      !is_lower_hex(parent) || is_zero(parent) || !is_lower_hex(flags))
    return std::nullopt;
  return trace(std::string(id) + std::string(flags));
}

std::string trace::traceparent(quick_random& chance) const {
  std::uint64_t parent = 0;
  while (parent == 0) parent = chance.next();
  return fmt::format("00-{}-{:016x}-{}", id(), parent, std::string_view(text_).substr(32));
}

}  // namespace core
