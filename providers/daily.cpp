// daily: private rooms through Daily's REST API, participants' tokens signed here with the API key
// (docs/providers/daily.md has the sources).
#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <utility>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "providers/error.hpp"
#include "providers/participant_token.hpp"
#include "providers/rest_call.hpp"
#include "providers/token_parts.hpp"

namespace providers {
namespace {

using namespace std::chrono_literals;

// Whoever came in a second before the door closed keeps a moment to say goodbye.
constexpr std::chrono::minutes farewell{5};
constexpr std::size_t user_bytes_max = 36;
// Of {"test":"test"}, however it is written.
constexpr std::size_t trial_bytes_max = 64;

// What the shards share: Daily counts by account, deletes apart from all else (and 20 and 2 of a
// second, which these windows come to).
struct daily_account {
  quota calls{{"calls_per_5_seconds", 100, 5s}};
  quota deletes{{"deletes_per_30_seconds", 50, 30s}};
};

struct daily_settings {
  provider_traits traits;
  std::string base_url;
  std::string domain;
  std::string domain_id;  // empty: asked for once
  core::secret api_key;
  std::optional<jose::key> key;
  webhook_secrets webhooks;
  std::string room_prefix;
  std::chrono::seconds lifetime{600};
  moderators owners;
  std::shared_ptr<daily_account> account = std::make_shared<daily_account>();
};

// User ids at Daily have at most 36 characters; longer ones, and whatever looks like a digest of
// ours, become a digest.
std::string user_of(const core::user_id& user) {
  if (user.view().size() <= user_bytes_max && !user.view().starts_with("u-")) return user.text();
  return "u-" + short_digest(user.view(), 16);
}

// What prepare() gives: all that a token needs, so that a restart asks nobody again.
struct remembered_room {
  static constexpr std::string_view kind = "Daily room";

  std::string name;
  std::string domain_id;
  std::int64_t ends = 0;  // exp of the room

  std::string text() const { return name + " " + domain_id + " " + std::to_string(ends); }
  static core::result<remembered_room> from(std::string_view text) {
    const auto first = text.find(' ');
    const auto second = first == text.npos ? first : text.find(' ', first + 1);
    if (second == text.npos || first == 0 || second == first + 1) return not_remembered(kind);
    remembered_room out{std::string(text.substr(0, first)),
                        std::string(text.substr(first + 1, second - first - 1)), 0};
    const std::string_view number = text.substr(second + 1);
    const auto read = std::from_chars(number.data(), number.data() + number.size(), out.ends);
    if (read.ec != std::errc{}) return not_remembered(kind);
    return out;
  }
};

std::int64_t room_end(core::wall_time closes_at) {
  return core::unix_seconds(closes_at + farewell);
}

// Daily's default is a public room, which asks nobody for a token: private is always said.
std::string room_body(const std::string* name, std::int64_t ends) {
  std::string out;
  core::json_writer json(out);
  json.begin_object();
  if (name) json.member("name", *name);
  json.member("privacy", "private").name("properties").begin_object();
  json.member("exp", ends).member("eject_at_room_exp", true).member("enable_knocking", false);
  json.end_object().end_object();
  return out;
}

class daily final : public provider {
 public:
  daily(std::shared_ptr<const daily_settings> settings, const provider_tools& tools)
      : settings_(std::move(settings)),
        domain_id_(settings_->domain_id),
        signer_(*settings_->key, settings_->lifetime),
        calls_(tools, settings_->traits.name),
        on_(tools.on) {}

  const provider_traits& traits() const override { return settings_->traits; }
  std::optional<core::failure> away() const override { return calls_.away(); }
  core::task<core::result<std::string>> prepare(room_wish wish, core::deadline until) override;
  bool still_right(const room_terms& terms, std::string_view provider_room) const override;
  bool still_opens(const room_terms&, std::string_view provider_room,
                   core::wall_time now) const override {
    const auto room = remembered_room::from(provider_room);
    return room && core::unix_seconds(now) < room->ends;
  }
  bool same_room(std::string_view one, std::string_view other) const override {
    const auto a = remembered_room::from(one), b = remembered_room::from(other);
    return a && b && a->name == b->name;
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
  rest_request request(std::string_view operation, http::method method, std::string path,
                       urgency wanted_for) const;
  core::task<core::result<std::string>> ask_domain(core::deadline until);
  core::task<core::result<std::string>> domain_id(core::deadline until);
  core::task<core::result<void>> make_room(std::string name, std::int64_t ends, room_wish wish,
                                           core::deadline until);
  core::result<void> check_room(const core::json_value& room, const std::string& name) const;

  std::shared_ptr<const daily_settings> settings_;
  std::string domain_id_;
  participant_signer signer_;
  rest_caller calls_;
  core::executor on_;
  struct question {
    explicit question(core::executor on) : answered(on) {}
    core::notice answered;
    core::result<std::string> answer = core::fail(errc::unavailable, "who asked has left");
  };
  std::shared_ptr<question> asking_;  // for the domain's id, while somebody does
};

rest_request daily::request(std::string_view operation, http::method method, std::string path,
                            urgency wanted_for) const {
  rest_request out;
  out.operation = operation;
  out.method = method;
  out.url = settings_->base_url + std::move(path);
  out.bearer = settings_->api_key;
  // A create that was lost on its way back is answered with "already exists" the next time.
  out.safe_to_repeat = true;
  const bool deletes = method == http::method::delete_;
  out.quotas = {{deletes ? &settings_->account->deletes : &settings_->account->calls}};
  out.wanted_for = wanted_for;
  return out;
}

core::task<core::result<std::string>> daily::ask_domain(core::deadline until) {
  rest_request look = request("get_domain", http::method::get, "/", urgency::join);
  look.welcome = {401, 403};
  auto seen = co_await calls_.call(std::move(look), until);
  if (!seen) co_return core::same_failure(seen);
  constexpr std::string_view mend =
      "Daily does not accept api_key: the dashboard shows it under Developers";
  if (auto why = refusal_of(seen->status, {{401, mend}, {403, mend}}))
    co_return core::fail(std::move(*why));
  const std::string* id = seen->json.find_string("domain_id");
  const std::string* name = seen->json.find_string("domain_name");
  const bool plain = id && !id->empty() && id->size() <= 64 && std::ranges::all_of(*id, [](char c) {
                       return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                              (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
                     });
  if (!plain) co_return core::fail(errc::rejected, "Daily answered without a usable domain_id");
  if (name && !core::equals_ignoring_case(*name, settings_->domain))
    co_return core::fail(errc::rejected, "the API key belongs to the domain \"" + *name +
                                             "\", and not to the configured one");
  co_return *id;
}

core::task<core::result<std::string>> daily::domain_id(core::deadline until) {
  if (!domain_id_.empty()) co_return domain_id_;
  if (const auto asked = asking_) {
    const bool in_time = co_await asked->answered.wait(until);
    if (!in_time) co_return core::fail(errc::timed_out, "waited for Daily's domain id");
    co_return asked->answer;
  }
  const auto mine = std::make_shared<question>(on_);
  asking_ = mine;
  struct leaving {
    daily& at;
    std::shared_ptr<question> mine;
    ~leaving() {
      at.asking_.reset();
      mine->answered.give();
    }
  } at_exit{*this, mine};
  auto id = co_await ask_domain(until);
  if (id) domain_id_ = *id;
  mine->answer = id;
  co_return id;
}

core::result<void> daily::check_room(const core::json_value& room, const std::string& name) const {
  const std::string* called = room.find_string("name");
  const std::string* privacy = room.find_string("privacy");
  const std::string* url = room.find_string("url");
  if (!called || *called != name)
    return core::fail(errc::rejected, "Daily answered without the room that was asked for");
  if (!privacy || *privacy != "private")
    return core::fail(errc::rejected, "Daily made a room that is not private");
  if (url && *url != settings_->traits.origin + "/" + name)
    return core::fail(errc::rejected, "Daily's room is not on the configured domain");
  return {};
}

// Optimistic: one call where the room is new, two where it is there and has to hear of its end.
core::task<core::result<void>> daily::make_room(std::string name, std::int64_t ends, room_wish wish,
                                                core::deadline until) {
  rest_request create = request("create_room", http::method::post, "/rooms", wish.wanted_for);
  create.body = room_body(&name, ends);
  create.trace = wish.trace;
  create.welcome = {400, 409};
  auto made = co_await calls_.call(std::move(create), until);
  if (!made) co_return core::same_failure(made);
  if (made->status < 300) co_return check_room(made->json, name);
  // The words are not documented; the status alone says many other things too.
  const std::string* info = made->json.find_string("info");
  const bool exists =
      made->status == 409 || (info && core::lower_case(*info).find("already exists") != info->npos);
  if (!exists)
    co_return core::fail(errc::rejected,
                         "Daily refused the room: " + readable_excerpt(info ? *info : "", {}));
  rest_request update =
      request("update_room", http::method::post, "/rooms/" + name, wish.wanted_for);
  update.body = room_body(nullptr, ends);
  update.trace = std::move(wish.trace);
  auto changed = co_await calls_.call(std::move(update), until);
  if (!changed) co_return core::same_failure(changed);
  co_return check_room(changed->json, name);
}

core::task<core::result<std::string>> daily::prepare(room_wish wish, core::deadline until) {
  auto id = co_await domain_id(until);
  if (!id) co_return core::same_failure(id);
  remembered_room room{room_name(settings_->room_prefix, wish.room, wish.generation), *id,
                       room_end(wish.closes_at)};
  auto made = co_await make_room(room.name, room.ends, std::move(wish), until);
  if (!made) co_return core::same_failure(made);
  co_return room.text();
}

bool daily::still_right(const room_terms& terms, std::string_view provider_room) const {
  const auto room = remembered_room::from(provider_room);
  return room && room->ends == room_end(terms.closes_at);
}

std::optional<core::result<join_link>> daily::admit_now(const admission& who) {
  const auto room = remembered_room::from(who.provider_room);
  // Without a room's name a token opens every room of the domain: never signed.
  if (!room) return core::same_failure(room);
  auto token = signer_.sign(who, [&](core::json_writer& json, core::wall_time ends) {
    json.member("r", room->name).member("d", room->domain_id);
    write_times(json, who.now, ends);
    if (settings_->owners.include(who.seat)) json.member("o", true);
    json.member("u", who.name).member("ud", user_of(who.user));
  });
  if (!token) return core::same_failure(token);
  join_link out;
  out.expires_at = token->ends;
  out.url = settings_->traits.origin + "/" + room->name + "?t=" + token->text;
  return out;
}

core::task<core::result<void>> daily::close(room_wish wish, std::string provider_room,
                                            core::deadline until) {
  if (provider_room.empty()) co_return core::result<void>();
  const auto room = remembered_room::from(provider_room);
  if (!room) co_return core::same_failure(room);
  rest_request drop =
      request("delete_room", http::method::delete_, "/rooms/" + room->name, wish.wanted_for);
  drop.welcome = {404};
  auto gone = co_await calls_.call(std::move(drop), until);
  if (!gone) co_return core::same_failure(gone);
  co_return core::result<void>();
}

core::task<core::result<std::string>> daily::try_credentials(core::deadline until) {
  auto id = co_await ask_domain(until);
  if (!id) co_return core::same_failure(id);
  if (!settings_->domain_id.empty() && settings_->domain_id != *id)
    co_return core::fail(errc::rejected, "domain_id is not the one of this API key's domain");
  co_return "Daily accepts the API key, and the domain is the configured one";
}

std::optional<core::wall_time> read_float_seconds(const core::json_value* at) {
  const auto seconds = at ? at->as_number() : std::nullopt;
  if (!seconds || !std::isfinite(*seconds) || *seconds <= 0 || *seconds > 9e9) return std::nullopt;
  return core::wall_time{std::chrono::milliseconds{static_cast<std::int64_t>(*seconds * 1000)}};
}

// What Daily sends while a webhook is being made: {"test":"test"}. Whether and with what it is
// signed is not documented, and without a 200 the webhook is not made.
bool is_trial(const core::json_value& json) {
  const std::string* test = json.find_string("test");
  return test && *test == "test" && json.as_object()->size() == 1;
}

webhook_reading trial_reply() {
  webhook_reading out;
  out.reply = "{}";
  out.reply_to_anybody = true;
  return out;
}

core::result<webhook_reading> daily::read_webhook(const webhook& from) const {
  if (settings_->webhooks.empty()) return provider::read_webhook(from);
  if (from.body.size() <= trial_bytes_max) {
    const auto trial = read_webhook_body(from.body);
    if (trial && is_trial(*trial)) return trial_reply();
  }
  const auto time = only_field(from.head, "x-webhook-timestamp");
  const auto signature = only_field(from.head, "x-webhook-signature");
  if (!time || !signature)
    return core::fail(errc::forged_webhook, "it has no timestamp and signature, once each");
  auto fresh = read_webhook_time(*time, from.now);
  if (!fresh) return core::same_failure(fresh);
  if (!settings_->webhooks.signed_with(std::string(*time) + "." + std::string(from.body),
                                       *signature))
    return core::fail(errc::forged_webhook, "its signature is not ours");
  auto json = read_webhook_body(from.body);
  if (!json) return core::same_failure(json);
  const std::string* type = json->find_string("type");
  if (!type) return webhook_reading{};
  const bool begins = *type == "meeting.started" || *type == "participant.joined";
  if (!begins && *type != "meeting.ended") return webhook_reading{};
  const core::json_value* payload = json->find("payload");
  const std::string* name = payload ? payload->find_string("room") : nullptr;
  const auto digest = name ? digest_in_name(settings_->room_prefix, *name) : std::nullopt;
  if (!digest) return webhook_reading{};
  const std::string* id = json->find_string("id");
  return reading_of(begins ? call_news::live : call_news::ended, *digest, id,
                    read_float_seconds(json->find("event_ts")).value_or(*fresh));
}

std::string read_domain(core::options& from) {
  std::string domain = core::lower_case(from.required_text("domain"));
  const bool label =
      !domain.empty() && domain.size() <= 63 && domain.front() != '-' && domain.back() != '-' &&
      domain.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (!label && !domain.empty())
    from.note("domain", "must be the first label of https://<domain>.daily.co", "\"acme\"");
  return domain;
}

}  // namespace

provider_maker make_daily(provider_setup setup) {
  core::options& from = setup.settings;
  auto to = std::make_shared<daily_settings>();
  to->traits.name = setup.name;
  to->traits.type = "daily";
  to->traits.needs_room = true;
  to->traits.allow += "; screen-wake-lock";
  to->domain = read_domain(from);
  to->traits.origin = "https://" + to->domain + ".daily.co";
  to->base_url = read_base_url(from, "base_url", "https://api.daily.co/v1");
  to->domain_id = from.text("domain_id", "");
  if (to->domain_id.size() > 64 || to->domain_id.find_first_of(" \t\n") != std::string::npos)
    from.note("domain_id", "must be the id that GET https://api.daily.co/v1/ shows");
  constexpr std::string_view where = "the API key of the dashboard's Developers page";
  to->key = read_shared_key(from, "api_key", where);
  if (to->key) to->api_key = from.secret_text("api_key", 32, where).value();
  to->webhooks = webhook_secrets::read(from, webhook_secrets::form::base64);
  to->room_prefix = read_room_prefix(from);
  to->lifetime = read_link_lifetime(from, 1h);
  to->owners = moderators::read(from);
  if (!to->key) return {};
  return [held = std::shared_ptr<const daily_settings>(std::move(to))](
             const provider_tools& tools) { return std::make_unique<daily>(held, tools); };
}

}  // namespace providers
