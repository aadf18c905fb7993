// 100ms: rooms through its REST API, participant tokens signed here (docs/providers/100ms.md has
// the sources).
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "core/time_text.hpp"
#include "http/url.hpp"
#include "jose/jwt.hpp"
#include "jose/keys.hpp"
#include "providers/error.hpp"
#include "providers/rest_call.hpp"
#include "providers/token_parts.hpp"

namespace providers {
namespace {

using namespace std::chrono_literals;

struct hundred_ms_settings {
  provider_traits traits;
  std::string base_url;
  std::string access_key;
  std::optional<jose::key> key;
  std::string template_id;
  std::string region;
  std::string room_prefix;
  std::int64_t max_duration_seconds = 0;  // 0: not sent
  std::chrono::seconds lifetime{600};
  std::array<std::string, 2> roles;  // by core::role
  std::string path;                  // "/preview/"
  std::string query_end;             // after the name
  std::string webhook_field;         // that carries the secret
  webhook_secrets webhooks;
};

// The page decodes a token with atob(), which knows no '-' and no '_'. Text of these characters
// alone never encodes to one of them: they stand for six set bits in a row, or five and a zero, as
// only '>', '?', '~', DEL and bytes outside ASCII have them.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == ':' || c == '@' || c == '-';
  });
}

bool is_room_id(std::string_view text) {
  return text.size() == 24 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

// User ids are handed on as they are where the token allows it; others, and whatever looks like one
// of our own digests, become a digest, so that two people never share an identity. A maximum length
// is not documented.
constexpr std::size_t user_bytes_max = 64;
void append_user(std::string& out, std::string_view user) {
  if (user.size() <= user_bytes_max && is_plain(user) && !user.starts_with("u-"))
    out += user;
  else
    out += "u-" + short_digest(user, 20);
}

// Creating over an existing name overwrites that room's configuration, so this is always all of it.
std::string create_body(const hundred_ms_settings& settings, const std::string& name) {
  std::string out;
  core::json_writer json(out);
  json.begin_object().member("name", name).member("description", "Made by Stagedoor");
  if (!settings.template_id.empty()) json.member("template_id", settings.template_id);
  if (!settings.region.empty()) json.member("region", settings.region);
  if (settings.max_duration_seconds > 0)
    json.member("max_duration_seconds", settings.max_duration_seconds);
  json.end_object();
  return out;
}

struct room_state {
  std::string id;
  bool enabled = false;
};

core::result<room_state> read_room(const core::json_value& json) {
  const std::string* id = json.find_string("id");
  if (!id || !is_room_id(*id))
    return core::fail(errc::rejected, "100ms answered without a usable room id");
  const core::json_value* enabled = json.find("enabled");
  if (!enabled || !enabled->as_bool())
    return core::fail(errc::rejected, "100ms answered without saying whether the room is enabled");
  return room_state{*id, *enabled->as_bool()};
}

constexpr std::string_view room_kind = "100ms room id";

// The same room id that was remembered in prepare(); empty where the text is not ours.
std::string remembered_id(std::string_view text) {
  constexpr std::string_view before = R"({"id":")";
  constexpr std::string_view after = R"("})";
  if (text.size() == before.size() + 24 + after.size() && text.starts_with(before) &&
      text.ends_with(after)) {
    const std::string_view id = text.substr(before.size(), 24);
    if (is_room_id(id)) return std::string(id);
  }
  const auto json = core::read_json(text, {.bytes_max = 4096, .depth_max = 4, .values_max = 100});
  const std::string* id = json ? json->find_string("id") : nullptr;
  return id && is_room_id(*id) ? *id : std::string();
}

class hundred_ms final : public provider {
 public:
  hundred_ms(std::shared_ptr<const hundred_ms_settings> settings, const provider_tools& tools)
      : settings_(std::move(settings)),
        key_(settings_->key->for_this_thread()),
        clock_(tools.clock),
        random_(tools.random),
        calls_(tools, settings_->traits.name) {}

  const provider_traits& traits() const override { return settings_->traits; }
  std::optional<core::failure> away() const override { return calls_.away(); }
  core::task<core::result<std::string>> prepare(room_wish wish, core::deadline until) override;
  std::optional<core::result<join_link>> admit_now(const admission& who) override;
  core::task<core::result<join_link>> admit(admission who, core::deadline) override {
    co_return *admit_now(who);
  }
  core::task<core::result<void>> close(room_wish wish, std::string provider_room,
                                       core::deadline until) override;
  core::task<core::result<std::string>> try_credentials(core::deadline until) override;
  core::result<webhook_reading> read_webhook(const webhook& from) const override;

 private:
  core::task<core::result<rest_answer>> ask(rest_request what, core::deadline until);
  core::result<core::secret> management_token();
  rest_request post(std::string_view operation, std::string path, std::string body) const;

  std::shared_ptr<const hundred_ms_settings> settings_;
  jose::key key_;
  const core::clock& clock_;
  buffered_random random_;
  rest_caller calls_;
  core::secret management_;
  core::wall_time management_from_{};
  core::wall_time management_until_{};
  std::string claims_;  // keeps its capacity from one admission to the next
};

// All calls of ours are idempotent in effect: create by name, enable, disable, end.
rest_request hundred_ms::post(std::string_view operation, std::string path,
                              std::string body) const {
  rest_request out;
  out.operation = operation;
  out.method = http::method::post;
  out.url = settings_->base_url + std::move(path);
  out.body = std::move(body);
  out.safe_to_repeat = true;
  return out;
}

core::result<core::secret> hundred_ms::management_token() {
  const auto now = clock_.wall_now();
  // The SDK of 100ms goes on with a token until 30 s after its end; we renew a minute before it.
  if (now < management_until_ - 60s && now >= management_from_) return management_;
  // Back-dated by the 10 s that their SDK allows for skew between the clocks.
  const std::int64_t issued = core::unix_seconds(now - 10s);
  const auto ends = now + 1h;
  std::string claims;
  core::json_writer json(claims);
  json.begin_object().member("access_key", settings_->access_key).member("type", "management");
  json.member("version", 2).member("jti", core::new_uuid(random_));
  json.member("iat", issued)
      .member("nbf", issued)
      .member("exp", core::unix_seconds(ends))
      .end_object();
  auto token = jose::sign_jwt(key_, claims);
  if (!token)
    return core::fail(errc::rejected, "signing the management token: " + token.error().detail);
  management_ = core::secret(std::move(*token));
  management_from_ = now;
  management_until_ = ends;
  return management_;
}

// One call; where the token is refused, once more with a fresh one. A 403 may be about the room
// instead, so it condemns only a token that is older than a minute.
core::task<core::result<rest_answer>> hundred_ms::ask(rest_request what, core::deadline until) {
  auto token = management_token();
  if (!token) co_return core::same_failure(token);
  const bool old = clock_.wall_now() - management_from_ > 60s;
  rest_request first = what;
  first.bearer = *token;
  first.welcome.push_back(401);
  if (old) first.welcome.push_back(403);
  auto answer = co_await calls_.call(std::move(first), until);
  if (!answer || (answer->status != 401 && !(old && answer->status == 403))) co_return answer;
  // Another call may have renewed it meanwhile; that one is as good.
  if (management_.reveal() == token->reveal()) management_until_ = {};
  token = management_token();
  if (!token) co_return core::same_failure(token);
  what.bearer = *token;
  co_return co_await calls_.call(std::move(what), until);
}

core::task<core::result<std::string>> hundred_ms::prepare(room_wish wish, core::deadline until) {
  const std::string name = room_name(settings_->room_prefix, wish.room, wish.generation);
  rest_request create = post("create_room", "/rooms", create_body(*settings_, name));
  create.trace = wish.trace;
  auto made = co_await ask(std::move(create), until);
  if (!made) co_return core::same_failure(made);
  auto room = read_room(made->json);
  if (!room) co_return core::same_failure(room);
  const std::string* called = made->json.find_string("name");
  if (called && !core::equals_ignoring_case(*called, name))
    co_return core::fail(errc::rejected, "100ms answered with another room than the one asked for");
  if (!room->enabled) {
    // Whether creating over a disabled room enables it is not documented: say it.
    rest_request enable = post("enable_room", "/rooms/" + room->id, R"({"enabled":true})");
    enable.trace = wish.trace;
    auto enabled = co_await ask(std::move(enable), until);
    if (!enabled) co_return core::same_failure(enabled);
    auto again = read_room(enabled->json);
    if (!again) co_return core::same_failure(again);
    if (again->id != room->id) co_return core::fail(errc::rejected, "100ms enabled another room");
    if (!again->enabled) co_return core::fail(errc::room_disabled, "100ms keeps the room disabled");
  }
  co_return R"({"id":")" + room->id + R"("})";
}

std::optional<core::result<join_link>> hundred_ms::admit_now(const admission& who) {
  const hundred_ms_settings& s = *settings_;
  const std::string room = remembered_id(who.provider_room);
  if (room.empty()) return not_remembered(room_kind);
  const auto ends = link_end(who, s.lifetime);
  if (!ends) return core::same_failure(ends);
  const std::string& role = s.roles[static_cast<std::size_t>(who.seat)];

  // Every value is of is_plain()'s alphabet, so nothing needs escaping.
  claims_.clear();
  claims_.append(R"({"access_key":")")
      .append(s.access_key)
      .append(R"(","type":"app","version":2,"room_id":")");
  claims_.append(room).append(R"(","role":")").append(role).append(R"(","user_id":")");
  append_user(claims_, who.user.view());
  claims_.append(R"(","jti":")");
  core::append_uuid(claims_, random_);
  const std::int64_t issued = core::unix_seconds(who.now - 10s);
  claims_.append(R"(","iat":)");
  append_number(claims_, issued);
  claims_.append(R"(,"nbf":)");
  append_number(claims_, issued);
  claims_.append(R"(,"exp":)");
  append_number(claims_, core::unix_seconds(*ends));
  claims_ += '}';
  const auto token = jose::sign_jwt(key_, claims_);
  if (!token)
    return core::fail(errc::rejected, "signing the participant's token: " + token.error().detail);

  join_link out;
  out.expires_at = *ends;
  out.url.reserve(s.traits.origin.size() + token->size() + 3 * who.name.size() + 128);
  out.url.append(s.traits.origin).append(s.path).append(room).append("/").append(role);
  out.url.append("?auth_token=").append(*token).append("&name=");
  core::append_percent_encoded(out.url, who.name);
  out.url.append(s.query_end);
  return out;
}

core::task<core::result<void>> hundred_ms::close(room_wish wish, std::string provider_room,
                                                 core::deadline until) {
  if (provider_room.empty())
    co_return core::result<void>();  // never made, so there is nothing to close
  const std::string room = remembered_id(provider_room);
  if (room.empty()) co_return not_remembered(room_kind);
  rest_request end = post("end_room", "/active-rooms/" + room + "/end-room",
                          R"({"reason":"The booking ended","lock":true})");
  end.welcome = {404};  // nobody is inside
  end.wanted_for = wish.wanted_for;
  auto ended = co_await ask(std::move(end), until);
  // Without a session the lock may not have been applied, so the room is disabled in any case.
  rest_request disable = post("disable_room", "/rooms/" + room, R"({"enabled":false})");
  disable.welcome = {404};
  disable.wanted_for = wish.wanted_for;
  auto disabled = co_await ask(std::move(disable), until);
  if (!ended) co_return core::same_failure(ended);
  if (!disabled) co_return core::same_failure(disabled);
  if (disabled->status == 404) co_return core::result<void>();
  auto state = read_room(disabled->json);
  if (!state) co_return core::same_failure(state);
  if (state->enabled) co_return core::fail(errc::rejected, "100ms left the room enabled");
  co_return core::result<void>();
}

// The template knows the roles too: a wrong role name would otherwise show only when somebody
// joins.
core::task<core::result<std::string>> hundred_ms::try_credentials(core::deadline until) {
  rest_request look;
  look.operation = "try_credentials";
  const bool by_template = !settings_->template_id.empty();
  look.url = settings_->base_url + (by_template ? "/templates/" + settings_->template_id
                                                : std::string("/rooms?limit=10"));
  look.safe_to_repeat = true;
  look.welcome = {401, 403, 404};
  auto seen = co_await ask(std::move(look), until);
  if (!seen) co_return core::same_failure(seen);
  constexpr std::string_view mend =
      "100ms does not accept access_key and secret: the dashboard shows both under Developer";
  constexpr std::string_view elsewhere = "the workspace has no template template_id";
  if (auto why = refusal_of(seen->status, {{401, mend}, {403, mend}, {404, elsewhere}}))
    co_return core::fail(std::move(*why));
  if (!by_template) co_return "100ms accepts the credentials";
  const core::json_value* roles = seen->json.find("roles");
  for (const std::string& role : settings_->roles)
    if (roles && !roles->find(role))
      co_return core::fail(errc::rejected, "the template has no role \"" + role + "\"");
  co_return "100ms accepts the credentials, and the template has our roles";
}

// 100ms signs nothing: what proves a report is the secret in a field that was set in the dashboard.
core::result<webhook_reading> hundred_ms::read_webhook(const webhook& from) const {
  if (settings_->webhooks.empty()) return provider::read_webhook(from);
  const auto shown = only_field(from.head, settings_->webhook_field);
  if (!shown || !settings_->webhooks.knows(*shown))
    return core::fail(errc::forged_webhook, "the secret of its field is not ours");
  auto json = read_webhook_body(from.body);
  if (!json) return core::same_failure(json);
  const std::string* type = json->find_string("type");
  if (!type) return core::fail(errc::bad_webhook, "it has no type");
  const bool begins = *type == "session.open.success" || *type == "peer.join.success";
  if (!begins && *type != "session.close.success" && *type != "room.end.success")
    return webhook_reading{};
  const core::json_value* data = json->find("data");
  const std::string* name = data ? data->find_string("room_name") : nullptr;
  const auto digest = name ? digest_in_name(settings_->room_prefix, *name) : std::nullopt;
  if (!digest) return webhook_reading{};
  const std::string* id = json->find_string("id");
  const std::string* time = json->find_string("timestamp");
  const auto stated = time ? core::from_rfc3339(*time) : std::nullopt;
  // Taken for new, one without a time would count whenever somebody sent it again.
  if (!stated) return core::fail(errc::bad_webhook, "it has no timestamp");
  const auto at = check_webhook_time(*stated, from.now);
  if (!at) return core::same_failure(at);
  return reading_of(begins ? call_news::live : call_news::ended, *digest, id, *at);
}

// A dashboard-made template has a subdomain of its own; the bare host app.100ms.live joins nothing.
std::string read_origin(core::options& from) {
  const auto subdomain = from.text("subdomain");
  const auto origin = from.url("join_origin", true);
  if (subdomain && from.has("join_origin")) {
    from.note("join_origin", "is set, and subdomain too", "keep one of the two");
    return {};
  }
  if (from.has("join_origin")) {
    const auto parsed =
        origin ? http::url::from(*origin) : core::result<http::url>(core::fail(errc::rejected));
    if (!parsed || parsed->target() != "/" || parsed->host == "app.100ms.live") {
      if (origin)
        from.note("join_origin", "must be the origin of your template's pages and nothing more",
                  "https://<subdomain>.app.100ms.live");
      return {};
    }
    return parsed->origin();
  }
  if (!subdomain) {
    from.note("subdomain", "is required and missing",
              "the first label of https://<subdomain>.app.100ms.live");
    return {};
  }
  const bool label = !subdomain->empty() && subdomain->size() <= 63 && subdomain->front() != '-' &&
                     subdomain->back() != '-' && std::ranges::all_of(*subdomain, [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                     });
  if (!label || *subdomain == "app") {
    from.note("subdomain", "must be the first label of your template's address, in lower case",
              "\"acme\" for https://acme.app.100ms.live; it is shown on the template's page in the "
              "dashboard");
    return {};
  }
  return "https://" + *subdomain + ".app.100ms.live";
}

std::string read_role(core::options& from, std::string_view key, std::string fallback) {
  std::string role = from.text(key, std::move(fallback));
  if (role.empty() || role.size() > 64 || !is_plain(role) || is_dot_segment(role))
    from.note(key, "must be a role of the template, of at most 64 letters, digits and . _ : @ -");
  return role;
}

void read_room_settings(core::options& from, hundred_ms_settings& to) {
  to.template_id = from.text("template_id", "");
  if (!to.template_id.empty() && !is_room_id(to.template_id))
    from.note("template_id",
              "must be the 24 hexadecimal digits of a template made in the dashboard");
  to.region = from.one_of("region", "auto", {"auto", "eu", "in", "us"});
  to.room_prefix = from.text("room_prefix", "sd");
  if (to.room_prefix.empty() || to.room_prefix.size() > 16 ||
      to.room_prefix != core::lower_case(to.room_prefix) || !is_plain(to.room_prefix) ||
      to.room_prefix.find('@') != std::string::npos)
    from.note("room_prefix", "must be 1 to 16 lower-case letters, digits and . - : _");
  // The bounds are those of 100ms; a room without the field lasts as long as the template says.
  if (from.has("max_duration"))
    to.max_duration_seconds = from.duration("max_duration", 2h, 2min, 12h) / 1s;
}

void read_page_settings(core::options& from, hundred_ms_settings& to) {
  to.traits.origin = read_origin(from);
  to.path = "/" + from.one_of("path_prefix", "preview", {"preview", "meeting"}) + "/";
  // skip_preview alone would give the recorder's page, without header and controls.
  if (from.flag("skip_preview", false)) to.query_end = "&skip_preview_headful=true";
  core::options& roles = from.section("roles");
  to.roles[static_cast<std::size_t>(core::role::expert)] = read_role(roles, "expert", "host");
  to.roles[static_cast<std::size_t>(core::role::client)] = read_role(roles, "client", "guest");
  to.lifetime =
      std::chrono::floor<std::chrono::seconds>(from.duration("lifetime", 10min, 5min, 15min));
}

}  // namespace

provider_maker make_100ms(provider_setup setup) {
  core::options& from = setup.settings;
  auto settings = std::make_shared<hundred_ms_settings>();
  settings->traits.name = setup.name;
  settings->traits.type = "100ms";
  settings->traits.needs_room = true;
  settings->base_url = read_base_url(from, "base_url", "https://api.100ms.live/v2");
  constexpr std::string_view where_keys_are =
      "the app access key from the dashboard's Developer page";
  if (!from.has("access_key") && !from.has("access_key_file"))
    from.note("access_key", "is required and missing", std::string(where_keys_are));
  const auto access_key = from.secret_text("access_key", 8, where_keys_are);
  if (access_key) settings->access_key = access_key->reveal();
  if (!is_plain(settings->access_key) || settings->access_key.size() > 128)
    from.note("access_key", "must be " + std::string(where_keys_are));
  const bool has_secret = from.has("secret") || from.has("secret_file");
  // The dashboard's secrets are far longer; 32 bytes are what HS256 demands (RFC 7518 section 3.2).
  const auto secret = from.secret_text("secret", 32);
  if (!has_secret)
    from.note("secret", "is required and missing", "secret_file = \"/etc/stagedoor/100ms-secret\"");
  if (secret) {
    auto key = jose::key::from_secret(*secret, jose::algorithm::hs256);
    if (key)
      settings->key = std::move(*key);
    else
      from.note("secret", "cannot be used as an HS256 key: " + key.error().detail);
  }
  settings->webhooks = webhook_secrets::read(from, webhook_secrets::form::text);
  settings->webhook_field = from.text("webhook_header", "x-stagedoor-secret");
  if (settings->webhook_field.empty() ||
      settings->webhook_field.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != std::string::npos)
    from.note("webhook_header", "must be the name of a header field");
  read_room_settings(from, *settings);
  read_page_settings(from, *settings);
  if (!settings->key) return {};
  return [held = std::shared_ptr<const hundred_ms_settings>(std::move(settings))](
             const provider_tools& tools) { return std::make_unique<hundred_ms>(held, tools); };
}

}  // namespace providers
