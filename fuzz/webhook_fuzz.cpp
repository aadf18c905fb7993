// Whatever comes as a webhook, with whatever signature: it ends in a report about a room that could
// be ours, in nothing of interest, or in a failure of our own. What is signed correctly gets behind
// the signature, so that the bodies' readers see odd bytes too.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/digest.hpp"
#include "core/encoding.hpp"
#include "core/random.hpp"
#include "jose/jwt.hpp"
#include "providers/error.hpp"
#include "providers/registry.hpp"

namespace {

constexpr std::string_view shared = "vWq8sLr3Jk2nTz7mYx4cHb6gPd9fRe1aUo5iKl0j";
constexpr std::string_view webhook_text = "a secret of webhooks in plain words";
constexpr std::int64_t now = 1'800'000'000;

core::options::table table_of(core::mistakes& found, std::string name,
                              std::vector<std::pair<const char*, std::string>> values) {
  auto out = std::make_shared<core::options>("providers." + name, "", found);
  for (auto& [key, value] : values) out->set(key, std::move(value));
  return out;
}

std::vector<providers::configured_provider> read_settings() {
  core::mistakes found;
  core::options table("providers", "", found);
  const std::string key(shared);
  const std::string packed = core::to_base64(core::as_bytes(webhook_text));
  table.set("hms", table_of(found, "hms",
                            {{"type", "100ms"},
                             {"access_key", "627cdddff2e4e30487862ad1"},
                             {"secret", key},
                             {"subdomain", "acme"},
                             {"webhook_secret", std::string(webhook_text)}}));
  table.set("daily", table_of(found, "daily",
                              {{"domain", "acme"}, {"api_key", key}, {"webhook_secret", packed}}));
  table.set("livekit",
            table_of(found, "livekit",
                     {{"url", "wss://a.livekit.cloud"}, {"api_key", "APIx"}, {"secret", key}}));
  auto own = table_of(found, "own",
                      {{"type", "custom"},
                       {"url_template", "https://video.acme.com/r/{roomId}?t={token}"},
                       {"webhook_secret", packed}});
  own->set("token", table_of(found, "own.token", {{"secret", key}}));
  table.set("own", own);
  auto hosts = core::options::list{{std::string("a@example.com"), {}}};
  auto zoom = table_of(found, "zoom",
                       {{"account_id", "a"},
                        {"client_id", "c"},
                        {"client_secret", key},
                        {"webhook_secret", std::string(webhook_text)}});
  zoom->set("hosts", std::move(hosts));
  table.set("zoom", zoom);
  table.set("whereby", table_of(found, "whereby",
                                {{"api_key", key},
                                 {"subdomain", "acme"},
                                 {"webhook_secret", std::string(webhook_text)}}));
  auto organizers = core::options::list{{std::string("550fae72-d251-43ec-868c-373732c2704f"), {}}};
  auto teams = table_of(found, "teams",
                        {{"type", "microsoft-teams"},
                         {"tenant", "acme.example"},
                         {"client_id", "1f3b8a52-7c1d-4a7e-9a1b-0c5d2e3f4a5b"},
                         {"client_secret", key},
                         {"webhook_secret", std::string(webhook_text)}});
  teams->set("organizers", std::move(organizers));
  table.set("teams", teams);
  table.set("bbb", table_of(found, "bbb",
                            {{"type", "bigbluebutton"},
                             {"url", "https://bbb.example.com/bigbluebutton/"},
                             {"secret", std::string(webhook_text)}}));
  auto read = providers::read_providers(table, "https://call.example.com");
  if (!found.empty() || read.size() != 8) std::abort();
  return read;
}

class no_client final : public http::client {
 public:
  core::task<core::result<http::response>> send(http::request, core::deadline) override {
    std::abort();  // a webhook is read without asking anybody
    co_return http::response{};
  }
};

class still_clock final : public core::clock {
 public:
  core::steady_time steady_now() const override { return core::steady_time{}; }
  core::wall_time wall_now() const override { return core::from_unix_seconds(now); }
};

const jose::hmac_key& webhook_key() {
  static const jose::hmac_key key(webhook_text, 32);
  return key;
}
std::string mac(const std::string& message) {
  return core::to_base64(core::as_bytes(webhook_key().of(message).view()));
}
std::string hex_mac(const std::string& message) {
  return core::to_hex(core::as_bytes(webhook_key().of(message).view()));
}

std::string livekit_token(std::string_view body) {
  static const auto key =
      *jose::key::from_secret(core::secret(std::string(shared)), jose::algorithm::hs256);
  const auto digest = core::from_hex(core::short_digest(body, 32));
  std::string claims;
  core::json_writer json(claims);
  json.begin_object().member("iss", "APIx").member("exp", now + 300);
  json.member("sha256", core::to_base64(core::as_bytes(*digest))).end_object();
  return *jose::sign_jwt(key, claims);
}

// Every vendor's fields for this body, made correctly.
std::vector<http::field> right_fields(const std::string& body) {
  const std::string time = std::to_string(now);
  return {{"x-stagedoor-secret", std::string(webhook_text)},
          {"x-webhook-timestamp", time},
          {"x-webhook-signature", mac(time + "." + body)},
          {"authorization", livekit_token(body)},
          {"x-zm-request-timestamp", time},
          {"x-zm-signature", "v0=" + hex_mac("v0:" + time + ":" + body)},
          {"whereby-signature", "t=" + time + ",v1=" + hex_mac(time + "." + body)},
          {"webhook-id", "msg_1"},
          {"webhook-timestamp", time},
          {"webhook-signature", "v1," + mac("msg_1." + time + "." + body)}};
}

// BigBlueButton's reports are forms; their JSON is what the input is.
std::string form_of(std::string_view body) {
  return "event=" + core::percent_encode(body) + "&timestamp=" + std::to_string(now);
}
// HASH(address + body + secret), where the hash is SHA-256.
std::string checksum_of(const std::string& form) {
  const std::string address = "https://call.example.com/webhooks/bbb";
  return core::short_digest(address + form + std::string(webhook_text), 32);
}

// Graph's proof stands in the body: the input is what stands beside it.
std::string notification_of(std::string_view text) {
  std::string out;
  core::json_writer json(out);
  json.begin_object().name("value").begin_array().begin_object();
  json.member("clientState", webhook_text).member("data", core::percent_encode(text));
  json.end_object().end_array().end_object();
  return out;
}

void read(providers::provider& one, const std::vector<http::field>& fields, std::string_view body,
          bool is_right, std::string_view query = {}) {
  std::vector<http::field_view> views;
  for (const http::field& field : fields) views.push_back({field.name, field.value});
  http::request_head head;
  head.method = http::method::post;
  head.query = query;
  head.fields = views;
  const auto got = one.read_webhook({head, body, core::from_unix_seconds(now)});
  if (!got) {
    const bool ours = got.error().code == providers::errc::forged_webhook ||
                      got.error().code == providers::errc::bad_webhook;
    if (!ours || (is_right && got.error().code == providers::errc::forged_webhook)) std::abort();
    return;
  }
  if (!is_right) std::abort();
  for (const providers::room_event& told : got->events) {
    const auto& about = told.about;
    const bool named = about.room.has_value() || about.digest.size() == core::room_digest_size ||
                       about.remembered.starts_with("{\"id\":\"");
    if (!named || core::unix_seconds(told.at) < -62'135'596'800) std::abort();
  }
}

}  // namespace

// The input: a line that stands for every field of a forged report, then the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto settings = read_settings();
  static core::metrics_page metrics;
  static core::silent_logger log;
  static core::system_random random;
  static still_clock clock;
  static no_client client;
  static asio::io_context context(1);
  static providers::registry registry(
      settings, {client, clock, random, log, metrics, context.get_executor()});
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = std::min(input.find('\n'), input.size());
  const std::string wrong(input.substr(0, line));
  const std::string body(input.substr(std::min(line + 1, input.size())));
  std::vector<http::field> forged = right_fields(body);
  for (http::field& field : forged)
    if (field.name != "webhook-id" && !field.name.ends_with("timestamp")) field.value = wrong;
  for (providers::provider* one : registry.all()) {
    if (one->traits().type == "bigbluebutton") {
      const std::string form = form_of(body);
      read(*one, {}, form, true, "checksum=" + checksum_of(form));
      read(*one, {}, body, false, wrong);
      continue;
    }
    if (one->traits().type == "microsoft-teams") {
      read(*one, {}, notification_of(body), true);
      read(*one, {}, {}, true, "validationToken=" + core::percent_encode(body));
      read(*one, {}, body, false);
      continue;
    }
    read(*one, right_fields(body), body, true);
    read(*one, forged, body, false);
  }
  return 0;
}
