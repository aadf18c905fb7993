// whereby: meetings through Whereby's REST API; the host's link goes to the expert alone
// (docs/providers/whereby.md has the sources).
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "core/time_text.hpp"
#include "http/url.hpp"
#include "providers/error.hpp"
#include "providers/lasting_links.hpp"
#include "providers/rest_call.hpp"
#include "providers/token_parts.hpp"

namespace providers {
namespace {

using namespace std::chrono_literals;

// Points of a minute by plan, and what our calls cost of them.
constexpr std::uint32_t points_build = 100;
constexpr std::uint32_t points_enterprise = 1'000;
constexpr std::uint32_t cost_read = 1, cost_delete = 2, cost_write = 3;
// A call goes on after endDate, and the host keeps his rights for this long.
constexpr std::chrono::seconds grace = 1h;
// So many get into a room of the mode "normal"; for more there is "group".
constexpr std::size_t normal_most = 4;

struct whereby_settings {
  provider_traits traits;
  std::string base_url;
  core::secret api_key;
  webhook_secrets webhooks;
  std::string host;  // "acme.whereby.com"
  std::string mode;  // empty: by the number of participants
  std::string lang;
  bool locked = true;
  std::chrono::seconds lifetime{600};
  std::shared_ptr<quota> points;

  std::string_view mode_for(std::size_t participants) const {
    if (!mode.empty()) return mode;
    return participants > normal_most ? "group" : "normal";
  }
};

struct meeting {
  std::string id;
  std::string room_url;
  std::string host_url;
  std::int64_t end = 0;
  bool is_small = false;  // it was made for few by their number
};

bool is_meeting_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool is_good(const meeting& one, const whereby_settings& s) {
  return is_meeting_id(one.id) && leads_to(one.room_url, {s.host}) &&
         leads_to(one.host_url, {s.host});
}

core::result<meeting> remembered_meeting(std::string_view text, const whereby_settings& s) {
  const core::json_value json = remembered(text);
  meeting out{std::string(text_of(json, "id")), std::string(text_of(json, "room_url")),
              std::string(text_of(json, "host_url"))};
  const core::json_value* end = json.find("end");
  if (!end || !end->as_integer() || !is_good(out, s)) return not_remembered("Whereby meeting");
  out.end = *end->as_integer();
  const core::json_value* small = json.find("small");
  out.is_small = small && small->as_bool() && *small->as_bool();
  return out;
}

// What prepare() gives begins with this: a report finds its booking by it.
std::string before_links(std::string_view id) { return fmt::format(R"({{"id":"{}",)", id); }

class whereby final : public provider {
 public:
  whereby(std::shared_ptr<const whereby_settings> settings, const provider_tools& tools)
      : settings_(std::move(settings)), calls_(tools, settings_->traits.name) {}

  const provider_traits& traits() const override { return settings_->traits; }
  std::optional<core::failure> away() const override { return calls_.away(); }
  bool makes_another() const override { return true; }
  // Whereby cannot change a meeting. One that ends later than needed is fine, and one that ends a
  // little too early too.
  bool still_right(const room_terms& terms, std::string_view provider_room) const override {
    const auto known = remembered_meeting(provider_room, *settings_);
    const bool holds_all = known && !(known->is_small && terms.participants > normal_most);
    return holds_all && core::unix_seconds(terms.closes_at) <= known->end + grace.count();
  }
  bool still_opens(const room_terms&, std::string_view provider_room,
                   core::wall_time now) const override {
    const auto known = remembered_meeting(provider_room, *settings_);
    return known && core::unix_seconds(now) < known->end;
  }
  bool replaces_room() const override { return true; }
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
  rest_request request(std::string_view operation, http::method method, std::string path,
                       std::uint32_t cost) const;
  core::task<core::result<void>> remove(std::string id, urgency who, core::deadline until);

  std::shared_ptr<const whereby_settings> settings_;
  rest_caller calls_;
};

rest_request whereby::request(std::string_view operation, http::method method, std::string path,
                              std::uint32_t cost) const {
  rest_request out;
  out.operation = operation;
  out.method = method;
  out.url = settings_->base_url + std::move(path);
  out.bearer = settings_->api_key;
  out.quotas = {{settings_->points.get(), cost}};
  return out;
}

// Each create is another room: it is not repeated blindly. One whose answer was lost costs nothing
// and goes a day after its end.
core::task<core::result<std::string>> whereby::prepare(room_wish wish, core::deadline until) {
  rest_request what = request("create_meeting", http::method::post, "/meetings", cost_write);
  core::json_writer json(what.body);
  json.begin_object().member("endDate", core::to_rfc3339(wish.closes_at));
  const std::string_view mode = settings_->mode_for(wish.participants);
  json.member("isLocked", settings_->locked).member("roomMode", mode);
  json.member("roomNamePattern", "uuid");
  json.name("fields").begin_array().string("hostRoomUrl").end_array().end_object();
  what.trace = wish.trace;
  what.wanted_for = wish.wanted_for;
  auto answer = co_await calls_.call(std::move(what), until);
  if (!answer) co_return core::same_failure(answer);
  const meeting made{std::string(text_of(answer->json, "meetingId")),
                     std::string(text_of(answer->json, "roomUrl")),
                     std::string(text_of(answer->json, "hostRoomUrl")),
                     core::unix_seconds(wish.closes_at),
                     settings_->mode.empty() && mode == "normal"};
  if (!is_meeting_id(made.id) || !leads_to(made.room_url, {"whereby.com"}))
    co_return core::fail(errc::rejected, "Whereby answered without a usable meeting");
  if (!is_good(made, *settings_))
    co_return core::fail(errc::rejected,
                         "Whereby's rooms are not on " + settings_->host + ": check subdomain");
  std::string out;
  core::json_writer text(out);
  text.begin_object().member("id", made.id).member("room_url", made.room_url);
  text.member("host_url", made.host_url).member("end", made.end);
  text.member("small", made.is_small).end_object();
  co_return out;
}

std::optional<core::result<join_link>> whereby::admit_now(const admission& who) {
  const whereby_settings& s = *settings_;
  const auto known = remembered_meeting(who.provider_room, s);
  if (!known) return core::same_failure(known);
  const auto ends = link_end(who, s.lifetime);
  if (!ends) return core::same_failure(ends);
  join_link out;
  out.expires_at = *ends;
  out.url = who.seat == core::role::expert ? known->host_url : known->room_url;
  out.url += out.url.find('?') == std::string::npos ? "?displayName=" : "&displayName=";
  core::append_percent_encoded(out.url, who.name);
  out.url += "&externalId=";
  core::append_percent_encoded(out.url, who.user.view());
  if (!s.lang.empty()) out.url += "&lang=" + s.lang;
  return out;
}

core::task<core::result<void>> whereby::remove(std::string id, urgency who, core::deadline until) {
  rest_request what =
      request("delete_meeting", http::method::delete_, "/meetings/" + id, cost_delete);
  what.safe_to_repeat = true;
  what.welcome = {404};
  what.wanted_for = who;
  auto gone = co_await calls_.call(std::move(what), until);
  if (!gone) co_return core::same_failure(gone);
  co_return core::result<void>();
}

core::task<core::result<void>> whereby::close(room_wish wish, std::string provider_room,
                                              core::deadline until) {
  if (provider_room.empty()) co_return core::result<void>();
  const auto known = remembered_meeting(provider_room, *settings_);
  if (!known) co_return core::same_failure(known);
  co_return co_await remove(known->id, wish.wanted_for, until);
}

core::task<core::result<std::string>> whereby::try_credentials(core::deadline until) {
  rest_request look = request("try_credentials", http::method::get, "/meetings?limit=1", cost_read);
  look.safe_to_repeat = true;
  look.welcome = {401, 403};
  auto seen = co_await calls_.call(std::move(look), until);
  if (!seen) co_return core::same_failure(seen);
  if (seen->status == 401)
    co_return core::fail(errc::rejected,
                         "Whereby does not accept api_key: make one in the dashboard, Configure, "
                         "API keys");
  if (seen->status == 403)
    co_return core::fail(errc::rejected, "the plan of this Whereby account has no API");
  const core::json_value* list = seen->json.find("results");
  if (!list || !list->as_array())
    co_return core::fail(errc::rejected, "Whereby did not answer with a list of meetings");
  for (const core::json_value& one : *list->as_array())
    if (!leads_to(text_of(one, "roomUrl"), {settings_->host}))
      co_return core::fail(errc::rejected, "the account's rooms are not on " + settings_->host +
                                               ": check subdomain");
  co_return "Whereby accepts the key";
}

core::result<webhook_reading> whereby::read_webhook(const webhook& from) const {
  if (settings_->webhooks.empty()) return provider::read_webhook(from);
  auto fresh = check_timed_signature(from, "whereby-signature", settings_->webhooks,
                                     webhook_secrets::digits::hex);
  if (!fresh) return core::same_failure(fresh);
  auto json = read_webhook_body(from.body);
  if (!json) return core::same_failure(json);
  const std::string_view type = text_of(*json, "type");
  if (type.empty()) return core::fail(errc::bad_webhook, "it has no type");
  // A session is two people. Of one who waits alone there would be no end to tell of.
  const bool begins = type == "room.session.started";
  if (!begins && type != "room.session.ended") return webhook_reading{};
  const core::json_value* data = json->find("data");
  const std::string_view id = data ? text_of(*data, "meetingId") : std::string_view{};
  if (!is_meeting_id(id)) return core::fail(errc::bad_webhook, "it names no meeting");
  room_event out;
  out.what = begins ? call_news::live : call_news::ended;
  out.about.remembered = before_links(id);
  out.id = text_of(*json, "id");
  out.at = core::from_rfc3339(text_of(*json, "createdAt")).value_or(*fresh);
  return reading_of(std::move(out));
}

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

}  // namespace

provider_maker make_whereby(provider_setup setup) {
  core::options& from = setup.settings;
  auto settings = std::make_shared<whereby_settings>();
  settings->traits.name = setup.name;
  settings->traits.type = "whereby";
  settings->traits.needs_room = true;
  settings->base_url = read_base_url(from, "base_url", "https://api.whereby.dev/v1");
  const std::string subdomain = from.required_text("subdomain");
  if (!subdomain.empty() && !is_label(subdomain))
    from.note("subdomain", "must be the first label of your rooms' address",
              "\"acme\" for https://acme.whereby.com");
  settings->host = subdomain + ".whereby.com";
  settings->traits.origin = "https://" + settings->host;
  settings->traits.allow =
      allow_on(settings->traits.origin) + "; compute-pressure " + settings->traits.origin;
  if (!from.has("api_key") && !from.has("api_key_file"))
    from.note("api_key", "is required and missing", "Whereby's dashboard, Configure, API keys");
  const auto key = from.secret_text("api_key", 16, "Whereby's dashboard, Configure, API keys");
  settings->webhooks = webhook_secrets::read(from, webhook_secrets::form::text);
  settings->mode = from.one_of("room_mode", "auto", {"auto", "normal", "group"});
  if (settings->mode == "auto") settings->mode.clear();
  settings->locked = from.flag("locked", true);
  settings->lang = from.text("lang", "");
  if (!settings->lang.empty() && !is_label(settings->lang))
    from.note("lang", "must be a language code", "\"de\"");
  const bool enterprise = from.one_of("plan", "build", {"build", "enterprise"}) == "enterprise";
  settings->points = std::make_shared<quota>(
      quota_limit{"points_per_minute", enterprise ? points_enterprise : points_build, 60s});
  settings->lifetime =
      std::chrono::floor<std::chrono::seconds>(from.duration("lifetime", 10min, 1min, 1h));
  settings->traits.by_ticket = read_by_ticket(setup);
  if (!settings->traits.by_ticket)
    setup.advise(
        "gives every expert the same link with the host's rights, good until an hour "
        "after the room closes");
  if (!key || subdomain.empty()) return {};
  settings->api_key = *key;
  return [held = std::shared_ptr<const whereby_settings>(std::move(settings))](
             const provider_tools& tools) { return std::make_unique<whereby>(held, tools); };
}

}  // namespace providers
