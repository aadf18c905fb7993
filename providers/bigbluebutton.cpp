// bigbluebutton: meetings by its API of signed addresses and XML answers
// (docs/providers/bigbluebutton.md has the sources).
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "http/url.hpp"
#include "jose/hmac.hpp"
#include "providers/error.hpp"
#include "providers/lasting_links.hpp"
#include "providers/rest_call.hpp"
#include "providers/token_parts.hpp"
#include "providers/xml_answer.hpp"

namespace providers {
namespace {

using namespace std::chrono_literals;

// A meeting that nobody joins is gone after five minutes, so what create said counts for one.
constexpr std::chrono::seconds created_for = 60s;
constexpr std::size_t created_max = 10'000;
constexpr std::chrono::seconds callback_after_max = 24h;
constexpr std::chrono::seconds repeats_within = 5min;

enum class checksum_kind : unsigned char { sha1, sha256, sha384, sha512 };

struct bbb_settings {
  provider_traits traits;
  std::string base_url;  // ".../bigbluebutton/api"
  core::secret shared;
  checksum_kind kind = checksum_kind::sha256;
  std::string name;
  std::string prefix;
  std::string logout_url;
  std::string reports_url;  // where its webhooks come
  bool end_callback = true;
  bool ask_moderator = false;
  bool record = false;
  std::chrono::seconds lifetime{600};
};

const EVP_MD* digest_of(checksum_kind kind) {
  switch (kind) {
    case checksum_kind::sha1:
      return EVP_sha1();
    case checksum_kind::sha256:
      return EVP_sha256();
    case checksum_kind::sha384:
      return EVP_sha384();
    case checksum_kind::sha512:
      break;
  }
  return EVP_sha512();
}

// HASH(before + text + secret) in lower-case hex, as the API's documentation has it: no HMAC. The
// secret's bytes do not outlive the call.
std::string checksum(checksum_kind kind, std::string_view before, std::string_view text,
                     const core::secret& shared) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned int size = 0;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(),
                                                                     &EVP_MD_CTX_free);
  if (!hash || EVP_DigestInit_ex(hash.get(), digest_of(kind), nullptr) != 1) return {};
  for (const std::string_view part : {before, text, shared.reveal()})
    if (EVP_DigestUpdate(hash.get(), part.data(), part.size()) != 1) return {};
  if (EVP_DigestFinal_ex(hash.get(), out.data(), &size) != 1) return {};
  return core::to_hex({out.data(), size});
}

class query {
 public:
  query& add(std::string_view name, std::string_view value) {
    if (!text_.empty()) text_ += '&';
    text_.append(name).append("=");
    core::append_percent_encoded(text_, value);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string address(const bbb_settings& s, std::string_view call, const query& with) {
  return fmt::format("{}/{}?{}&checksum={}", s.base_url, call, with.text(),
                     checksum(s.kind, call, with.text(), s.shared));
}

// Older servers take a repetition with other passwords for another meeting, so they are always the
// same for a meeting, and nobody can work them out without the secret.
std::string password(const bbb_settings& s, std::string_view what, std::string_view meeting) {
  return short_digest(fmt::format("{}\n{}\n{}", what, meeting, s.shared.reveal()), 12);
}

// The server calls this address when a meeting is over, and signs nothing, so we do: for this
// meeting, and believed until a day after its door has closed. It is the same at each create.
std::string callback_signature(const bbb_settings& s, std::string_view meeting,
                               std::string_view closes) {
  const jose::hmac_key key(s.shared.reveal(), 32);
  const auto mac = key.of(fmt::format("end callback\n{}\n{}", meeting, closes));
  return core::to_hex(core::as_bytes(mac.view()));
}

std::string callback_url(const bbb_settings& s, std::string_view meeting,
                         core::wall_time closes_at) {
  const std::string closes = std::to_string(core::unix_seconds(closes_at));
  return fmt::format("{}?meeting={}&closes={}&signature={}", s.reports_url, meeting, closes,
                     callback_signature(s, meeting, closes));
}

bool is_time(std::string_view text) {
  return !text.empty() && text.size() <= 18 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

class bigbluebutton final : public provider {
 public:
  bigbluebutton(std::shared_ptr<const bbb_settings> settings, const provider_tools& tools)
      : settings_(std::move(settings)),
        clock_(tools.clock),
        calls_(tools, settings_->traits.name) {}

  const provider_traits& traits() const override { return settings_->traits; }
  std::optional<core::failure> away() const override { return calls_.away(); }
  // A meeting that is made ahead of time would be gone before anybody comes: what is remembered is
  // its name, and it is made when somebody is let in.
  core::task<core::result<std::string>> prepare(room_wish wish, core::deadline until) override;
  std::optional<core::result<join_link>> admit_now(const admission& who) override;
  core::task<core::result<join_link>> admit(admission who, core::deadline until) override;
  core::task<core::result<void>> close(room_wish wish, std::string provider_room,
                                       core::deadline until) override;
  core::task<core::result<std::string>> try_credentials(core::deadline until) override;
  core::result<webhook_reading> read_webhook(const webhook& from) const override;

 private:
  struct created {
    std::string time;
    core::steady_time at;
  };
  core::task<core::result<xml_answer>> ask(std::string_view operation, std::string_view call,
                                           query with, std::optional<core::trace> by, urgency who,
                                           core::deadline until);
  core::task<core::result<std::string>> create(std::string meeting, admission who,
                                               core::deadline until);
  core::result<join_link> link(std::string_view meeting, std::string_view time,
                               const admission& who) const;

  std::shared_ptr<const bbb_settings> settings_;
  const core::clock& clock_;
  rest_caller calls_;
  std::unordered_map<std::string, created> created_;
};

core::result<std::string> meeting_of(std::string_view provider_room) {
  std::string out(text_of(remembered(provider_room), "id"));
  if (out.empty()) return not_remembered("BigBlueButton meeting");
  return out;
}

core::task<core::result<std::string>> bigbluebutton::prepare(room_wish wish, core::deadline) {
  co_return fmt::format(R"({{"id":"{}"}})",
                        room_name(settings_->prefix, wish.room, wish.generation));
}

// An answer with any returncode. The status is 200 for refusals too; newer servers and load
// balancers have others for some, with the same XML.
core::task<core::result<xml_answer>> bigbluebutton::ask(std::string_view operation,
                                                        std::string_view call, query with,
                                                        std::optional<core::trace> by, urgency who,
                                                        core::deadline until) {
  rest_request what;
  what.operation = operation;
  what.url = address(*settings_, call, with);
  what.reads_json = false;
  what.safe_to_repeat = true;
  what.trace = std::move(by);
  what.wanted_for = who;
  what.hidden = settings_->shared;
  what.welcome = {400, 401, 403, 404, 409, 422};
  auto answer = co_await calls_.call(std::move(what), until);
  if (!answer) co_return core::same_failure(answer);
  auto xml = read_xml(answer->text);
  const bool is_ours = xml && xml->root == "response" && !xml->find("returncode").empty();
  if (is_ours) co_return xml;
  const std::string why = xml ? "XML of something else" : xml.error().detail;
  co_return core::fail(errc::rejected,
                       fmt::format("no answer of BigBlueButton's API: status {}, {}; check url",
                                   answer->status, why));
}

// A load balancer without a server for the meeting will have one again when somebody has looked
// after it: there is no point in asking at once.
core::failure refused(const bbb_settings& s, const xml_answer& xml) {
  const std::string_view key = xml.find("messageKey");
  std::string detail = "BigBlueButton refused: " + readable_excerpt(key, s.shared.reveal()) + " " +
                       readable_excerpt(xml.find("message"), s.shared.reveal());
  if (key == "checksumError")
    detail += "; check secret (bbb-conf --secret), and that the server takes this checksum";
  if (key != "noInstanceFound") return core::failure(errc::rejected, std::move(detail));
  return core::failure(errc::unavailable, std::move(detail))
      .with("reason", "overloaded")
      .retry_in(core::seconds{5});
}

bool succeeded(const xml_answer& xml) { return xml.find("returncode") == "SUCCESS"; }

// Idempotent, and cheap for the server where the meeting is there.
core::task<core::result<std::string>> bigbluebutton::create(std::string meeting, admission who,
                                                            core::deadline until) {
  const bbb_settings& s = *settings_;
  query with;
  with.add("name", s.name).add("meetingID", meeting);
  with.add("attendeePW", password(s, "attendee", meeting));
  with.add("moderatorPW", password(s, "moderator", meeting));
  with.add("record", s.record ? "true" : "false");
  with.add("guestPolicy", s.ask_moderator ? "ASK_MODERATOR" : "ALWAYS_ACCEPT");
  // In a frame of another site the session's cookie is blocked by most browsers.
  with.add("allowRequestsWithoutSession", "true");
  if (!s.logout_url.empty()) with.add("logoutURL", s.logout_url);
  if (s.end_callback) with.add("meta_endCallbackUrl", callback_url(s, meeting, who.closes_at));
  auto xml =
      co_await ask("create_meeting", "create", std::move(with), who.trace, urgency::join, until);
  if (!xml) co_return core::same_failure(xml);
  if (!succeeded(*xml)) co_return core::fail(refused(s, *xml));
  const std::string_view time = xml->find("createTime");
  if (xml->find("meetingID") != meeting || !is_time(time))
    co_return core::fail(errc::rejected, "BigBlueButton answered with another meeting");
  if (xml->find("hasBeenForciblyEnded") == "true")
    co_return core::fail(errc::room_disabled, "the meeting was ended at BigBlueButton");
  if (created_.size() >= created_max) created_.clear();
  created_[meeting] = {std::string(time), clock_.steady_now()};
  co_return std::string(time);
}

core::result<join_link> bigbluebutton::link(std::string_view meeting, std::string_view time,
                                            const admission& who) const {
  const bbb_settings& s = *settings_;
  const auto ends = link_end(who, s.lifetime);
  if (!ends) return core::same_failure(ends);
  query with;
  with.add("fullName", who.name).add("meetingID", meeting);
  const bool moderates = who.seat == core::role::expert;
  with.add("role", moderates ? "MODERATOR" : "VIEWER");
  // The meeting's guestPolicy is about those alone who come as guests.
  if (s.ask_moderator && !moderates) with.add("guest", "true");
  with.add("userID", who.user.view());
  // Of this meeting alone, and not of a later one with the same name.
  with.add("createTime", time);
  return join_link{address(s, "join", with), *ends};
}

std::optional<core::result<join_link>> bigbluebutton::admit_now(const admission& who) {
  const auto meeting = meeting_of(who.provider_room);
  if (!meeting) return core::same_failure(meeting);
  const auto known = created_.find(*meeting);
  if (known == created_.end() || clock_.steady_now() - known->second.at >= created_for)
    return std::nullopt;
  return link(*meeting, known->second.time, who);
}

core::task<core::result<join_link>> bigbluebutton::admit(admission who, core::deadline until) {
  auto at_once = admit_now(who);
  if (at_once) co_return std::move(*at_once);
  const std::string meeting = *meeting_of(who.provider_room);
  auto time = co_await create(meeting, who, until);
  if (!time) co_return core::same_failure(time);
  co_return link(meeting, *time, who);
}

core::task<core::result<void>> bigbluebutton::close(room_wish wish, std::string provider_room,
                                                    core::deadline until) {
  if (provider_room.empty()) co_return core::result<void>();
  const auto meeting = meeting_of(provider_room);
  if (!meeting) co_return core::same_failure(meeting);
  created_.erase(*meeting);
  query with;
  with.add("meetingID", *meeting).add("password", password(*settings_, "moderator", *meeting));
  auto xml =
      co_await ask("end_meeting", "end", std::move(with), wish.trace, wish.wanted_for, until);
  if (!xml) co_return core::same_failure(xml);
  // Never begun, or over already.
  if (!succeeded(*xml) && xml->find("messageKey") != "notFound")
    co_return core::fail(refused(*settings_, *xml));
  co_return core::result<void>();
}

core::task<core::result<std::string>> bigbluebutton::try_credentials(core::deadline until) {
  query with;
  with.add("meetingID", settings_->prefix + "-check");
  auto xml = co_await ask("try_credentials", "isMeetingRunning", std::move(with), std::nullopt,
                          urgency::join, until);
  if (!xml) co_return core::same_failure(xml);
  if (!succeeded(*xml)) co_return core::fail(refused(*settings_, *xml));
  co_return "BigBlueButton accepts the secret";
}

// The value of a parameter that stands in a query or form exactly once.
std::optional<std::string> only_value(std::string_view form, std::string_view name) {
  std::optional<std::string> found;
  while (!form.empty()) {
    const std::size_t end = std::min(form.find('&'), form.size());
    const std::string_view one = form.substr(0, end);
    form.remove_prefix(std::min(end + 1, form.size()));
    const std::size_t equals = std::min(one.find('='), one.size());
    if (one.substr(0, equals) != name) continue;
    if (found) return std::nullopt;
    found = core::percent_decode(one.substr(std::min(equals + 1, one.size())), true);
    if (!found) return std::nullopt;
  }
  return found;
}

// A meeting is over: GET to the address that it was made with. It has no time of its own: what
// comes again within a few minutes is a repetition, and so is what tells of an end that is known.
core::result<webhook_reading> read_end_callback(const bbb_settings& s, const webhook& from) {
  const auto meeting = only_value(from.head.query, "meeting");
  const auto closes = only_value(from.head.query, "closes");
  const auto shown = only_value(from.head.query, "signature");
  if (!meeting || !closes || !shown ||
      !core::same_in_constant_time(*shown, callback_signature(s, *meeting, *closes)))
    return core::fail(errc::forged_webhook, "the callback's signature is not ours");
  const std::int64_t now = core::unix_seconds(from.now);
  if (!is_time(*closes) || now > std::stoll(*closes) + callback_after_max.count())
    return core::fail(errc::forged_webhook, "the callback is of a meeting that is long over");
  const auto digest = digest_in_name(s.prefix, *meeting);
  if (!digest) return webhook_reading{};
  const std::string id = fmt::format("end {} {}", *meeting, now / repeats_within.count());
  webhook_reading out = reading_of(call_news::ended, *digest, &id, from.now);
  out.events.front().is_timeless = true;
  return out;
}

// HASH(address + body + secret), of the hash that its length tells; or, where the server is set to
// it, the secret itself.
bool is_from_server(const bbb_settings& s, const webhook& from) {
  if (const auto bearer = only_field(from.head, "authorization"))
    return bearer->starts_with("Bearer ") &&
           core::same_in_constant_time(bearer->substr(7), s.shared.reveal());
  const auto shown = only_value(from.head.query, "checksum");
  if (!shown) return false;
  for (const checksum_kind kind :
       {checksum_kind::sha1, checksum_kind::sha256, checksum_kind::sha384, checksum_kind::sha512})
    if (shown->size() == 2 * static_cast<std::size_t>(EVP_MD_get_size(digest_of(kind))))
      return core::same_in_constant_time(core::lower_case(*shown),
                                         checksum(kind, s.reports_url, from.body, s.shared));
  return false;
}

// One event of bbb-webhooks; nothing where it is of no interest.
std::optional<room_event> read_event(const bbb_settings& s, const core::json_value& json,
                                     core::wall_time otherwise) {
  const core::json_value* data = json.find("data");
  if (!data) return std::nullopt;
  const std::string_view what = text_of(*data, "id");
  const bool begins = what == "user-joined";
  if (!begins && what != "meeting-ended") return std::nullopt;
  const core::json_value* attributes = data->find("attributes");
  const core::json_value* meeting = attributes ? attributes->find("meeting") : nullptr;
  if (!meeting) return std::nullopt;
  auto digest = digest_in_name(s.prefix, text_of(*meeting, "external-meeting-id"));
  if (!digest) return std::nullopt;
  const core::json_value* event = data->find("event");
  const auto at = event ? read_milliseconds(event->find("ts")) : std::nullopt;
  room_event out;
  out.what = begins ? call_news::live : call_news::ended;
  out.about.digest = std::move(*digest);
  if (at)
    out.id = fmt::format("{} {} {}", what, text_of(*meeting, "internal-meeting-id"),
                         at->time_since_epoch().count());
  out.at = at.value_or(otherwise);
  return out;
}

// bbb-webhooks: a form with the event's JSON, a list of one or, as its documentation has it, the
// event by itself.
core::result<webhook_reading> read_event_form(const bbb_settings& s, const webhook& from) {
  if (!is_from_server(s, from))
    return core::fail(errc::forged_webhook, "its checksum is not ours, for " + s.reports_url);
  const auto time = only_value(from.body, "timestamp");
  const auto text = only_value(from.body, "event");
  if (!time || !text) return core::fail(errc::bad_webhook, "it has no event and timestamp");
  auto fresh = read_webhook_time(*time, from.now);
  if (!fresh) return core::same_failure(fresh);
  auto json = core::read_json(*text, {.bytes_max = 64 * 1024, .depth_max = 12});
  if (!json) return core::fail(errc::bad_webhook, "its event is no JSON: " + json.error().detail);
  webhook_reading out;
  const auto* list = json->as_array();
  const auto note = [&](const core::json_value& one) {
    if (auto event = read_event(s, one, *fresh)) out.events.push_back(std::move(*event));
  };
  if (list)
    std::ranges::for_each(*list, note);
  else
    note(*json);
  return out;
}

core::result<webhook_reading> bigbluebutton::read_webhook(const webhook& from) const {
  const bool called_back = from.head.method == http::method::get;
  return called_back ? read_end_callback(*settings_, from) : read_event_form(*settings_, from);
}

}  // namespace

provider_maker make_bigbluebutton(provider_setup setup) {
  core::options& from = setup.settings;
  auto settings = std::make_shared<bbb_settings>();
  settings->traits.name = setup.name;
  settings->traits.type = "bigbluebutton";
  settings->traits.needs_room = true;
  settings->traits.reports_by_get = true;
  settings->reports_url = setup.public_url + "/webhooks/" + setup.name.text();
  const auto base = from.url("url", true);
  const bool has_url = from.has("url");
  if (!has_url)
    from.note("url", "is required and missing", "\"https://bbb.example.com/bigbluebutton/\"");
  const auto parsed =
      base ? http::url::from(*base) : core::result<http::url>(core::fail(errc::rejected));
  if (base && (!parsed || base->find('?') != std::string::npos))
    from.note("url", "must be the address that bbb-conf --secret shows",
              "\"https://bbb.example.com/bigbluebutton/\"");
  if (base) settings->base_url = base->ends_with("/api") ? *base : *base + "/api";
  if (parsed) settings->traits.origin = parsed->origin();
  settings->traits.allow =
      allow_on(settings->traits.origin) + "; clipboard-write " + settings->traits.origin;
  if (!from.has("secret") && !from.has("secret_file"))
    from.note("secret", "is required and missing", "bbb-conf --secret shows it");
  const auto secret = from.secret_text("secret", 16, "bbb-conf --secret shows it");
  const std::string kind =
      from.one_of("checksum", "sha256", {"sha1", "sha256", "sha384", "sha512"});
  settings->kind = kind == "sha1"     ? checksum_kind::sha1
                   : kind == "sha384" ? checksum_kind::sha384
                   : kind == "sha512" ? checksum_kind::sha512
                                      : checksum_kind::sha256;
  settings->name = from.text("name", "Video call");
  const std::size_t letters = core::code_points(settings->name);
  if (letters < 2 || letters > 64) from.note("name", "must have 2 to 64 characters");
  settings->prefix = from.text("room_prefix", "sd");
  if (settings->prefix.empty() || settings->prefix.size() > 16 ||
      !std::ranges::all_of(settings->prefix, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
      }))
    from.note("room_prefix", "must be 1 to 16 of a-z, 0-9 and -");
  settings->logout_url = from.url("logout_url", true).value_or("");
  settings->end_callback = from.flag("end_callback", true);
  settings->ask_moderator = from.flag("ask_moderator", false);
  settings->record = from.flag("record", false);
  settings->lifetime =
      std::chrono::floor<std::chrono::seconds>(from.duration("lifetime", 10min, 1min, 1h));
  settings->traits.by_ticket = read_by_ticket(setup);
  if (!secret || !base || !parsed) return {};
  settings->shared = *secret;
  return [held = std::shared_ptr<const bbb_settings>(std::move(settings))](
             const provider_tools& tools) { return std::make_unique<bigbluebutton>(held, tools); };
}

}  // namespace providers
