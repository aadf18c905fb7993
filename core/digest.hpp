// digest: short names for long or awkward ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/ids.hpp"

namespace core {

// The first `bytes` bytes of SHA-256, in lower-case hex.
std::string short_digest(std::string_view text, std::size_t bytes);

// 40 hex digits that stand for one opening of a room wherever a vendor's names ignore case or know
// few characters: 160 bits keep two rooms apart. The store finds a booking by it, so that a
// vendor's report about a room leads back to its booking.
std::string room_digest(const room_id& room, std::uint32_t generation);
constexpr std::size_t room_digest_size = 40;

}  // namespace core
