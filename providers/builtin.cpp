#include "providers/builtin.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "http/url.hpp"
#include "jose/error.hpp"
#include "jose/jwt.hpp"
#include "providers/error.hpp"
#include "providers/token_parts.hpp"

namespace providers {
namespace {

using namespace std::chrono_literals;

// A type of its own, so that neither a session nor another provider's token opens the room (RFC
// 8725 section 3.11).
constexpr std::string_view token_type = "stagedoor-room+jwt";

struct builtin_settings {
  provider_traits traits;
  std::string public_url;
  jose::key key;
  builtin_rules rules;
};

class builtin final : public provider {
 public:
  builtin(std::shared_ptr<const builtin_settings> settings, const provider_tools& tools)
      : settings_(std::move(settings)),
        random_(tools.random),
        tokens_(builtin_tokens(settings_->key, settings_->public_url).for_this_thread()) {}

  const provider_traits& traits() const override { return settings_->traits; }
  // The room is this server's own: it is there when the first person opens its page.
  core::task<core::result<std::string>> prepare(room_wish, core::deadline) override {
    co_return std::string("{}");
  }
  std::optional<core::result<join_link>> admit_now(const admission& who) override;
  core::task<core::result<join_link>> admit(admission who, core::deadline) override {
    co_return *admit_now(who);
  }
  // Whoever is inside leaves when the room's page checks the booking again; no link opens it any
  // more.
  core::task<core::result<void>> close(room_wish, std::string, core::deadline) override {
    co_return core::result<void>();
  }
  const builtin_tokens& tokens() const { return tokens_; }
  const builtin_rules& rules() const { return settings_->rules; }

 private:
  std::shared_ptr<const builtin_settings> settings_;
  buffered_random random_;
  builtin_tokens tokens_;
};

std::optional<core::result<join_link>> builtin::admit_now(const admission& who) {
  // The page's address would lose such a room's name on its way through the browser.
  if (is_dot_segment(who.room.view()))
    return core::fail(errc::rejected, "no page can have this room's name");
  const auto ends = link_end(who, settings_->rules.lifetime);
  if (!ends) return core::same_failure(ends);
  room_pass pass{who.room, who.user, who.seat, who.name, {}, *ends};
  core::append_uuid(pass.id, random_);
  const auto token = tokens_.sign(pass, who.now);
  if (!token)
    return core::fail(errc::rejected, "signing the room's token: " + token.error().detail);
  join_link out;
  out.expires_at = *ends;
  out.url.reserve(settings_->public_url.size() + token->size() + 256);
  out.url.append(settings_->public_url).append("/room/");
  core::append_percent_encoded(out.url, who.room.view());
  out.url.append("?token=").append(*token);
  return out;
}

// A key for as long as the process lives: links then end with it, and only one node can check them.
core::secret temporary_secret() {
  core::system_random random;
  return core::secret(core::new_nonce(random, 48));
}

}  // namespace

builtin_tokens::builtin_tokens(const jose::key& shared, std::string public_url)
    : key_(shared.for_this_thread()), issuer_(std::move(public_url)), audience_(issuer_ + "/room") {
  keys_.add(key_);
}

core::result<std::string> builtin_tokens::sign(const room_pass& pass, core::wall_time now) const {
  std::string claims;
  core::json_writer json(claims);
  json.begin_object()
      .member("iss", issuer_)
      .member("aud", audience_)
      .member("sub", pass.user.view());
  json.member("room", pass.room.view())
      .member("role", core::name_of(pass.seat))
      .member("name", pass.name);
  json.member("iat", core::unix_seconds(now)).member("exp", core::unix_seconds(pass.expires_at));
  json.member("jti", pass.id).end_object();
  return jose::sign_jwt(key_, claims, token_type);
}

core::result<room_pass> builtin_tokens::verify(std::string_view token, core::wall_time now) const {
  jose::jwt_rules rules;
  rules.issuers = {issuer_};
  rules.audiences = {audience_};
  rules.types = {std::string(token_type)};
  rules.leeway = 5s;  // two shards read one clock at different moments
  const auto good = jose::verify_jwt(token, keys_, rules, now);
  if (!good) return core::same_failure(good);
  const auto text_of = [&](std::string_view name) {
    const std::string* text = good->claims.find_string(name);
    return text ? std::string_view(*text) : std::string_view{};
  };
  const auto room = core::room_id::from(text_of("room"));
  const auto user = core::user_id::from(text_of("sub"));
  const auto seat = core::role_from(text_of("role"));
  if (!room || !user || !seat) return core::fail(jose::errc::bad_claims, "room, sub or role");
  return room_pass{
      *room,           *user, *seat, std::string(text_of("name")), std::string(text_of("jti")),
      good->expires_at};
}

const builtin_tokens* tokens_of(const provider& one) {
  const auto* ours = dynamic_cast<const builtin*>(&one);
  return ours ? &ours->tokens() : nullptr;
}

const builtin_rules* rules_of(const provider& one) {
  const auto* ours = dynamic_cast<const builtin*>(&one);
  return ours ? &ours->rules() : nullptr;
}

provider_maker make_builtin(provider_setup setup) {
  core::options& from = setup.settings;
  const bool has_secret = from.has("secret") || from.has("secret_file");
  auto secret = from.secret_text("secret", 32);
  const auto lifetime =
      std::chrono::floor<std::chrono::seconds>(from.duration("lifetime", 10min, 1min, 1h));
  builtin_rules rules{lifetime, read_ice_settings(from)};
  if (has_secret && !secret) return {};
  auto key = jose::key::from_secret(secret ? *secret : temporary_secret(), jose::algorithm::hs256);
  if (!key) {
    from.note("secret", "cannot be used as an HS256 key: " + key.error().detail);
    return {};
  }
  auto settings = std::make_shared<builtin_settings>(
      builtin_settings{{}, setup.public_url, *key, std::move(rules)});
  settings->traits.name = setup.name;
  settings->traits.type = "builtin";
  const auto own = http::url::from(setup.public_url);
  settings->traits.origin = own ? own->origin() : setup.public_url;
  return [held = std::shared_ptr<const builtin_settings>(std::move(settings))](
             const provider_tools& tools) { return std::make_unique<builtin>(held, tools); };
}

}  // namespace providers
