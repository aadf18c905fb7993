// custom: your own video service. URL templates, a signed token, optional calls that make, look for
// and close a room, and what the service reports of its calls.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
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
  std::array<url_template, 2> urls;  // by core::role
  token_settings token;
  std::string lang;
  std::string create_url;  // empty: no hook
  std::chrono::seconds create_early{3600};
  bool look_first = false;       // ask whether the room is there before it is put
  webhook_secrets hook_secrets;  // our calls are signed with
  webhook_secrets webhooks;      // the service's reports are signed with

  const url_template& url_of(core::role seat) const { return urls[static_cast<std::size_t>(seat)]; }
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
  std::optional<core::failure> away() const override { return calls_.away(); }
  core::task<core::result<std::string>> prepare(room_wish wish, core::deadline until) override;
  bool still_right(const room_terms& terms, std::string_view provider_room) const override {
    return settings_->create_url.empty() || provider_room == told(terms);
  }
  bool still_opens(const room_terms& terms, std::string_view provider_room,
                   core::wall_time now) const override;
  std::optional<core::result<join_link>> admit_now(const admission& who) override;
  core::task<core::result<join_link>> admit(admission who, core::deadline) override {
    co_return *admit_now(who);
  }
  core::task<core::result<void>> close(room_wish wish, std::string provider_room,
                                       core::deadline until) override;
  core::task<core::result<std::string>> try_credentials(core::deadline until) override;
  core::result<webhook_reading> read_webhook(const webhook& from) const override;
  std::vector<std::string> public_jwks() const override { return settings_->token.public_jwks; }

 private:
  std::string told(const room_terms& terms) const;
  core::result<rest_request> hook(std::string_view operation, http::method method,
                                  const core::room_id& room);
  void sign(rest_request& call);
  core::task<core::result<bool>> is_there(core::room_id room, std::string expires_at,
                                          std::optional<core::trace> trace, core::deadline until);
  core::result<void> check_room(const core::json_value& answer, const core::room_id& room) const;

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

// Standard Webhooks beside the token, for services that check all that comes to them that way. The
// body must be complete.
void custom::sign(rest_request& call) {
  if (settings_->hook_secrets.empty()) return;
  auto fields = sign_standard_webhook(settings_->hook_secrets, "msg_" + core::new_uuid(random_),
                                      clock_.wall_now(), call.body);
  for (http::field& one : fields) call.fields.push_back(std::move(one));
}

core::result<void> custom::check_room(const core::json_value& answer,
                                      const core::room_id& room) const {
  if (!answer.is_null() && !answer.as_object())
    return core::fail(errc::rejected, "the service answered with something that is no room");
  const std::string* id = answer.find_string("roomId");
  if (id && *id != room.text())
    return core::fail(errc::rejected, "the service answered with another room");
  const std::string* state = answer.find_string("state");
  if (state && *state == "ended")
    return core::fail(errc::room_disabled, "the service says that the room has ended");
  return {};
}

// Whether the service has the room open until then, so that nothing has to be put.
core::task<core::result<bool>> custom::is_there(core::room_id room, std::string expires_at,
                                                std::optional<core::trace> trace,
                                                core::deadline until) {
  auto hooked = hook("get_room", http::method::get, room);
  if (!hooked) co_return core::same_failure(hooked);
  rest_request request = std::move(*hooked);
  request.welcome = {404, 410};
  request.trace = std::move(trace);
  sign(request);
  auto seen = co_await calls_.call(std::move(request), until);
  if (!seen) co_return core::same_failure(seen);
  if (seen->status != 200) co_return false;
  auto fits = check_room(seen->json, room);
  if (!fits) co_return core::same_failure(fits);
  const std::string* state = seen->json.find_string("state");
  const std::string* end = seen->json.find_string("expiresAt");
  co_return state && *state == "open" && end && *end == expires_at;
}

// All that the hook learns of a booking beside its name, to see when it has to learn more.
std::string custom::told(const room_terms& terms) const {
  return fmt::format("{}-{}/{}", core::unix_seconds(terms.starts_at - settings_->create_early),
                     core::unix_seconds(terms.closes_at), terms.participants);
}

// Whether the service, which may hold everybody to what it was told, lets people in as it is.
bool custom::still_opens(const room_terms& terms, std::string_view provider_room,
                         core::wall_time now) const {
  std::int64_t from = 0, to = 0;
  std::size_t people = 0;
  const char* const end = provider_room.data() + provider_room.size();
  auto read = std::from_chars(provider_room.data(), end, from);
  if (read.ec != std::errc{} || read.ptr == end || *read.ptr != '-') return false;
  read = std::from_chars(read.ptr + 1, end, to);
  if (read.ec != std::errc{} || read.ptr == end || *read.ptr != '/') return false;
  read = std::from_chars(read.ptr + 1, end, people);
  if (read.ec != std::errc{} || read.ptr != end) return false;
  const std::int64_t seconds = core::unix_seconds(now);
  return from <= seconds && seconds < to && terms.participants <= people;
}

core::task<core::result<std::string>> custom::prepare(room_wish wish, core::deadline until) {
  const std::string remembered = told({wish.starts_at, wish.closes_at, wish.participants});
  if (settings_->create_url.empty()) co_return remembered;
  if (settings_->look_first) {
    auto there = co_await is_there(wish.room, core::to_rfc3339(wish.closes_at), wish.trace, until);
    if (!there) co_return core::same_failure(there);
    if (*there) co_return remembered;
  }
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
  sign(request);
  auto made = co_await calls_.call(std::move(request), until);
  if (!made) co_return core::same_failure(made);
  auto fits = check_room(made->json, wish.room);
  if (!fits) co_return core::same_failure(fits);
  co_return remembered;
}

std::optional<core::result<join_link>> custom::admit_now(const admission& who) {
  const custom_settings& s = *settings_;
  const auto ends = link_end(who, s.token.lifetime);
  if (!ends) return core::same_failure(ends);
  const std::string& role = s.token.role_of(who.seat);
  const session_claims claims{who.room.view(), who.user.view(), role, who.name, who.now, *ends};
  const auto token = signer_.sign(claims, random_);
  if (!token)
    return core::fail(errc::rejected, "signing the session token: " + token.error().detail);
  const fmt::format_int exp(core::unix_seconds(*ends));
  join_link out;
  out.expires_at = *ends;
  out.url.reserve(token->size() + 512);
  const std::string_view exp_text(exp.data(), exp.size());
  if (!s.url_of(who.seat).fill(
          out.url, {who.room.view(), who.name, who.user.view(), role, *token, s.lang, exp_text}))
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
  request.wanted_for = wish.wanted_for;
  sign(request);
  auto gone = co_await calls_.call(std::move(request), until);
  if (!gone) co_return core::same_failure(gone);
  co_return core::result<void>();
}

core::task<core::result<std::string>> custom::try_credentials(core::deadline until) {
  if (settings_->create_url.empty()) co_return co_await provider::try_credentials(until);
  auto look = hook("try_credentials", http::method::get, *core::room_id::from("stagedoor-check"));
  if (!look) co_return core::same_failure(look);
  look->welcome = {401, 403, 404, 410};
  sign(*look);
  auto seen = co_await calls_.call(std::move(*look), until);
  if (!seen) co_return core::same_failure(seen);
  constexpr std::string_view mend =
      "the service does not take our calls: check that it has our key or /.well-known/jwks.json, "
      "our "
      "issuer, and hook_secret";
  if (auto why = refusal_of(seen->status, {{401, mend}, {403, mend}}))
    co_return core::fail(std::move(*why));
  co_return "the service takes our token";
}

// Standard Webhooks, of the types room.started, room.ended and participant.joined.
core::result<webhook_reading> custom::read_webhook(const webhook& from) const {
  if (settings_->webhooks.empty()) return provider::read_webhook(from);
  auto good = check_standard_webhook(from, settings_->webhooks);
  if (!good) return core::same_failure(good);
  auto json = read_webhook_body(from.body);
  if (!json) return core::same_failure(json);
  const std::string* type = json->find_string("type");
  if (!type) return core::fail(errc::bad_webhook, "it has no type");
  const bool begins = *type == "room.started" || *type == "participant.joined";
  if (!begins && *type != "room.ended") return webhook_reading{};
  const core::json_value* data = json->find("data");
  const std::string* id = data ? data->find_string("roomId") : nullptr;
  const auto room = id ? core::room_id::from(*id) : std::nullopt;
  if (!room) return core::fail(errc::bad_webhook, "it has no data.roomId that could be ours");
  const std::string* time = json->find_string("timestamp");
  const auto at = time ? core::from_rfc3339(*time) : std::nullopt;
  if (!at) return core::fail(errc::bad_webhook, "it has no timestamp as in RFC 3339");
  room_event out;
  out.what = begins ? call_news::live : call_news::ended;
  out.about.room = room;
  out.id = std::string(from.head.find("webhook-id"));
  out.at = *at;
  return reading_of(std::move(out));
}

// Looks at the text, so that a template with other mistakes has these told at once too.
void check_placeholders(core::options& from, std::string_view at, std::string_view text,
                        token_kind kind) {
  using slot = url_template::slot;
  if (text.empty()) return;
  const auto holds = [&](slot wanted) { return url_template::holds(text, wanted); };
  if (!holds(slot::room)) from.note(at, "must hold {roomId}");
  if (kind == token_kind::none && holds(slot::token))
    from.note(at, "holds {token}, but token.kind is \"none\"");
  if (kind != token_kind::none && !holds(slot::token)) from.note(at, "must hold {token}");
  // The service needs both to check the signature, and this token does not carry them.
  if (kind == token_kind::hmac && !(holds(slot::user_id) && holds(slot::role)))
    from.note(at, "must hold {userId} and {role} where token.kind is \"hmac\"");
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
    s.urls.front().fill(url, {id, "A usual name, of 30 letters...", id, s.token.expert, *token,
                              s.lang, "1800000300"});
  if (url.size() >= url_bytes_usual_max)
    from.note("url_template",
              fmt::format("makes addresses of {} characters; some browsers and proxies cut at {}",
                          url.size(), url_bytes_usual_max),
              "a shorter template, or a key with shorter signatures: ES256 or EdDSA");
}

// One template; nullopt, and every mistake noted, where it cannot be used.
std::optional<url_template> read_template(core::options& from, std::string_view at,
                                          const std::string& written) {
  std::vector<url_template::problem> problems;
  auto made = url_template::from(written, problems);
  for (const auto& one : problems) from.note(at, one.what, one.hint);
  return made;
}

struct templates {
  std::array<std::optional<url_template>, 2> by_seat;
  std::array<std::string, 2> written;

  bool complete() const { return by_seat[0] && by_seat[1]; }
  std::string origin() const { return by_seat[0] ? by_seat[0]->origin() : "https://unknown"; }
};

// url_template for all, and url_templates for the seats that have a page of their own.
templates read_templates(core::options& from) {
  templates out;
  core::options& own = from.section("url_templates");
  const auto expert = own.text("expert");
  const auto client = own.text("client");
  const std::string shared =
      expert && client ? from.text("url_template", "") : from.required_text("url_template");
  if (expert && client && !shared.empty())
    from.note("url_template", "is set, and url_templates names one for each seat",
              "keep one of them");
  std::optional<url_template> of_all;
  if (!shared.empty()) of_all = read_template(from, "url_template", shared);
  const auto choose = [&](core::role seat, const std::optional<std::string>& written) {
    const auto place = static_cast<std::size_t>(seat);
    out.written[place] = written.value_or(shared);
    out.by_seat[place] = written ? read_template(own, core::name_of(seat), *written) : of_all;
  };
  choose(core::role::expert, expert);
  choose(core::role::client, client);
  if (out.complete() && out.by_seat[0]->origin() != out.by_seat[1]->origin())
    own.note(client ? "client" : "expert", "is on another origin than the other seat's template",
             "a provider has one: what pages may embed is told with it");
  return out;
}

}  // namespace

provider_maker make_custom(provider_setup setup) {
  core::options& from = setup.settings;
  const templates read = read_templates(from);
  const auto token = read_token_settings(from.section("token"), setup.public_url, read.origin());
  const std::string lang = from.text("lang", "en");
  const std::string create_url = read_base_url(from, "create_url", "");
  const auto early =
      std::chrono::floor<std::chrono::seconds>(from.duration("create_early", 1h, 0min, 24h));
  const bool look_first = from.flag("look_first", false);
  auto hook_secrets = webhook_secrets::read(from, webhook_secrets::form::base64, "hook_secret");
  auto webhooks = webhook_secrets::read(from, webhook_secrets::form::base64);
  if (create_url.empty() && (look_first || !hook_secrets.empty()))
    from.note(look_first ? "look_first" : "hook_secret",
              "is for the hook, and create_url is not set");
  check_placeholders(from, "url_template", read.written[0], token.kind);
  if (read.written[1] != read.written[0])
    check_placeholders(from, "url_templates", read.written[1], token.kind);
  if (token.kind == token_kind::none && !create_url.empty())
    from.note("create_url", "needs a key to sign its calls with", "token.kind = \"jwt\"");
  if (!read.complete() || !token.can_be_made()) return {};

  auto settings =
      std::make_shared<custom_settings>(custom_settings{{},
                                                        {*read.by_seat[0], *read.by_seat[1]},
                                                        token,
                                                        lang,
                                                        create_url,
                                                        early,
                                                        look_first,
                                                        std::move(hook_secrets),
                                                        std::move(webhooks)});
  settings->traits.name = setup.name;
  settings->traits.type = "custom";
  settings->traits.needs_room = !create_url.empty();
  settings->traits.reuses_room = true;  // the hook's address names the room alone
  settings->traits.origin = read.origin();
  check_length(from, *settings);
  return [held = std::shared_ptr<const custom_settings>(std::move(settings))](
             const provider_tools& tools) { return std::make_unique<custom>(held, tools); };
}

}  // namespace providers
