#include "providers/participant_token.hpp"

#include "core/encoding.hpp"
#include "jose/jwt.hpp"
#include "providers/error.hpp"
#include "providers/token_parts.hpp"

namespace providers {
namespace {

using namespace std::chrono_literals;

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= 16 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

}  // namespace

moderators moderators::read(core::options& from) {
  moderators out;
  if (!from.has("moderators")) return out;
  out.by_seat_ = {false, false};
  for (const std::string& one : from.texts("moderators")) {
    const auto seat = core::role_from(one);
    if (seat)
      out.by_seat_[static_cast<std::size_t>(*seat)] = true;
    else
      from.note("moderators", "names \"" + one + "\", which is no seat",
                "[\"expert\", \"client\"]");
  }
  return out;
}

std::chrono::seconds read_link_lifetime(core::options& from, std::chrono::seconds most) {
  return std::chrono::floor<std::chrono::seconds>(from.duration("lifetime", 10min, 1min, most));
}

std::string read_room_prefix(core::options& from) {
  std::string prefix = from.text("room_prefix", "sd");
  if (!is_label(prefix))
    from.note("room_prefix", "must be 1 to 16 lower-case letters, digits and -");
  return prefix;
}

std::optional<jose::key> read_shared_key(core::options& from, std::string_view at,
                                         std::string_view hint, std::string kid) {
  const bool given = from.has(at) || from.has(std::string(at) + "_file");
  // 32 bytes are what HS256 demands (RFC 7518 section 3.2).
  const auto secret = from.secret_text(at, 32, hint);
  if (!given) from.note(at, "is required and missing", std::string(hint));
  if (!secret) return std::nullopt;
  auto key = jose::key::from_secret(*secret, jose::algorithm::hs256, std::move(kid));
  if (key) return std::move(*key);
  from.note(at, "cannot be used as an HS256 key: " + key.error().detail);
  return std::nullopt;
}

std::optional<jose::key> read_private_key(core::options& from, std::string_view at,
                                          jose::algorithm alg, std::string_view hint,
                                          std::string kid) {
  const bool given = from.has(at) || from.has(std::string(at) + "_file");
  const auto pem = from.material(at);
  if (!given) from.note(at, "is required and missing", std::string(hint));
  if (!pem) return std::nullopt;
  auto key = jose::key::from_pem(pem->reveal(), alg, std::move(kid));
  if (key && key->can_sign()) return std::move(*key);
  from.note(at, key ? "is a public key; the private one is needed to sign"
                    : "cannot be used: " + key.error().detail);
  return std::nullopt;
}

void write_times(core::json_writer& json, core::wall_time now, core::wall_time ends) {
  json.member("iat", core::unix_seconds(now)).member("nbf", core::unix_seconds(now - 10s));
  json.member("exp", core::unix_seconds(ends));
}

core::result<signed_token> participant_signer::finish(core::wall_time ends) const {
  auto token = jose::sign_jwt(key_, claims_);
  if (!token)
    return core::fail(errc::rejected, "signing the participant's token: " + token.error().detail);
  return signed_token{std::move(*token), ends};
}

}  // namespace providers
