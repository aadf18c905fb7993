#include "api/routes.hpp"

#include <array>
#include <optional>

#include "core/encoding.hpp"

namespace api {
namespace {

constexpr std::string_view read_only = "GET, HEAD, OPTIONS";

constexpr std::array<route_row, route_count> rows = {{
    {route::unknown, "unmatched", ""},
    {route::join_expert, "/api/expert/videocall/url", read_only},
    {route::join_client, "/api/client/videocall/url", read_only},
    {route::own_expert, "/api/expert/bookings", read_only},
    {route::own_client, "/api/client/bookings", read_only},
    {route::bookings, "/api/bookings", read_only},
    {route::booking, "/api/bookings/:roomId", "GET, HEAD, PUT, DELETE, OPTIONS", body_kind::json},
    {route::booking_end, "/api/bookings/:roomId/end", "POST, OPTIONS", body_kind::ignored},
    {route::livekit_token, "/api/livekit/token", "POST, OPTIONS", body_kind::json},
    {route::webhook, "/webhooks/:provider", "GET, POST, OPTIONS", body_kind::any},
    {route::sessions_revoke, "/api/sessions/revoke", "POST, OPTIONS", body_kind::json},
    {route::jwks, "/.well-known/jwks.json", read_only, body_kind::none, presence::always, true},
    {route::openapi, "/openapi.json", read_only, body_kind::none, presence::always, true},
    {route::call_expert, "/expert/videocall/:roomId", read_only, body_kind::none, presence::pages},
    {route::call_client, "/client/videocall/:roomId", read_only, body_kind::none, presence::pages},
    {route::test_page, "/test-videocall", read_only, body_kind::none, presence::pages},
    {route::test_script, "/assets/test.js", read_only, body_kind::none, presence::pages, true},
    {route::pages_style, "/assets/pages.css", read_only, body_kind::none, presence::pages, true},
    {route::pages_icon, "/assets/icon.svg", read_only, body_kind::none, presence::pages, true},
    {route::element_script, "/assets/videocall.js", read_only, body_kind::none, presence::always,
     true},
    {route::preflight, "/api/preflight", read_only, body_kind::none, presence::pages},
    {route::preflight_framing, "/api/preflight/framing", read_only, body_kind::none,
     presence::pages},
    {route::demo_root, "/", read_only, body_kind::none, presence::demo},
    {route::demo_login, "/demo/login", "POST, OPTIONS", body_kind::form, presence::demo},
    {route::ticket, "/go/:ticket", read_only, body_kind::none, presence::always, false, true},
    {route::room_page, "/room/:roomId", read_only, body_kind::none, presence::room},
    {route::room_events, "/room/:roomId/events", read_only, body_kind::none, presence::room},
    {route::room_signal, "/room/:roomId/signal", "POST, OPTIONS", body_kind::json, presence::room},
    {route::room_script, "/assets/room.js", read_only, body_kind::none, presence::room, true},
    {route::room_style, "/assets/room.css", read_only, body_kind::none, presence::room, true},
}};

// The next segment after a '/', which `rest` begins with.
std::string_view take_segment(std::string_view& rest) {
  const std::size_t end = rest.find('/', 1);
  const std::string_view segment = rest.substr(1, end == std::string_view::npos ? end : end - 1);
  rest.remove_prefix(segment.size() + 1);
  return segment;
}

bool is_parameter(std::string_view segment) { return segment.starts_with(':'); }

// What the segment says, decoded into `kept` where it is encoded.
std::string_view decoded(std::string_view segment, std::string& kept) {
  if (segment.find('%') == std::string_view::npos) return segment;
  auto plain = core::percent_decode(segment);
  if (!plain) return segment;
  kept = std::move(*plain);
  return kept;
}

bool fits(std::string_view pattern, std::string_view path, std::string& parameter) {
  if (pattern == "/") return path == "/";
  std::string kept;
  while (pattern.starts_with('/') && path.starts_with('/')) {
    const std::string_view wanted = take_segment(pattern);
    const std::string_view given = decoded(take_segment(path), kept);
    if (is_parameter(wanted))
      parameter = given;
    else if (wanted != given)
      return false;
  }
  return pattern.empty() && path.empty();
}

}  // namespace

std::span<const route_row> route_table() { return rows; }

const route_row& row_of(route what) { return rows[static_cast<std::size_t>(what)]; }

bool allows(const route_row& row, http::method verb) {
  // No method's name is part of another's, so a search in the list is exact.
  return row.allow.find(http::name_of(verb)) != std::string_view::npos;
}

route_match match_route(std::string_view path) {
  // Nearly every request is a join with its path as it should be.
  for (const route_row& row : rows)
    if (row.pattern == path) return {&row, {}};
  route_match found{&rows[0], {}};
  for (const route_row& row : rows) {
    std::string parameter;
    if (!fits(row.pattern, path, parameter)) continue;
    found.row = &row;
    found.parameter = std::move(parameter);
    break;
  }
  return found;
}

}  // namespace api
