#include "providers/jitsi_meeting.hpp"

#include "providers/error.hpp"
#include "providers/token_parts.hpp"

namespace providers {

using namespace std::chrono_literals;

void read_jitsi_page(core::options& from, jitsi_settings& to) {
  to.traits.allow += "; clipboard-write; speaker-selection";
  to.room_prefix = read_room_prefix(from);
  // Whoever loses the network comes back with the token of the link, so a long call may want a long
  // one.
  to.lifetime = read_link_lifetime(from, 24h);
  to.hosts = moderators::read(from);
  if (!from.flag("prejoin", false)) to.fragment = "#config.prejoinConfig.enabled=false";
}

std::optional<core::result<join_link>> jitsi_meeting::admit_now(const admission& who) {
  const jitsi_settings& s = *settings_;
  // The server ignores the case of names, and many characters trouble it: a digest keeps rooms
  // apart.
  const std::string room = room_name(s.room_prefix, who.room, who.generation);
  const bool hosts = s.hosts.include(who.seat);
  auto token = signer_.sign(who, [&](core::json_writer& json, core::wall_time ends) {
    json.member("aud", s.audience).member("iss", s.issuer).member("sub", s.subject);
    json.member("room", room);
    write_times(json, who.now, ends);
    json.name("context").begin_object().name("user").begin_object();
    json.member("id", who.user.view()).member("name", who.name);
    // Text, not booleans: so both document it.
    json.member("moderator", hosts ? "true" : "false");
    if (s.affiliation) json.member("affiliation", hosts ? "owner" : "member");
    json.end_object();
    if (!s.features.empty()) json.name("features").raw(s.features);
    json.end_object();
  });
  if (!token) return core::same_failure(token);
  join_link out;
  out.expires_at = token->ends;
  out.url = s.pages + room + "?jwt=" + token->text + s.fragment;
  return out;
}

}  // namespace providers
