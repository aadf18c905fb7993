// Bytes as a token, and as a header and claims that are signed properly: what is accepted has
// exactly one spelling.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/encoding.hpp"
#include "jose/jwt.hpp"

namespace {

const jose::key_set& keys() {
  static const jose::key_set one = [] {
    jose::key_set made;
    made.add(
        jose::key::from_secret(core::secret(std::string(32, 'k')), jose::algorithm::hs256).value());
    return made;
  }();
  return one;
}

void check(const std::string& token) {
  const auto now = core::from_unix_seconds(1'795'341'600);
  jose::jwt_rules rules;
  const auto got = jose::verify_jwt(token, keys(), rules, now);
  if (!got) return;
  if (now >= got->expires_at + rules.leeway || now + rules.leeway < got->valid_from) std::abort();
  if (!got->claims.as_object() || !got->claims.find("exp")) std::abort();
  // No character can be changed, added or taken away at the end.
  for (const char c : {'A', 'B', '_', '=', ' '}) {
    if (jose::verify_jwt(token + c, keys(), rules, now)) std::abort();
    std::string bent = token;
    bent.back() = c;
    if (bent != token && jose::verify_jwt(bent, keys(), rules, now)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(std::string(text));
  const auto line = std::min(text.find('\n'), text.size());
  std::string token = core::to_base64url(core::as_bytes(text.substr(0, line)));
  token += '.';
  core::append_base64url(token, core::as_bytes(text.substr(std::min(line + 1, text.size()))));
  std::string signature;
  if (!keys().keys().front().sign(token, signature)) std::abort();
  token += '.';
  core::append_base64url(token, core::as_bytes(signature));
  check(token);
  return 0;
}
