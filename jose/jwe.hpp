// jwe: encrypted sessions in compact form (RFC 7516), with the one key agreement that Auth.js and
// NextAuth use: none ("dir"). Everything else is refused before it can cost anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/secret.hpp"

namespace jose {

enum class encryption : unsigned char { a256gcm, a256cbc_hs512 };
std::size_t key_bytes_of(encryption enc);
std::string_view name_of(encryption enc);

// HKDF (RFC 5869) with SHA-256.
core::secret hkdf_sha256(const core::secret& input, std::string_view salt, std::string_view info,
                         std::size_t bytes);

// Keys that are tried in turn, all for one encryption; the newest first.
struct direct_keys {
  encryption enc = encryption::a256cbc_hs512;
  std::vector<core::secret> keys;
};

// An encrypted cookie of a large session has some 12 KiB; a request's head has no room for more.
constexpr std::size_t jwe_bytes_max = 16 * 1024;

// Header exactly {"alg":"dir","enc":…} with this enc, a kid allowed and not looked at; no
// compression, no critical extensions. errc::malformed, unsupported, or bad_signature where no key
// opens it.
core::result<core::secret> decrypt_direct(std::string_view token, const direct_keys& with);

// What decrypt_direct opens; for tests and for trying out. `nonce` has 12 (GCM) or 16 bytes.
core::result<std::string> encrypt_direct(std::string_view plain, encryption enc,
                                         const core::secret& key, std::string_view nonce);

}  // namespace jose
