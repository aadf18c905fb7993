#include "auth/found_credential.hpp"

#include <algorithm>

#include "auth/asked_answer.hpp"
#include "auth/credentials.hpp"
#include "auth/error.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"

namespace auth {
namespace {

// Cookies have at most 4 KiB; a request's head has no room for more pieces.
constexpr int pieces_max = 8;

bool looks_like_jwt(std::string_view text) { return std::ranges::count(text, '.') == 2; }

// Who judges a token that came as bearer or in a cookie: we, where we can.
credential_kind judge_of(const session_settings& settings, std::string_view token) {
  if (!settings.introspection && !settings.callback) return credential_kind::token;
  const bool ours = !settings.keys.empty() || !settings.issuers.empty();
  if (ours && looks_like_jwt(token)) return credential_kind::token;
  return settings.introspection ? credential_kind::asked_introspection
                                : credential_kind::asked_callback;
}

found_credential token_found(const session_settings& settings, std::string_view token,
                             std::string& buffer) {
  const auto kind = judge_of(settings, token);
  if (kind == credential_kind::token) return {kind, token};
  buffer.assign(bearer_mark);
  buffer.append(token);
  return {kind, buffer};
}

// The cookie as it is, or put together from name.0, name.1, … as Auth.js cuts long ones.
core::result<std::optional<std::string_view>> whole_cookie(const http::request_head& head,
                                                           const std::string& name,
                                                           std::string& buffer) {
  auto whole = cookie_value(head, name);
  if (!whole || *whole) return whole;
  buffer.clear();
  for (int piece = 0; piece < pieces_max; ++piece) {
    const auto part = cookie_value(head, name + '.' + static_cast<char>('0' + piece));
    if (!part) return core::same_failure(part);
    if (!*part) break;
    buffer.append(**part);
  }
  if (buffer.empty()) return std::nullopt;
  return buffer;
}

core::result<bool> append_cookie(const http::request_head& head, const std::string& name,
                                 std::string& to) {
  const auto value = cookie_value(head, name);
  if (!value) return core::same_failure(value);
  if (!*value) return false;
  to.append(to.empty() ? "cookie " : "; ").append(name).append("=").append(**value);
  return true;
}

// Those cookies that the marketplace's own login is to see, pieces included, and nothing else of
// the caller's.
core::result<bool> collect_cookies(const session_settings& settings, const http::request_head& head,
                                   std::string& to) {
  to.clear();
  for (const std::string& name : settings.callback->cookies) {
    const auto whole = append_cookie(head, name, to);
    if (!whole) return core::same_failure(whole);
    for (int piece = 0; !*whole && piece < pieces_max; ++piece) {
      const auto part = append_cookie(head, name + '.' + static_cast<char>('0' + piece), to);
      if (!part) return core::same_failure(part);
      if (!*part) break;
    }
  }
  return !to.empty();
}

// What @supabase/ssr writes: "base64-" and the session as JSON in base64url.
core::result<std::string> supabase_token(std::string_view cookie) {
  constexpr std::string_view mark = "base64-";
  constexpr core::json_limits session_limits{16 * 1024, 12, 2'000};
  const auto refused = [] {
    return core::fail(errc::unauthenticated, "the cookie is not one of @supabase/ssr");
  };
  if (!cookie.starts_with(mark)) return refused();
  const auto text = core::from_base64url(cookie.substr(mark.size()));
  const auto json =
      text ? core::read_json(*text, session_limits) : core::fail(errc::unauthenticated);
  const std::string* token = json ? json->find_string("access_token") : nullptr;
  if (!token) return refused();
  return *token;
}

core::failure from_another_site() {
  return core::failure(make_error_code(errc::unauthenticated),
                       "another site's page made the browser send cookies");
}

// Any cookie that would count, whatever is in it.
core::result<std::optional<found_credential>> find_in_cookies(const session_settings& settings,
                                                              const http::request_head& head,
                                                              std::string& buffer) {
  for (const std::string& name : settings.cookies) {
    const auto cookie = cookie_value(head, name);
    if (!cookie) return core::same_failure(cookie);
    if (*cookie) return token_found(settings, **cookie, buffer);
  }
  for (const std::string& name : settings.supabase_cookies) {
    const auto cookie = whole_cookie(head, name, buffer);
    if (!cookie) return core::same_failure(cookie);
    if (!*cookie) continue;
    auto token = supabase_token(**cookie);
    if (!token) return core::same_failure(token);
    buffer = std::move(*token);
    return found_credential{credential_kind::token, buffer};
  }
  if (settings.authjs) {
    const auto& known = settings.authjs->cookies;
    for (std::size_t i = 0; i < known.size(); ++i) {
      const auto cookie = whole_cookie(head, known[i].name, buffer);
      if (!cookie) return core::same_failure(cookie);
      if (*cookie) return found_credential{credential_kind::sealed_cookie, **cookie, i};
    }
  }
  if (settings.callback) {
    const auto any = collect_cookies(settings, head, buffer);
    if (!any) return core::same_failure(any);
    if (*any) return found_credential{credential_kind::asked_callback, buffer};
  }
  return std::nullopt;
}

// A proxy knows people by cookies of its own, which browsers send along as they do ours.
core::result<found_credential> told_by_proxy(const session_settings& settings,
                                             const http::request_head& head) {
  const header_settings& names = *settings.headers;
  for (const std::string* name : {&names.user, &names.name, &names.roles})
    if (!name->empty() && head.count(*name) > 1)
      return core::fail(errc::unauthenticated, "the proxy's field " + *name + " came twice");
  if (!comes_from_our_pages(head, settings.origins)) return core::fail(from_another_site());
  return found_credential{credential_kind::told, head.find(names.user)};
}

}  // namespace

bool comes_from_our_pages(const http::request_head& head, const std::vector<std::string>& origins) {
  constexpr std::string_view site_field = "sec-fetch-site";
  if (head.fields.repeats(http::known_field::origin) || head.count(site_field) > 1) return false;
  const std::string_view origin = head.find(http::known_field::origin);
  const bool origin_is_ours = std::ranges::find(origins, origin) != origins.end();
  const std::string_view site = head.find(site_field);
  if (!site.empty())
    return site == "same-origin" || site == "same-site" || site == "none" || origin_is_ours;
  return origin.empty() || origin_is_ours;
}

core::result<found_credential> find_credential(const session_settings& settings,
                                               const http::request_head& head, bool from_proxy,
                                               std::string& buffer) {
  if (settings.headers && from_proxy && !head.find(settings.headers->user).empty())
    return told_by_proxy(settings, head);
  if (settings.bearer) {
    const auto bearer = bearer_token(head);
    if (!bearer) return core::same_failure(bearer);
    if (*bearer) return token_found(settings, **bearer, buffer);
  }
  auto in_cookies = find_in_cookies(settings, head, buffer);
  if (!in_cookies) return core::same_failure(in_cookies);
  if (!*in_cookies) return core::fail(errc::unauthenticated, "no session");
  if (!comes_from_our_pages(head, settings.origins)) return core::fail(from_another_site());
  return **in_cookies;
}

}  // namespace auth
