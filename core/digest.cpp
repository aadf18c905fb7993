#include "core/digest.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "core/encoding.hpp"

namespace core {

std::string short_digest(std::string_view text, std::size_t bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  const auto input = as_bytes(text);
  SHA256(input.data(), input.size(), digest.data());
  return to_hex({digest.data(), std::min(bytes, digest.size())});
}

std::string room_digest(const room_id& room, std::uint32_t generation) {
  // A line feed cannot be part of an id.
  return short_digest(room.text() + "\n" + std::to_string(generation), room_digest_size / 2);
}

}  // namespace core
