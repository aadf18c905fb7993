#include "auth/explain_session.hpp"

#include <algorithm>
#include <array>

#include "auth/found_credential.hpp"
#include "auth/pasted_credential.hpp"
#include "auth/session_claims.hpp"
#include "core/encoding.hpp"
#include "core/time_text.hpp"
#include "jose/error.hpp"

namespace auth {
namespace {

// The order in which a session is judged.
enum class rule : std::size_t {
  found,
  shape,
  issuer,
  key,
  signature,
  claims,
  times,
  user,
  not_revoked
};
constexpr std::array<std::string_view, 9> rule_names = {
    "found", "shape", "issuer", "key", "signature", "claims", "times", "user", "not_revoked"};

class story {
 public:
  void passed(rule which, std::string sentence) { tell(which, "passed", std::move(sentence)); }
  void failed(rule which, std::string sentence) {
    tell(which, "failed", std::move(sentence));
    refused_ = true;
  }
  void unknown(rule which, std::string sentence) {
    tell(which, "not checked", std::move(sentence));
  }
  bool refused() const { return refused_; }

  session_explanation end() && {
    for (std::size_t i = told_; i < rule_names.size(); ++i)
      line(rule_names[i], "not checked", "A rule before this one failed.");
    line("decision", refused_ ? "refused" : "accepted",
         refused_ ? "The caller is not let in with it." : "It says who the caller is.");
    return {std::move(text_), !refused_};
  }

 private:
  void tell(rule which, std::string_view outcome, std::string sentence) {
    line(rule_names[static_cast<std::size_t>(which)], outcome, sentence);
    told_ = static_cast<std::size_t>(which) + 1;
  }
  void line(std::string_view name, std::string_view outcome, std::string_view sentence) {
    const auto padded = [](std::string_view word, std::size_t width) {
      return std::string(word) + std::string(width - std::min(width, word.size()), ' ') + "  ";
    };
    text_ += padded(name, 13) + padded(outcome, 11);
    text_.append(sentence).append("\n");
  }

  std::string text_;
  std::size_t told_ = 0;
  bool refused_ = false;
};

std::string sentence(const core::failure& why) {
  std::string out = why.code.message();
  if (!why.detail.empty()) out += ": " + why.detail;
  out[0] = static_cast<char>(out[0] >= 'a' && out[0] <= 'z' ? out[0] - 32 : out[0]);
  return out + ".";
}

// What verify_jwt has found says which of its rules failed; those before it have passed.
rule failed_rule(const std::error_code& why) {
  if (why == jose::errc::unknown_key) return rule::key;
  if (why == jose::errc::bad_signature) return rule::signature;
  if (why == jose::errc::expired || why == jose::errc::not_yet_valid) return rule::times;
  if (why == jose::errc::bad_claims) return rule::claims;
  return rule::shape;
}

std::string roles_of(const identity& who) {
  if (!who.names_roles) return "no role, so the booking alone decides";
  if (who.roles.empty()) return "roles of which none is an expert's or a client's";
  std::string out;
  for (const core::role one : who.roles)
    out += (out.empty() ? "the role " : " and ") + std::string(core::name_of(one));
  return out;
}

void tell_user(story& out, const core::result<identity>& who) {
  if (who)
    out.passed(rule::user, "It is the user " + who->user.text() + " with " + roles_of(*who) + ".");
  else
    out.failed(rule::user, sentence(who.error()));
}

// `covered` is of no meaning where nothing is known of revocations.
void tell_revoked(story& out, const session_question& asked, bool covered) {
  if (!asked.revoked)
    out.unknown(rule::not_revoked, "The store could not be asked.");
  else if (covered)
    out.failed(rule::not_revoked, "It was revoked.");
  else
    out.passed(rule::not_revoked, "It was not revoked.");
}

void tell_verified(story& out, const jose::verified_jwt& good, const claim_rules& rules,
                   const session_settings& settings, const session_question& asked) {
  out.passed(rule::claims, "What it must say of itself is there and as configured.");
  const auto who = identity_of(good.claims, good.expires_at, rules);
  const auto until = who ? counts_until(*who, settings.revocations_kept) : good.expires_at;
  if (until < good.expires_at && asked.at >= until + settings.rules.leeway)
    return out.failed(rule::times, "It was made longer ago than session.revocations_kept.");
  out.passed(rule::times, "It is good until " + core::to_rfc3339(until) + " (now " +
                              core::to_rfc3339(asked.at) + ").");
  tell_user(out, who);
  if (who) tell_revoked(out, asked, asked.revoked && asked.revoked->covers(*who));
}

// Most often it is the last slash.
std::string without_slash(std::string text) {
  if (text.ends_with('/')) text.pop_back();
  return core::lower_case(text);
}

std::string nobodys_issuer(const session_settings& settings, const std::string& issuer) {
  for (const issuer_settings& one : settings.issuers)
    if (without_slash(one.issuer) == without_slash(issuer))
      return "Its iss is that of [session.issuers." + one.name +
             "] but for capitals or the last slash, so [session] judges it.";
  return "No table of [session.issuers] has its iss: [session] judges it.";
}

void explain_jwt(story& out, std::string_view token, const session_settings& settings,
                 const session_question& asked) {
  if (std::ranges::count(token, '.') == 4)
    return out.failed(rule::shape, settings.authjs
                                       ? "Five parts, as encrypted cookies have, but it is none."
                                       : "Five parts, as encrypted cookies have: without "
                                         "[session.authjs] none are opened.");
  const auto origin = jose::origin_of(token, settings.rules);
  if (!origin) return out.failed(rule::shape, sentence(origin.error()));
  out.passed(rule::shape, "A JWT by " + std::string(jose::name_of(origin->alg)) +
                              (origin->kid.empty() ? " without a kid." : " with a kid."));
  const auto whose = std::ranges::find_if(
      settings.issuers, [&](const issuer_settings& one) { return one.issuer == origin->issuer; });
  const bool remote = whose != settings.issuers.end();
  jose::key_set keys = settings.keys;
  if (remote) {
    out.passed(rule::issuer, "Its iss is that of [session.issuers." + whose->name + "].");
    auto fetched = asked.keys_of(*whose);
    if (!fetched)
      return out.failed(rule::key, "Its keys cannot be had. " + sentence(fetched.error()));
    keys = std::move(*fetched);
  } else {
    out.passed(rule::issuer, nobodys_issuer(settings, origin->issuer));
  }
  const auto& rules = remote ? whose->rules : settings.rules;
  const auto good = jose::verify_jwt(token, keys, rules, asked.at);
  // Its header and claims were read above: what is malformed now is the signature.
  const bool no_signature = !good && good.error().code == jose::errc::malformed;
  if (no_signature) return out.failed(rule::signature, sentence(good.error()));
  const rule failed = good ? rule::user : failed_rule(good.error().code);
  if (!good && failed == rule::shape) return out.failed(rule::key, sentence(good.error()));
  if (failed > rule::key) out.passed(rule::key, "A key fits its kid and alg.");
  if (failed > rule::signature) out.passed(rule::signature, "The key has signed it.");
  if (failed == rule::times) out.passed(rule::claims, "What it must say of itself is there.");
  if (!good) return out.failed(failed, sentence(good.error()));
  const claim_rules& meaning = remote ? whose->claims : settings;
  tell_verified(out, *good, meaning, settings, asked);
}

void explain_sealed(story& out, std::string_view text, const session_settings& settings,
                    const session_question& asked) {
  if (std::ranges::count(text, '.') != 4)
    return out.failed(rule::shape, "Not five parts, as encrypted cookies have.");
  out.passed(rule::shape, "Five parts, as encrypted cookies have.");
  out.passed(rule::issuer, "[session.authjs] judges it.");
  core::failure why(make_error_code(jose::errc::unknown_key));
  for (const auto& cookie : settings.authjs->cookies) {
    auto opened = jose::decrypt_direct(text, cookie.cbc);
    if (!opened && opened.error().code == jose::errc::unsupported)
      opened = jose::decrypt_direct(text, cookie.gcm);
    if (!opened) {
      why = opened.error();
      continue;
    }
    out.passed(rule::key, "It is a cookie named " + cookie.name + ".");
    out.passed(rule::signature, "The secret opens it.");
    jose::jwt_rules rules;
    rules.leeway = settings.rules.leeway;
    const auto good = jose::accept_claims(opened->reveal(), rules, asked.at);
    if (good) return tell_verified(out, *good, settings, settings, asked);
    const bool late = failed_rule(good.error().code) == rule::times;
    if (late) out.passed(rule::claims, "What it must say of itself is there.");
    return out.failed(late ? rule::times : rule::claims, sentence(good.error()));
  }
  out.failed(rule::key, sentence(why));
}

// Another server knows these sessions; it is asked as the running one would.
void explain_asked(story& out, std::string_view text, const asked_settings& whom,
                   const session_settings& settings, const session_question& asked) {
  const std::string table =
      whom.kind == asked_kind::callback ? "[session.callback]" : "[session.introspection]";
  out.unknown(rule::shape, "Only the server that is asked knows what it is.");
  out.passed(rule::issuer, table + " judges it.");
  for (const rule one : {rule::key, rule::signature, rule::claims, rule::times})
    out.unknown(one, "That is for the server that is asked.");
  const auto who = asked.ask(whom, text);
  tell_user(out, who);
  if (!who) return;
  const auto until = counts_until(*who, settings.revocations_kept);
  if (who->issued_at && asked.at >= until + settings.rules.leeway)
    out.failed(rule::not_revoked, "It was made longer ago than session.revocations_kept.");
  else if (who->issued_at || !who->token_id.empty())
    tell_revoked(out, asked, asked.revoked && asked.revoked->covers_told(*who));
  else
    out.passed(rule::not_revoked, "The server that is asked has the last word.");
}

std::string told_of(credential_kind kind, bool in_cookie) {
  switch (kind) {
    case credential_kind::token:
      return in_cookie ? "A token in a cookie." : "A bearer.";
    case credential_kind::sealed_cookie:
      return "An encrypted cookie of Auth.js.";
    default:
      return in_cookie ? "Cookies that another server is asked about."
                       : "A bearer that another server is asked about.";
  }
}

void explain_found(story& out, const found_credential& found, const session_settings& settings,
                   const session_question& asked) {
  if (found.kind == credential_kind::sealed_cookie)
    explain_sealed(out, found.text, settings, asked);
  else if (found.kind == credential_kind::asked_callback)
    explain_asked(out, found.text, *settings.callback, settings, asked);
  else if (found.kind == credential_kind::asked_introspection)
    explain_asked(out, found.text, *settings.introspection, settings, asked);
  else
    explain_jwt(out, found.text, settings, asked);
}

}  // namespace

session_explanation explain_session(const session_settings& settings,
                                    const session_question& asked) {
  story out;
  const http::field field = field_of_pasted(settings, asked.token);
  const std::vector<http::field_view> fields = {{field.name, field.value}};
  http::request_head head;
  head.fields = fields;
  std::string buffer;
  const auto found = find_credential(settings, head, false, buffer);
  if (!found) {
    out.failed(rule::found, sentence(found.error()));
  } else {
    out.passed(rule::found, told_of(found->kind, field.name == "Cookie"));
    explain_found(out, *found, settings, asked);
  }
  return std::move(out).end();
}

}  // namespace auth
