// [pages] of the configuration.
#include "api/settings.hpp"
#include "http/url.hpp"

namespace api {
namespace {

constexpr std::string_view return_mark = "{return}";

// A path stays on this server; "//host" would not.
bool is_path(std::string_view text) {
  return text.starts_with('/') && !text.starts_with("//") && !text.starts_with("/\\");
}

bool is_https(const http::url& address) {
  return address.secure || core::is_loopback_host(address.host);
}

std::string read_way(core::options& from, std::string_view key) {
  std::string text = from.text(key, "");
  if (text.empty()) return text;
  std::string plain = text;
  if (const auto at = plain.find(return_mark); at != std::string::npos)
    plain.replace(at, return_mark.size(), "x");
  const auto whole =
      is_path(plain) ? http::url::from("https://ours.example" + plain) : http::url::from(plain);
  if (whole && is_https(*whole)) return text;
  from.note(key, "is \"" + text + "\", which is neither an https address nor a path",
            "\"https://www.example.com/login?next={return}\" or \"/login\"");
  return {};
}

}  // namespace

page_settings read_page_settings(core::options& from) {
  page_settings out;
  out.enabled = from.flag("enabled", true);
  out.login_url = read_way(from, "login_url");
  out.back_url = read_way(from, "back_url");
  out.frame_ancestors = from.texts("frame_ancestors");
  for (const std::string& one : out.frame_ancestors) {
    const auto origin = http::url::from(one);
    if (!origin || origin->origin() != one || !is_https(*origin))
      from.note("frame_ancestors", "names \"" + one + "\", which is no https origin",
                "\"https://www.example.com\"");
  }
  return out;
}

}  // namespace api
