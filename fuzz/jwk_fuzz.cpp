// Bytes as a key set and as PEM: what becomes a key can be used, and a published set never holds a
// shared secret.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "jose/keys.hpp"

namespace {

void use(const jose::key& one, bool shared_allowed) {
  const bool shared = is_symmetric(one.algorithm());
  if (shared && !shared_allowed) std::abort();
  if (one.verify("input", std::string(64, 'x'))) std::abort();
  std::string signature;
  if (one.sign("input", signature).has_value() != one.can_sign()) std::abort();
  if (one.can_sign() && !one.for_this_thread().verify("input", signature)) std::abort();
  if (shared) return;
  const auto jwk = one.public_jwk();
  const auto back = jwk ? jose::key_set::from_jwks("{\"keys\":[" + *jwk + "]}", false)
                        : jose::key_set::from_jwks("", false);
  // Whether a made-up RSA modulus is refused is chance: OpenSSL tests it with random bases (SP
  // 800-56B).
  const bool is_rsa = jwk && jwk->find("\"RSA\"") != std::string::npos;
  if (is_rsa && (!back || back->keys().empty())) return;
  if (!back || back->keys().front().algorithm() != one.algorithm()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const bool allow_shared : {true, false}) {
    const auto set = jose::key_set::from_jwks(text, allow_shared);
    if (!set) continue;
    for (const jose::key& one : set->keys()) use(one, allow_shared);
  }
  if (const auto one = jose::key::from_pem(text)) use(*one, false);
  return 0;
}
