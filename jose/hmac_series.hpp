// hmac_series: the HMACs of messages that begin alike, as the tokens of one second do. What the
// hash has become after the blocks in common is kept. Belongs to one thread.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "jose/hmac.hpp"

namespace jose {

class hmac_series {
 public:
  explicit hmac_series(const hmac_key& key) : key_(key), known_(key.begun()) {}

  // As hmac_key::of().
  mac of(std::string_view message);

 private:
  // Longer beginnings are not looked for: an encoded header, issuer, audience and times.
  static constexpr std::size_t begin_bytes_max = 256;
  void learn(std::string_view message);

  hmac_key key_;
  std::array<char, begin_bytes_max> begin_{};  // of the last message that began otherwise
  std::size_t begin_size_ = 0;
  std::size_t known_size_ = 0;  // of begin_: the whole blocks that known_ has seen
  hmac_key::midstate known_;
};

}  // namespace jose
