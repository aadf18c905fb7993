#include "auth/pasted_credential.hpp"

#include <algorithm>
#include <string>

#include "core/encoding.hpp"

namespace auth {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::string_view bare(std::string_view text) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  constexpr std::string_view blanks = " \t\r\n\v\f";
  const auto begin = std::min(text.find_first_not_of(blanks), text.size());
  const auto end = text.find_last_not_of(blanks) + 1;  // npos + 1 is 0
  return begin < end ? text.substr(begin, end - begin) : std::string_view{};
}

bool take(std::string_view& text, std::string_view beginning) {
  if (!core::equals_ignoring_case(text.substr(0, beginning.size()), beginning)) return false;
  text = bare(text.substr(beginning.size()));
  return true;
}

// "name=value", and perhaps more of them. A token has '=' at its end alone (RFC 9110 section 11.2).
bool is_cookie_pair(std::string_view text) {
  const auto equals = text.find('=');
  return equals != text.npos && text.find_first_not_of('=', equals) != text.npos;
}

http::field cookie(const std::string& name, std::string_view value) {
  return {"Cookie", name + '=' + std::string(value)};
}

}  // namespace

http::field field_of_pasted(const session_settings& settings, std::string_view text) {
  text = bare(text);
  text = bare(text.substr(0, text.find_first_of("\r\n")));
  if (take(text, "cookie:") || is_cookie_pair(text)) return {"Cookie", std::string(text)};
  if (take(text, "authorization:")) return {"Authorization", std::string(text)};
  take(text, "bearer ");
  // The value of a cookie is known by its form, where its name is not said.
  if (settings.authjs && std::ranges::count(text, '.') == 4)
    return cookie(settings.authjs->cookies.front().name, text);
  if (!settings.supabase_cookies.empty() && text.starts_with("base64-"))
    return cookie(settings.supabase_cookies.front(), text);
  if (!settings.bearer && !settings.cookies.empty()) return cookie(settings.cookies.front(), text);
  return {"Authorization", "Bearer " + std::string(text)};
}

}  // namespace auth
