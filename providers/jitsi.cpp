// jitsi: a Jitsi Meet of your own that asks for tokens (docs/providers/jitsi.md has the sources).
#include "core/encoding.hpp"
#include "http/url.hpp"
#include "providers/jitsi_meeting.hpp"

namespace providers {
namespace {

// The page's address without its last slash, and the host in it.
std::optional<http::url> read_page_address(core::options& from) {
  const auto text = from.url("url", true);
  if (!from.has("url"))
    from.note("url", "is required and missing: the address of your Jitsi Meet",
              "\"https://meet.example.com\"");
  if (!text) return std::nullopt;
  const auto parsed = http::url::from(*text);
  const bool bare = parsed && parsed->target() == "/";
  if (bare && parsed->host != "meet.jit.si") return *parsed;
  from.note("url",
            bare ? "is the public meet.jit.si, which takes no tokens of yours; JaaS is the type "
                   "\"jaas\""
                 : "must be scheme, host and port of your Jitsi Meet; its tenant has a key of its "
                   "own",
            "\"https://meet.example.com\"");
  return std::nullopt;
}

std::string read_tenant(core::options& from) {
  std::string tenant = from.text("tenant", "");
  if (tenant != core::lower_case(tenant) ||
      tenant.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") != std::string::npos ||
      tenant.starts_with('.'))
    from.note("tenant", "must be lower-case letters, digits, -, _ and .");
  return tenant;
}

// A shared secret, or the private key whose public half the server fetches by its kid.
void read_key(core::options& from, jitsi_settings& to) {
  const bool has_pem = from.has("private_key") || from.has("private_key_file");
  const std::string kid = from.text("kid", "");
  if (!has_pem) {
    to.key = read_shared_key(from, "secret", "the server's app_secret, of at least 32 bytes");
    return;
  }
  if (from.has("secret") || from.has("secret_file"))
    from.note("secret", "is set, and private_key too", "keep one of the two");
  if (kid.empty())
    from.note("kid", "is required with private_key: the server finds the public key by it");
  to.key = read_private_key(from, "private_key", jose::algorithm::rs256,
                            "an RSA key of at least 2048 bits in PEM", kid);
}

}  // namespace

provider_maker make_jitsi(provider_setup setup) {
  core::options& from = setup.settings;
  auto to = std::make_shared<jitsi_settings>();
  to->traits.name = setup.name;
  to->traits.type = "jitsi";
  const auto page = read_page_address(from);
  const std::string tenant = read_tenant(from);
  const std::string app_id = from.required_text("app_id");
  to->issuer = from.text("issuer", app_id);
  to->audience = from.text("audience", "jitsi");
  // Prosody compares it with the tenant, or with its own domain; without it newer servers refuse.
  to->subject = from.text("subject", !tenant.empty() ? tenant : page ? page->host : "*");
  if (to->subject.empty()) from.note("subject", "must not be empty");
  to->affiliation = true;
  read_key(from, *to);
  read_jitsi_page(from, *to);
  if (!page || !to->key) return {};
  to->traits.origin = page->origin();
  to->pages = to->traits.origin + "/" + (tenant.empty() ? "" : tenant + "/");
  return [held = std::shared_ptr<const jitsi_settings>(std::move(to))](const provider_tools&) {
    return std::make_unique<jitsi_meeting>(held);
  };
}

}  // namespace providers
