#include "providers/token_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/encoding.hpp"
#include "providers/error.hpp"
#include "providers/provider.hpp"

namespace providers {

void buffered_random::fill(std::span<unsigned char> bytes) {
  if (bytes.size() > held_.size()) return from_.fill(bytes);
  if (bytes.size() > left_) {
    from_.fill(held_);
    left_ = held_.size();
  }
  unsigned char* const from = held_.data() + (held_.size() - left_);
  std::copy_n(from, bytes.size(), bytes.begin());
  std::fill_n(from, bytes.size(), static_cast<unsigned char>(0));
  left_ -= bytes.size();
}

void append_number(std::string& out, std::int64_t number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

std::string room_name(std::string_view prefix, const core::room_id& room,
                      std::uint32_t generation) {
  return std::string(prefix) + "-" + core::room_digest(room, generation);
}

std::optional<std::string> digest_in_name(std::string_view prefix, std::string_view name) {
  std::string lower = core::lower_case(name);
  if (lower.size() != prefix.size() + 1 + core::room_digest_size) return std::nullopt;
  if (!lower.starts_with(core::lower_case(prefix) + "-")) return std::nullopt;
  lower.erase(0, prefix.size() + 1);
  if (lower.find_first_not_of("0123456789abcdef") != std::string::npos) return std::nullopt;
  return lower;
}

core::result<core::wall_time> link_end(const admission& who, std::chrono::seconds lifetime) {
  const auto least = std::min<core::wall_time>(who.now + lifetime, who.closes_at);
  const auto ends = core::from_unix_seconds(core::unix_seconds(least));
  if (ends <= who.now) return core::fail(errc::rejected, "the room closes now");
  return ends;
}

tl::unexpected<core::failure> not_remembered(std::string_view what) {
  return core::fail(errc::rejected, fmt::format("no {} is remembered for this booking", what));
}

}  // namespace providers
