// microsoft-teams: online meetings through Microsoft Graph with an application's own permissions
// (docs/providers/microsoft-teams.md has the sources).
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
#include "providers/oauth_tokens.hpp"
#include "providers/token_parts.hpp"

namespace providers {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t organizers_max = 50;
constexpr std::uint32_t meetings_per_month = 2'000;  // of one user
constexpr std::size_t validation_token_max = 1024;

// One user who organizes; what the shards share of him.
struct teams_organizer {
  quota meetings{{"organizer_meetings_per_month", meetings_per_month, 30 * 24h}};
};

struct teams_settings {
  provider_traits traits;
  std::string base_url;
  std::string token_url;
  std::string client_id;
  core::secret client_secret;
  webhook_secrets webhooks;  // what a subscription's clientState is
  std::vector<std::string> organizers;
  std::string subject;
  std::string lobby;  // scope of lobbyBypassSettings; empty: as the tenant has it
  std::string prefix;
  std::chrono::seconds lifetime{600};
  std::shared_ptr<token_vault> vault = std::make_shared<token_vault>();
  std::shared_ptr<std::vector<teams_organizer>> shared;
};

struct meeting {
  std::string id;
  std::string organizer;
  std::string join_url;
  std::string start;
  std::string end;
};

bool is_object_id(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

// Base64 in what has been seen; opaque, and a path segment once it is encoded.
bool is_meeting_id(std::string_view text) {
  return !text.empty() && text.size() <= 1024 && !is_dot_segment(text) &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

// Handed on byte for byte: it holds percent escapes that must stay as they are.
bool is_teams_link(std::string_view text) {
  return leads_to(text, {"teams.microsoft.com", "teams.microsoft.us", "teams.cloud.microsoft",
                         "teams.live.com"});
}

core::result<meeting> remembered_meeting(std::string_view text) {
  const core::json_value json = remembered(text);
  meeting out{std::string(text_of(json, "id")), std::string(text_of(json, "organizer")),
              std::string(text_of(json, "join_url")), std::string(text_of(json, "start")),
              std::string(text_of(json, "end"))};
  if (!is_meeting_id(out.id) || !is_object_id(out.organizer) || !is_teams_link(out.join_url))
    return not_remembered("Teams meeting");
  return out;
}

std::string text_for_later(const meeting& one) {
  std::string out;
  core::json_writer json(out);
  json.begin_object().member("id", one.id).member("organizer", one.organizer);
  json.member("join_url", one.join_url);
  json.member("start", one.start).member("end", one.end).end_object();
  return out;
}

// Graph's 403s that an operator can do something about.
core::failure refused(const core::json_value& json, const std::string& organizer) {
  const core::json_value* error = json.find("error");
  const std::string_view code = error ? text_of(*error, "code") : std::string_view{};
  const std::string_view said = error ? text_of(*error, "message") : std::string_view{};
  const bool policy = said.find("pplication access policy") != std::string_view::npos ||
                      said.find("pplication Access Policy") != std::string_view::npos ||
                      said.find("on behalf of user") != std::string_view::npos;
  if (policy)
    return core::failure(
        errc::rejected,
        fmt::format("no application access policy lets this app organize for {}: in Teams "
                    "PowerShell, New-CsApplicationAccessPolicy with the app's id and "
                    "Grant-CsApplicationAccessPolicy to this user, then wait half an hour",
                    organizer));
  if (code == "Authorization_RequestDenied" || code == "Forbidden" || code == "AccessDenied")
    return core::failure(errc::rejected,
                         "Graph denies the request: give the app the application permission "
                         "OnlineMeetings.ReadWrite.All with admin consent");
  return core::failure(errc::rejected, "Graph denies the request (403)");
}

core::failure unknown_user(const std::string& organizer) {
  return core::failure(errc::rejected, "Graph knows no user " + organizer + ": check organizers");
}

// A meeting that is not there has the same status; only the words tell, and are not documented.
bool is_about_user(const core::json_value& json) {
  const core::json_value* error = json.find("error");
  const std::string said = core::lower_case(error ? text_of(*error, "message") : "");
  return said.find("user") != std::string::npos && said.find("meeting") == std::string::npos;
}

// Whether the answer says another time than this one, to the second.
bool differs(const core::json_value& json, std::string_view name, core::wall_time wanted) {
  const auto told = core::from_rfc3339(text_of(json, name));
  return told && core::unix_seconds(*told) != core::unix_seconds(wanted);
}

class microsoft_teams final : public provider {
 public:
  microsoft_teams(std::shared_ptr<const teams_settings> settings, const provider_tools& tools)
      : settings_(std::move(settings)),
        random_(tools.random),
        calls_(
            tools, settings_->traits.name, settings_->vault,
            client_credentials(settings_->token_url, settings_->client_id, settings_->client_secret,
                               "https://graph.microsoft.com/.default")) {}

  const provider_traits& traits() const override { return settings_->traits; }
  std::optional<core::failure> away() const override { return calls_.away(); }
  core::task<core::result<std::string>> prepare(room_wish wish, core::deadline until) override;
  bool still_right(const room_terms& terms, std::string_view provider_room) const override {
    const auto known = remembered_meeting(provider_room);
    return known && known->start == core::to_rfc3339(terms.starts_at) &&
           known->end == core::to_rfc3339(terms.closes_at);
  }
  bool same_room(std::string_view one, std::string_view other) const override {
    const auto a = remembered_meeting(one), b = remembered_meeting(other);
    return a && b && a->id == b->id;
  }
  std::optional<core::result<join_link>> admit_now(const admission& who) override;
  core::task<core::result<join_link>> admit(admission who, core::deadline) override {
    co_return *admit_now(who);
  }
  core::task<core::result<void>> close(room_wish wish, std::string provider_room,
                                       core::deadline until) override;
  core::task<core::result<std::string>> try_credentials(core::deadline until) override;
  core::task<void> stop(core::deadline until) override { return calls_.stop(until); }
  core::result<webhook_reading> read_webhook(const webhook& from) const override;

 private:
  rest_request request(std::string_view operation, http::method method,
                       const std::string& organizer, std::string path) const;
  // What has to be told to Graph of a meeting that is there.
  struct changes {
    bool lobby = false;
    bool times = false;
  };
  core::task<core::result<meeting>> create_or_get(std::size_t organizer, room_wish wish,
                                                  core::deadline until, changes* wanted);
  // False where Graph does not know the meeting any more.
  core::task<core::result<bool>> change(meeting known, changes wanted, room_wish wish,
                                        core::deadline until);

  std::shared_ptr<const teams_settings> settings_;
  buffered_random random_;
  oauth_caller calls_;
};

rest_request microsoft_teams::request(std::string_view operation, http::method method,
                                      const std::string& organizer, std::string path) const {
  rest_request out;
  out.operation = operation;
  out.method = method;
  out.url = settings_->base_url + "/users/" + organizer + "/onlineMeetings" + std::move(path);
  out.safe_to_repeat = true;  // createOrGet is idempotent by externalId
  out.welcome = {403};
  return out;
}

core::task<core::result<meeting>> microsoft_teams::create_or_get(std::size_t organizer,
                                                                 room_wish wish,
                                                                 core::deadline until,
                                                                 changes* wanted) {
  const std::string& who = settings_->organizers[organizer];
  rest_request what = request("create_or_get", http::method::post, who, "/createOrGet");
  meeting out{{}, who, {}, core::to_rfc3339(wish.starts_at), core::to_rfc3339(wish.closes_at)};
  core::json_writer json(what.body);
  json.begin_object();
  json.member("externalId",
              settings_->prefix + "-" +
                  short_digest(fmt::format("{}\n{}", wish.room.text(), wish.generation), 20));
  json.member("subject", settings_->subject);
  json.member("startDateTime", out.start).member("endDateTime", out.end).end_object();
  what.trace = wish.trace;
  what.wanted_for = wish.wanted_for;
  what.fields.push_back({"client-request-id", core::new_uuid(random_)});
  what.quotas = {{&(*settings_->shared)[organizer].meetings}};
  what.welcome.push_back(404);
  auto answer = co_await calls_.call(std::move(what), until);
  if (!answer) co_return core::same_failure(answer);
  if (answer->status == 403) co_return core::fail(refused(answer->json, who));
  if (answer->status == 404) co_return core::fail(unknown_user(who));
  out.id = text_of(answer->json, "id");
  out.join_url = text_of(answer->json, "joinWebUrl");
  if (!is_meeting_id(out.id) || !is_teams_link(out.join_url))
    co_return core::fail(errc::rejected, "Graph answered without a usable id and joinWebUrl");
  const core::json_value* lobby = answer->json.find("lobbyBypassSettings");
  wanted->lobby = !settings_->lobby.empty() &&
                  (!lobby || text_of(*lobby, "scope") != std::string_view(settings_->lobby));
  // One that was there, of an answer that was lost, has the times of then: getting changes nothing.
  wanted->times = differs(answer->json, "startDateTime", wish.starts_at) ||
                  differs(answer->json, "endDateTime", wish.closes_at);
  co_return out;
}

core::task<core::result<bool>> microsoft_teams::change(meeting known, changes wanted,
                                                       room_wish wish, core::deadline until) {
  rest_request what = request("update_meeting", http::method::patch, known.organizer,
                              "/" + core::percent_encode(known.id));
  core::json_writer json(what.body);
  json.begin_object();
  if (wanted.times) {
    json.member("startDateTime", core::to_rfc3339(wish.starts_at));
    json.member("endDateTime", core::to_rfc3339(wish.closes_at));
  }
  if (wanted.lobby) {
    json.name("lobbyBypassSettings").begin_object().member("scope", settings_->lobby);
    json.member("isDialInBypassEnabled", settings_->lobby == "everyone").end_object();
  }
  json.end_object();
  what.trace = wish.trace;
  what.wanted_for = wish.wanted_for;
  what.welcome.push_back(404);
  auto answer = co_await calls_.call(std::move(what), until);
  if (!answer) co_return core::same_failure(answer);
  if (answer->status == 403) co_return core::fail(refused(answer->json, known.organizer));
  co_return answer->status != 404;
}

core::task<core::result<std::string>> microsoft_teams::prepare(room_wish wish,
                                                               core::deadline until) {
  auto known = remembered_meeting(wish.provider_room);
  if (known) {
    auto there = co_await change(*known, {.times = true}, wish, until);
    if (!there) co_return core::same_failure(there);
    if (*there) {
      known->start = core::to_rfc3339(wish.starts_at);
      known->end = core::to_rfc3339(wish.closes_at);
      co_return text_for_later(*known);
    }
  }
  changes wanted;
  const std::size_t organizer = share_of(wish.room, wish.generation, settings_->organizers.size());
  auto made = co_await create_or_get(organizer, wish, until, &wanted);
  if (!made) co_return core::same_failure(made);
  // Where a lobby stays, somebody of the tenant has to let people in.
  if (wanted.lobby || wanted.times) {
    auto changed = co_await change(*made, wanted, wish, until);
    if (!changed) co_return core::same_failure(changed);
    if (!*changed)
      co_return core::fail(errc::rejected, "Graph does not know the meeting that it has made");
  }
  co_return text_for_later(*made);
}

std::optional<core::result<join_link>> microsoft_teams::admit_now(const admission& who) {
  const auto known = remembered_meeting(who.provider_room);
  if (!known) return core::same_failure(known);
  const auto ends = link_end(who, settings_->lifetime);
  if (!ends) return core::same_failure(ends);
  return join_link{known->join_url, *ends};
}

core::task<core::result<void>> microsoft_teams::close(room_wish wish, std::string provider_room,
                                                      core::deadline until) {
  if (provider_room.empty()) co_return core::result<void>();
  const auto known = remembered_meeting(provider_room);
  if (!known) co_return core::same_failure(known);
  rest_request what = request("delete_meeting", http::method::delete_, known->organizer,
                              "/" + core::percent_encode(known->id));
  what.welcome.push_back(404);
  what.wanted_for = wish.wanted_for;
  auto gone = co_await calls_.call(std::move(what), until);
  if (!gone) co_return core::same_failure(gone);
  if (gone->status == 403) co_return core::fail(refused(gone->json, known->organizer));
  co_return core::result<void>();
}

// Looks for a meeting that is not there: who may look may also create, as both need the policy.
core::task<core::result<std::string>> microsoft_teams::try_credentials(core::deadline until) {
  auto token = co_await calls_.try_token(until);
  if (!token) co_return core::same_failure(token);
  for (const std::string& organizer : settings_->organizers) {
    rest_request look = request("try_policy", http::method::get, organizer,
                                "?$filter=JoinWebUrl%20eq%20'https%3A%2F%2Fteams.microsoft.com%2F"
                                "l%2Fmeetup-join%2Fstagedoor-check'");
    look.welcome = {400, 403, 404};
    auto seen = co_await calls_.call(std::move(look), until);
    if (!seen) co_return core::same_failure(seen);
    if (seen->status == 403) co_return core::fail(refused(seen->json, organizer));
    if (seen->status == 404 && is_about_user(seen->json))
      co_return core::fail(unknown_user(organizer));
  }
  co_return "Microsoft accepts the credentials, and the access policy covers every organizer";
}

// The handshake of a subscription that is being made: Graph wants to read its token, decoded.
// Nothing proves who asks; they get back what they have sent. Nothing where it is no handshake.
std::optional<core::result<webhook_reading>> read_handshake(std::string_view query) {
  constexpr std::string_view name = "validationToken";
  if (query.find(name) == std::string_view::npos) return std::nullopt;
  const auto pairs = http::parse_query(query);
  if (!pairs) return core::fail(errc::bad_webhook, "its query is no query");
  if (std::ranges::count(*pairs, name, &http::query_pairs::value_type::first) != 1)
    return core::fail(errc::bad_webhook, "it has no single validationToken");
  webhook_reading out;
  out.reply = std::ranges::find(*pairs, name, &http::query_pairs::value_type::first)->second;
  const bool odd = std::ranges::any_of(
      out.reply, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (out.reply.empty() || out.reply.size() > validation_token_max || odd)
    return core::fail(errc::bad_webhook, "its validationToken is no token");
  out.reply_type = "text/plain";
  out.reply_to_anybody = true;
  return out;
}

// Whether a call began or ended is encrypted, in a way that is not confirmed: what is proved tells
// nothing that a booking could use.
core::result<webhook_reading> microsoft_teams::read_webhook(const webhook& from) const {
  if (settings_->webhooks.empty()) return provider::read_webhook(from);
  if (auto handshake = read_handshake(from.head.query)) return std::move(*handshake);
  auto json = read_webhook_body(from.body);
  if (!json) return core::same_failure(json);
  const core::json_value* value = json->find("value");
  const auto* entries = value ? value->as_array() : nullptr;
  if (!entries || entries->empty()) return core::fail(errc::bad_webhook, "it has no notification");
  const bool proved = std::ranges::all_of(*entries, [&](const core::json_value& one) {
    const std::string* state = one.find_string("clientState");
    return state && settings_->webhooks.knows(*state);
  });
  if (!proved) return core::fail(errc::forged_webhook, "a clientState is not ours");
  return webhook_reading{};
}

bool is_tenant(std::string_view text) {
  return !text.empty() && text.size() <= 128 && text != "common" && text != "organizations" &&
         text != "consumers" && !is_dot_segment(text) && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-';
         });
}

}  // namespace

provider_maker make_microsoft_teams(provider_setup setup) {
  core::options& from = setup.settings;
  auto settings = std::make_shared<teams_settings>();
  settings->traits.name = setup.name;
  settings->traits.type = "microsoft-teams";
  settings->traits.needs_room = true;
  settings->traits.mode = embed_mode::new_tab;
  settings->traits.origin = "https://teams.microsoft.com";
  settings->base_url = read_base_url(from, "base_url", "https://graph.microsoft.com/v1.0");
  const std::string tenant = from.required_text("tenant");
  if (!tenant.empty() && !is_tenant(tenant))
    from.note("tenant", "must be the id or a domain of one tenant",
              "\"contoso.onmicrosoft.com\" or its directory id");
  const std::string login = read_base_url(from, "login_url", "https://login.microsoftonline.com");
  settings->token_url = login + "/" + tenant + "/oauth2/v2.0/token";
  settings->client_id = from.required_text("client_id");
  if (!settings->client_id.empty() && !is_object_id(settings->client_id))
    from.note("client_id", "must be the application (client) id, a GUID");
  if (!from.has("client_secret") && !from.has("client_secret_file"))
    from.note("client_secret", "is required and missing",
              "the app registration's Certificates & secrets: the secret's value, not its id");
  const auto secret = from.secret_text("client_secret", 16, "the secret's value, not its id");
  settings->webhooks = webhook_secrets::read(from, webhook_secrets::form::text);
  settings->organizers =
      read_accounts(from, "organizers", organizers_max, is_object_id,
                    "object ids (GUIDs) of the users who organize; not their addresses");
  settings->subject = from.text("subject", "Video call");
  if (settings->subject.empty() || core::code_points(settings->subject) > 200)
    from.note("subject", "must have 1 to 200 characters");
  const std::string lobby = from.one_of(
      "lobby_bypass", "everyone", {"everyone", "organization", "organizer", "invited", "tenant"});
  if (lobby != "tenant") settings->lobby = lobby;
  settings->prefix = from.text("room_prefix", "sd");
  if (settings->prefix.empty() || settings->prefix.size() > 16 ||
      !std::ranges::all_of(settings->prefix, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
      }))
    from.note("room_prefix", "must be 1 to 16 of a-z, 0-9 and -");
  settings->lifetime =
      std::chrono::floor<std::chrono::seconds>(from.duration("lifetime", 10min, 1min, 1h));
  settings->traits.by_ticket = read_by_ticket(setup);
  if (!secret || settings->organizers.empty()) return {};
  settings->client_secret = *secret;
  settings->shared = std::make_shared<std::vector<teams_organizer>>(settings->organizers.size());
  return
      [held = std::shared_ptr<const teams_settings>(std::move(settings))](
          const provider_tools& tools) { return std::make_unique<microsoft_teams>(held, tools); };
}

}  // namespace providers
