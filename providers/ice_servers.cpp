#include "providers/ice_servers.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "core/encoding.hpp"
#include "core/json.hpp"

namespace providers {
namespace {

// Browsers warn from five servers on, since each slows the start of a call.
constexpr std::size_t servers_max = 8;

bool is_turn(std::string_view url) { return url.starts_with("turn:") || url.starts_with("turns:"); }

// RFC 7064 and RFC 7065: a scheme, a host, and then a port and a transport at most. Without "//".
bool is_ice_url(std::string_view url) {
  const std::size_t colon = url.find(':');
  if (colon == std::string::npos) return false;
  const std::string_view scheme = url.substr(0, colon);
  if (scheme != "stun" && scheme != "stuns" && scheme != "turn" && scheme != "turns") return false;
  const std::string_view rest = url.substr(colon + 1);
  const bool plain = std::ranges::all_of(rest, [](char c) { return c > ' ' && c < 0x7f; });
  return plain && !rest.empty() && !rest.starts_with("/") && rest.find('@') == std::string::npos;
}

std::string credential_of(const core::secret& shared, std::string_view user_name) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  const std::string_view key = shared.reveal();
  if (!HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), core::as_bytes(user_name).data(),
            user_name.size(), digest.data(), &size))
    throw std::runtime_error("HMAC-SHA1 is not available");
  return core::to_base64({digest.data(), size});
}

}  // namespace

ice_settings read_ice_settings(core::options& from) {
  ice_settings out;
  out.urls = from.texts("ice_servers");
  // The secret is coturn's static-auth-secret, which others may have chosen.
  out.turn_secret = from.secret_text("turn_secret", 16);
  if (out.urls.size() > servers_max)
    from.note("ice_servers", "has more than 8 addresses: each slows the start of a call");
  for (const std::string& url : out.urls)
    if (!is_ice_url(url))
      from.note("ice_servers",
                "names \"" + url + "\", which is not the address of a STUN or TURN server",
                "stun:stun.example.com:3478 or turns:turn.example.com:443?transport=tcp");
  const bool turns = std::ranges::any_of(out.urls, is_turn);
  const bool says_secret = from.has("turn_secret") || from.has("turn_secret_file");
  if (turns && !says_secret)
    from.note("turn_secret", "is missing: ice_servers names a TURN server, which asks for it");
  if (!turns && says_secret)
    from.note("turn_secret", "is of no use: ice_servers names no TURN server");
  return out;
}

std::string ice_servers_json(const ice_settings& from, std::string_view user,
                             core::wall_time ends) {
  std::string out;
  core::json_writer json(out);
  json.begin_array();
  for (const std::string& url : from.urls) {
    json.begin_object().name("urls").string(url);
    if (is_turn(url) && from.turn_secret) {
      const std::string name = std::to_string(core::unix_seconds(ends)) + ":" + std::string(user);
      json.member("username", name).member("credential", credential_of(*from.turn_secret, name));
    }
    json.end_object();
  }
  json.end_array();
  return out;
}

}  // namespace providers
