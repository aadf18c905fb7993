// jaas: 8x8's Jitsi as a Service (docs/providers/jaas.md has the sources).
#include <fmt/format.h>

#include "core/encoding.hpp"
#include "http/url.hpp"
#include "providers/error.hpp"
#include "providers/jitsi_meeting.hpp"
#include "providers/rest_call.hpp"
#include "providers/token_parts.hpp"

namespace providers {
namespace {

constexpr std::string_view app_id_begin = "vpaas-magic-cookie-";

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

class jaas final : public jitsi_meeting {
 public:
  using jitsi_meeting::jitsi_meeting;
  core::result<webhook_reading> read_webhook(const webhook& from) const override;
};

core::result<webhook_reading> jaas::read_webhook(const webhook& from) const {
  if (settings().webhooks.empty()) return provider::read_webhook(from);
  auto fresh = check_timed_signature(from, "x-jaas-signature", settings().webhooks,
                                     webhook_secrets::digits::base64);
  if (!fresh) return core::same_failure(fresh);
  auto json = read_webhook_body(from.body);
  if (!json) return core::same_failure(json);
  const std::string* type = json->find_string("eventType");
  if (!type) return core::fail(errc::bad_webhook, "it has no eventType");
  const bool begins = *type == "ROOM_CREATED" || *type == "PARTICIPANT_JOINED";
  if (!begins && *type != "ROOM_DESTROYED") return webhook_reading{};
  const core::json_value* data = json->find("data");
  const core::json_value* breakout = data ? data->find("isBreakout") : nullptr;
  if (breakout && breakout->as_bool() && *breakout->as_bool()) return webhook_reading{};
  // "<AppID>/<room>"
  const std::string* full_name = json->find_string("fqn");
  if (!full_name || !full_name->starts_with(settings().subject + "/")) return webhook_reading{};
  const auto digest =
      digest_in_name(settings().room_prefix, full_name->substr(settings().subject.size() + 1));
  if (!digest) return webhook_reading{};
  const std::string* id = json->find_string("idempotencyKey");
  return reading_of(begins ? call_news::live : call_news::ended, *digest, id,
                    read_milliseconds(json->find("timestamp")).value_or(*fresh));
}

std::string read_app_id(core::options& from) {
  std::string id = from.required_text("app_id");
  const bool shaped = id.starts_with(app_id_begin) && id.size() > app_id_begin.size() &&
                      is_hex(std::string_view(id).substr(app_id_begin.size()));
  if (!id.empty() && !shaped)
    from.note("app_id", "must be the AppID of the JaaS console",
              "\"vpaas-magic-cookie-\" and hexadecimal digits");
  return id;
}

// The console shows "<AppID>/<key id>"; the last part alone is understood too.
std::string read_kid(core::options& from, const std::string& app_id) {
  std::string kid = from.required_text("key_id");
  if (kid.empty()) return kid;
  const auto slash = kid.find('/');
  if (slash != std::string::npos && kid.substr(0, slash) != app_id)
    from.note("key_id", "is of another AppID than app_id");
  const std::string own = slash == std::string::npos ? kid : kid.substr(slash + 1);
  if (own.empty() || !is_hex(own))
    from.note("key_id", "must be the id of an API key of the JaaS console", "\"4f8ab2\"");
  return app_id + "/" + own;
}

}  // namespace

provider_maker make_jaas(provider_setup setup) {
  core::options& from = setup.settings;
  auto to = std::make_shared<jitsi_settings>();
  to->traits.name = setup.name;
  to->traits.type = "jaas";
  const std::string app_id = read_app_id(from);
  to->key = read_private_key(from, "private_key", jose::algorithm::rs256,
                             "the private half of the key that was uploaded to the JaaS console",
                             read_kid(from, app_id));
  to->issuer = "chat";
  to->audience = "jitsi";
  to->subject = app_id;
  // A feature that is not named is as the console says; only moderators can use any.
  to->features = R"({"livestreaming":"false","recording":"false","transcription":"false",)"
                 R"("outbound-call":"false"})";
  to->webhooks = webhook_secrets::read(from, webhook_secrets::form::text);
  read_jitsi_page(from, *to);
  const std::string base = read_base_url(from, "base_url", "https://8x8.vc");
  if (!to->key) return {};
  to->traits.origin = http::url::from(base)->origin();
  to->pages = base + "/" + app_id + "/";
  return [held = std::shared_ptr<const jitsi_settings>(std::move(to))](const provider_tools&) {
    return std::make_unique<jaas>(held);
  };
}

}  // namespace providers
