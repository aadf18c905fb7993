// livekit: rooms that begin with the first participant or through the server API, participants'
// tokens signed here (docs/providers/livekit.md has the sources).
#include <algorithm>
#include <charconv>
#include <utility>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "http/url.hpp"
#include "jose/jwt.hpp"
#include "providers/error.hpp"
#include "providers/participant_token.hpp"
#include "providers/rest_call.hpp"
#include "providers/token_parts.hpp"
#include "providers/url_template.hpp"

namespace providers {
namespace {

using namespace std::chrono_literals;

// LiveKit's servers allow a minute between the clocks.
constexpr std::chrono::seconds clock_leeway{60};
constexpr std::size_t identity_bytes_max = 256;

struct livekit_settings {
  provider_traits traits;
  std::string api_url;  // "https://video.example.com"
  std::string api_key;
  std::optional<jose::key> key;
  jose::key_set webhook_keys;
  std::optional<url_template> page;
  std::string room_prefix;
  bool create_rooms = false;
  std::chrono::seconds lifetime{600};
  moderators admins;
};

// What prepare() gives. Where rooms are made, the time until which this one was asked for too.
std::string remembered(const livekit_settings& settings, const std::string& name,
                       core::wall_time closes_at) {
  if (!settings.create_rooms) return name;
  return name + " " + std::to_string(core::unix_seconds(closes_at));
}

std::string_view name_in(std::string_view provider_room) {
  return provider_room.substr(0, provider_room.find(' '));
}

// Identities are any text of at most 256 bytes; what is longer, or looks like one of our digests,
// becomes a digest, so that two people never share one.
std::string identity_of(const core::user_id& user) {
  if (user.view().size() <= identity_bytes_max && !user.view().starts_with("u-"))
    return user.text();
  return "u-" + short_digest(user.view(), 20);
}

class livekit final : public provider {
 public:
  livekit(std::shared_ptr<const livekit_settings> settings, const provider_tools& tools)
      : settings_(std::move(settings)),
        clock_(tools.clock),
        signer_(*settings_->key, settings_->lifetime),
        admin_key_(settings_->key->for_this_thread()),
        webhook_keys_(settings_->webhook_keys.for_this_thread()),
        calls_(tools, settings_->traits.name) {}

  const provider_traits& traits() const override { return settings_->traits; }
  std::optional<core::failure> away() const override { return calls_.away(); }
  core::task<core::result<std::string>> prepare(room_wish wish, core::deadline until) override;
  bool still_right(const room_terms& terms, std::string_view provider_room) const override;
  bool still_opens(const room_terms&, std::string_view provider_room,
                   core::wall_time now) const override;
  bool same_room(std::string_view one, std::string_view other) const override {
    return name_in(one) == name_in(other);
  }
  std::optional<core::result<join_link>> admit_now(const admission& who) override;
  core::task<core::result<join_link>> admit(admission who, core::deadline) override {
    co_return *admit_now(who);
  }
  core::task<core::result<void>> close(room_wish wish, std::string provider_room,
                                       core::deadline until) override;
  core::task<core::result<std::string>> try_credentials(core::deadline until) override;
  core::result<webhook_reading> read_webhook(const webhook& from) const override;

 private:
  core::result<rest_request> twirp(std::string_view operation, std::string_view method,
                                   std::string body, std::string_view grant) const;

  std::shared_ptr<const livekit_settings> settings_;
  const core::clock& clock_;
  participant_signer signer_;
  jose::key admin_key_;
  jose::key_set webhook_keys_;
  rest_caller calls_;
};

// Every call of ours may be repeated: creating, listing and deleting by name.
core::result<rest_request> livekit::twirp(std::string_view operation, std::string_view method,
                                          std::string body, std::string_view grant) const {
  const auto now = clock_.wall_now();
  std::string claims;
  core::json_writer json(claims);
  json.begin_object().member("iss", settings_->api_key);
  write_times(json, now, now + 60s);
  json.name("video").begin_object().any_name(grant).boolean(true).end_object().end_object();
  auto token = jose::sign_jwt(admin_key_, claims);
  if (!token) return core::fail(errc::rejected, "signing the admin token: " + token.error().detail);
  rest_request out;
  out.operation = operation;
  out.method = http::method::post;
  out.url = settings_->api_url + "/twirp/livekit.RoomService/" + std::string(method);
  out.body = std::move(body);
  out.bearer = core::secret(std::move(*token));
  out.safe_to_repeat = true;
  return out;
}

core::task<core::result<std::string>> livekit::prepare(room_wish wish, core::deadline until) {
  const std::string name = room_name(settings_->room_prefix, wish.room, wish.generation);
  const std::string keep = remembered(*settings_, name, wish.closes_at);
  if (!settings_->create_rooms) co_return keep;
  // It has to stay until the door closes, also while nobody is inside.
  const std::int64_t life = std::max<std::int64_t>(60, (wish.closes_at - clock_.wall_now()) / 1s);
  std::string body;
  core::json_writer json(body);
  json.begin_object().member("name", name).member("empty_timeout", life);
  json.member("departure_timeout", life).end_object();
  auto create = twirp("create_room", "CreateRoom", std::move(body), "roomCreate");
  if (!create) co_return core::same_failure(create);
  create->trace = wish.trace;
  auto made = co_await calls_.call(std::move(*create), until);
  if (!made) co_return core::same_failure(made);
  const std::string* called = made->json.find_string("name");
  if (!called || *called != name)
    co_return core::fail(errc::rejected, "LiveKit answered without the room that was asked for");
  co_return keep;
}

bool livekit::still_right(const room_terms& terms, std::string_view provider_room) const {
  if (!settings_->create_rooms) return true;
  return provider_room ==
         remembered(*settings_, std::string(name_in(provider_room)), terms.closes_at);
}

// It waits for people until the end that it was made for.
bool livekit::still_opens(const room_terms&, std::string_view provider_room,
                          core::wall_time now) const {
  const std::string_view end = provider_room.substr(name_in(provider_room).size());
  std::int64_t seconds = 0;
  if (end.empty()) return false;
  const auto read = std::from_chars(end.data() + 1, end.data() + end.size(), seconds);
  return read.ec == std::errc{} && core::unix_seconds(now) < seconds;
}

std::optional<core::result<join_link>> livekit::admit_now(const admission& who) {
  const livekit_settings& s = *settings_;
  const std::string_view room = name_in(who.provider_room);
  // A token without a room would open none or all of them: never signed.
  if (room.empty()) return not_remembered("LiveKit room");
  auto token = signer_.sign(who, [&](core::json_writer& json, core::wall_time ends) {
    json.member("iss", s.api_key).member("sub", identity_of(who.user));
    write_times(json, who.now, ends);
    json.member("name", who.name).name("video").begin_object();
    json.member("roomJoin", true).member("room", room);
    json.member("canPublish", true).member("canSubscribe", true).member("canPublishData", true);
    if (s.admins.include(who.seat)) json.member("roomAdmin", true);
    json.end_object();
  });
  if (!token) return core::same_failure(token);
  join_link out;
  out.expires_at = token->ends;
  const std::string exp = std::to_string(core::unix_seconds(token->ends));
  if (!s.page->fill(out.url, {who.room.view(),
                              who.name,
                              who.user.view(),
                              core::name_of(who.seat),
                              token->text,
                              {},
                              exp}))
    return core::fail(errc::rejected, "a value of page_url's path would vanish from it");
  out.token = std::move(token->text);
  return out;
}

core::task<core::result<void>> livekit::close(room_wish wish, std::string provider_room,
                                              core::deadline until) {
  const std::string_view name = name_in(provider_room);
  if (name.empty()) co_return core::result<void>();  // nobody was ever admitted
  std::string body;
  core::json_writer(body).begin_object().member("room", name).end_object();
  auto drop = twirp("delete_room", "DeleteRoom", std::move(body), "roomCreate");
  if (!drop) co_return core::same_failure(drop);
  drop->welcome = {404};  // it lives only while somebody is inside
  drop->wanted_for = wish.wanted_for;
  auto gone = co_await calls_.call(std::move(*drop), until);
  if (!gone) co_return core::same_failure(gone);
  const std::string* code = gone->json.find_string("code");
  if (gone->status == 404 && (!code || *code != "not_found"))
    co_return core::fail(errc::rejected, "the address answers 404, but is no LiveKit server API");
  co_return core::result<void>();
}

core::task<core::result<std::string>> livekit::try_credentials(core::deadline until) {
  auto look = twirp("try_credentials", "ListRooms", R"({"names":["stagedoor-check"]})", "roomList");
  if (!look) co_return core::same_failure(look);
  look->welcome = {401, 403, 404};
  auto seen = co_await calls_.call(std::move(*look), until);
  if (!seen) co_return core::same_failure(seen);
  constexpr std::string_view mend =
      "LiveKit does not accept api_key and secret: they must be a pair of this server's keys";
  constexpr std::string_view elsewhere = "no LiveKit server API is at this address: check url";
  if (auto why = refusal_of(seen->status, {{401, mend}, {403, mend}, {404, elsewhere}}))
    co_return core::fail(std::move(*why));
  const core::json_value* rooms = seen->json.find("rooms");
  if (!rooms || !rooms->as_array())
    co_return core::fail(errc::rejected, "the address answers, but not as LiveKit's server API");
  co_return "LiveKit accepts the API key and its secret";
}

// int64 is a string in protobuf's JSON; numbers are understood too.
std::optional<core::wall_time> read_created_at(const core::json_value& json) {
  const core::json_value* at = json.find("createdAt");
  if (!at) return std::nullopt;
  std::int64_t seconds = 0;
  if (const auto* number = at->as_integer()) {
    seconds = *number;
  } else if (const auto* text = at->as_string()) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
    if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  }
  if (seconds <= 0 || seconds > 9'000'000'000) return std::nullopt;
  return core::from_unix_seconds(seconds);
}

// The token in Authorization, without "Bearer", names our API key and the body's digest.
core::result<void> check_webhook_token(const webhook& from, const jose::key_set& keys,
                                       const std::string& api_key) {
  auto token = only_field(from.head, "authorization");
  if (!token) return core::fail(errc::forged_webhook, "no single Authorization field");
  if (core::lower_case(token->substr(0, 7)) == "bearer ") token->remove_prefix(7);
  jose::jwt_rules rules;
  rules.issuers = {api_key};
  rules.leeway = clock_leeway;
  const auto good = jose::verify_jwt(*token, keys, rules, from.now);
  if (!good) return core::fail(errc::forged_webhook, "its token: " + good.error().detail);
  const std::string* stated = good->claims.find_string("sha256");
  const auto digest = core::from_hex(short_digest(from.body, 32));
  if (!stated || !core::same_in_constant_time(*stated, core::to_base64(core::as_bytes(*digest))))
    return core::fail(errc::forged_webhook, "its token is for another body");
  return {};
}

core::result<webhook_reading> livekit::read_webhook(const webhook& from) const {
  auto good = check_webhook_token(from, webhook_keys_, settings_->api_key);
  if (!good) return core::same_failure(good);
  auto json = read_webhook_body(from.body);
  if (!json) return core::same_failure(json);
  const std::string* event = json->find_string("event");
  if (!event) return core::fail(errc::bad_webhook, "it has no event");
  const bool begins = *event == "room_started" || *event == "participant_joined";
  if (!begins && *event != "room_finished") return webhook_reading{};
  const core::json_value* room = json->find("room");
  const std::string* name = room ? room->find_string("name") : nullptr;
  const auto digest = name ? digest_in_name(settings_->room_prefix, *name) : std::nullopt;
  if (!digest) return webhook_reading{};  // a room of somebody else on the same server
  const std::string* id = json->find_string("id");
  auto out = reading_of(begins ? call_news::live : call_news::ended, *digest, id,
                        read_created_at(*json).value_or(from.now));
  out.events.front().room_is_gone = !begins && settings_->create_rooms;
  return out;
}

// "wss://video.example.com", or ws where the host is loopback; gives it as https or http.
std::string read_server_url(core::options& from, provider_traits& to) {
  const std::string text = from.required_text("url");
  if (text.empty()) return {};
  const bool plain = text.starts_with("ws://");
  const bool socket = plain || text.starts_with("wss://");
  const auto parsed = http::url::from(socket ? "http" + text.substr(2) : text);
  if (!parsed || parsed->target() != "/" ||
      (!parsed->secure && !core::is_loopback_host(parsed->host))) {
    from.note("url", "must be the address that LiveKit's clients connect to",
              "\"wss://project.livekit.cloud\"");
    return {};
  }
  const std::string origin = parsed->origin();
  to.server_url = "ws" + origin.substr(4);
  return origin;
}

// Where the template's {server} stands, the address of this server is put, once.
void read_page(core::options& from, livekit_settings& to) {
  std::string text =
      from.text("page_url", "https://meet.livekit.io/custom?liveKitUrl={server}&token={token}");
  if (text.find("{token}") == std::string::npos) from.note("page_url", "must hold {token}");
  const std::string_view slot = "{server}";
  if (const auto at = text.find(slot); at != std::string::npos)
    text.replace(at, slot.size(), core::percent_encode(to.traits.server_url));
  std::vector<url_template::problem> problems;
  to.page = url_template::from(text, problems);
  for (const auto& one : problems) from.note("page_url", one.what, one.hint);
  if (to.page) to.traits.origin = to.page->origin();
}

}  // namespace

provider_maker make_livekit(provider_setup setup) {
  core::options& from = setup.settings;
  auto to = std::make_shared<livekit_settings>();
  to->traits.name = setup.name;
  to->traits.type = "livekit";
  to->traits.needs_room = true;  // prepare() asks nobody where LiveKit makes rooms by itself
  to->traits.allow += "; speaker-selection";
  const std::string origin = read_server_url(from, to->traits);
  to->api_url = read_base_url(from, "api_url", origin);
  to->api_key = from.required_text("api_key");
  to->key = read_shared_key(from, "secret", "the API key's secret, of at least 32 characters");
  to->create_rooms = from.flag("create_rooms", false);
  to->room_prefix = read_room_prefix(from);
  to->lifetime = read_link_lifetime(from, 1h);
  to->admins = moderators::read(from);
  read_page(from, *to);
  if (!to->key || !to->page || origin.empty()) return {};
  to->webhook_keys.add(*to->key);
  return [held = std::shared_ptr<const livekit_settings>(std::move(to))](
             const provider_tools& tools) { return std::make_unique<livekit>(held, tools); };
}

}  // namespace providers
