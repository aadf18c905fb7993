#include "auth/credentials.hpp"

#include <algorithm>

#include "auth/error.hpp"
#include "core/byte_set.hpp"
#include "core/encoding.hpp"

namespace auth {
namespace {

// Browsers send at most some 180 cookies for a site; a request with more is looked at no further.
constexpr int cookie_pairs_max = 256;

// token68 (RFC 9110 section 11.2).
constexpr core::byte_set token_characters =
    core::ascii::letters_and_digits | core::byte_set("-._~+/=");

// Looks for one name in one Cookie field; `found` is kept across fields.
core::result<void> search(std::string_view field, std::string_view name, int& pairs,
                          std::optional<std::string_view>& found) {
  while (!field.empty()) {
    if (++pairs > cookie_pairs_max) return core::fail(errc::unauthenticated, "too many cookies");
    const auto end = std::min(field.find(';'), field.size());
    const std::string_view pair = core::trimmed(field.substr(0, end));
    field.remove_prefix(std::min(end + 1, field.size()));
    const auto equals = pair.find('=');
    if (equals == pair.npos || pair.substr(0, equals) != name) continue;
    if (found) return core::fail(errc::unauthenticated, "the session cookie came twice");
    std::string_view value = pair.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    found = value;
  }
  return {};
}

}  // namespace

core::result<std::optional<std::string_view>> bearer_token(const http::request_head& head) {
  constexpr auto field = http::known_field::authorization;
  if (head.fields.repeats(field))
    return core::fail(errc::unauthenticated, "two Authorization fields");
  if (!head.fields.has(field)) return std::nullopt;
  constexpr std::string_view scheme = "bearer";
  std::string_view rest = head.find(field);
  if (rest.size() <= scheme.size() ||
      !core::equals_ignoring_case(rest.substr(0, scheme.size()), scheme) ||
      rest[scheme.size()] != ' ')
    return core::fail(errc::unauthenticated, "Authorization is not Bearer");
  rest.remove_prefix(std::min(rest.find_first_not_of(' ', scheme.size()), rest.size()));
  if (rest.empty() || !token_characters.covers(rest))
    return core::fail(errc::unauthenticated, "Authorization without a token");
  return rest;
}

core::result<std::optional<std::string_view>> cookie_value(const http::request_head& head,
                                                           std::string_view name) {
  std::optional<std::string_view> found;
  int pairs = 0;
  core::result<void> fine;
  // A proxy that speaks HTTP/2 on its other side may pass several Cookie fields on (RFC 9113
  // section 8.2.3).
  head.fields.for_each(http::known_field::cookie, [&](std::string_view value) {
    if (fine) fine = search(value, name, pairs, found);
  });
  if (!fine) return core::same_failure(fine);
  return found;
}

}  // namespace auth
