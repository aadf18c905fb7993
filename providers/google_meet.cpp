// google-meet: meeting spaces through the Meet REST API, in the name of a Workspace user by a
// service account with domain-wide delegation (docs/providers/google-meet.md has the sources).
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "http/url.hpp"
#include "jose/keys.hpp"
#include "providers/error.hpp"
#include "providers/lasting_links.hpp"
#include "providers/oauth_tokens.hpp"
#include "providers/token_parts.hpp"

namespace providers {
namespace {

using namespace std::chrono_literals;

// Documented per minute: creates and writes, of the project and of one user.
constexpr std::uint32_t project_creates = 100;
constexpr std::uint32_t project_writes = 1'000;
constexpr std::uint32_t user_creates = 10;
constexpr std::uint32_t user_writes = 100;
constexpr std::size_t subjects_max = 50;
constexpr const char* scope = "https://www.googleapis.com/auth/meetings.space.created";

// One Workspace user in whose name we act.
struct meet_owner {
  std::shared_ptr<token_vault> vault = std::make_shared<token_vault>();
  quota creates{{"user_creates_per_minute", user_creates, 60s}};
  quota writes{{"user_writes_per_minute", user_writes, 60s}};
};

// What the shards share.
struct meet_project {
  quota creates{{"project_creates_per_minute", project_creates, 60s}};
  quota writes{{"project_writes_per_minute", project_writes, 60s}};
  std::map<std::string, meet_owner, std::less<>> owners;
};

struct meet_settings {
  provider_traits traits;
  std::string base_url;
  std::string token_url;
  std::string audience;
  std::string email;
  std::optional<jose::key> key;
  std::vector<std::string> subjects;
  std::string access_type;
  std::chrono::seconds lifetime{600};
  std::shared_ptr<meet_project> project;
};

struct space {
  std::string name;  // "spaces/jQCFfuBOdN5z", case-sensitive
  std::string uri;
  std::string owner;
};

bool is_space_name(std::string_view text) {
  constexpr std::string_view before = "spaces/";
  return text.starts_with(before) && text.size() > before.size() && text.size() <= 128 &&
         std::ranges::all_of(text.substr(before.size()), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

core::result<space> read_space(const core::json_value& json) {
  space out{std::string(text_of(json, "name")), std::string(text_of(json, "meetingUri")), {}};
  if (!is_space_name(out.name))
    return core::fail(errc::rejected, "Google Meet answered without a usable space name");
  if (!leads_to(out.uri, {"meet.google.com"}))
    return core::fail(errc::rejected, "Google Meet answered without a usable meetingUri");
  return out;
}

core::result<space> remembered_space(std::string_view text) {
  const core::json_value json = remembered(text);
  space out{std::string(text_of(json, "name")), std::string(text_of(json, "uri")),
            std::string(text_of(json, "owner"))};
  if (!is_space_name(out.name) || !leads_to(out.uri, {"meet.google.com"}))
    return not_remembered("Google Meet space");
  return out;
}

// Google's own word for what went wrong: "PERMISSION_DENIED".
std::string_view status_in(const core::json_value& json) {
  const core::json_value* error = json.find("error");
  return error ? text_of(*error, "status") : std::string_view{};
}

class google_meet final : public provider {
 public:
  google_meet(std::shared_ptr<const meet_settings> settings, const provider_tools& tools)
      : settings_(std::move(settings)), clock_(tools.clock) {
    for (auto& [subject, owner] : settings_->project->owners)
      callers_.emplace(subject,
                       std::make_unique<oauth_caller>(
                           tools, settings_->traits.name, owner.vault,
                           jwt_bearer(settings_->token_url,
                                      {settings_->email, subject, scope, settings_->audience},
                                      *settings_->key)));
  }

  const provider_traits& traits() const override { return settings_->traits; }
  // Where one owner's calls go through, a room can be made.
  std::optional<core::failure> away() const override {
    std::optional<core::failure> why;
    for (const auto& [subject, caller] : callers_) {
      why = caller->away();
      if (!why) break;
    }
    return why;
  }
  bool makes_another() const override { return true; }
  bool same_room(std::string_view one, std::string_view other) const override {
    const auto a = remembered_space(one), b = remembered_space(other);
    return a && b && a->name == b->name;
  }
  core::task<core::result<std::string>> prepare(room_wish wish, core::deadline until) override;
  std::optional<core::result<join_link>> admit_now(const admission& who) override;
  core::task<core::result<join_link>> admit(admission who, core::deadline) override {
    co_return *admit_now(who);
  }
  core::task<core::result<void>> close(room_wish wish, std::string provider_room,
                                       core::deadline until) override;
  core::task<core::result<std::string>> try_credentials(core::deadline until) override;
  core::task<void> stop(core::deadline until) override {
    for (auto& [subject, caller] : callers_) co_await caller->stop(until);
  }

 private:
  core::task<core::result<space>> create_as(std::string subject, room_wish wish,
                                            core::deadline until);
  core::task<core::result<space>> create(room_wish wish, core::deadline until);
  bool is_used_up(const std::string& subject) const {
    return settings_->project->owners.at(subject).creates.left(clock_) == 0;
  }
  rest_request write(std::string_view operation, http::method method, std::string path,
                     const std::string& owner) const;
  core::task<core::result<bool>> still_ours(std::string owner, urgency who, core::deadline until);

  std::shared_ptr<const meet_settings> settings_;
  const core::clock& clock_;
  std::map<std::string, std::unique_ptr<oauth_caller>, std::less<>> callers_;
};

// Each create is another space, so it is not repeated blindly.
core::task<core::result<space>> google_meet::create_as(std::string subject, room_wish wish,
                                                       core::deadline until) {
  meet_owner& owner = settings_->project->owners.at(subject);
  rest_request what;
  what.operation = "create_space";
  what.method = http::method::post;
  what.url = settings_->base_url + "/v2/spaces";
  core::json_writer json(what.body);
  json.begin_object().name("config").begin_object();
  json.member("accessType", settings_->access_type).member("entryPointAccess", "ALL");
  json.end_object().end_object();
  what.trace = wish.trace;
  what.wanted_for = wish.wanted_for;
  what.quotas = {{&owner.creates}, {&settings_->project->creates}};
  what.welcome = {403};
  auto answer = co_await callers_.at(subject)->call(std::move(what), until);
  if (!answer) co_return core::same_failure(answer);
  if (answer->status == 403)
    co_return core::fail(errc::rejected,
                         fmt::format("Google refuses {} to create spaces: enable the Google Meet "
                                     "REST API in the project, and Meet for this user",
                                     subject));
  auto made = read_space(answer->json);
  if (made) made->owner = std::move(subject);
  co_return made;
}

// Begins with the room's own user; whose minute is used up, by our count or by Google's word, gives
// way to the next. Where all are, the room's own one says for how long.
core::task<core::result<space>> google_meet::create(room_wish wish, core::deadline until) {
  const auto& subjects = settings_->subjects;
  const std::size_t first = share_of(wish.room, wish.generation, subjects.size());
  std::optional<core::failure> last;
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const std::string& one = subjects[(first + i) % subjects.size()];
    if (is_used_up(one)) continue;
    auto made = co_await create_as(one, wish, until);
    if (made || !was_used_up(made.error()) || !is_used_up(one)) co_return made;
    last = std::move(made.error());
  }
  if (last) co_return core::fail(std::move(*last));
  co_return co_await create_as(subjects[first], std::move(wish), until);
}

// A space has no time of its own: a booking that moves keeps it.
core::task<core::result<std::string>> google_meet::prepare(room_wish wish, core::deadline until) {
  if (remembered_space(wish.provider_room)) co_return wish.provider_room;
  auto made = co_await create(std::move(wish), until);
  if (!made) co_return core::same_failure(made);
  std::string out;
  core::json_writer json(out);
  json.begin_object().member("name", made->name).member("uri", made->uri);
  json.member("owner", made->owner).end_object();
  co_return out;
}

std::optional<core::result<join_link>> google_meet::admit_now(const admission& who) {
  const auto known = remembered_space(who.provider_room);
  if (!known) return core::same_failure(known);
  const auto ends = link_end(who, settings_->lifetime);
  if (!ends) return core::same_failure(ends);
  return join_link{known->uri, *ends};
}

rest_request google_meet::write(std::string_view operation, http::method method, std::string path,
                                const std::string& owner) const {
  rest_request out;
  out.operation = operation;
  out.method = method;
  out.url = settings_->base_url + "/v2/" + std::move(path);
  out.safe_to_repeat = true;
  out.quotas = {{&settings_->project->owners.at(owner).writes}, {&settings_->project->writes}};
  out.welcome = {403, 404};
  return out;
}

// Google answers the same 403 for a space that is gone and for one that is not ours. It is gone
// where the same token may still do something else.
core::task<core::result<bool>> google_meet::still_ours(std::string owner, urgency who,
                                                       core::deadline until) {
  rest_request what;
  what.operation = "list_records";
  what.url = settings_->base_url + "/v2/conferenceRecords?pageSize=1";
  what.safe_to_repeat = true;
  what.welcome = {403};
  what.wanted_for = who;
  auto answer = co_await callers_.at(owner)->call(std::move(what), until);
  if (!answer) co_return core::same_failure(answer);
  co_return answer->status != 403;
}

core::task<core::result<void>> google_meet::close(room_wish wish, std::string provider_room,
                                                  core::deadline until) {
  if (provider_room.empty()) co_return core::result<void>();
  const auto known = remembered_space(provider_room);
  if (!known) co_return core::same_failure(known);
  if (!callers_.contains(known->owner))
    co_return core::fail(errc::rejected,
                         "the space belongs to " + known->owner + ", who is not in subjects");
  rest_request lock = write("restrict_space", http::method::patch,
                            known->name + "?updateMask=config.accessType", known->owner);
  lock.body = R"({"config":{"accessType":"RESTRICTED"}})";
  lock.wanted_for = wish.wanted_for;
  auto locked = co_await callers_.at(known->owner)->call(std::move(lock), until);
  if (!locked) co_return core::same_failure(locked);
  rest_request end = write("end_conference", http::method::post,
                           known->name + ":endActiveConference", known->owner);
  end.body = "{}";
  end.wanted_for = wish.wanted_for;
  end.welcome.push_back(400);  // nothing runs: FAILED_PRECONDITION
  auto ended = co_await callers_.at(known->owner)->call(std::move(end), until);
  if (!ended) co_return core::same_failure(ended);
  if (ended->status == 400 && status_in(ended->json) != "FAILED_PRECONDITION")
    co_return core::fail(errc::rejected, "Google Meet did not end the call");
  if (locked->status != 403 && ended->status != 403) co_return core::result<void>();
  auto alive = co_await still_ours(known->owner, wish.wanted_for, until);
  if (!alive) co_return core::same_failure(alive);
  if (!*alive)
    co_return core::fail(errc::rejected,
                         "Google refuses the space: the scope or the API was taken away");
  co_return core::result<void>();
}

core::task<core::result<std::string>> google_meet::try_credentials(core::deadline until) {
  for (const std::string& subject : settings_->subjects) {
    auto token = co_await callers_.at(subject)->try_token(until);
    if (!token) {
      core::failure why = std::move(token.error());
      why.detail = subject + ": " + why.detail;
      co_return core::fail(std::move(why));
    }
    auto works = co_await still_ours(subject, urgency::join, until);
    if (!works) co_return core::same_failure(works);
    if (!*works)
      co_return core::fail(errc::rejected,
                           subject +
                               ": a token was given, and the Meet API refuses it: enable the "
                               "Google Meet REST API in the service account's project");
  }
  co_return "Google accepts the service account, and it may act for every subject";
}

// The key file as the Cloud console hands it out.
void read_service_account(core::options& from, meet_settings& to) {
  const auto text = from.material("service_account");
  if (!from.has("service_account") && !from.has("service_account_file")) {
    from.note("service_account", "is required and missing",
              "service_account_file = \"/etc/stagedoor/google.json\"");
    return;
  }
  if (!text) return;
  const auto json = core::read_json(text->reveal(), {.bytes_max = 16'384});
  const std::string_view pem = json ? text_of(*json, "private_key") : std::string_view{};
  if (!json || text_of(*json, "type") != "service_account" || pem.empty() ||
      !is_mail_address(text_of(*json, "client_email"))) {
    from.note("service_account", "is no key file of a service account",
              "the JSON that the Cloud console gives: IAM, Service accounts, Keys, Add key");
    return;
  }
  to.email = text_of(*json, "client_email");
  to.audience = text_of(*json, "token_uri");
  if (to.audience.empty()) to.audience = "https://oauth2.googleapis.com/token";
  auto key = jose::key::from_pem(pem, jose::algorithm::rs256,
                                 std::string(text_of(*json, "private_key_id")));
  if (key && key->can_sign())
    to.key = std::move(*key);
  else
    from.note("service_account", "holds a private_key that cannot be used");
}

}  // namespace

provider_maker make_google_meet(provider_setup setup) {
  core::options& from = setup.settings;
  auto settings = std::make_shared<meet_settings>();
  settings->traits.name = setup.name;
  settings->traits.type = "google-meet";
  settings->traits.needs_room = true;
  settings->traits.mode = embed_mode::new_tab;
  settings->traits.origin = "https://meet.google.com";
  read_service_account(from, *settings);
  settings->base_url = read_base_url(from, "base_url", "https://meet.googleapis.com");
  // Google's is in the key file too, but a file does not decide where we send what we sign.
  settings->token_url = read_base_url(from, "token_url", "https://oauth2.googleapis.com/token");
  settings->subjects = read_accounts(from, "subjects", subjects_max, is_mail_address,
                                     "users of the Workspace who own the calls");
  const std::string access = from.one_of("access", "open", {"open", "trusted", "restricted"});
  for (const char c : access) settings->access_type += static_cast<char>(c - 'a' + 'A');
  if (access == "restricted")
    setup.advise("lets in only people whom somebody inside invites (access = \"restricted\")");
  settings->lifetime =
      std::chrono::floor<std::chrono::seconds>(from.duration("lifetime", 10min, 1min, 1h));
  settings->traits.by_ticket = read_by_ticket(setup);
  if (!settings->key || settings->subjects.empty()) return {};
  settings->project = std::make_shared<meet_project>();
  for (const std::string& subject : settings->subjects) settings->project->owners[subject];
  return [held = std::shared_ptr<const meet_settings>(std::move(settings))](
             const provider_tools& tools) { return std::make_unique<google_meet>(held, tools); };
}

}  // namespace providers
