#include "providers/session_token.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "core/append.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"
#include "jose/jwt.hpp"
#include "providers/error.hpp"
#include "providers/token_parts.hpp"

namespace providers {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> algorithms = {"HS256", "HS384", "HS512", "ES256", "EdDSA", "RS256"};

std::size_t secret_bytes_min(jose::algorithm alg) {
  if (alg == jose::algorithm::hs512) return 64;
  return alg == jose::algorithm::hs384 ? 48 : 32;
}

// RFC 7638: the digest of a public key's required members in the order of their names.
std::string thumbprint(const std::string& jwk) {
  const auto json = core::read_json(jwk);
  if (!json) return {};
  std::string text;
  core::json_writer out(text);
  out.begin_object();
  for (const char* name : {"crv", "e", "kty", "n", "x", "y"})
    if (const std::string* value = json->find_string(name)) out.any_name(name).string(*value);
  out.end_object();
  const auto digest = core::from_hex(short_digest(text, 32));
  return core::to_base64url(core::as_bytes(*digest));
}

using key_maker = std::function<core::result<jose::key>(std::string kid)>;

// The key under the configured name, or under its thumbprint where none is.
core::result<jose::key> named_key(const key_maker& make, const std::string& kid) {
  auto made = make(kid);
  if (!made || !kid.empty()) return made;
  const auto jwk = made->public_jwk();
  return jwk ? make(thumbprint(*jwk)) : std::move(made);
}

void read_signing_key(core::options& from, token_settings& to) {
  const bool secret_set = from.has("secret") || from.has("secret_file");
  const bool private_set = from.has("private_key") || from.has("private_key_file");
  const auto algorithm = from.has("algorithm")
                             ? jose::algorithm_from(from.one_of("algorithm", "HS256", algorithms))
                             : std::nullopt;
  const auto shared =
      from.secret_text("secret", secret_bytes_min(algorithm.value_or(jose::algorithm::hs256)));
  const auto pem = from.material("private_key");
  if (secret_set == private_set) {
    from.note("secret",
              secret_set ? "is set, and private_key too" : "or private_key is required and missing",
              "a shared secret for HS256, a private key in PEM for ES256, EdDSA or RS256");
    return;
  }
  core::result<jose::key> key = core::fail(errc::rejected);
  if (secret_set) {
    if (!shared) return;
    if (to.kid.empty()) to.kid = "k1";
    key = jose::key::from_secret(*shared, algorithm.value_or(jose::algorithm::hs256), to.kid);
  } else {
    if (!pem) return;
    key = named_key(
        [&](std::string kid) {
          return algorithm ? jose::key::from_pem(pem->reveal(), *algorithm, std::move(kid))
                           : jose::key::from_pem(pem->reveal(), std::move(kid));
        },
        to.kid);
  }
  const std::string_view at = secret_set ? "secret" : "private_key";
  if (!key) return from.note(at, "cannot be used: " + key.error().detail);
  if (!key->can_sign()) return from.note(at, "is a public key; the private one is needed to sign");
  if (std::ranges::find(algorithms, jose::name_of(key->algorithm())) == algorithms.end())
    return from.note(
        at, fmt::format("has no algorithm that we sign with: {}", fmt::join(algorithms, ", ")));
  to.kid = key->kid();
  if (auto jwk = key->public_jwk()) to.public_jwks.push_back(std::move(*jwk));
  to.key = std::move(*key);
}

// Each entry is PEM text or a file's path, with "kid=" before it where the key had a name of its
// own.
void read_previous_keys(core::options& from, token_settings& to) {
  for (const std::string& entry : from.texts("previous_public_keys")) {
    std::string kid;
    std::string text = entry;
    const auto equals = entry.find('=');
    if (!entry.starts_with("-----BEGIN") && equals != std::string::npos &&
        entry.substr(0, equals).find('/') == std::string::npos) {
      kid = entry.substr(0, equals);
      text = entry.substr(equals + 1);
    }
    if (!text.starts_with("-----BEGIN")) {
      auto content = from.file_content("previous_public_keys", text);
      if (!content) continue;
      text = std::move(*content);
    }
    const auto key = named_key(
        [&](std::string named) { return jose::key::from_pem(text, std::move(named)); }, kid);
    const auto jwk = key ? key->public_jwk() : std::nullopt;
    if (jwk)
      to.public_jwks.push_back(*jwk);
    else
      from.note("previous_public_keys",
                "holds what is no public key: " + (key ? "" : key.error().detail));
  }
}

// Claims of ours: one of the same name would be a second one, and readers differ in which they
// take.
constexpr std::array reserved_claims = {"iss",  "aud", "sub", "room", "role",
                                        "name", "iat", "nbf", "exp",  "jti"};
constexpr std::size_t own_claims_max = 16;

// Text, whole numbers and booleans that stand in every token.
void read_own_claims(core::options& from, token_settings& to) {
  if (from.entries().size() > own_claims_max)
    from.note("", fmt::format("has more than {} claims", own_claims_max));
  for (const auto& [name, entry] : from.entries()) {
    from.has(name);
    if (std::ranges::find(reserved_claims, name) != reserved_claims.end()) {
      from.note(name, "is a claim that every token has already");
      continue;
    }
    to.own_claims += ',';
    core::append_json_string(to.own_claims, name);
    to.own_claims += ':';
    if (const auto* text = std::get_if<std::string>(&entry.value))
      core::append_json_string(to.own_claims, *text);
    else if (const auto* number = std::get_if<std::int64_t>(&entry.value))
      to.own_claims += std::to_string(*number);
    else if (const auto* flag = std::get_if<bool>(&entry.value))
      to.own_claims += *flag ? "true" : "false";
    else
      from.note(name, "must be text, a whole number, true or false");
  }
}

}  // namespace

token_settings read_token_settings(core::options& from, const std::string& issuer,
                                   const std::string& audience) {
  token_settings out;
  const std::string kind = from.one_of("kind", "jwt", {"jwt", "hmac", "none"});
  out.kind = kind == "none"   ? token_kind::none
             : kind == "hmac" ? token_kind::hmac
                              : token_kind::jwt;
  out.lifetime =
      std::chrono::floor<std::chrono::seconds>(from.duration("lifetime", 5min, 60s, 900s));
  core::options& roles = from.section("roles");
  out.expert = roles.text("expert", "expert");
  out.client = roles.text("client", "client");
  for (const auto& [key, role] :
       {std::pair("expert", &out.expert), std::pair("client", &out.client)})
    if (role->empty() || role->size() > 64 || !core::is_utf8(*role) ||
        role->find('\n') != std::string::npos)
      roles.note(key, "must be a role's name of at most 64 bytes on one line");
  const bool unsigned_is_fine = from.flag("allow_unsigned", false);
  if (out.kind == token_kind::none) {
    if (!unsigned_is_fine)
      from.note("kind", "\"none\" lets everybody in who knows or guesses the address, for ever",
                "use \"jwt\", or say allow_unsigned = true");
    return out;
  }
  out.kid = from.text("kid", "");
  out.typ = from.text("typ", "JWT");
  out.issuer = from.text("issuer", issuer);
  out.audience = from.text("audience", audience);
  if (out.kid.size() > 128 || out.kid.find_first_of(".\n") != std::string::npos)
    from.note("kid", "must be at most 128 bytes, without a dot or a line's end");
  if (out.issuer.empty()) from.note("issuer", "must not be empty", "our public_url is the default");
  if (out.audience.empty()) from.note("audience", "must not be empty");
  read_own_claims(from.section("claims"), out);
  if (out.kind == token_kind::hmac && !out.own_claims.empty())
    from.note("claims", "has no place in a token of kind \"hmac\"", "kind = \"jwt\"");
  read_signing_key(from, out);
  read_previous_keys(from, out);
  if (out.kind == token_kind::hmac && out.key && out.key->algorithm() != jose::algorithm::hs256)
    from.note("algorithm", "must be HS256 with a shared secret where kind is \"hmac\"");
  return out;
}

session_signer::session_signer(const token_settings& settings) : settings_(settings) {
  if (settings.key) key_ = settings.key->for_this_thread();
  core::json_writer json(claims_begin_);
  json.begin_object().member("iss", settings.issuer).member("aud", settings.audience);
}

core::result<std::string> session_signer::sign(const session_claims& about,
                                               core::random_source& random) {
  switch (settings_.kind) {
    case token_kind::none:
      return std::string();
    case token_kind::hmac:
      return sign_hmac(about, random);
    case token_kind::jwt:
      break;
  }
  return sign_jwt(about, random);
}

core::result<std::string> session_signer::sign_jwt(const session_claims& about,
                                                   core::random_source& random) {
  const std::int64_t issued = core::unix_seconds(about.now);
  const std::int64_t exp = core::unix_seconds(about.ends);
  if (times_issued_ != issued || times_exp_ != exp) {
    times_issued_ = issued;
    times_exp_ = exp;
    // Five seconds back, for a service whose clock is a little behind ours.
    times_ = fmt::format(R"({},"iat":{},"nbf":{},"exp":{},"sub":")", claims_begin_, issued,
                         issued - 5, exp);
  }
  // What tokens of one second have in common comes first: it is encoded and hashed faster.
  std::string kept[4];
  claims_.clear();
  core::append_all(claims_, times_, core::json_text(about.user, kept[0]), R"(","room":")",
                   core::json_text(about.room, kept[1]), R"(","role":")",
                   core::json_text(about.role, kept[2]), R"(","name":")",
                   core::json_text(about.name, kept[3]), R"(","jti":")");
  core::append_uuid(claims_, random);
  claims_ += '"';
  claims_ += settings_.own_claims;
  claims_ += '}';
  return jose::sign_jwt(*key_, claims_, settings_.typ);
}

// For services without a JWT library: "v1.<kid>.<exp>.<nonce>.<sig>", where sig covers room, user
// and role too.
core::result<std::string> session_signer::sign_hmac(const session_claims& about,
                                                    core::random_source& random) {
  std::array<unsigned char, 12> chance;
  random.fill(chance);
  const std::string nonce = core::to_base64url(chance);
  const std::int64_t exp = core::unix_seconds(about.ends);
  const std::string input =
      fmt::format("v1\n{}\n{}\n{}\n{}\n{}", about.room, about.user, about.role, exp, nonce);
  std::string signature;
  auto done = key_->sign(input, signature);
  if (!done) return core::same_failure(done);
  std::string out = fmt::format("v1.{}.{}.{}.", settings_.kid, exp, nonce);
  core::append_base64url(out, core::as_bytes(signature));
  return out;
}

core::result<std::string> session_signer::service_token(core::wall_time now,
                                                        core::random_source& random) {
  if (!key_) return core::fail(errc::rejected, "there is no key to sign a service token with");
  const std::int64_t issued = core::unix_seconds(now);
  std::string claims;
  core::json_writer json(claims);
  json.begin_object().member("iss", settings_.issuer).member("aud", settings_.audience);
  json.member("sub", settings_.issuer)
      .member("client_id", "stagedoor")
      .member("scope", "rooms:write");
  json.member("iat", issued).member("nbf", issued - 5).member("exp", issued + 60);
  json.member("jti", core::new_uuid(random)).end_object();
  return jose::sign_jwt(*key_, claims, "at+jwt");
}

}  // namespace providers
