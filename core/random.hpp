// Chance as an argument: keys and identifiers come from a random_source, which tests replace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace core {

class random_source {
 public:
  virtual ~random_source() = default;
  // Fills with bytes fit for keys. Throws std::runtime_error when the system has none to give.
  virtual void fill(std::span<unsigned char> bytes) = 0;
};

// OpenSSL's per-thread generator, seeded by the kernel.
class system_random final : public random_source {
 public:
  void fill(std::span<unsigned char> bytes) override;
};

// A UUID of version 4 (RFC 9562 section 5.4), 36 characters.
std::string new_uuid(random_source& random);
void append_uuid(std::string& out, random_source& random);

// `bytes` random bytes as base64url text without padding.
std::string new_nonce(random_source& random, std::size_t bytes);

// Not for secrets: a fast generator (xoshiro256**) for request ids and retry jitter.
class quick_random {
 public:
  explicit quick_random(random_source& seed);
  std::uint64_t next();

 private:
  std::uint64_t state_[4];
};

}  // namespace core
