#include "auth/session_claims.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "auth/error.hpp"
#include "core/code_point.hpp"
#include "core/encoding.hpp"
#include "core/time_text.hpp"

namespace auth {
namespace {

constexpr std::size_t name_code_points_max = 64;
// More entries than a person has roles; the rest of such a list is not read.
constexpr std::size_t roles_read_max = 256;

void add_role(identity& who, std::string_view said, const claim_rules& rules) {
  const auto names = [&](const std::vector<std::string>& accepted) {
    return std::ranges::find(accepted, said) != accepted.end();
  };
  const auto add = [&](core::role one) {
    if (std::ranges::find(who.roles, one) == who.roles.end()) who.roles.push_back(one);
  };
  if (names(rules.expert_roles)) add(core::role::expert);
  if (names(rules.client_roles)) add(core::role::client);
}

void read_roles(identity& who, const core::json_value& claims, const claim_rules& rules) {
  for (const std::string& path : rules.role_claims) {
    const core::json_value* found = claim_at(claims, path);
    if (!found || found->is_null()) continue;
    who.names_roles = true;
    if (const auto* one = found->as_string()) add_role(who, *one, rules);
    if (const auto* list = found->as_array())
      for (std::size_t i = 0; i < std::min(list->size(), roles_read_max); ++i)
        if (const auto* one = (*list)[i].as_string()) add_role(who, *one, rules);
  }
}

bool says(const core::json_value& claims, const std::string& path, std::string_view wanted) {
  const core::json_value* found = claim_at(claims, path);
  if (!found) return false;
  if (const bool* flag = found->as_bool()) return wanted == (*flag ? "true" : "false");
  return found->as_string() && *found->as_string() == wanted;
}

}  // namespace

std::optional<core::wall_time> instant_in(const core::json_value& value) {
  // The end of the year 9999 in seconds, and the last second that a wall_time holds.
  constexpr double seconds_most = 253'402'300'799.0;
  constexpr std::int64_t wall_seconds_most = 9'000'000'000;
  if (const auto* text = value.as_string()) return core::from_rfc3339(*text);
  const auto number = value.as_number();
  if (!number || !std::isfinite(*number) || *number < 0 || *number > seconds_most)
    return std::nullopt;
  return core::from_unix_seconds(
      std::min(static_cast<std::int64_t>(std::floor(*number)), wall_seconds_most));
}

const core::json_value* claim_at(const core::json_value& claims, std::string_view path) {
  if (const auto* whole = claims.find(path)) return whole;
  for (auto dot = path.find('.'); dot != path.npos; dot = path.find('.', dot + 1)) {
    const auto* inner = claims.find(path.substr(0, dot));
    const auto* found = inner ? claim_at(*inner, path.substr(dot + 1)) : nullptr;
    if (found) return found;
  }
  return nullptr;
}

std::string display_name(std::string_view utf8) {
  if (!core::is_utf8(utf8)) return {};
  utf8 = core::trimmed(utf8);
  std::string_view rest = utf8;
  std::size_t kept = utf8.size();
  for (std::size_t count = 0; !rest.empty(); ++count) {
    if (count == name_code_points_max) kept = std::min(kept, utf8.size() - rest.size());
    if (core::may_not_be_shown(core::take_code_point(rest))) return {};
  }
  return std::string(core::trimmed(utf8.substr(0, kept)));
}

core::result<identity> identity_of(const core::json_value& claims, core::wall_time expires_at,
                                   const claim_rules& rules) {
  const auto* subject = claim_at(claims, rules.user_claim);
  if (!subject || !subject->as_string())
    return core::fail(errc::unauthenticated, "the user claim is missing or not a string");
  auto user = core::user_id::from(*subject->as_string());
  if (!user) return core::fail(errc::unauthenticated, "the user claim is not a user id");
  for (const auto& [path, wanted] : rules.required)
    if (!says(claims, path, wanted))
      return core::fail(errc::unauthenticated, "the claim " + path + " is missing or another one");
  for (const auto& [path, unwanted] : rules.refused)
    if (says(claims, path, unwanted))
      return core::fail(errc::unauthenticated, "the claim " + path + " is one that is refused");
  identity out;
  out.user = std::move(*user);
  out.expires_at = expires_at;
  if (const auto* name = claim_at(claims, rules.name_claim); name && name->as_string())
    out.name = display_name(*name->as_string());
  read_roles(out, claims, rules);
  if (const auto* id = claims.find_string("jti")) out.token_id = *id;
  if (const auto* issued = claims.find("iat")) out.issued_at = instant_in(*issued);
  return out;
}

}  // namespace auth
