#include "providers/token_parts.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

#include "core/encoding.hpp"

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

std::string short_digest(std::string_view text, std::size_t bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  const auto input = core::as_bytes(text);
  SHA256(input.data(), input.size(), digest.data());
  return core::to_hex({digest.data(), std::min(bytes, digest.size())});
}

core::wall_time link_end(core::wall_time now, core::wall_time closes_at,
                         std::chrono::seconds lifetime) {
  return core::from_unix_seconds(core::unix_seconds(std::min(now + lifetime, closes_at)));
}

}  // namespace providers
