#include "auth/service_keys.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstring>
#include <stdexcept>

#include "auth/credentials.hpp"
#include "auth/error.hpp"
#include "core/encoding.hpp"

namespace auth {
namespace {

constexpr std::string_view prefix = "sha256:";
using hash = std::array<unsigned char, 32>;

hash sha256(std::string_view text) {
  hash out;
  if (EVP_Digest(text.data(), text.size(), out.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("OpenSSL cannot hash");
  return out;
}

std::optional<hash> hash_from(std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  const auto raw = core::from_hex(text.substr(prefix.size()));
  hash out;
  if (!raw || raw->size() != out.size()) return std::nullopt;
  std::memcpy(out.data(), raw->data(), out.size());
  return out;
}

}  // namespace

service_keys service_keys::read(core::options& from) {
  service_keys out;
  for (const std::string& text : from.texts("key_hashes")) {
    if (const auto one = hash_from(text))
      out.hashes_.push_back(*one);
    else
      from.note("key_hashes", "lists what is not \"sha256:\" and 64 hex digits",
                "printf %s \"$KEY\" | sha256sum");
  }
  return out;
}

std::string service_keys::hash_of(std::string_view key) {
  return std::string(prefix) + core::to_hex(sha256(key));
}

void service_keys::add_hash(std::string_view text) {
  const auto one = hash_from(text);
  if (!one) throw std::invalid_argument("a service key's hash is \"sha256:\" and 64 hex digits");
  hashes_.push_back(*one);
}

core::result<void> service_keys::check(const http::request_head& head) const {
  const auto key = bearer_token(head);
  if (!key) return core::fail(errc::bad_service_key, key.error().detail);
  if (!*key) return core::fail(errc::bad_service_key, "no Authorization field");
  const hash given = sha256(**key);
  // All of them every time: the duration does not tell which one fitted.
  int fitting = 0;
  for (const hash& one : hashes_)
    fitting += CRYPTO_memcmp(one.data(), given.data(), given.size()) == 0;
  if (fitting == 0) return core::fail(errc::bad_service_key, "unknown service key");
  return {};
}

}  // namespace auth
