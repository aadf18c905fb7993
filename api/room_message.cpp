#include "api/room_message.hpp"

#include <algorithm>

#include "api/parameters.hpp"
#include "core/json.hpp"

namespace api {
namespace {

// Pages gather candidates for a moment before they send them.
constexpr std::size_t candidates_max = 32;

bool has_only(const core::json_value& from, std::initializer_list<std::string_view> names) {
  const auto* members = from.as_object();
  return members && std::ranges::all_of(*members, [&](const auto& member) {
           return std::ranges::find(names, member.first) != names.end();
         });
}

bool is_text_or_null(const core::json_value* one) {
  return !one || one->is_null() || one->as_string();
}

// A member of RTCIceCandidateInit (W3C WebRTC section 4.8.1.1): candidate, sdpMid, sdpMLineIndex,
// usernameFragment.
bool is_candidate(const core::json_value& one) {
  if (!has_only(one, {"candidate", "sdpMid", "sdpMLineIndex", "usernameFragment"})) return false;
  const core::json_value* line = one.find("sdpMLineIndex");
  const bool line_fits =
      !line || line->is_null() ||
      (line->as_integer() && *line->as_integer() >= 0 && *line->as_integer() <= 65'535);
  return one.find_string("candidate") && is_text_or_null(one.find("sdpMid")) &&
         is_text_or_null(one.find("usernameFragment")) && line_fits;
}

bool says_description(const core::json_value& from) {
  const std::string* sdp = from.find_string("sdp");
  return has_only(from, {"page", "call", "type", "sdp"}) && sdp && !sdp->empty();
}

bool says_candidates(const core::json_value& from) {
  const core::json_value* list = from.find("candidates");
  const auto* items = list ? list->as_array() : nullptr;
  return has_only(from, {"page", "call", "type", "candidates"}) && items && !items->empty() &&
         items->size() <= candidates_max && std::ranges::all_of(*items, is_candidate);
}

bool says_state(const core::json_value& from) {
  if (!has_only(from, {"page", "call", "type", "audio", "video", "screen"})) return false;
  return std::ranges::all_of(std::initializer_list<std::string_view>{"audio", "video", "screen"},
                             [&](std::string_view name) {
                               const core::json_value* one = from.find(name);
                               return one && one->as_bool();
                             });
}

bool is_well_said(const core::json_value& from, std::string_view type) {
  if (type == "offer" || type == "answer") return says_description(from);
  if (type == "candidate") return says_candidates(from);
  if (type == "state") return says_state(from);
  return type == "bye" && has_only(from, {"page", "type"});
}

// Everything but who said it.
std::string without_page(const core::json_value& from) {
  std::string out;
  core::json_writer json(out);
  json.begin_object();
  for (const auto& [name, value] : *from.as_object())
    if (name != "page") json.any_name(name).value(value);
  json.end_object();
  return out;
}

}  // namespace

bool is_page_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  return text.size() >= 16 && text.size() <= 64 && std::ranges::all_of(text, fits);
}

core::result<room_message> read_room_message(std::string_view body) {
  const auto read = core::read_json(body, {room_message_max, 4, 256});
  if (!read) return core::same_failure(read);
  const std::string* page = read->find_string("page");
  const std::string* type = read->find_string("type");
  if (!page || !is_page_name(*page))
    return core::fail(bad_parameter("page", "page must be the name that the page has chosen."));
  if (!type || !is_well_said(*read, *type))
    return core::fail(bad_parameter("type", "This is not a message between two pages of a room."));
  room_message out;
  out.page = *page;
  out.bye = *type == "bye";
  if (out.bye) return out;
  const std::string* call = read->find_string("call");
  if (!call || call->empty() || call->size() > 32)
    return core::fail(bad_parameter("call", "call must be the call that an event has named."));
  out.call = *call;
  out.event = {"signal", without_page(*read)};
  return out;
}

}  // namespace api
