#include "providers/oauth_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "jose/jwt.hpp"
#include "providers/error.hpp"

namespace providers {
namespace {

using namespace std::chrono_literals;

// Microsoft's tokens with many claims have some 4 KiB; our own requests take up to 16.
constexpr std::size_t token_bytes_max = 12 * 1024;
// Where "expires_in" is missing, which RFC 6749 only recommends.
constexpr std::chrono::seconds usual_life = 5min;

// Seconds as a number or, from older endpoints, as text.
std::optional<std::int64_t> seconds_in(const core::json_value* value) {
  if (!value) return std::nullopt;
  if (const auto* number = value->as_integer()) return *number;
  const std::string* text = value->as_string();
  std::int64_t out = 0;
  if (!text) return std::nullopt;
  const auto [end, bad] = std::from_chars(text->data(), text->data() + text->size(), out);
  if (bad != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return out;
}

std::string_view text_in(const core::json_value& json, std::string_view name) {
  const std::string* found = json.find_string(name);
  return found ? std::string_view(*found) : std::string_view{};
}

void append_parameter(std::string& form, std::string_view name, std::string_view value) {
  if (!form.empty()) form += '&';
  form.append(name).append("=");
  core::append_percent_encoded(form, value);
}

rest_request token_request(std::string url, std::string form) {
  rest_request out;
  out.operation = "access_token";
  out.method = http::method::post;
  out.url = std::move(url);
  out.body = std::move(form);
  out.content_type = "application/x-www-form-urlencoded";
  out.safe_to_repeat = true;
  out.welcome = {400, 401, 403};  // says why in words of OAuth
  return out;
}

}  // namespace

core::result<fresh_token> read_token_answer(const core::json_value& json) {
  const std::string* text = json.find_string("access_token");
  const bool sendable = text && !text->empty() && text->size() <= token_bytes_max &&
                        std::ranges::all_of(*text, [](char c) { return c > 0x20 && c < 0x7f; });
  if (!sendable)
    return core::fail(errc::rejected, "the token endpoint answered without a usable token");
  const std::string_view type = text_in(json, "token_type");
  if (!type.empty() && !core::equals_ignoring_case(type, "bearer"))
    return core::fail(errc::rejected, "the token endpoint gave no bearer token");
  const std::int64_t told = seconds_in(json.find("expires_in")).value_or(usual_life.count());
  // Kept, it would be fetched again and again by everybody who waits for one that lives.
  if (told <= 0)
    return core::fail(errc::rejected, "the token endpoint gave a token that has ended already");
  const std::chrono::seconds life(std::min<std::int64_t>(told, std::chrono::seconds(24h).count()));
  return fresh_token{core::secret(*text), life,
                     std::string(text_in(json, "scope").substr(0, 4096))};
}

token_vault::view token_vault::look(core::steady_time now, core::executor on, const void* owner) {
  const std::lock_guard hold(lock_);
  view out;
  const bool paused = failure_ && now < pause_until_;
  if (held_ && now < good_until_) {
    out.token = held_;
    out.fetch = now >= renew_at_ && !fetching_ && !paused;
  } else if (!fetching_ && paused) {
    out.failure = failure_;
  } else {
    out.wait = std::make_shared<waiter>(on, owner);
    waiting_.push_back(out.wait);
    out.fetch = !fetching_;
  }
  if (out.fetch) fetching_ = true;
  return out;
}

void token_vault::landed(core::result<fresh_token> got, core::steady_time now) {
  std::vector<std::shared_ptr<waiter>> told;
  {
    const std::lock_guard hold(lock_);
    fetching_ = false;
    if (got) {
      held_ = access_token{std::move(got->text), ++count_, std::move(got->scope)};
      const auto ahead = std::max<core::steady_time::duration>(rules_.renew_before, got->life / 10);
      // A life too short for all that is used to its end.
      good_until_ = now + std::max<core::steady_time::duration>(got->life - rules_.stop_before,
                                                                got->life / 2);
      renew_at_ = std::max<core::steady_time>(now + got->life / 2, now + got->life - ahead);
      failure_.reset();
    } else {
      failure_ = std::move(got.error());
      pause_until_ = now + rules_.failure_pause;
    }
    told.swap(waiting_);
  }
  // A notice belongs to its shard, and so does the last word with it.
  for (auto& one : told) {
    const core::executor there = one->on;
    asio::post(there, [mine = std::move(one)] { mine->told.give(); });
  }
}

void token_vault::drop(std::uint64_t number) {
  const std::lock_guard hold(lock_);
  if (held_ && held_->number == number) held_.reset();
}

void token_vault::forget(const void* owner) {
  const std::lock_guard hold(lock_);
  std::erase_if(waiting_, [&](const auto& one) { return one->owner == owner; });
}

// However a fetch ends, cancelled ones included, those who wait are told.
struct token_vault::landing {
  std::shared_ptr<token_vault> at;
  const core::clock& clock;
  core::result<fresh_token> got = core::fail(errc::unavailable, "the fetch of a token was ended");
  ~landing() { at->landed(std::move(got), clock.steady_now()); }
};

oauth_tokens::oauth_tokens(std::shared_ptr<token_vault> vault, token_grant grant,
                           rest_caller& calls, const provider_tools& tools)
    : vault_(std::move(vault)),
      grant_(std::move(grant)),
      calls_(calls),
      clock_(tools.clock),
      log_(tools.log),
      on_(tools.on),
      tasks_(tools.on) {}

oauth_tokens::~oauth_tokens() {
  tasks_.close(true);
  vault_->forget(this);
}

core::task<void> oauth_tokens::stop(core::deadline until) {
  tasks_.close(true);
  co_await tasks_.ended(until);
}

core::task<core::result<access_token>> oauth_tokens::get(core::deadline until) {
  for (;;) {
    token_vault::view seen = vault_->look(clock_.steady_now(), on_, this);
    if (seen.fetch && !tasks_.spawn(fetch()))
      vault_->landed(core::fail(errc::unavailable, "shutting down"), clock_.steady_now());
    if (seen.token) co_return std::move(*seen.token);
    if (seen.failure) co_return core::fail(std::move(*seen.failure));
    const bool told = co_await seen.wait->told.wait(until);
    if (!told)
      co_return core::fail(errc::timed_out,
                           "no access token came in time; check the address of the token endpoint, "
                           "and that this machine may reach it");
  }
}

core::task<void> oauth_tokens::fetch() {
  token_vault::landing at_exit{vault_, clock_};
  const auto until = core::deadline::after(clock_.steady_now(), vault_->rules_.fetch_timeout);
  auto got = co_await ask(until);
  if (!got)
    log_.warn("access_token",
              {{"error", got.error().code.message()}, {"detail", got.error().detail}});
  at_exit.got = std::move(got);
}

core::task<core::result<fresh_token>> oauth_tokens::ask(core::deadline until) {
  auto request = grant_.request(clock_.wall_now());
  if (!request) co_return core::same_failure(request);
  const core::secret hidden = request->hidden.value_or(core::secret());
  auto answer = co_await calls_.call(std::move(*request), until);
  if (!answer) co_return core::same_failure(answer);
  if (answer->status >= 200 && answer->status < 300) co_return read_token_answer(answer->json);
  const std::string_view error = text_in(answer->json, "error");
  std::string_view why = text_in(answer->json, "error_description");
  if (why.empty()) why = text_in(answer->json, "reason");
  std::string detail = fmt::format("no access token: status {}", answer->status);
  if (!error.empty()) detail += " " + readable_excerpt(error, hidden.reveal());
  if (!why.empty()) detail += ": " + readable_excerpt(why, hidden.reveal());
  const std::string advice = grant_.advice ? grant_.advice(error, why) : std::string();
  if (!advice.empty()) detail += "; " + advice;
  co_return core::fail(errc::rejected, std::move(detail));
}

oauth_caller::oauth_caller(const provider_tools& tools, const core::provider_name& name,
                           std::shared_ptr<token_vault> vault, token_grant grant)
    : calls_(tools, name), tokens_(std::move(vault), std::move(grant), calls_, tools) {}

core::task<core::result<rest_answer>> oauth_caller::call(rest_request what, core::deadline until) {
  auto token = co_await tokens_.get(until);
  if (!token) co_return core::same_failure(token);
  rest_request first = what;
  first.bearer = token->text;
  first.welcome.push_back(401);
  auto answer = co_await calls_.call(std::move(first), until);
  if (!answer || answer->status != 401) co_return answer;
  tokens_.drop(*token);
  token = co_await tokens_.get(until);
  if (!token) co_return core::same_failure(token);
  what.bearer = token->text;
  co_return co_await calls_.call(std::move(what), until);
}

core::task<core::result<std::string>> oauth_caller::try_token(core::deadline until) {
  auto token = co_await tokens_.get(until);
  if (!token) co_return core::same_failure(token);
  co_return std::move(token->scope);
}

token_grant account_credentials(std::string token_url, std::string account_id,
                                std::string client_id, core::secret client_secret) {
  token_grant out;
  out.request = [=](core::wall_time) -> core::result<rest_request> {
    std::string form;
    append_parameter(form, "grant_type", "account_credentials");
    append_parameter(form, "account_id", account_id);
    rest_request what = token_request(token_url, std::move(form));
    const std::string pair = client_id + ":" + std::string(client_secret.reveal());
    what.fields.push_back({"Authorization", "Basic " + core::to_base64(core::as_bytes(pair))});
    what.hidden = client_secret;
    return what;
  };
  out.advice = [](std::string_view error, std::string_view why) -> std::string {
    if (error == "invalid_client") return "check client_id and client_secret of the app";
    if (why.find("ccount") != std::string_view::npos) return "check account_id";
    return "check that the Server-to-Server OAuth app is activated";
  };
  return out;
}

token_grant client_credentials(std::string token_url, std::string client_id,
                               core::secret client_secret, std::string scope) {
  token_grant out;
  out.request = [=](core::wall_time) -> core::result<rest_request> {
    std::string form;
    append_parameter(form, "client_id", client_id);
    append_parameter(form, "scope", scope);
    append_parameter(form, "client_secret", client_secret.reveal());
    append_parameter(form, "grant_type", "client_credentials");
    rest_request what = token_request(token_url, std::move(form));
    what.hidden = client_secret;
    return what;
  };
  out.advice = [](std::string_view error, std::string_view) -> std::string {
    if (error == "invalid_client")
      return "check client_secret: its value, not its id, and that it has not expired";
    if (error == "unauthorized_client")
      return "check client_id, and that the app is registered in this tenant";
    if (error == "invalid_request") return "check tenant";
    return {};
  };
  return out;
}

token_grant jwt_bearer(std::string token_url, service_account who, const jose::key& key) {
  token_grant out;
  out.request = [token_url = std::move(token_url), who = std::move(who),
                 key = key.for_this_thread()](core::wall_time now) -> core::result<rest_request> {
    std::string claims;
    core::json_writer json(claims);
    json.begin_object().member("iss", who.email).member("sub", who.subject);
    json.member("scope", who.scope).member("aud", who.audience);
    // Google refuses what is not yet valid by its own clock, and what lives longer than an hour.
    const auto issued = now - 10s;
    json.member("iat", core::unix_seconds(issued)).member("exp", core::unix_seconds(issued + 1h));
    json.end_object();
    auto assertion = jose::sign_jwt(key, claims);
    if (!assertion)
      return core::fail(errc::rejected, "signing the assertion: " + assertion.error().detail);
    std::string form;
    append_parameter(form, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
    append_parameter(form, "assertion", *assertion);
    return token_request(token_url, std::move(form));
  };
  out.advice = [](std::string_view error, std::string_view why) -> std::string {
    if (error == "unauthorized_client")
      return "authorise the service account's numeric client id with exactly the scope "
             "https://www.googleapis.com/auth/meetings.space.created: Google admin console, "
             "Security, API controls, domain-wide delegation";
    if (error == "invalid_grant")
      return why.find("ime") != std::string_view::npos
                 ? "check this machine's clock"
                 : "check that subject is a user of the Workspace, and that the key has not been "
                   "deleted";
    if (error == "invalid_scope" || error == "access_denied")
      return "check the scope in the Workspace's domain-wide delegation";
    if (error == "disabled_client" || error == "admin_policy_enforced")
      return "the Workspace's administrator has switched the client off";
    return {};
  };
  return out;
}

}  // namespace providers
