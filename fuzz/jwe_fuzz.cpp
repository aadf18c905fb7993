// Bytes as an encrypted cookie: nothing that we did not seal is opened, and what we sealed is.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "jose/error.hpp"
#include "jose/jwe.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto enc : {jose::encryption::a256gcm, jose::encryption::a256cbc_hs512}) {
    const core::secret key(std::string(jose::key_bytes_of(enc), 'k'));
    const jose::direct_keys keys{enc, {key}};
    // The key is written above, so a token that opens would have to be made with it: the seeds in
    // the corpus are not.
    if (jose::decrypt_direct(text, keys)) std::abort();
    const std::size_t nonce_bytes = enc == jose::encryption::a256gcm ? 12 : 16;
    const auto sealed =
        jose::encrypt_direct(text.substr(0, 4096), enc, key, std::string(nonce_bytes, 'n'));
    const auto opened = sealed ? jose::decrypt_direct(*sealed, keys)
                               : core::result<core::secret>(core::fail(jose::errc::malformed));
    if (!opened || opened->reveal() != text.substr(0, 4096)) std::abort();
  }
  return 0;
}
