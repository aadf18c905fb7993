// room_message: what one page of the built-in room says to the other, checked member by member and
// written anew.
#pragma once

#include <string>
#include <string_view>

#include "api/room_hall.hpp"
#include "core/result.hpp"

namespace api {

// A session description with audio and video is 5 to 8 KiB; candidates are some hundred bytes each.
constexpr std::size_t room_message_max = 16 * 1024;

struct room_message {
  std::string page;  // the sender's
  std::string call;  // in which call it is said; empty where the sender hangs up
  bool bye = false;  // otherwise `event` is for the other side
  room_event event;
};

// {"page","call","type":"offer"|"answer","sdp"}, {…"type":"candidate","candidates":[{…}]},
// {…"type":"state","audio","video","screen"}, {"page","type":"bye"}. Anything else, and any other
// member, is api::errc::invalid_request.
core::result<room_message> read_room_message(std::string_view body);

// 16 to 64 characters of base64url.
bool is_page_name(std::string_view text);

}  // namespace api
