#include "api/audit.hpp"

#include <openssl/sha.h>

#include <array>
#include <string>

#include "core/encoding.hpp"
#include "core/time_text.hpp"

namespace api {
namespace {

// As many bytes of the hash as tell the tokens of a marketplace apart.
constexpr std::size_t hash_bytes_shown = 16;

std::string hash_of(std::string_view token_id) {
  if (token_id.empty()) return {};
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
  SHA256(core::as_bytes(token_id).data(), token_id.size(), hash.data());
  return core::to_hex(core::byte_view(hash).first(hash_bytes_shown));
}

}  // namespace

void audit_record::decided(const http::exchange& about, const join::join_call& call,
                           const auth::identity* who, std::string_view outcome,
                           std::string_view code, std::string_view provider) const {
  if (!to_) return;
  const std::string token = who ? hash_of(who->token_id) : std::string();
  std::string client;
  about.client.append_text(client);
  to_->info("join_decided", {{"user", who ? who->user.view() : std::string_view()},
                             {"room", call.room.view()},
                             {"role", core::name_of(call.seat)},
                             {"outcome", outcome},
                             {"rule", code},
                             {"provider", provider},
                             {"token", token},
                             {"client", client},
                             {"request_id", about.request_id()}});
}

void audit_record::revoked(const http::exchange& about, const core::revocation& what) const {
  if (!to_) return;
  const std::string token = hash_of(what.token_id);
  const std::string before = what.token_id.empty() ? core::to_rfc3339(what.before) : std::string();
  std::string client;
  about.client.append_text(client);
  to_->info("sessions_revoked", {{"user", what.user},
                                 {"token", token},
                                 {"before", before},
                                 {"client", client},
                                 {"request_id", about.request_id()}});
}

}  // namespace api
