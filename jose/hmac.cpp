#include "jose/hmac.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <stdexcept>

// The plain SHA functions are deprecated in favour of EVP, which cannot copy a state without
// allocating.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace jose {

void hmac_key::begin(midstate& state, const unsigned char* block) const {
  if (hash_bytes_ == 32) {
    SHA256_Init(&state.small);
    SHA256_Update(&state.small, block, SHA256_CBLOCK);
    return;
  }
  if (hash_bytes_ == 48)
    SHA384_Init(&state.large);
  else
    SHA512_Init(&state.large);
  SHA512_Update(&state.large, block, SHA512_CBLOCK);
}

void hmac_key::add(midstate& state, std::string_view data) const {
  if (hash_bytes_ == 32)
    SHA256_Update(&state.small, data.data(), data.size());
  else
    SHA512_Update(&state.large, data.data(), data.size());
}

void hmac_key::end(midstate& state, unsigned char* out) const {
  if (hash_bytes_ == 32)
    SHA256_Final(out, &state.small);
  else
    SHA512_Final(out, &state.large);  // the state knows whether it is SHA-384
}

hmac_key::hmac_key(std::string_view secret, std::size_t hash_bytes) : hash_bytes_(hash_bytes) {
  if (hash_bytes != 32 && hash_bytes != 48 && hash_bytes != 64)
    throw std::logic_error("no such hash for HMAC");
  std::array<unsigned char, SHA512_CBLOCK> block{};
  const auto data = core::as_bytes(secret);
  if (data.size() <= block_bytes())
    std::ranges::copy(data, block.begin());
  else if (hash_bytes == 32)
    SHA256(data.data(), data.size(), block.data());
  else if (hash_bytes == 48)
    SHA384(data.data(), data.size(), block.data());
  else
    SHA512(data.data(), data.size(), block.data());
  for (unsigned char& byte : block) byte ^= 0x36;
  begin(inner_, block.data());
  for (unsigned char& byte : block) byte ^= 0x36 ^ 0x5c;
  begin(outer_, block.data());
  OPENSSL_cleanse(block.data(), block.size());
}

hmac_key::~hmac_key() {
  OPENSSL_cleanse(&inner_, sizeof inner_);
  OPENSSL_cleanse(&outer_, sizeof outer_);
}

mac hmac_key::of(std::string_view message) const {
  midstate inner = inner_;
  return finish(inner, message);
}

mac hmac_key::finish(midstate& inner, std::string_view rest) const {
  mac out;
  out.size = hash_bytes_;
  add(inner, rest);
  end(inner, out.bytes.data());
  midstate state = outer_;
  add(state, out.view());
  end(state, out.bytes.data());
  return out;
}

}  // namespace jose
