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

void append_uuid(std::string& out, core::random_source& random) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<unsigned char, 16> bytes;
  random.fill(bytes);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::array<char, 36> text;
  char* to = text.data();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *to++ = '-';
    *to++ = digits.data()[bytes[i] >> 4];
    *to++ = digits.data()[bytes[i] & 15];
  }
  out.append(text.data(), text.size());
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
