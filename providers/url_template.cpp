#include "providers/url_template.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/encoding.hpp"
#include "core/options.hpp"
#include "http/url.hpp"
#include "providers/token_parts.hpp"

namespace providers {
namespace {

struct slot_name {
  std::string_view name;
  url_template::slot slot;
};
constexpr std::array<slot_name, 7> slot_names = {{{"roomId", url_template::slot::room},
                                                  {"user", url_template::slot::user},
                                                  {"userId", url_template::slot::user_id},
                                                  {"role", url_template::slot::role},
                                                  {"token", url_template::slot::token},
                                                  {"lang", url_template::slot::lang},
                                                  {"exp", url_template::slot::exp}}};

std::string_view value_of(url_template::slot slot, const url_template::values& with) {
  switch (slot) {
    case url_template::slot::room:
      return with.room;
    case url_template::slot::user:
      return with.user;
    case url_template::slot::user_id:
      return with.user_id;
    case url_template::slot::role:
      return with.role;
    case url_template::slot::token:
      return with.token;
    case url_template::slot::lang:
      return with.lang;
    case url_template::slot::exp:
      return with.exp;
  }
  return {};
}

// The characters that RFC 3986 lets stand in a path, query or fragment.
bool is_url_text(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~:/?#[]@!$&'()*+,;=%").find(c) != std::string_view::npos;
}

url_template::problem unknown_placeholder(std::string_view name) {
  std::vector<std::string> known;
  known.reserve(slot_names.size());
  for (const slot_name& one : slot_names) known.emplace_back(one.name);
  const auto meant = core::nearest(name, known);
  return {"has the unknown placeholder {" + std::string(name) + "}",
          meant ? "did you mean {" + *meant + "}?"
                : "{roomId} {user} {userId} {role} {token} {lang} {exp} are known"};
}

// A literal can be a piece of a percent-encoded byte, or hold a dot segment: both are mistakes to
// find at start.
bool has_bad_percent(std::string_view literal) { return !core::percent_decode(literal); }

}  // namespace

std::optional<url_template> url_template::from(std::string_view text, std::vector<problem>& found) {
  const std::size_t before = found.size();
  const auto scheme_end = text.find("://");
  const auto host_end = scheme_end == std::string_view::npos
                            ? std::string_view::npos
                            : text.find_first_of("/?#", scheme_end + 3);
  const std::string_view head = text.substr(0, host_end);
  if (head.find_first_of("{}") != std::string_view::npos) {
    found.push_back({"has a placeholder in its scheme, host or port",
                     "placeholders belong into the path, query or fragment"});
    return std::nullopt;
  }
  const auto parsed = http::url::from(head);
  if (!parsed) {
    found.push_back(
        {"must be an absolute https URL", "https://video.example.com/room/{roomId}?token={token}"});
    return std::nullopt;
  }
  if (!parsed->secure && !core::is_loopback_host(parsed->host))
    found.push_back({"must be https; http is accepted for loopback addresses only", ""});
  url_template out;
  out.origin_ = parsed->origin();
  std::string_view rest =
      host_end == std::string_view::npos ? std::string_view{} : text.substr(host_end);
  std::string literal = out.origin_;
  if (!rest.starts_with('/')) literal += '/';
  bool in_path = true;
  while (!rest.empty()) {
    if (rest.front() != '{') {
      const auto next = std::min(rest.find('{'), rest.size());
      const std::string_view part = rest.substr(0, next);
      if (!std::ranges::all_of(part, is_url_text) || has_bad_percent(part))
        found.push_back({"has characters that a URL may not hold", "percent-encode them"});
      if (part.find_first_of("?#") != std::string_view::npos) in_path = false;
      literal += part;
      rest.remove_prefix(next);
      continue;
    }
    const auto end = rest.find('}');
    const std::string_view name = rest.substr(1, end == std::string_view::npos ? end : end - 1);
    const auto known = std::ranges::find(slot_names, name, &slot_name::name);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (end == std::string_view::npos || known == slot_names.end()) {
      found.push_back(unknown_placeholder(name));
      continue;
    }
    const bool to_segment_end =
        rest.empty() || rest.front() == '/' || rest.front() == '?' || rest.front() == '#';
    const bool whole = in_path && literal.ends_with('/') && to_segment_end;
    out.pieces_.push_back({std::exchange(literal, {}), known->slot, whole});
  }
  out.pieces_.push_back({std::move(literal), std::nullopt, false});
  if (found.size() > before) return std::nullopt;
  return out;
}

bool url_template::fill(std::string& out, const values& with) const {
  for (const piece& one : pieces_) {
    out += one.text;
    if (!one.then) continue;
    const std::string_view value = value_of(*one.then, with);
    if (one.whole_segment && (value.empty() || is_dot_segment(value))) return false;
    if (*one.then == slot::token)
      out += value;
    else
      core::append_percent_encoded(out, value);
  }
  return true;
}

bool url_template::holds(std::string_view text, slot wanted) {
  const auto name = std::ranges::find(slot_names, wanted, &slot_name::slot)->name;
  return text.find("{" + std::string(name) + "}") != std::string_view::npos;
}

}  // namespace providers
