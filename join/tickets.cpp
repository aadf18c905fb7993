#include "join/tickets.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "core/random.hpp"
#include "jose/error.hpp"
#include "jose/jwt.hpp"

namespace join {
namespace {

using namespace std::chrono_literals;

// A type of its own, so that no session and no other token opens a door (RFC 8725 section 3.11).
constexpr std::string_view ticket_type = "stagedoor-ticket+jwt";

// The ids and names of the longest ticket take some 700 bytes before they are encoded.
constexpr std::size_t ticket_bytes_max = 2048;

// A ticket that ended this long ago still knows whose it was; an older one is only a bad link.
constexpr std::chrono::seconds remembered = 24h;

constexpr std::size_t previous_max = 3;

// Names the key without telling anything of it: the secret has far more chance in it than anybody
// can try.
std::string name_of_key(const core::secret& shared) {
  const std::string text = "stagedoor ticket key " + std::string(shared.reveal());
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  const auto input = core::as_bytes(text);
  SHA256(input.data(), input.size(), digest.data());
  return core::to_hex({digest.data(), 4});
}

bool add_key(core::options& from, std::string_view key, const core::secret& shared,
             ticket_settings& to) {
  auto made = jose::key::from_secret(shared, jose::algorithm::hs256, name_of_key(shared));
  if (made)
    to.keys.push_back(std::move(*made));
  else
    from.note(key, "cannot be used as an HS256 key: " + made.error().detail,
              "openssl rand -base64 48");
  return made.has_value();
}

void read_previous(core::options& from, ticket_settings& to) {
  const auto secrets = from.texts("previous_secrets");
  const auto files = from.texts("previous_secret_files");
  if (secrets.size() + files.size() > previous_max)
    from.note("previous_secrets", "and previous_secret_files are more than three in all");
  for (const std::string& one : secrets) add_key(from, "previous_secrets", core::secret(one), to);
  for (const std::string& path : files) {
    auto content = from.file_content("previous_secret_files", path);
    if (!content) continue;
    while (content->ends_with('\n') || content->ends_with('\r')) content->pop_back();
    add_key(from, "previous_secret_files", core::secret(std::move(*content)), to);
  }
}

void replace_all(std::string& text, std::string_view what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

}  // namespace

ticket_settings read_ticket_settings(core::options& from) {
  ticket_settings out;
  out.lifetime =
      std::chrono::floor<std::chrono::seconds>(from.duration("lifetime", 2min, 30s, 15min));
  const bool has_secret = from.has("secret") || from.has("secret_file");
  if (const auto secret = from.secret_text("secret", 32)) {
    add_key(from, "secret", *secret, out);
  } else if (!has_secret) {
    core::system_random random;
    add_key(from, "secret", core::secret(core::new_nonce(random, 48)), out);
    out.made_at_start = true;
  }
  read_previous(from, out);
  if (from.has("back_url")) {
    // The placeholders' braces are no part of an address: looked at without them.
    std::string plain = from.text("back_url", "");
    const std::string written = plain;
    replace_all(plain, "{roomId}", "room");
    replace_all(plain, "{role}", "expert");
    const bool is_https = plain.starts_with("https://") && plain.size() > 8;
    const bool is_loopback =
        plain.starts_with("http://") &&
        core::is_loopback_host(plain.substr(7, plain.find_first_of(":/?#", 7) - 7));
    if (!(is_https || is_loopback) || plain.find_first_of(" \"<>{}\\") != std::string::npos)
      from.note("back_url", "must be an https address, with {roomId} and {role} where they belong",
                "\"https://www.example.com/calls/{roomId}\"");
    out.back_url = written;
  }
  return out;
}

tickets::tickets(std::shared_ptr<const ticket_settings> settings, std::string public_url)
    : issuer_(std::move(public_url)), audience_(issuer_ + "/go") {
  take(std::move(settings));
}

void tickets::take(std::shared_ptr<const ticket_settings> settings) {
  settings_ = std::move(settings);
  keys_ = jose::key_set();
  for (const jose::key& one : settings_->keys) keys_.add(one.for_this_thread());
}

core::result<std::string> tickets::address_of(const ticket& one, core::wall_time now) const {
  std::string claims;
  core::json_writer json(claims);
  json.begin_object().member("iss", issuer_).member("aud", audience_);
  json.member("sub", one.user.view()).member("room", one.room.view());
  json.member("gen", static_cast<std::int64_t>(one.generation));
  json.member("role", core::name_of(one.seat)).member("name", one.name);
  json.member("iat", core::unix_seconds(now)).member("exp", core::unix_seconds(one.expires_at));
  json.end_object();
  auto signed_text = jose::sign_jwt(keys_.keys().front(), claims, ticket_type);
  if (!signed_text) return core::same_failure(signed_text);
  return audience_ + "/" + *signed_text;
}

core::result<tickets::shown> tickets::read(std::string_view text, core::wall_time now) const {
  jose::jwt_rules rules;
  rules.token_bytes_max = ticket_bytes_max;
  rules.issuers = {issuer_};
  rules.audiences = {audience_};
  rules.types = {std::string(ticket_type)};
  rules.leeway = remembered;
  const auto good = jose::verify_jwt(text, keys_, rules, now);
  if (!good) return core::same_failure(good);
  const auto text_of = [&](std::string_view name) {
    const std::string* found = good->claims.find_string(name);
    return found ? std::string_view(*found) : std::string_view{};
  };
  const auto room = core::room_id::from(text_of("room"));
  const auto user = core::user_id::from(text_of("sub"));
  const auto seat = core::role_from(text_of("role"));
  const core::json_value* number = good->claims.find("gen");
  const std::int64_t* generation = number ? number->as_integer() : nullptr;
  if (!room || !user || !seat || !generation || *generation < 1 || *generation > UINT32_MAX)
    return core::fail(jose::errc::bad_claims, "room, gen, sub or role");
  // A token without type would come through the check above.
  if (!good->claims.find("name")) return core::fail(jose::errc::bad_claims, "name");
  // Only the end counts to the second: two shards and nodes read their clocks at different moments.
  ticket out{*room,
             static_cast<std::uint32_t>(*generation),
             *user,
             *seat,
             std::string(text_of("name")),
             good->expires_at};
  return shown{std::move(out), now >= good->expires_at};
}

std::string tickets::way_back(const ticket& from) const {
  std::string out = settings_->back_url;
  if (out.empty())
    return issuer_ + "/" + std::string(core::name_of(from.seat)) + "/videocall/" +
           core::percent_encode(from.room.view());
  replace_all(out, "{roomId}", core::percent_encode(from.room.view()));
  replace_all(out, "{role}", std::string(core::name_of(from.seat)));
  return out;
}

}  // namespace join
