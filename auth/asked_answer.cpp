#include "auth/asked_answer.hpp"

#include <algorithm>

#include "auth/error.hpp"
#include "auth/session_claims.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"
#include "http/retry_after.hpp"

namespace auth {
namespace {

// Answers are some hundred bytes; a user's record with all that frameworks put into it has some
// KiB.
constexpr core::json_limits answer_limits{64 * 1024, 10, 2'000};

// Nobody waits longer at a door because a login says so.
constexpr core::seconds retry_after_max{30};

bool names_one_of(const core::json_value& claims, std::string_view name,
                  const std::vector<std::string>& accepted) {
  if (accepted.empty()) return true;
  const auto fits = [&](const core::json_value& one) {
    return one.as_string() && std::ranges::find(accepted, *one.as_string()) != accepted.end();
  };
  const auto* found = claims.find(name);
  if (!found) return false;
  if (const auto* list = found->as_array()) return std::ranges::any_of(*list, fits);
  return fits(*found);
}

core::result<void> check_introspection(const core::json_value& said, const jose::jwt_rules& rules,
                                       core::wall_time now) {
  const auto* active = said.find("active");
  if (!active || !active->as_bool())
    return core::fail(errc::login_unavailable, "an introspection without active");
  if (!*active->as_bool()) return core::fail(errc::unauthenticated, "the token is not active");
  if (!names_one_of(said, "iss", rules.issuers))
    return core::fail(errc::unauthenticated, "iss is not an issuer of ours");
  if (!names_one_of(said, "aud", rules.audiences))
    return core::fail(errc::unauthenticated, "aud does not name us");
  if (const auto* begins = said.find("nbf")) {
    const auto at = instant_in(*begins);
    if (!at || now + rules.leeway < *at)
      return core::fail(errc::unauthenticated, "nbf lies ahead, or is no time");
  }
  return {};
}

// Too long a credential: nobody has given it to anybody (RFC 9110 section 15.5, RFC 6585 section
// 5).
bool is_too_large(int status) { return status == 413 || status == 414 || status == 431; }

bool comes_later(int status) { return status == 408 || status == 425 || status == 429; }

core::result<void> check_status(asked_kind kind, int status) {
  if (status == 200) return {};
  // Whatever is about what was sent, a redirect to a login page included, says that there is no
  // session: else anybody's junk would count as the server's trouble. Anything else is that. Of an
  // introspection a refusal is about us, not about the token.
  const bool refused = kind == asked_kind::callback &&
                       (status == 204 || (status >= 300 && status < 500 && !comes_later(status)));
  const bool nobody = refused || is_too_large(status);
  return core::fail(nobody ? errc::unauthenticated : errc::login_unavailable,
                    "the login said " + std::to_string(status));
}

// Some servers refuse a token that is none of theirs with 400, which RFC 7662 does not have; but
// also us (RFC 6749 section 5.2), and that is so for everybody.
bool refuses_us(const http::response& answer) {
  const auto said = core::read_json(answer.body, answer_limits);
  const std::string* error = said ? said->find_string("error") : nullptr;
  return error && (*error == "invalid_client" || *error == "unauthorized_client");
}

bool is_about_this_question(asked_kind kind, const http::response& answer) {
  if (comes_later(answer.status)) return true;
  return kind == asked_kind::introspection && answer.status == 400 && !refuses_us(answer);
}

core::result<identity> identity_in(const asked_settings& settings, const http::response& answer,
                                   core::wall_time now) {
  const bool introspects = settings.kind == asked_kind::introspection;
  if (auto fine = check_status(settings.kind, answer.status); !fine)
    return core::same_failure(fine);
  const auto said = core::read_json(answer.body, answer_limits);
  if (!said) return core::fail(errc::login_unavailable, "the answer is not JSON");
  // Frameworks answer null where nobody is signed in.
  if (said->is_null()) return core::fail(errc::unauthenticated, "the login knows no session");
  if (!said->as_object()) return core::fail(errc::login_unavailable, "the answer is no object");
  if (introspects)
    if (auto good = check_introspection(*said, settings.rules, now); !good)
      return core::same_failure(good);
  core::wall_time until = now + settings.good_for;
  if (const auto* expires = claim_at(*said, settings.expires_claim)) {
    const auto at = instant_in(*expires);
    if (!at) return core::fail(errc::login_unavailable, "the session's end is no time");
    if (now >= *at + settings.rules.leeway)
      return core::fail(errc::session_expired, "the session has ended");
    until = *at;
  }
  return identity_of(*said, until, settings.claims);
}

}  // namespace

core::secret forwarded_text(std::string_view bearer, std::string_view cookies) {
  std::string out(cookies.empty() ? bearer_mark : cookie_mark);
  out += cookies.empty() ? bearer : cookies;
  return core::secret(std::move(out));
}

http::request question_of(const asked_settings& settings, std::string_view forwarded) {
  const bool is_bearer = forwarded.starts_with(bearer_mark);
  const std::string value(forwarded.substr((is_bearer ? bearer_mark : cookie_mark).size()));
  http::request out;
  out.url = settings.url;
  out.fields.push_back({"Accept", "application/json"});
  out.safe_to_repeat = true;
  if (settings.kind == asked_kind::callback) {
    if (is_bearer)
      out.fields.push_back({"Authorization", "Bearer " + value});
    else
      out.fields.push_back({"Cookie", value});
    return out;
  }
  // RFC 7662 section 2.1, with the client as RFC 6749 section 2.3.1 has it.
  out.method = http::method::post;
  const std::string client = core::percent_encode(settings.client_id) + ':' +
                             core::percent_encode(settings.client_secret.reveal());
  out.fields.push_back({"Authorization", "Basic " + core::to_base64(core::as_bytes(client))});
  out.fields.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  out.body = "token=" + core::percent_encode(value) + "&token_type_hint=access_token";
  return out;
}

asked_answer read_answer(const asked_settings& settings, const http::response& answer,
                         core::wall_time now) {
  auto who = identity_in(settings, answer, now);
  if (who || who.error().code != errc::login_unavailable) return {std::move(who)};
  who.error().retry_after =
      http::read_retry_after(answer.find("Retry-After"), now, retry_after_max);
  return {std::move(who), !is_about_this_question(settings.kind, answer)};
}

}  // namespace auth
