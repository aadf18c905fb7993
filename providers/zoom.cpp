// zoom: meetings through Zoom's REST API, with Server-to-Server OAuth; people get the meeting's own
// links behind tickets, or a Meeting SDK signature for a page of the site's own
// (docs/providers/zoom.md has the sources).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "core/time_text.hpp"
#include "http/url.hpp"
#include "jose/jwt.hpp"
#include "jose/keys.hpp"
#include "providers/error.hpp"
#include "providers/lasting_links.hpp"
#include "providers/oauth_tokens.hpp"
#include "providers/token_parts.hpp"

namespace providers {
namespace {

using namespace std::chrono_literals;

// Creates and updates of one host in a day of UTC.
constexpr std::uint32_t host_calls_per_day = 100;
constexpr std::size_t hosts_max = 200;
// Zoom checks that exp - iat is at least this; a shorter life is made by a date of issue in the
// past.
constexpr std::chrono::seconds signature_life_min = 30min;

// A meeting that Zoom does not know so soon after it was made may only have to become known: where
// it were taken for gone, each look would make another.
constexpr std::chrono::seconds settling = 10s;

// Per second and account: what Zoom calls light (get, update, end, delete, invite) and medium
// (create).
struct plan_limits {
  std::uint32_t light;
  std::uint32_t medium;
};
plan_limits limits_of(std::string_view plan) {
  if (plan == "free") return {4, 2};
  if (plan == "business") return {80, 60};
  return {30, 20};
}

// What the shards share: one account, one token, one set of limits.
struct zoom_account {
  zoom_account(plan_limits plan, const std::vector<std::string>& hosts)
      : light({"light_per_second", plan.light, 1s}),
        medium({"medium_per_second", plan.medium, 1s}) {
    for (const std::string& host : hosts)
      host_days.try_emplace(host, quota_limit{"host_per_day", host_calls_per_day, 24h, true});
  }
  std::shared_ptr<token_vault> vault = std::make_shared<token_vault>();
  quota light;
  quota medium;
  std::map<std::string, quota, std::less<>> host_days;
};

struct zoom_settings {
  provider_traits traits;
  std::string base_url;
  std::string token_url;
  std::string account_id;
  std::string client_id;
  core::secret client_secret;
  std::vector<std::string> hosts;
  std::string topic;
  bool expert_hosts = true;
  bool waiting_room = true;
  bool invite_links = false;
  std::chrono::seconds lifetime{600};
  std::string embed_url;  // empty: Zoom's own pages
  std::string sdk_key;
  std::optional<jose::key> sdk_secret;
  webhook_secrets webhooks;
  std::shared_ptr<zoom_account> account;
};

struct meeting {
  std::string id;  // digits
  std::string host;
  std::string join_url;
  std::string passcode;
  std::int64_t start = 0;
  std::int64_t minutes = 0;
  std::int64_t made = 0;  // when, in seconds; 0 where that was not noted
};

bool is_meeting_id(std::string_view text) {
  return text.size() >= 9 && text.size() <= 12 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_zoom_link(std::string_view text) {
  return leads_to(text, {"zoom.us", "zoom.com", "zoomgov.com"});
}

std::int64_t minutes_between(core::wall_time from, core::wall_time to) {
  const auto whole = std::chrono::ceil<std::chrono::minutes>(to - from).count();
  return std::clamp<std::int64_t>(whole, 1, 24 * 60);
}

core::result<meeting> remembered_meeting(std::string_view text) {
  const core::json_value json = remembered(text);
  meeting out{std::string(text_of(json, "id")),
              std::string(text_of(json, "host")),
              std::string(text_of(json, "join_url")),
              std::string(text_of(json, "passcode")),
              0,
              0,
              0};
  const auto number = [&](std::string_view name) {
    const core::json_value* found = json.find(name);
    const std::int64_t* value = found ? found->as_integer() : nullptr;
    return value ? *value : 0;
  };
  out.start = number("start");
  out.minutes = number("minutes");
  out.made = number("made");
  if (!is_meeting_id(out.id) || out.host.empty() || !is_zoom_link(out.join_url))
    return not_remembered("Zoom meeting");
  return out;
}

std::string text_for_later(const meeting& one) {
  std::string out;
  core::json_writer json(out);
  json.begin_object().member("id", one.id).member("host", one.host);
  json.member("join_url", one.join_url).member("passcode", one.passcode);
  json.member("start", one.start).member("minutes", one.minutes).member("made", one.made);
  json.end_object();
  return out;
}

// What text_for_later() begins with: a report finds its booking by it.
std::string before_host(std::string_view id) { return fmt::format(R"({{"id":"{}",)", id); }

// A string in events of calls, a number elsewhere.
std::string id_in(const core::json_value& object) {
  const core::json_value* id = object.find("id");
  if (!id) return {};
  if (const std::string* text = id->as_string()) return *text;
  const std::int64_t* number = id->as_integer();
  return number ? std::to_string(*number) : std::string();
}

// The account's policy may give it another passcode than the one that we wished for.
core::result<meeting> read_meeting(const core::json_value& json, std::string wished_passcode) {
  meeting out;
  out.id = id_in(json);
  out.join_url = text_of(json, "join_url");
  out.passcode =
      json.find("password") ? std::string(text_of(json, "password")) : std::move(wished_passcode);
  if (!is_meeting_id(out.id))
    return core::fail(errc::rejected, "Zoom answered without a usable meeting id");
  if (!is_zoom_link(out.join_url))
    return core::fail(errc::rejected, "Zoom answered without a usable join_url");
  return out;
}

// 10 characters that need no encoding anywhere, 59 bits.
std::string new_passcode(core::random_source& random) {
  constexpr std::string_view letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz0123456789";
  std::array<unsigned char, 10> bytes;
  random.fill(bytes);
  std::string out;
  for (const unsigned char one : bytes) out += letters[one % letters.size()];
  return out;
}

class zoom final : public provider {
 public:
  zoom(std::shared_ptr<const zoom_settings> settings, const provider_tools& tools)
      : settings_(std::move(settings)),
        clock_(tools.clock),
        random_(tools.random),
        calls_(tools, settings_->traits.name, settings_->account->vault,
               account_credentials(settings_->token_url, settings_->account_id,
                                   settings_->client_id, settings_->client_secret)) {
    if (settings_->sdk_secret) sdk_key_.emplace(settings_->sdk_secret->for_this_thread());
  }

  const provider_traits& traits() const override { return settings_->traits; }
  std::optional<core::failure> away() const override { return calls_.away(); }
  bool makes_another() const override { return true; }
  core::task<core::result<std::string>> prepare(room_wish wish, core::deadline until) override;
  bool still_right(const room_terms& terms, std::string_view provider_room) const override {
    const auto known = remembered_meeting(provider_room);
    return known && known->start == core::unix_seconds(terms.starts_at) &&
           known->minutes == minutes_between(terms.starts_at, terms.closes_at);
  }
  bool same_room(std::string_view one, std::string_view other) const override {
    const auto a = remembered_meeting(one), b = remembered_meeting(other);
    return a && b && a->id == b->id;
  }
  std::optional<core::result<join_link>> admit_now(const admission& who) override;
  core::task<core::result<join_link>> admit(admission who, core::deadline until) override;
  core::task<core::result<void>> close(room_wish wish, std::string provider_room,
                                       core::deadline until) override;
  core::task<core::result<std::string>> try_credentials(core::deadline until) override;
  core::result<webhook_reading> read_webhook(const webhook& from) const override;
  core::task<void> stop(core::deadline until) override { return calls_.stop(until); }

 private:
  rest_request light(std::string_view operation, http::method method, std::string path) const;
  std::string meeting_body(const room_wish& wish, const std::string& passcode) const;
  core::task<core::result<meeting>> create(room_wish wish, core::deadline until);
  core::task<core::result<meeting>> create_at(std::string host, room_wish wish,
                                              core::deadline until);
  // False where Zoom does not know the meeting any more.
  core::task<core::result<bool>> update(meeting known, room_wish wish, core::deadline until);
  core::task<core::result<std::string>> start_link(meeting known, admission who,
                                                   core::deadline until);
  core::task<core::result<std::string>> invitation(meeting known, admission who,
                                                   core::wall_time ends, core::deadline until);
  core::task<core::result<std::string>> host_token(std::string host, core::deadline until);
  core::result<join_link> embedded(const meeting& known, const admission& who,
                                   std::string_view zak);
  bool is_host(const admission& who) const {
    return settings_->expert_hosts && who.seat == core::role::expert;
  }
  core::result<core::wall_time> end_of(const admission& who) const {
    return link_end(who, settings_->lifetime);
  }

  std::shared_ptr<const zoom_settings> settings_;
  const core::clock& clock_;
  buffered_random random_;
  oauth_caller calls_;
  std::optional<jose::key> sdk_key_;
};

rest_request zoom::light(std::string_view operation, http::method method, std::string path) const {
  rest_request out;
  out.operation = operation;
  out.method = method;
  out.url = settings_->base_url + std::move(path);
  out.safe_to_repeat = true;
  out.quotas = {{&settings_->account->light}};
  return out;
}

std::string zoom::meeting_body(const room_wish& wish, const std::string& passcode) const {
  std::string out;
  core::json_writer json(out);
  json.begin_object().member("topic", settings_->topic).member("type", 2);
  json.member("start_time", core::to_rfc3339(wish.starts_at));
  json.member("duration", minutes_between(wish.starts_at, wish.closes_at));
  json.member("timezone", "UTC").member("password", passcode);
  json.name("settings").begin_object();
  json.member("waiting_room", settings_->waiting_room);
  json.member("join_before_host", !settings_->waiting_room);
  json.member("approval_type", 2).member("meeting_authentication", false);
  json.member("use_pmi", false).member("auto_recording", "none");
  json.end_object().end_object();
  return out;
}

// Which of a create's limits a 429 is about: the account's, or that of the host's day.
std::size_t exceeded_limit(const http::response& by) {
  constexpr std::size_t of_second = 0, of_day = 1;
  const bool says_day = core::equals_ignoring_case(by.find("X-RateLimit-Type"), "Daily-limit") ||
                        by.body.find("daily rate limit") != std::string::npos;
  return says_day ? of_day : of_second;
}

// Not to be repeated blindly: each create is another meeting, and one of the host's hundred.
core::task<core::result<meeting>> zoom::create_at(std::string host, room_wish wish,
                                                  core::deadline until) {
  rest_request what;
  what.operation = "create_meeting";
  what.method = http::method::post;
  what.url = settings_->base_url + "/users/" + core::percent_encode(host) + "/meetings";
  std::string passcode = new_passcode(random_);
  what.body = meeting_body(wish, passcode);
  what.trace = wish.trace;
  what.wanted_for = wish.wanted_for;
  what.quotas = {{&settings_->account->medium}, {&settings_->account->host_days.at(host)}};
  what.exceeded = exceeded_limit;
  what.welcome = {404};
  auto answer = co_await calls_.call(std::move(what), until);
  if (!answer) co_return core::same_failure(answer);
  if (answer->status == 404)
    co_return core::fail(errc::rejected,
                         "Zoom knows no user " + host + " in this account: check hosts");
  auto made = read_meeting(answer->json, std::move(passcode));
  if (!made) co_return core::same_failure(made);
  made->host = std::move(host);
  made->start = core::unix_seconds(wish.starts_at);
  made->minutes = minutes_between(wish.starts_at, wish.closes_at);
  made->made = core::unix_seconds(clock_.wall_now());
  co_return made;
}

// Begins with the room's own host and goes on to the next where a host's day is used up.
core::task<core::result<meeting>> zoom::create(room_wish wish, core::deadline until) {
  const auto& hosts = settings_->hosts;
  const std::size_t first = share_of(wish.room, wish.generation, hosts.size());
  core::result<meeting> last = core::fail(errc::unavailable);
  bool tried = false;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const std::string& host = hosts[(first + i) % hosts.size()];
    quota& day = settings_->account->host_days.at(host);
    const bool used_up = day.left(clock_) == 0;
    if (used_up && (tried || i + 1 < hosts.size())) continue;
    tried = true;
    auto made = co_await create_at(host, wish, until);
    // Not where an answer was lost: that may have been a meeting.
    const bool host_is_done =
        !made && was_used_up(made.error()) && day.left(clock_) == 0 && i + 1 < hosts.size();
    last = std::move(made);
    if (!host_is_done) break;
  }
  co_return last;
}

core::task<core::result<bool>> zoom::update(meeting known, room_wish wish, core::deadline until) {
  rest_request what = light("update_meeting", http::method::patch, "/meetings/" + known.id);
  core::json_writer json(what.body);
  json.begin_object().member("start_time", core::to_rfc3339(wish.starts_at));
  json.member("duration", minutes_between(wish.starts_at, wish.closes_at));
  json.member("timezone", "UTC").end_object();
  what.trace = wish.trace;
  what.wanted_for = wish.wanted_for;
  const auto day = settings_->account->host_days.find(known.host);
  if (day != settings_->account->host_days.end()) what.quotas.push_back({&day->second});
  what.exceeded = exceeded_limit;
  what.welcome = {404};
  auto answer = co_await calls_.call(std::move(what), until);
  if (!answer) co_return core::same_failure(answer);
  co_return answer->status != 404;
}

core::task<core::result<std::string>> zoom::prepare(room_wish wish, core::deadline until) {
  auto known = remembered_meeting(wish.provider_room);
  if (known) {
    auto there = co_await update(*known, wish, until);
    if (!there) co_return core::same_failure(there);
    if (*there) {
      known->start = core::unix_seconds(wish.starts_at);
      known->minutes = minutes_between(wish.starts_at, wish.closes_at);
      co_return text_for_later(*known);
    }
  }
  auto made = co_await create(std::move(wish), until);
  if (!made) co_return core::same_failure(made);
  co_return text_for_later(*made);
}

core::result<join_link> zoom::embedded(const meeting& known, const admission& who,
                                       std::string_view zak) {
  const auto ends = end_of(who);
  if (!ends) return core::same_failure(ends);
  const auto issued = std::min(who.now - 30s, *ends - signature_life_min);
  std::string claims;
  core::json_writer json(claims);
  json.begin_object().member("appKey", settings_->sdk_key).member("sdkKey", settings_->sdk_key);
  json.member("mn", known.id).member("role", zak.empty() ? 0 : 1);
  json.member("iat", core::unix_seconds(issued)).member("exp", core::unix_seconds(*ends));
  json.member("tokenExp", core::unix_seconds(*ends)).end_object();
  const auto signature = jose::sign_jwt(*sdk_key_, claims);
  if (!signature)
    return core::fail(errc::rejected, "signing for the Meeting SDK: " + signature.error().detail);
  // Behind '#', so that neither signature nor passcode is in any server's log.
  join_link out;
  out.expires_at = *ends;
  out.url = settings_->embed_url + "#meetingNumber=" + known.id + "&signature=" + *signature;
  out.url += "&passWord=";
  core::append_percent_encoded(out.url, known.passcode);
  out.url += "&userName=";
  core::append_percent_encoded(out.url, who.name);
  if (!zak.empty()) {
    out.url += "&zak=";
    core::append_percent_encoded(out.url, zak);
  }
  return out;
}

std::optional<core::result<join_link>> zoom::admit_now(const admission& who) {
  const auto known = remembered_meeting(who.provider_room);
  if (!known) return core::same_failure(known);
  if (is_host(who)) return std::nullopt;
  if (sdk_key_) return embedded(*known, who, {});
  if (settings_->invite_links) return std::nullopt;
  const auto ends = end_of(who);
  if (!ends) return core::same_failure(ends);
  return join_link{known->join_url, *ends};
}

// Zoom's words for a meeting that was deleted or has expired: another 404 is about something else.
bool knows_no_meeting(const rest_answer& by) {
  constexpr std::int64_t does_not_exist = 3001, not_found = 300;
  const core::json_value* found = by.json.find("code");
  const std::int64_t* code = found ? found->as_integer() : nullptr;
  return by.status == 404 && code && (*code == does_not_exist || *code == not_found);
}

core::failure refused(const rest_answer& by, std::string_view what, const meeting& about,
                      core::wall_time now) {
  if (!knows_no_meeting(by))
    return core::failure(make_error_code(errc::rejected),
                         fmt::format("Zoom answered {} with {}", what, by.status));
  if (core::unix_seconds(now - settling) < about.made)
    return core::failure(make_error_code(errc::unavailable), "Zoom does not know the meeting yet")
        .retry_in(2s);
  return core::failure(make_error_code(errc::room_gone), "Zoom does not know the meeting");
}

// Holds a token of the host, two hours long: asked for when it is needed and never kept.
core::task<core::result<std::string>> zoom::start_link(meeting known, admission who,
                                                       core::deadline until) {
  rest_request what = light("get_meeting", http::method::get, "/meetings/" + known.id);
  what.trace = who.trace;
  what.welcome = {404};
  auto answer = co_await calls_.call(std::move(what), until);
  if (!answer) co_return core::same_failure(answer);
  if (answer->status == 404) co_return core::fail(refused(*answer, "get_meeting", known, who.now));
  const std::string_view link = text_of(answer->json, "start_url");
  if (!is_zoom_link(link))
    co_return core::fail(errc::rejected, "Zoom answered without a usable start_url");
  co_return std::string(link);
}

core::task<core::result<std::string>> zoom::invitation(meeting known, admission who,
                                                       core::wall_time ends, core::deadline until) {
  const auto life = std::chrono::ceil<std::chrono::seconds>(ends - who.now);
  rest_request what =
      light("create_invite_link", http::method::post, "/meetings/" + known.id + "/invite_links");
  core::json_writer json(what.body);
  json.begin_object().name("attendees").begin_array().begin_object();
  json.member("name", who.name).end_object().end_array();
  json.member("ttl", std::max<std::int64_t>(life.count(), 60)).end_object();
  what.trace = who.trace;
  what.welcome = {404};
  auto answer = co_await calls_.call(std::move(what), until);
  if (!answer) co_return core::same_failure(answer);
  if (answer->status == 404)
    co_return core::fail(refused(*answer, "create_invite_link", known, who.now));
  const core::json_value* people = answer->json.find("attendees");
  const auto* list = people ? people->as_array() : nullptr;
  const std::string_view link =
      list && list->size() == 1 ? text_of(list->front(), "join_url") : std::string_view{};
  if (!is_zoom_link(link))
    co_return core::fail(errc::rejected, "Zoom answered without a usable invite link");
  co_return std::string(link);
}

core::task<core::result<std::string>> zoom::host_token(std::string host, core::deadline until) {
  rest_request what = light("get_host_token", http::method::get,
                            "/users/" + core::percent_encode(host) + "/token?type=zak");
  what.welcome = {404};
  auto answer = co_await calls_.call(std::move(what), until);
  if (!answer) co_return core::same_failure(answer);
  if (answer->status == 404)
    co_return core::fail(errc::rejected,
                         "Zoom knows no user " + host + " in this account: check hosts");
  const std::string_view token = text_of(answer->json, "token");
  if (token.empty() || token.size() > 4096)
    co_return core::fail(errc::rejected, "Zoom answered without a usable host token");
  co_return std::string(token);
}

core::task<core::result<join_link>> zoom::admit(admission who, core::deadline until) {
  auto at_once = admit_now(who);
  if (at_once) co_return std::move(*at_once);
  const auto known = remembered_meeting(who.provider_room);
  const auto ends = end_of(who);
  if (!ends) co_return core::same_failure(ends);
  if (is_host(who) && sdk_key_) {
    auto zak = co_await host_token(known->host, until);
    if (!zak) co_return core::same_failure(zak);
    co_return embedded(*known, who, *zak);
  }
  if (is_host(who)) {
    auto link = co_await start_link(*known, who, until);
    if (!link) co_return core::same_failure(link);
    co_return join_link{std::move(*link), *ends};
  }
  auto link = co_await invitation(*known, who, *ends, until);
  if (!link) co_return core::same_failure(link);
  co_return join_link{std::move(*link), *ends};
}

// Ending sends people out, deleting makes the link useless. That nothing runs is no failure: Zoom
// documents no status for it, and 400 and 404 have been seen.
core::task<core::result<void>> zoom::close(room_wish wish, std::string provider_room,
                                           core::deadline until) {
  if (provider_room.empty()) co_return core::result<void>();
  const auto known = remembered_meeting(provider_room);
  if (!known) co_return core::same_failure(known);
  rest_request end = light("end_meeting", http::method::put, "/meetings/" + known->id + "/status");
  end.body = R"({"action":"end"})";
  end.welcome = {400, 404};
  end.wanted_for = wish.wanted_for;
  auto ended = co_await calls_.call(std::move(end), until);
  if (!ended) co_return core::same_failure(ended);
  rest_request remove = light("delete_meeting", http::method::delete_, "/meetings/" + known->id);
  remove.welcome = {404};
  remove.wanted_for = wish.wanted_for;
  auto gone = co_await calls_.call(std::move(remove), until);
  if (!gone) co_return core::same_failure(gone);
  co_return core::result<void>();
}

// Zoom's token says what it may do, in granular names or the older ones.
bool grants(std::string_view scopes, std::string_view granular, std::string_view classic) {
  std::string padded = " " + std::string(scopes) + " ";
  for (const std::string& one : {std::string(granular) + ":admin", std::string(granular),
                                 std::string(classic) + ":admin", std::string(classic)})
    if (padded.find(" " + one + " ") != std::string::npos) return true;
  return false;
}

core::task<core::result<std::string>> zoom::try_credentials(core::deadline until) {
  auto token = co_await calls_.try_token(until);
  if (!token) co_return core::same_failure(token);
  std::vector<std::pair<std::string, std::string>> needed = {
      {"meeting:write:meeting", "meeting:write"},  {"meeting:read:meeting", "meeting:read"},
      {"meeting:update:meeting", "meeting:write"}, {"meeting:update:status", "meeting:write"},
      {"meeting:delete:meeting", "meeting:write"}, {"user:read:token", "user:read"}};
  if (settings_->invite_links) needed.push_back({"meeting:write:invite_links", "meeting:write"});
  std::string missing;
  if (!token->empty())
    for (const auto& [granular, classic] : needed)
      if (!grants(*token, granular, classic))
        missing += (missing.empty() ? "" : ", ") + granular + ":admin";
  if (!missing.empty())
    co_return core::fail(errc::rejected, "the app lacks the scopes " + missing +
                                             ": add them to the Server-to-Server OAuth app");
  for (const std::string& host : settings_->hosts) {
    auto known = co_await host_token(host, until);
    if (!known) co_return core::same_failure(known);
  }
  co_return "Zoom accepts the credentials, the scopes suffice, and the hosts are users of the account";
}

// Zoom asks for this when the address is saved, and from time to time.
core::result<webhook_reading> proof_for(const core::json_value& payload,
                                        const jose::hmac_key& key) {
  const std::string_view token = text_of(payload, "plainToken");
  if (token.empty() || token.size() > 256)
    return core::fail(errc::bad_webhook, "it has no plainToken to prove ourselves with");
  webhook_reading out;
  core::json_writer json(out.reply);
  json.begin_object().member("plainToken", token);
  json.member("encryptedToken", core::to_hex(core::as_bytes(key.of(token).view()))).end_object();
  return out;
}

core::result<webhook_reading> zoom::read_webhook(const webhook& from) const {
  if (settings_->webhooks.empty()) return provider::read_webhook(from);
  const auto time = only_field(from.head, "x-zm-request-timestamp");
  const auto shown = only_field(from.head, "x-zm-signature");
  if (!time || !shown || !shown->starts_with("v0="))
    return core::fail(errc::forged_webhook, "it has no timestamp and signature, once each");
  auto fresh = read_webhook_time(*time, from.now);
  if (!fresh) return core::same_failure(fresh);
  const std::string signed_text = fmt::format("v0:{}:{}", *time, from.body);
  const jose::hmac_key* by =
      settings_->webhooks.signer_of(signed_text, shown->substr(3), webhook_secrets::digits::hex);
  if (!by) return core::fail(errc::forged_webhook, "its signature is not ours");
  auto json = read_webhook_body(from.body);
  if (!json) return core::same_failure(json);
  const std::string_view event = text_of(*json, "event");
  const core::json_value* payload = json->find("payload");
  if (event.empty() || !payload) return core::fail(errc::bad_webhook, "it has no event or payload");
  if (event == "endpoint.url_validation") return proof_for(*payload, *by);
  const bool begins = event == "meeting.started" || event == "meeting.participant_joined";
  if (!begins && event != "meeting.ended") return webhook_reading{};
  const core::json_value* object = payload->find("object");
  const std::string id = object ? id_in(*object) : std::string();
  if (!is_meeting_id(id)) return core::fail(errc::bad_webhook, "it names no meeting");
  const auto at = read_milliseconds(json->find("event_ts"));
  room_event out;
  out.what = begins ? call_news::live : call_news::ended;
  out.about.remembered = before_host(id);
  if (at) out.id = fmt::format("{} {} {}", event, id, at->time_since_epoch().count());
  out.at = at.value_or(*fresh);
  return reading_of(std::move(out));
}

void read_embedding(core::options& from, zoom_settings& to) {
  const auto page = from.url("embed_url", true);
  const bool has_secret = from.has("sdk_secret") || from.has("sdk_secret_file");
  to.sdk_key = from.text("sdk_key", "");
  const auto secret =
      from.secret_text("sdk_secret", 32, "the client secret of the Meeting SDK app");
  if (!from.has("embed_url")) {
    if (has_secret || !to.sdk_key.empty())
      from.note("embed_url", "is missing, and the SDK's credentials are set",
                "the page of yours that runs the Meeting SDK");
    return;
  }
  if (to.sdk_key.empty() || !has_secret)
    from.note("sdk_key", "and sdk_secret are required with embed_url",
              "client id and secret of the Meeting SDK app");
  if (!page) return;
  if (page->find('#') != std::string::npos)
    from.note("embed_url", "must be without fragment: that is where the signature goes");
  const auto parsed = http::url::from(*page);
  if (!parsed) return;
  to.embed_url = *page;
  to.traits.origin = parsed->origin();
  if (!secret) return;
  auto key = jose::key::from_secret(*secret, jose::algorithm::hs256);
  if (key)
    to.sdk_secret = std::move(*key);
  else
    from.note("sdk_secret", "cannot be used as an HS256 key: " + key.error().detail);
}

void read_meeting_settings(core::options& from, zoom_settings& to) {
  to.topic = from.text("topic", "Video call");
  if (to.topic.empty() || core::code_points(to.topic) > 200)
    from.note("topic", "must have 1 to 200 characters");
  to.expert_hosts = from.one_of("expert_as", "host", {"host", "participant"}) == "host";
  to.waiting_room = from.flag("waiting_room", to.expert_hosts);
  if (to.waiting_room && !to.expert_hosts)
    from.note("waiting_room", "cannot be on where nobody comes as the host to let people in",
              "expert_as = \"host\"");
  to.invite_links = from.flag("invite_links", false);
  to.lifetime =
      std::chrono::floor<std::chrono::seconds>(from.duration("lifetime", 10min, 1min, 1h));
}

}  // namespace

provider_maker make_zoom(provider_setup setup) {
  core::options& from = setup.settings;
  auto settings = std::make_shared<zoom_settings>();
  settings->traits.name = setup.name;
  settings->traits.type = "zoom";
  settings->traits.needs_room = true;
  settings->traits.mode = embed_mode::new_tab;
  settings->traits.origin = "https://zoom.us";
  settings->base_url = read_base_url(from, "base_url", "https://api.zoom.us/v2");
  settings->token_url = read_base_url(from, "token_url", "https://zoom.us/oauth/token");
  settings->account_id = from.required_text("account_id");
  settings->client_id = from.required_text("client_id");
  if (!from.has("client_secret") && !from.has("client_secret_file"))
    from.note("client_secret", "is required and missing",
              "the Server-to-Server OAuth app's page, App Credentials");
  const auto secret =
      from.secret_text("client_secret", 16, "the Server-to-Server OAuth app's client secret");
  settings->hosts = read_accounts(from, "hosts", hosts_max, is_mail_address,
                                  "e-mail addresses of licensed users of the account");
  const auto plan = limits_of(from.one_of("plan", "pro", {"free", "pro", "business"}));
  read_meeting_settings(from, *settings);
  read_embedding(from, *settings);
  settings->webhooks = webhook_secrets::read(from, webhook_secrets::form::text);
  const bool by_ticket = read_by_ticket(setup);
  if (!settings->embed_url.empty()) settings->traits.mode = embed_mode::iframe;
  settings->traits.by_ticket = by_ticket && settings->embed_url.empty();
  if (setup.by_ticket) *setup.by_ticket = settings->traits.by_ticket;
  if (!secret || settings->hosts.empty()) return {};
  settings->client_secret = *secret;
  settings->account = std::make_shared<zoom_account>(plan, settings->hosts);
  return [held = std::shared_ptr<const zoom_settings>(std::move(settings))](
             const provider_tools& tools) { return std::make_unique<zoom>(held, tools); };
}

}  // namespace providers
