#include "auth/key_fetch.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "auth/error.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"
#include "core/options.hpp"
#include "http/url.hpp"

namespace auth {
namespace {

using std::chrono::seconds;

constexpr seconds fresh_least = std::chrono::minutes(5);
constexpr seconds fresh_most = std::chrono::hours(24);
constexpr seconds fresh_by_default = std::chrono::minutes(10);

// Discovery documents have some four KiB; nothing that we read is deep in them.
constexpr core::json_limits document_limits{64 * 1024, 8, 5'000};

http::request get(std::string url) {
  http::request out;
  out.url = std::move(url);
  out.fields = {{"Accept", "application/json"}};
  return out;
}

core::result<void> check_status(const http::response& answer) {
  if (answer.status == 200) return {};
  return core::fail(errc::login_unavailable, "status " + std::to_string(answer.status));
}

std::optional<seconds> seconds_from(std::string_view digits) {
  std::int64_t value = 0;
  const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (bad != std::errc() || end != digits.data() + digits.size() || value < 0) return std::nullopt;
  return seconds(std::min<std::int64_t>(value, fresh_most.count()));
}

// max-age in a list of directives, whose values may be quoted.
std::optional<seconds> max_age_in(std::string_view directives) {
  constexpr std::string_view name = "max-age=";
  while (!directives.empty()) {
    const auto end = std::min(directives.find(','), directives.size());
    std::string_view one = core::trimmed(directives.substr(0, end));
    directives.remove_prefix(std::min(end + 1, directives.size()));
    if (one.size() <= name.size() || !core::equals_ignoring_case(one.substr(0, name.size()), name))
      continue;
    one.remove_prefix(name.size());
    if (one.size() > 1 && one.front() == '"' && one.back() == '"')
      one = one.substr(1, one.size() - 2);
    return seconds_from(one);
  }
  return std::nullopt;
}

bool is_https(std::string_view url) {
  const auto parsed = http::url::from(url);
  return parsed && parsed->secure;
}

}  // namespace

bool may_be_fetched(std::string_view url) {
  const auto parsed = http::url::from(url);
  return parsed && (parsed->secure || core::is_loopback_host(parsed->host));
}

std::string discovery_url_of(std::string_view issuer) {
  if (issuer.ends_with('/')) issuer.remove_suffix(1);
  return std::string(issuer) + "/.well-known/openid-configuration";
}

std::chrono::seconds freshness_of(const http::response& answer) {
  const auto told = max_age_in(answer.find("cache-control"));
  if (!told) return fresh_by_default;
  const seconds age = seconds_from(core::trimmed(answer.find("age"))).value_or(seconds(0));
  return std::clamp(*told - age, fresh_least, fresh_most);
}

core::result<std::string> jwks_url_in(std::string_view document, std::string_view issuer) {
  const auto json = core::read_json(document, document_limits);
  if (!json || !json->as_object())
    return core::fail(errc::login_unavailable, "the discovery document is not a JSON object");
  const std::string* named = json->find_string("issuer");
  if (!named || *named != issuer)
    return core::fail(errc::login_unavailable, "the discovery document is another issuer's");
  const std::string* url = json->find_string("jwks_uri");
  // Only who is trusted by http anyway may say where to go by http: else a document of the outside
  // would point into this machine.
  if (!url || !may_be_fetched(*url) || (is_https(issuer) && !is_https(*url)))
    return core::fail(errc::login_unavailable, "the discovery document has no https jwks_uri");
  return *url;
}

core::task<core::result<fetched_keys>> fetch_keys(http::client* from, issuer_settings of,
                                                  std::string jwks_url, core::deadline until) {
  fetched_keys out;
  out.jwks_url = !jwks_url.empty() ? std::move(jwks_url) : of.jwks_url;
  if (out.jwks_url.empty()) {
    auto question = get(discovery_url_of(of.issuer));
    auto document = co_await from->send(std::move(question), until);
    if (!document) co_return core::same_failure(document);
    if (auto good = check_status(*document); !good) co_return core::same_failure(good);
    auto found = jwks_url_in(document->body, of.issuer);
    if (!found) co_return core::same_failure(found);
    out.jwks_url = std::move(*found);
  }
  auto question = get(out.jwks_url);
  auto answer = co_await from->send(std::move(question), until);
  if (!answer) co_return core::same_failure(answer);
  if (auto good = check_status(*answer); !good) co_return core::same_failure(good);
  auto keys = jose::key_set::from_jwks(answer->body, false);
  if (!keys) co_return core::same_failure(keys);
  out.keys = std::move(*keys);
  out.fresh_for = freshness_of(*answer);
  co_return out;
}

}  // namespace auth
