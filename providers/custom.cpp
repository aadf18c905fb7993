// custom: your own video service. A URL template, a signed token, and two optional calls to make
// and close a room.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "core/time_text.hpp"
#include "providers/error.hpp"
#include "providers/rest_call.hpp"
#include "providers/session_token.hpp"
#include "providers/token_parts.hpp"
#include "providers/url_template.hpp"

namespace providers {
namespace {

using namespace std::chrono_literals;

// Browsers and proxies cut addresses at about this length in places.
constexpr std::size_t url_bytes_usual_max = 2000;

struct custom_settings {
  provider_traits traits;
  url_template url;
  token_settings token;
  std::string lang;
  std::string create_url;  // empty: no hook
  std::chrono::seconds create_early{3600};
};

class custom final : public provider {
 public:
  custom(std::shared_ptr<const custom_settings> settings, const provider_tools& tools)
      : settings_(std::move(settings)),
        clock_(tools.clock),
        random_(tools.random),
        signer_(settings_->token),
        calls_(tools, settings_->traits.name) {}

  const provider_traits& traits() const override { return settings_->traits; }
  core::task<core::result<std::string>> prepare(room_wish wish, core::deadline until) override;
  bool still_right(const room_terms& terms, std::string_view provider_room) const override {
    return settings_->create_url.empty() || provider_room == told(terms);
  }
  std::optional<core::result<join_link>> admit_now(const admission& who) override;
  core::task<core::result<join_link>> admit(admission who, core::deadline) override {
    co_return *admit_now(who);
  }
  core::task<core::result<void>> close(room_wish wish, std::string provider_room,
                                       core::deadline until) override;
  std::vector<std::string> public_jwks() const override { return settings_->token.public_jwks; }

 private:
  std::string told(const room_terms& terms) const;
  core::result<rest_request> hook(std::string_view operation, http::method method,
                                  const core::room_id& room);

  std::shared_ptr<const custom_settings> settings_;
  const core::clock& clock_;
  buffered_random random_;
  session_signer signer_;
  rest_caller calls_;
};

core::result<rest_request> custom::hook(std::string_view operation, http::method method,
                                        const core::room_id& room) {
  if (is_dot_segment(room.view()))
    return core::fail(errc::rejected, "this room id would vanish from the hook's path");
  auto token = signer_.service_token(clock_.wall_now(), random_);
  if (!token) return core::same_failure(token);
  rest_request out;
  out.operation = operation;
  out.method = method;
  out.url = settings_->create_url + "/rooms/";
  core::append_percent_encoded(out.url, room.view());
  out.bearer = core::secret(std::move(*token));
  out.safe_to_repeat = true;  // PUT and DELETE are idempotent (RFC 9110 section 9.2.2)
  return out;
}

// All that the hook learns of a booking beside its name, to see when it has to learn more.
std::string custom::told(const room_terms& terms) const {
  return fmt::format("{}-{}/{}", core::unix_seconds(terms.starts_at - settings_->create_early),
                     core::unix_seconds(terms.closes_at), terms.participants);
}

core::task<core::result<std::string>> custom::prepare(room_wish wish, core::deadline until) {
  const std::string remembered = told({wish.starts_at, wish.closes_at, wish.participants});
  if (settings_->create_url.empty()) co_return remembered;
  auto put = hook("create_room", http::method::put, wish.room);
  if (!put) co_return core::same_failure(put);
  core::json_writer json(put->body);
  json.begin_object().member("title", "Call " + wish.room.text());
  json.member("notBefore", core::to_rfc3339(wish.starts_at - settings_->create_early));
  json.member("expiresAt", core::to_rfc3339(wish.closes_at));
  json.member("maxParticipants", static_cast<std::int64_t>(wish.participants));
  json.name("metadata")
      .begin_object()
      .member("generation", fmt::format("{}", wish.generation))
      .end_object();
  json.end_object();
  put->fields.push_back({"Idempotency-Key", core::new_uuid(random_)});
  rest_request request = std::move(*put);
  request.trace = std::move(wish.trace);
  auto made = co_await calls_.call(std::move(request), until);
  if (!made) co_return core::same_failure(made);
  const std::string* id = made->json.find_string("roomId");
  if (id && *id != wish.room.text())
    co_return core::fail(errc::rejected, "the service answered with another room");
  const std::string* state = made->json.find_string("state");
  if (state && *state == "ended")
    co_return core::fail(errc::room_disabled, "the service says that the room has ended");
  co_return remembered;
}

std::optional<core::result<join_link>> custom::admit_now(const admission& who) {
  const custom_settings& s = *settings_;
  const auto ends = link_end(who.now, who.closes_at, s.token.lifetime);
  if (ends <= who.now) return core::fail(errc::rejected, "the room closes now");
  const std::string& role = s.token.role_of(who.seat);
  const session_claims claims{who.room.view(), who.user.view(), role, who.name, who.now, ends};
  const auto token = signer_.sign(claims, random_);
  if (!token)
    return core::fail(errc::rejected, "signing the session token: " + token.error().detail);
  const fmt::format_int exp(core::unix_seconds(ends));
  join_link out;
  out.expires_at = ends;
  out.url.reserve(token->size() + 512);
  const std::string_view exp_text(exp.data(), exp.size());
  if (!s.url.fill(out.url,
                  {who.room.view(), who.name, who.user.view(), role, *token, s.lang, exp_text}))
    return core::fail(
        errc::rejected,
        "a value of the URL's path is empty, \".\" or \"..\" and would vanish from it");
  return out;
}

core::task<core::result<void>> custom::close(room_wish wish, std::string, core::deadline until) {
  if (settings_->create_url.empty()) co_return core::result<void>();
  auto hooked = hook("delete_room", http::method::delete_, wish.room);
  if (!hooked) co_return core::same_failure(hooked);
  rest_request request = std::move(*hooked);
  request.welcome = {404, 410};  // gone is what we want
  auto gone = co_await calls_.call(std::move(request), until);
  if (!gone) co_return core::same_failure(gone);
  co_return core::result<void>();
}

// Looks at the text, so that a template with other mistakes has these told at once too.
void check_placeholders(core::options& from, std::string_view text, token_kind kind) {
  using slot = url_template::slot;
  if (text.empty()) return;
  const auto holds = [&](slot wanted) { return url_template::holds(text, wanted); };
  if (!holds(slot::room)) from.note("url_template", "must hold {roomId}");
  if (kind == token_kind::none && holds(slot::token))
    from.note("url_template", "holds {token}, but token.kind is \"none\"");
  if (kind != token_kind::none && !holds(slot::token))
    from.note("url_template", "must hold {token}");
  // The service needs both to check the signature, and this token does not carry them.
  if (kind == token_kind::hmac && !(holds(slot::user_id) && holds(slot::role)))
    from.note("url_template", "must hold {userId} and {role} where token.kind is \"hmac\"");
}

// With values of a usual length; long names in other scripts make it longer still.
void check_length(core::options& from, const custom_settings& s) {
  const std::string id(36, '0');
  core::system_random random;
  session_signer signer(s.token);
  const auto now = core::from_unix_seconds(1'800'000'000);
  const auto token = signer.sign(
      {id, id, s.token.expert, "A usual name, of 30 letters...", now, now + 300s}, random);
  std::string url;
  if (token)
    s.url.fill(url, {id, "A usual name, of 30 letters...", id, s.token.expert, *token, s.lang,
                     "1800000300"});
  if (url.size() >= url_bytes_usual_max)
    from.note("url_template",
              fmt::format("makes addresses of {} characters; some browsers and proxies cut at {}",
                          url.size(), url_bytes_usual_max),
              "a shorter template, or a key with shorter signatures: ES256 or EdDSA");
}

}  // namespace

provider_maker make_custom(provider_setup setup) {
  core::options& from = setup.settings;
  const std::string written = from.required_text("url_template");
  std::vector<url_template::problem> problems;
  const auto url = url_template::from(written, problems);
  if (!written.empty())
    for (const auto& one : problems) from.note("url_template", one.what, one.hint);
  const auto token = read_token_settings(from.section("token"), setup.public_url,
                                         url ? url->origin() : std::string("https://unknown"));
  const std::string lang = from.text("lang", "en");
  const std::string create_url = from.url("create_url", true).value_or("");
  const auto early =
      std::chrono::floor<std::chrono::seconds>(from.duration("create_early", 1h, 0min, 24h));
  if (create_url.find_first_of("?#") != std::string::npos)
    from.note("create_url", "must be a base address without query or fragment");
  check_placeholders(from, written, token.kind);
  if (token.kind == token_kind::none && !create_url.empty())
    from.note("create_url", "needs a key to sign its calls with", "token.kind = \"jwt\"");
  if (!url || !token.can_be_made()) return {};

  auto settings =
      std::make_shared<custom_settings>(custom_settings{{}, *url, token, lang, create_url, early});
  settings->traits.name = setup.name;
  settings->traits.type = "custom";
  settings->traits.needs_room = !create_url.empty();
  settings->traits.reuses_room = true;  // the hook's address names the room alone
  settings->traits.origin = url->origin();
  check_length(from, *settings);
  return [held = std::shared_ptr<const custom_settings>(std::move(settings))](
             const provider_tools& tools) { return std::make_unique<custom>(held, tools); };
}

}  // namespace providers
