#include "jose/hmac_series.hpp"

#include <algorithm>
#include <cstring>

namespace jose {

mac hmac_series::of(std::string_view message) {
  const bool alike = known_size_ != 0 && message.size() >= known_size_ &&
                     std::memcmp(message.data(), begin_.data(), known_size_) == 0;
  if (!alike) learn(message);
  hmac_key::midstate inner = known_;
  return key_.finish(inner, message.substr(known_size_));
}

// What this message has in common with the one before is expected of the next one too.
void hmac_series::learn(std::string_view message) {
  const std::string_view before(begin_.data(), begin_size_);
  const std::string_view begin = message.substr(0, begin_bytes_max);
  const auto common = std::ranges::mismatch(before, begin).in1 - before.begin();
  known_size_ = static_cast<std::size_t>(common) / key_.block_bytes() * key_.block_bytes();
  known_ = key_.begun();
  key_.add(known_, begin.substr(0, known_size_));
  std::ranges::copy(begin, begin_.begin());
  begin_size_ = begin.size();
}

}  // namespace jose
