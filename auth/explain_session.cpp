#include "auth/explain_session.hpp"

#include <algorithm>
#include <array>

#include "auth/session_claims.hpp"
#include "core/time_text.hpp"
#include "jose/error.hpp"

namespace auth {
namespace {

// The order in which a session is judged.
enum class rule : std::size_t { shape, issuer, key, signature, claims, times, user, not_revoked };
constexpr std::array<std::string_view, 8> rule_names = {"shape",  "issuer", "key",  "signature",
                                                        "claims", "times",  "user", "not_revoked"};

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

void tell_verified(story& out, const jose::verified_jwt& good, const claim_rules& rules,
                   const session_settings& settings, const session_question& asked) {
  out.passed(rule::claims, "What it must say of itself is there and as configured.");
  const auto who = identity_of(good.claims, good.expires_at, rules);
  const auto until = who ? counts_until(*who, settings.revocations_kept) : good.expires_at;
  if (until < good.expires_at && asked.at >= until + settings.rules.leeway)
    return out.failed(rule::times, "It was made longer ago than session.revocations_kept.");
  out.passed(rule::times, "It is good until " + core::to_rfc3339(until) + " (now " +
                              core::to_rfc3339(asked.at) + ").");
  if (!who) return out.failed(rule::user, sentence(who.error()));
  out.passed(rule::user, "It is the user " + who->user.text() + " with " + roles_of(*who) + ".");
  if (!asked.revoked)
    out.unknown(rule::not_revoked, "The store could not be asked.");
  else if (asked.revoked->covers(*who))
    out.failed(rule::not_revoked, "It was revoked.");
  else
    out.passed(rule::not_revoked, "It was not revoked.");
}

void explain_jwt(story& out, const session_settings& settings, const session_question& asked) {
  const auto origin = jose::origin_of(asked.token, settings.rules);
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
    out.passed(rule::issuer, "No table of [session.issuers] has its iss: [session] judges it.");
  }
  const auto& rules = remote ? whose->rules : settings.rules;
  const auto good = jose::verify_jwt(asked.token, keys, rules, asked.at);
  const rule failed = good ? rule::user : failed_rule(good.error().code);
  if (!good && failed == rule::shape) return out.failed(rule::key, sentence(good.error()));
  if (failed > rule::key) out.passed(rule::key, "A key fits its kid and alg.");
  if (failed > rule::signature) out.passed(rule::signature, "The key has signed it.");
  if (failed == rule::times) out.passed(rule::claims, "What it must say of itself is there.");
  if (!good) return out.failed(failed, sentence(good.error()));
  const claim_rules& meaning = remote ? whose->claims : settings;
  tell_verified(out, *good, meaning, settings, asked);
}

void explain_sealed(story& out, const session_settings& settings, const session_question& asked) {
  out.passed(rule::shape, "Five parts, as encrypted cookies have.");
  if (!settings.authjs)
    return out.failed(rule::issuer, "[session.authjs] is not configured, so none are opened.");
  out.passed(rule::issuer, "[session.authjs] judges it.");
  core::failure why(make_error_code(jose::errc::unknown_key));
  for (const auto& cookie : settings.authjs->cookies) {
    auto opened = jose::decrypt_direct(asked.token, cookie.cbc);
    if (!opened && opened.error().code == jose::errc::unsupported)
      opened = jose::decrypt_direct(asked.token, cookie.gcm);
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

}  // namespace

session_explanation explain_session(const session_settings& settings,
                                    const session_question& asked) {
  story out;
  const auto dots = std::ranges::count(asked.token, '.');
  const bool asks_others = settings.callback || settings.introspection;
  if (dots == 4)
    explain_sealed(out, settings, asked);
  else if (dots != 2 && asks_others)
    out.failed(rule::shape,
               "No JWT: the running server would ask about it, this command does not.");
  else
    explain_jwt(out, settings, asked);
  return std::move(out).end();
}

}  // namespace auth
