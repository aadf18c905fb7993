// A booking's body: either a draft that a booking can be made of, or mistakes that can be shown;
// and what is made of it is written as JSON. The second line of the input, if there is one, is a
// list's cursor.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "rooms/booking.hpp"
#include "rooms/changes.hpp"

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

void check_draft(rooms::booking_draft draft) {
  demand(draft.ends_at > draft.starts_at && draft.ends_at - draft.starts_at <= rooms::length_max);
  demand(!draft.participants.empty() && draft.participants.size() <= rooms::participants_max);
  const auto fallback = core::provider_name::from("builtin").value();
  const auto made = rooms::change_by_put(nullptr, draft, fallback, {});
  demand(made.has_value() && made->created);
  const auto again = rooms::change_by_put(&made->after, std::move(draft), fallback, {});
  demand(again.has_value() && !again->changed);
  std::string text;
  core::json_writer out(text);
  rooms::write_booking(out, made->after);
  const auto answered = core::read_json(text);
  demand(answered.has_value());
  demand(answered->find("participants")->as_array()->size() == made->after.participants.size());
}

void check_cursor(std::string_view text) {
  const auto place = rooms::place_of(std::string(text));
  if (!place) return;
  const auto again = rooms::place_of(rooms::cursor_of(*place));
  demand(again && again->room == place->room && again->starts_at == place->starts_at);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto body = text.substr(0, text.find('\n'));
  if (body.size() < text.size()) check_cursor(text.substr(body.size() + 1));
  auto read = rooms::read_booking_body(core::room_id::from("room-1").value(), body);
  demand(read.draft.has_value() == read.errors.empty());
  demand(read.errors.size() <= 16);
  for (const auto& error : read.errors) {
    demand(error.pointer.empty() || error.pointer[0] == '/');
    demand(!error.detail.empty() && core::is_utf8(error.pointer));
    demand(error.pointer.size() < 200);
  }
  if (read.draft) check_draft(std::move(*read.draft));
  return 0;
}
