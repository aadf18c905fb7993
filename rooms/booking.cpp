// booking: reads the booking API's body member by member, and writes the answer.
#include "rooms/booking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/time_text.hpp"

namespace rooms {
namespace {

// More than a person mends in one go; a body of nothing but mistakes is not echoed back.
constexpr std::size_t errors_max = 16;
// A longer unknown name is described, not repeated.
constexpr std::size_t echoed_name_bytes_max = 64;

std::string escaped(std::string_view name) {  // RFC 6901 section 3
  std::string out;
  for (const char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

class body_reader {
 public:
  explicit body_reader(const core::room_id& room) { draft_.room = room; }

  read_draft read(std::string_view json) && {
    // Four levels are all that a booking has; the rest is for bodies that are wrong in a way worth
    // naming.
    const auto tree = core::read_json(json, {.bytes_max = 1024 * 1024, .depth_max = 16});
    if (!tree)
      note("", "is not well-formed JSON (or names a member twice)");
    else
      read_members(*tree);
    read_draft done;
    if (errors_.empty()) done.draft = std::move(draft_);
    done.errors = std::move(errors_);
    return done;
  }

 private:
  void note(std::string pointer, std::string detail) {
    if (errors_.size() < errors_max) errors_.push_back({std::move(pointer), std::move(detail)});
  }

  void note_unknown(const std::string& parent, const core::json_value::object& members,
                    std::initializer_list<std::string_view> known) {
    for (const auto& [name, value] : members) {
      if (std::ranges::find(known, name) != known.end()) continue;
      if (name.size() <= echoed_name_bytes_max)
        note(parent + "/" + escaped(name), "is not a member of a booking");
      else
        note(parent, fmt::format("has an unknown member with a name of {} bytes", name.size()));
    }
  }

  // The string under `name`; notes what is wrong with it and gives nullptr.
  const std::string* text_of(const core::json_value& object, std::string_view name,
                             const std::string& pointer) {
    const core::json_value* found = object.find(name);
    if (!found) {
      note(pointer, "is required");
      return nullptr;
    }
    if (!found->as_string()) note(pointer, "must be a string");
    return found->as_string();
  }

  std::optional<core::wall_time> time_of(const core::json_value& body, std::string_view name) {
    const std::string pointer = "/" + std::string(name);
    const std::string* text = text_of(body, name, pointer);
    if (!text) return std::nullopt;
    const auto at = core::from_rfc3339(*text);
    if (!at) {
      note(pointer, "must be an RFC 3339 time, for example 2026-11-22T10:00:00Z");
      return std::nullopt;
    }
    // Answers show whole seconds, so that is what is kept.
    return std::chrono::floor<std::chrono::seconds>(*at);
  }

  void read_members(const core::json_value& body) {
    const auto* members = body.as_object();
    if (!members) return note("", "must be an object");
    const auto starts = time_of(body, "startsAt");
    const auto ends = time_of(body, "endsAt");
    if (starts && ends) read_times(*starts, *ends);
    read_provider(body);
    read_participants(body);
    note_unknown("", *members, {"startsAt", "endsAt", "provider", "participants"});
  }

  void read_times(core::wall_time starts, core::wall_time ends) {
    if (ends <= starts)
      note("/endsAt", "must be after startsAt");
    else if (ends - starts > length_max)
      note("/endsAt", "must be at most 24 hours after startsAt");
    draft_.starts_at = starts;
    draft_.ends_at = ends;
  }

  void read_provider(const core::json_value& body) {
    const core::json_value* found = body.find("provider");
    if (!found) return;
    if (!found->as_string()) return note("/provider", "must be a string");
    draft_.provider = core::provider_name::from(*found->as_string());
    if (!draft_.provider) note("/provider", "must be 1 to 64 characters of a-z 0-9 - _");
  }

  void read_participants(const core::json_value& body) {
    const core::json_value* found = body.find("participants");
    if (!found) return note("/participants", "is required");
    const auto* list = found->as_array();
    if (!list) return note("/participants", "must be an array");
    if (list->empty()) return note("/participants", "must name at least one participant");
    if (list->size() > participants_max)
      return note("/participants", fmt::format("must name at most {} participants, not {}",
                                               participants_max, list->size()));
    for (std::size_t i = 0; i < list->size(); ++i)
      read_participant((*list)[i], fmt::format("/participants/{}", i));
  }

  void read_participant(const core::json_value& one, const std::string& pointer) {
    const auto* members = one.as_object();
    if (!members) return note(pointer, "must be an object with userId and role");
    std::optional<core::user_id> user;
    if (const auto* text = text_of(one, "userId", pointer + "/userId")) {
      user = core::user_id::from(*text);
      if (!user) note(pointer + "/userId", "must be 1 to 255 bytes without control characters");
    }
    std::optional<core::role> seat;
    if (const auto* text = text_of(one, "role", pointer + "/role")) {
      seat = core::role_from(*text);
      if (!seat) note(pointer + "/role", "must be expert or client");
    }
    note_unknown(pointer, *members, {"userId", "role"});
    if (!user || !seat) return;
    participant who{std::move(*user), *seat};
    if (std::ranges::find(draft_.participants, who) != draft_.participants.end())
      return note(pointer, "names the same user for the same role again");
    draft_.participants.push_back(std::move(who));
  }

  booking_draft draft_;
  std::vector<body_error> errors_;
};

void write_time(core::json_writer& out, core::json_name name, core::wall_time at) {
  out.member(name, std::string_view(core::to_rfc3339(at)));
}

}  // namespace

std::string_view name_of(booking_state state) {
  switch (state) {
    case booking_state::scheduled:
      return "scheduled";
    case booking_state::cancelled:
      return "cancelled";
    case booking_state::ended:
      return "ended";
  }
  return "unknown";
}

read_draft read_booking_body(const core::room_id& room, std::string_view json) {
  return body_reader(room).read(json);
}

std::string_view name_of(call_state state) {
  switch (state) {
    case call_state::unknown:
      break;
    case call_state::live:
      return "live";
    case call_state::ended:
      return "ended";
  }
  return "";
}

namespace {

// Only where the provider has told of one.
void write_call(core::json_writer& out, const call_record& call) {
  if (call.state == call_state::unknown) return;
  out.name("call").begin_object().member("state", name_of(call.state));
  if (call.started_at) write_time(out, "startedAt", *call.started_at);
  if (call.ended_at) write_time(out, "endedAt", *call.ended_at);
  out.end_object();
}

}  // namespace

void write_booking(core::json_writer& out, const booking& one) {
  out.begin_object();
  out.member("roomId", one.room.view());
  write_time(out, "startsAt", one.starts_at);
  write_time(out, "endsAt", one.ends_at);
  out.member("provider", one.provider.view());
  out.name("participants").begin_array();
  for (const participant& who : one.participants) {
    out.begin_object();
    out.member("userId", who.user.view()).member("role", core::name_of(who.seat));
    out.end_object();
  }
  out.end_array();
  out.member("state", name_of(one.state));
  write_call(out, one.call);
  write_time(out, "createdAt", one.created_at);
  write_time(out, "updatedAt", one.updated_at);
  out.end_object();
}

}  // namespace rooms
