#include "api/audit.hpp"

#include <openssl/sha.h>

#include <array>
#include <string>

#include "api/problem.hpp"
#include "auth/credentials.hpp"
#include "core/encoding.hpp"
#include "core/time_text.hpp"

namespace api {
namespace {

// As many bytes of the hash as tell the tokens of a marketplace apart.
constexpr std::size_t hash_bytes_shown = 16;

std::string hash_of(std::string_view text) {
  if (text.empty()) return {};
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
  SHA256(core::as_bytes(text).data(), text.size(), hash.data());
  return core::to_hex(core::byte_view(hash).first(hash_bytes_shown));
}

std::string client_of(const http::exchange& about) {
  std::string out;
  about.client.append_text(out);
  return out;
}

// "expert u1, client u2".
std::string seats_of(const rooms::booking& one) {
  std::string out;
  for (const rooms::participant& each : one.participants) {
    if (!out.empty()) out += ", ";
    out.append(core::name_of(each.seat)).append(" ").append(each.user.view());
  }
  return out;
}

// Which of the service keys that are configured it was: the beginning of its hash there.
std::string key_of(const http::exchange& about) {
  const auto key = auth::bearer_token(*about.head);
  return key && *key ? hash_of(**key) : std::string();
}

}  // namespace

verdict verdict_of(const core::failure& why) {
  const problem& row = problem_of(why.code);
  return {row.status < 500 ? "denied" : "failed", row.code, {}};
}

void audit_record::joined(const http::exchange& about, const audited& what,
                          const verdict& made) const {
  decided("join_decided", about, what, made);
}

void audit_record::ticket_opened(const http::exchange& about, const audited& what,
                                 const verdict& made) const {
  decided("ticket_decided", about, what, made);
}

void audit_record::decided(std::string_view event, const http::exchange& about, const audited& what,
                           const verdict& made) const {
  if (!to_) return;
  const std::string token = hash_of(what.token_id);
  to_->info(event, {{"user", what.user},
                    {"room", what.room},
                    {"role", what.role},
                    {"outcome", made.outcome},
                    {"rule", made.code},
                    {"provider", made.provider},
                    {"token", token},
                    {"client", client_of(about)},
                    {"request_id", about.request_id()}});
}

void audit_record::service_refused(const http::exchange& about, const core::failure& why) const {
  if (!to_) return;
  to_->info("service_refused", {{"method", about.head->method_text},
                                {"path", about.head->path},
                                {"rule", problem_of(why.code).code},
                                {"client", client_of(about)},
                                {"request_id", about.request_id()}});
}

void audit_record::revoked(const http::exchange& about, const core::revocation& what) const {
  if (!to_) return;
  const std::string token = hash_of(what.token_id);
  const std::string before = what.token_id.empty() ? core::to_rfc3339(what.before) : std::string();
  to_->info("sessions_revoked", {{"user", what.user},
                                 {"token", token},
                                 {"before", before},
                                 {"key", key_of(about)},
                                 {"client", client_of(about)},
                                 {"request_id", about.request_id()}});
}

void audit_record::booking_changed(const http::exchange& about, std::string_view how,
                                   const rooms::booking& now) const {
  if (!to_) return;
  to_->info("booking_changed", {{"room", now.room.view()},
                                {"how", how},
                                {"participants", seats_of(now)},
                                {"starts_at", core::to_rfc3339(now.starts_at)},
                                {"ends_at", core::to_rfc3339(now.ends_at)},
                                {"provider", now.provider.view()},
                                {"key", key_of(about)},
                                {"client", client_of(about)},
                                {"request_id", about.request_id()}});
}

}  // namespace api
