// routes: the URL table: which path is which route, and which methods it takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace api {

enum class route : std::uint8_t {
  unknown,
  join_expert,
  join_client,
  own_expert,
  own_client,
  bookings,
  booking,
  booking_end,
  livekit_token,
  webhook,
  sessions_revoke,
  jwks,
  openapi,
  call_expert,
  call_client,
  test_page,
  test_script,
  pages_style,
  pages_icon,
  element_script,
  preflight,
  preflight_framing,
  demo_root,
  demo_login,
  ticket,
  room_page,
  room_events,
  room_signal,
  room_script,
  room_style,
};
constexpr std::size_t route_count = 30;

// What of a body a route takes with PUT or POST.
// any: of any type, read as the bytes that came.
enum class body_kind : std::uint8_t { none, ignored, json, form, any };

// Which servers have a route.
enum class presence : std::uint8_t { always, demo, room, pages };

struct route_row {
  route what = route::unknown;
  // ":name" stands for one segment. Also the label in metrics and logs, hence no braces.
  std::string_view pattern;
  std::string_view allow;  // "GET, HEAD, OPTIONS"
  body_kind body = body_kind::none;
  presence where = presence::always;  // in demo mode, with a "builtin" provider, with [pages]
  bool cacheable = false;             // its answers say themselves how long they may be kept
  bool secret_path = false;           // whoever reads the path in a log could use it
};

std::span<const route_row> route_table();
const route_row& row_of(route what);
bool allows(const route_row& row, http::method verb);

struct route_match {
  const route_row* row = nullptr;  // the row of `unknown` where nothing fits
  std::string parameter;           // the segment at ":name", decoded once
};
// Every segment is decoded once before it is compared, so that each spelling of a path is one
// route. An encoded slash is part of its segment. A parameter that cannot be decoded is given as it
// came.
route_match match_route(std::string_view path);

}  // namespace api
