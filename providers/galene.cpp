// galene: sub-groups of one parent group of a Galène server, entered with tokens signed here
// (docs/providers/galene.md has the sources).
#include <algorithm>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "http/url.hpp"
#include "providers/error.hpp"
#include "providers/participant_token.hpp"
#include "providers/rest_call.hpp"
#include "providers/token_parts.hpp"

namespace providers {
namespace {

using namespace std::chrono_literals;

struct galene_settings {
  provider_traits traits;
  std::string issuer;     // ours
  std::string group_url;  // of the parent: "https://galene.example.org:8443/group/calls/"
  std::optional<jose::key> key;
  std::string room_prefix;
  std::chrono::seconds lifetime{600};
  moderators operators;
};

// The name is shown as it is, except for what Galène takes for a path.
std::string shown_name(std::string name) {
  std::ranges::replace(name, '\\', '/');
  for (auto at = name.find(".."); at != std::string::npos; at = name.find("..", at))
    name.erase(at, 1);
  while (name.starts_with('/')) name.erase(0, 1);
  return name.empty() ? "Guest" : name;
}

class galene final : public provider {
 public:
  galene(std::shared_ptr<const galene_settings> settings, const provider_tools& tools)
      : settings_(std::move(settings)),
        signer_(*settings_->key, settings_->lifetime),
        calls_(tools, settings_->traits.name) {}

  const provider_traits& traits() const override { return settings_->traits; }
  std::optional<core::failure> away() const override { return calls_.away(); }
  core::task<core::result<std::string>> prepare(room_wish, core::deadline) override {
    co_return std::string();
  }
  std::optional<core::result<join_link>> admit_now(const admission& who) override;
  core::task<core::result<join_link>> admit(admission who, core::deadline) override {
    co_return *admit_now(who);
  }
  // A sub-group vanishes with the last who leaves, and no call sends anybody out.
  core::task<core::result<void>> close(room_wish, std::string, core::deadline) override {
    co_return core::result<void>();
  }
  core::task<core::result<std::string>> try_credentials(core::deadline until) override;

 private:
  std::shared_ptr<const galene_settings> settings_;
  participant_signer signer_;
  rest_caller calls_;
};

std::optional<core::result<join_link>> galene::admit_now(const admission& who) {
  const galene_settings& s = *settings_;
  // The last slash matters: the redirect to it loses the token.
  const std::string group = s.group_url + room_name(s.room_prefix, who.room, who.generation) + "/";
  auto token = signer_.sign(who, [&](core::json_writer& json, core::wall_time ends) {
    json.member("sub", shown_name(who.name));
    json.name("aud").begin_array().string(group).end_array();
    json.member("iss", s.issuer).name("permissions").begin_array();
    // Words of the configuration files, such as "present" alone or "op" for all, mean nothing here:
    // each permission is named.
    if (s.operators.include(who.seat)) json.string("op");
    json.string("present").string("message");
    if (s.operators.include(who.seat)) json.string("token");
    json.end_array();
    // Galène refuses an iat that is more than five seconds ahead of its clock.
    json.member("iat", core::unix_seconds(who.now - 10s)).member("exp", core::unix_seconds(ends));
  });
  if (!token) return core::same_failure(token);
  join_link out;
  out.expires_at = token->ends;
  out.url = group + "?token=" + token->text;
  return out;
}

core::task<core::result<std::string>> galene::try_credentials(core::deadline until) {
  rest_request look;
  look.operation = "try_credentials";
  look.url = settings_->group_url + ".status";
  look.safe_to_repeat = true;
  look.welcome = {404};
  auto seen = co_await calls_.call(std::move(look), until);
  if (!seen) co_return core::same_failure(seen);
  if (auto why = refusal_of(
          seen->status, {{404, "the server has no such group: make it, or check url and group"}}))
    co_return core::fail(std::move(*why));
  const std::string* location = seen->json.find_string("location");
  if (!location)
    co_return core::fail(errc::rejected, "the address answers, but not as Galene does");
  if (*location != settings_->group_url)
    co_return core::fail(errc::rejected, "the server calls the group " +
                                             readable_excerpt(*location, {}) +
                                             ", and tokens for another address are refused");
  co_return "the group is there; whether it has our key shows when somebody joins";
}

// Group names are paths; each part of plain characters.
std::string read_group(core::options& from) {
  const std::string group = from.required_text("group");
  const bool plain = !group.empty() && !group.starts_with('/') && !group.ends_with('/') &&
                     group.find("//") == std::string::npos &&
                     group.find('.') == std::string::npos && std::ranges::all_of(group, [](char c) {
                       return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                              (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '/';
                     });
  if (!group.empty() && !plain)
    from.note("group",
              "must be the name of a group: letters, digits, - and _, with / between parts",
              "\"calls\"");
  return group;
}

// k of the group's JWK, or the private half of an ES256 one.
std::optional<jose::key> read_group_key(core::options& from) {
  const std::string kid = from.text("kid", "");
  if (from.has("private_key") || from.has("private_key_file")) {
    if (from.has("secret") || from.has("secret_file"))
      from.note("secret", "is set, and private_key too", "keep one of the two");
    return read_private_key(from, "private_key", jose::algorithm::es256, "a P-256 key in PEM", kid);
  }
  constexpr std::string_view hint =
      "k of the group's JWK: 32 bytes in base64url; openssl rand 32 | basenc --base64url";
  if (!from.has("secret") && !from.has("secret_file")) {
    from.note("secret", "or private_key is required and missing", std::string(hint));
    return std::nullopt;
  }
  const auto text = from.secret_text("secret", 43, hint);
  if (!text) return std::nullopt;
  std::string_view encoded = text->reveal();
  while (encoded.ends_with('=')) encoded.remove_suffix(1);
  auto bytes = core::from_base64url(encoded);
  // The server takes a key of exactly this length.
  if (!bytes || bytes->size() != 32) {
    from.note("secret", "must be 32 bytes in base64url", std::string(hint));
    return std::nullopt;
  }
  auto key = jose::key::from_secret(core::secret(std::move(*bytes)), jose::algorithm::hs256, kid);
  if (!key) return std::nullopt;
  return std::move(*key);
}

}  // namespace

provider_maker make_galene(provider_setup setup) {
  core::options& from = setup.settings;
  auto to = std::make_shared<galene_settings>();
  to->traits.name = setup.name;
  to->traits.type = "galene";
  to->issuer = setup.public_url;
  const auto url = from.url("url", true);
  if (!from.has("url"))
    from.note("url", "is required and missing", "\"https://galene.example.org:8443\"");
  const auto parsed =
      url ? http::url::from(*url) : core::result<http::url>(core::fail(errc::rejected));
  if (url && (!parsed || parsed->target() != "/"))
    from.note("url", "must be scheme, host and port of the server",
              "\"https://galene.example.org:8443\"");
  const std::string group = read_group(from);
  to->key = read_group_key(from);
  to->room_prefix = read_room_prefix(from);
  to->lifetime = read_link_lifetime(from, 1h);
  to->operators = moderators::read(from);
  if (!parsed || !to->key) return {};
  to->traits.origin = parsed->origin();
  to->group_url = to->traits.origin + "/group/" + group + "/";
  return [held = std::shared_ptr<const galene_settings>(std::move(to))](
             const provider_tools& tools) { return std::make_unique<galene>(held, tools); };
}

}  // namespace providers
