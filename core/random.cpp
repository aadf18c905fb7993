#include "core/random.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <bit>
#include <stdexcept>
#include <vector>

#include "core/encoding.hpp"

namespace core {

void system_random::fill(std::span<unsigned char> bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw std::runtime_error("the system's random generator failed");
}

void append_uuid(std::string& out, random_source& random) {
  constexpr auto digits = [] {
    std::array<std::array<char, 2>, 256> of_byte{};
    for (std::size_t i = 0; i < of_byte.size(); ++i)
      of_byte[i] = {"0123456789abcdef"[i >> 4], "0123456789abcdef"[i & 15]};
    return of_byte;
  }();
  std::array<unsigned char, 16> bytes;
  random.fill(bytes);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::array<char, 36> text;
  char* to = text.data();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *to++ = '-';
    to = std::copy_n(digits.data()[bytes.data()[i]].data(), 2, to);
  }
  out.append(text.data(), text.size());
}

std::string new_uuid(random_source& random) {
  std::string out;
  append_uuid(out, random);
  return out;
}

std::string new_nonce(random_source& random, std::size_t bytes) {
  std::vector<unsigned char> buffer(bytes);
  random.fill(buffer);
  return to_base64url(buffer);
}

quick_random::quick_random(random_source& seed) {
  seed.fill({reinterpret_cast<unsigned char*>(state_), sizeof state_});
  state_[0] |= 1;  // the all-zero state is the generator's only fixed point
}

std::uint64_t quick_random::next() {
  const std::uint64_t answer = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return answer;
}

}  // namespace core
