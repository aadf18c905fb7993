// read_session_settings: the table [session] -> session_settings, every mistake named.
#include <algorithm>
#include <cstdint>

#include "auth/key_fetch.hpp"
#include "auth/session_settings.hpp"
#include "core/encoding.hpp"
#include "http/characters.hpp"
#include "jose/error.hpp"

namespace auth {
namespace {

using jose::algorithm;

const std::vector<std::string> shared_algorithms = {"HS256", "HS384", "HS512"};
const std::vector<std::string> all_algorithms = {"HS256", "HS384", "HS512", "RS256", "RS384",
                                                 "RS512", "PS256", "PS384", "PS512", "ES256",
                                                 "ES384", "ES512", "EdDSA"};

std::size_t secret_bytes_min(algorithm alg) {
  return alg == algorithm::hs256 ? 32 : alg == algorithm::hs384 ? 48 : 64;
}

void add_secret(core::options& from, std::string_view name, algorithm alg, const std::string& kid,
                jose::key_set& keys) {
  const auto secret = from.secret_text(name, secret_bytes_min(alg));
  if (!secret) return;
  auto made = jose::key::from_secret(*secret, alg, kid);
  if (made)
    keys.add(std::move(*made));
  else
    from.note(name, "cannot be used: " + made.error().detail);
}

void add_pem(core::options& from, std::optional<algorithm> alg, const std::string& kid,
             jose::key_set& keys) {
  const auto pem = from.material("pem");
  if (!pem) return;
  const std::string_view shown = from.find("pem") ? "pem" : "pem_file";
  auto made =
      alg ? jose::key::from_pem(pem->reveal(), *alg, kid) : jose::key::from_pem(pem->reveal(), kid);
  if (!made)
    from.note(shown, "cannot be used: " + made.error().detail);
  else if (made->can_sign())
    // Whoever could read it here could sign in as anybody; verifying takes the public part.
    from.note(shown, "is a private key; the public key or a certificate is wanted",
              "openssl pkey -in private.pem -pubout");
  else
    keys.add(std::move(*made));
}

// [session.keys.<name>]: one key each. The name is for people; tokens are matched by `kid`, where
// one is set.
void read_named_key(core::options& from, jose::key_set& keys) {
  const std::string kid = from.text("kid", "");
  std::optional<algorithm> alg;
  if (from.has("algorithm"))
    alg = jose::algorithm_from(from.one_of("algorithm", "", all_algorithms));
  const bool has_secret = from.has("secret") || from.has("secret_file");
  const bool has_pem = from.has("pem") || from.has("pem_file");
  if (has_secret == has_pem) {
    from.note(has_secret ? "secret" : "pem",
              has_secret ? "is set, and a PEM key too" : "or secret is missing",
              "each table [session.keys.<name>] holds one key");
  } else if (has_pem) {
    if (alg && is_symmetric(*alg))
      from.note("algorithm", "needs a shared secret, not a PEM key");
    else
      add_pem(from, alg, kid, keys);
  } else if (alg && !is_symmetric(*alg)) {
    from.note("algorithm", "needs a PEM key, not a shared secret");
  } else {
    add_secret(from, "secret", alg.value_or(algorithm::hs256), kid, keys);
  }
}

void read_jwks(core::options& from, jose::key_set& keys) {
  const auto text = from.material("jwks");
  if (!text) return;
  const std::string_view shown = from.find("jwks") ? "jwks" : "jwks_file";
  const auto set = jose::key_set::from_jwks(text->reveal(), true);
  if (!set)
    from.note(shown, "cannot be used: " + set.error().detail);
  else
    for (const jose::key& one : set->keys()) keys.add(one);
}

void read_keys(core::options& from, jose::key_set& keys) {
  bool given =
      from.has("secret") || from.has("secret_file") || from.has("jwks") || from.has("jwks_file");
  const auto shared = jose::algorithm_from(from.one_of("algorithm", "HS256", shared_algorithms));
  add_secret(from, "secret", *shared, {}, keys);
  // While a secret is being replaced, tokens signed with the one before are still good.
  add_secret(from, "previous_secret", *shared, {}, keys);
  core::options& named = from.section("keys");
  for (const std::string& name : named.section_names()) {
    given = true;
    read_named_key(named.section(name), keys);
  }
  read_jwks(from, keys);
  // A key that was given and refused has been noted already.
  const bool others = from.has("authjs") || from.has("callback") || from.has("introspection") ||
                      from.has("headers") || !from.section("issuers").section_names().empty();
  if (keys.empty() && !given && !others)
    from.note("secret", "is missing: sessions need a key to be verified with",
              "set session.secret, session.secret_file, session.jwks_file or a table "
              "[session.keys.<name>] or [session.issuers.<name>]");
}

void read_claim_rules(core::options& from, claim_rules& out) {
  out.user_claim = from.text("user_claim", out.user_claim);
  out.name_claim = from.text("name_claim", out.name_claim);
  if (out.user_claim.empty()) from.note("user_claim", "must not be empty");
  out.role_claims = from.texts("role_claims", out.role_claims);
  out.expert_roles = from.texts("expert_roles", out.expert_roles);
  out.client_roles = from.texts("client_roles", out.client_roles);
  if (from.has("required_claims")) out.required = from.text_pairs("required_claims");
  if (from.has("refused_claims")) out.refused = from.text_pairs("refused_claims");
}

std::vector<algorithm> read_algorithms(core::options& from) {
  std::vector<algorithm> out;
  for (const std::string& name : from.texts("algorithms")) {
    const auto one = jose::algorithm_from(name);
    if (one && !is_symmetric(*one))
      out.push_back(*one);
    else
      from.note("algorithms", "names \"" + name + "\", which no published key has",
                "RS256, PS256, ES256, EdDSA and their longer forms");
  }
  return out;
}

// An address that is asked as it stands. Its last slash belongs to it: many a server answers with a
// redirect where it is missing, and none is followed.
std::string read_address(core::options& from, std::string_view key) {
  std::string text = from.text(key, "");
  if (!from.has(key) || from.noted(key) || may_be_fetched(text)) return text;
  from.note(key, "is no https address; http is accepted for loopback addresses only",
            "\"https://login.example.com/…\"");
  return {};
}

// [session.issuers.<name>]. What is not said of claims is as [session] has it.
issuer_settings read_issuer(core::options& from, std::string name, const session_settings& common) {
  issuer_settings out;
  out.name = std::move(name);
  out.issuer = from.required_text("issuer");
  out.jwks_url = read_address(from, "jwks_url");
  // Compared letter by letter, so it must not lose its last slash.
  if (!out.issuer.empty() && out.jwks_url.empty() && !from.noted("jwks_url") &&
      !may_be_fetched(out.issuer))
    from.note("issuer", "is no https address, so its keys cannot be found by discovery",
              "set jwks_url");
  out.rules = common.rules;
  out.rules.issuers = {out.issuer};
  out.rules.audiences = from.texts("audience", common.rules.audiences);
  out.rules.parties = from.texts("authorized_parties");
  out.rules.algorithms = read_algorithms(from);
  out.claims = static_cast<const claim_rules&>(common);
  read_claim_rules(from, out.claims);
  out.stale_for = from.duration("stale_for", out.stale_for, std::chrono::minutes(0),
                                std::chrono::hours(24 * 30));
  return out;
}

void read_issuers(core::options& from, session_settings& out) {
  core::options& named = from.section("issuers");
  for (const std::string& name : named.section_names()) {
    core::options& table = named.section(name);
    auto one = read_issuer(table, name, out);
    const auto same = [&](const issuer_settings& had) { return had.issuer == one.issuer; };
    if (!one.issuer.empty() && std::ranges::any_of(out.issuers, same))
      table.note("issuer", "is the one of another table: a token belongs to one login");
    out.issuers.push_back(std::move(one));
  }
}

bool is_cookie_name(std::string_view name);

// [session.callback] and [session.introspection].
asked_settings read_asked(core::options& from, asked_kind kind, const session_settings& common) {
  using namespace std::chrono_literals;
  asked_settings out;
  out.kind = kind;
  out.claims = static_cast<const claim_rules&>(common);
  out.rules = common.rules;
  if (!from.has("url"))
    from.note("url", "is missing: whom to ask", "an https address");
  else
    out.url = read_address(from, "url");
  out.timeout = from.duration("timeout", out.timeout, 50ms, 30s);
  out.good_for = from.duration("good_for", out.good_for, 0s, 10min);
  out.bad_for = from.duration("bad_for", out.bad_for, 0s, 10min);
  out.expires_claim = from.text("expires_claim", out.expires_claim);
  read_claim_rules(from, out.claims);
  if (kind == asked_kind::callback) {
    out.cookies = from.texts("cookies");
    if (!std::ranges::all_of(out.cookies, is_cookie_name))
      from.note("cookies", "names a cookie with characters that cookies' names do not have");
    return out;
  }
  out.client_id = from.required_text("client_id");
  if (auto secret = from.secret_text("client_secret", 16, "the client's secret at the login"))
    out.client_secret = std::move(*secret);
  else if (!from.noted("client_secret"))
    from.note("client_secret", "is missing: an introspection endpoint answers clients it knows");
  return out;
}

// [session.authjs]. The salt and the words are those of the two libraries' source: next-auth 4
// derives one key for all cookies, Auth.js one for each cookie's name.
authjs_settings read_authjs(core::options& from) {
  authjs_settings out;
  const bool is_v4 = from.one_of("version", "5", {"4", "5"}) == "4";
  const std::string base = is_v4 ? "next-auth.session-token" : "authjs.session-token";
  const auto names = from.texts("cookies", {"__Secure-" + base, base});
  if (names.empty() || !std::ranges::all_of(names, is_cookie_name))
    from.note("cookies", "names no cookie, or one that is no cookie's name");
  std::vector<core::secret> secrets;
  for (const char* name : {"secret", "previous_secret"})
    if (auto one = from.secret_text(name, 32, "the AUTH_SECRET of the website"))
      secrets.push_back(std::move(*one));
  if (secrets.empty() && !from.noted("secret"))
    from.note("secret", "is missing", "the AUTH_SECRET of the website, or NEXTAUTH_SECRET");
  for (const std::string& name : names) {
    authjs_settings::cookie one{
        name, {jose::encryption::a256gcm, {}}, {jose::encryption::a256cbc_hs512, {}}};
    const std::string salt = is_v4 ? "" : name;
    const std::string info = is_v4 ? "NextAuth.js Generated Encryption Key"
                                   : "Auth.js Generated Encryption Key (" + name + ")";
    for (const core::secret& secret : secrets)
      for (jose::direct_keys* keys : {&one.gcm, &one.cbc})
        if (!is_v4 || keys == &one.gcm)
          keys->keys.push_back(
              jose::hkdf_sha256(secret, salt, info, jose::key_bytes_of(keys->enc)));
    out.cookies.push_back(std::move(one));
  }
  return out;
}

// [session.headers].
header_settings read_headers(core::options& from) {
  header_settings out;
  out.user = from.required_text("user");
  out.name = from.text("name", "");
  out.roles = from.text("roles", "");
  for (const char* key : {"user", "name", "roles"}) {
    const std::string name = from.text(key, "");
    if (!http::token_characters.covers(name))
      from.note(key, "is not the name of a header field");
    else if (core::equals_ignoring_case(name, "authorization") ||
             core::equals_ignoring_case(name, "cookie"))
      from.note(key, "names a field that callers write themselves");
  }
  return out;
}

// A token, as in a field's name (RFC 6265 section 4.1.1).
bool is_cookie_name(std::string_view name) {
  return !name.empty() && http::token_characters.covers(name);
}

}  // namespace

session_settings read_session_settings(core::options& from) {
  session_settings out;
  out.bearer = from.flag("bearer", true);
  out.cookies = from.texts("cookies", out.cookies);
  if (!std::ranges::all_of(out.cookies, is_cookie_name))
    from.note("cookies", "names a cookie with characters that cookies' names do not have");
  out.supabase_cookies = from.texts("supabase_cookies");
  if (!std::ranges::all_of(out.supabase_cookies, is_cookie_name))
    from.note("supabase_cookies", "names a cookie with characters that cookies' names do not have");
  const bool other_ways = !out.supabase_cookies.empty() || from.has("authjs") ||
                          from.has("callback") || from.has("headers");
  if (!out.bearer && out.cookies.empty() && !other_ways)
    from.note("bearer", "is off and no cookies are named: nobody could log in");
  read_keys(from, out.keys);
  out.rules.issuers = from.texts("issuer");
  out.rules.audiences = from.texts("audience");
  const auto leeway = from.duration("leeway", std::chrono::seconds(30), std::chrono::seconds(0),
                                    std::chrono::minutes(5));
  out.rules.leeway = std::chrono::duration_cast<std::chrono::seconds>(leeway);
  read_claim_rules(from, out);
  read_issuers(from, out);
  if (from.has("authjs")) out.authjs = read_authjs(from.section("authjs"));
  if (from.has("callback"))
    out.callback = read_asked(from.section("callback"), asked_kind::callback, out);
  if (from.has("introspection"))
    out.introspection = read_asked(from.section("introspection"), asked_kind::introspection, out);
  if (from.has("headers")) out.headers = read_headers(from.section("headers"));
  const auto kept = from.duration("revocations_kept", out.revocations_kept, std::chrono::hours(24),
                                  std::chrono::hours(24 * 3650));
  out.revocations_kept = std::chrono::ceil<std::chrono::hours>(kept);
  const auto cached =
      from.integer("cache_tokens", static_cast<std::int64_t>(out.cache_tokens), 0, 1'000'000);
  out.cache_tokens = static_cast<std::size_t>(cached);
  return out;
}

}  // namespace auth
