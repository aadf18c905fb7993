// seed: a number that nobody outside can guess, for hash tables whose keys strangers choose.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "core/random.hpp"

namespace core {

inline std::uint64_t random_seed() {
  std::array<unsigned char, 8> bytes;
  system_random().fill(bytes);
  std::uint64_t out;
  std::memcpy(&out, bytes.data(), sizeof out);
  return out;
}

}  // namespace core
