// keyed_hash: SipHash-1-3, so that nobody outside can choose addresses that meet in one place of a
// table.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/random.hpp"
#include "core/wide.hpp"

namespace ratelimit {

inline std::uint64_t word_of(const void* eight_bytes) {
  std::uint64_t word;
  std::memcpy(&word, eight_bytes, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

// For texts. Aumasson and Bernstein, 2012; one round per word and three at the end, as hash tables
// use it.
class keyed_hash {
 public:
  keyed_hash(std::uint64_t first, std::uint64_t second) : first_(first), second_(second) {}
  static keyed_hash from(core::random_source& seed) {
    std::uint64_t keys[2];
    seed.fill({reinterpret_cast<unsigned char*>(keys), sizeof keys});
    return {keys[0], keys[1]};
  }

  std::uint64_t operator()(std::string_view text) const {
    state s(first_, second_);
    const std::uint64_t length = text.size();
    while (text.size() >= 8) {
      s.absorb(word_of(text.data()));
      text.remove_prefix(8);
    }
    std::uint64_t tail = length << 56;
    for (std::size_t i = 0; i < text.size(); ++i)
      tail |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
    return s.finish(tail);
  }

 private:
  struct state {
    // "somepseudorandomlygeneratedbytes"
    state(std::uint64_t first, std::uint64_t second)
        : a(first ^ 0x736f6d6570736575),
          b(second ^ 0x646f72616e646f6d),
          c(first ^ 0x6c7967656e657261),
          d(second ^ 0x7465646279746573) {}

    void absorb(std::uint64_t word) {
      d ^= word;
      round();
      a ^= word;
    }
    std::uint64_t finish(std::uint64_t last_word) {
      absorb(last_word);
      c ^= 0xff;
      round();
      round();
      round();
      return a ^ b ^ c ^ d;
    }
    void round() {
      a += b;
      c += d;
      b = std::rotl(b, 13) ^ a;
      d = std::rotl(d, 16) ^ c;
      a = std::rotl(a, 32) + d;
      c += b;
      d = std::rotl(d, 21) ^ a;
      b = std::rotl(b, 17) ^ c;
      c = std::rotl(c, 32);
    }
    std::uint64_t a, b, c, d;
  };

  std::uint64_t first_;
  std::uint64_t second_;
};

// For words. The upper half of a * word + b modulo 2^128 is strongly universal (Dietzfelbinger
// 1996): any two words fall together, in whichever bits, no more often than two random numbers do.
// It is also linear, so that regular words make regular hashes; what follows takes the regularity
// out and, being a bijection, nothing else. SipHash costs three times as much here.
class word_hash {
 public:
  explicit word_hash(core::random_source& seed) {
    seed.fill({reinterpret_cast<unsigned char*>(&keys_), sizeof keys_});
    keys_.odd |= 1;
  }

  // Words of different kinds, 0 and 1, are different words.
  std::uint64_t operator()(std::uint64_t word, unsigned kind) const {
    auto hash = static_cast<std::uint64_t>((keys_.a * word + keys_.b[kind]) >> 64);
    hash ^= hash >> 31;
    hash *= keys_.odd;
    return hash ^ hash >> 33;
  }

 private:
  struct {
    core::uint128 a, b[2];
    std::uint64_t odd, unused;
  } keys_;
};

}  // namespace ratelimit
