#include "providers/lasting_links.hpp"

#include <algorithm>

#include "core/options.hpp"
#include "http/url.hpp"
#include "providers/token_parts.hpp"

namespace providers {
namespace {

constexpr std::size_t link_bytes_max = 4096;

bool is_below(std::string_view host, std::string_view domain) {
  return host == domain || (host.size() > domain.size() && host.ends_with(domain) &&
                            host[host.size() - domain.size() - 1] == '.');
}

}  // namespace

bool read_by_ticket(const provider_setup& setup) {
  const bool ticket = setup.settings.one_of("links", "ticket", {"ticket", "direct"}) == "ticket";
  if (!ticket)
    setup.advise(
        "hands out its own links (links = \"direct\"): they do not end with expiresAt, cannot be "
        "taken back, and let in whoever has them");
  if (setup.by_ticket) *setup.by_ticket = ticket;
  return ticket;
}

bool leads_to(std::string_view address, std::initializer_list<std::string_view> hosts) {
  if (address.size() > link_bytes_max) return false;
  // A fragment is no part of what a server is asked for, and none of these links has one.
  const auto parsed = http::url::from(address);
  if (!parsed || !std::ranges::all_of(address, [](char c) { return c > 0x20 && c < 0x7f; }))
    return false;
  return parsed->secure && std::ranges::any_of(hosts, [&](std::string_view domain) {
           return is_below(parsed->host, domain);
         });
}

std::string allow_on(std::string_view origin) {
  std::string out;
  for (const char* what : {"camera", "microphone", "display-capture", "autoplay", "fullscreen"})
    out.append(out.empty() ? "" : "; ").append(what).append(" ").append(origin);
  return out;
}

std::size_t share_of(const core::room_id& room, std::uint32_t generation, std::size_t accounts) {
  const std::string digest = short_digest(room.text() + "\n" + std::to_string(generation), 4);
  return std::stoul(digest, nullptr, 16) % std::max<std::size_t>(accounts, 1);
}

core::json_value remembered(std::string_view provider_room) {
  auto json = core::read_json(provider_room, {.bytes_max = 8192, .depth_max = 2, .values_max = 20});
  return json && json->as_object() ? std::move(*json) : core::json_value();
}

std::string_view text_of(const core::json_value& json, std::string_view name) {
  const std::string* found = json.find_string(name);
  return found ? std::string_view(*found) : std::string_view{};
}

std::vector<std::string> read_accounts(core::options& from, std::string_view key, std::size_t most,
                                       bool (*good)(std::string_view), std::string_view hint) {
  std::vector<std::string> out;
  const bool given = from.has(key);
  for (std::string& one : from.texts(key)) {
    if (!good(one))
      from.note(key, "names \"" + one + "\", which cannot be one", std::string(hint));
    else if (std::ranges::find(out, one) == out.end())
      out.push_back(std::move(one));
  }
  if (!given)
    from.note(key, "is required and missing", std::string(hint));
  else if (out.empty() && !from.noted(key))
    from.note(key, "names nobody", std::string(hint));
  else if (out.size() > most)
    from.note(key, "has more than " + std::to_string(most) + " entries");
  return out;
}

bool is_mail_address(std::string_view text) {
  const auto at = text.find('@');
  return text.size() <= 254 && at != 0 && at != std::string_view::npos && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string_view::npos &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != '"'; });
}

}  // namespace providers
