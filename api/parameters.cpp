#include "api/parameters.hpp"

#include <cstdint>

#include "api/error.hpp"
#include "core/byte_set.hpp"
#include "core/encoding.hpp"

namespace api {
namespace {

constexpr std::size_t display_name_points_max = 64;

// A code point of well-formed UTF-8; moves on.
std::uint32_t take_point(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  std::uint32_t point = size == 1 ? first : first & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i)
    point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
  text.remove_prefix(size);
  return point;
}

std::string_view without_spaces(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

bool is_control(std::uint32_t point) {
  // C0, DEL, C1, and the line and paragraph separators, which end a line as a control character
  // does.
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029;
}

// Embeddings, overrides and isolates: with them a name can rewrite the text around it
// (CVE-2021-42574).
bool is_bidi_override(std::uint32_t point) {
  return (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

// Unicode's White_Space that is not a control character.
bool is_space(std::uint32_t point) {
  return point == 0x20 || point == 0xa0 || point == 0x1680 ||
         (point >= 0x2000 && point <= 0x200a) || point == 0x202f || point == 0x205f ||
         point == 0x3000;
}

// Splits off the next "name=value" of a query.
std::string_view take_pair(std::string_view& query, std::string_view& value) {
  const std::size_t end = std::min(query.find('&'), query.size());
  std::string_view name = query.substr(0, end);
  query.remove_prefix(std::min(end + 1, query.size()));
  const std::size_t equals = name.find('=');
  value = equals == std::string_view::npos ? std::string_view{} : name.substr(equals + 1);
  return name.substr(0, equals);
}

bool is_named(std::string_view encoded, std::string_view name) {
  if (encoded == name) return true;
  // Three characters for each one that is encoded.
  if (encoded.size() <= name.size() || encoded.find('%') == std::string_view::npos) return false;
  const auto plain = core::percent_decode(encoded, true);
  return plain && *plain == name;
}

// One parameter of a query, which may come once.
struct parameter {
  std::string_view name;
  std::string_view value{};  // as it came
  unsigned times = 0;

  // Whether this is its pair.
  bool take(std::string_view pairs_name, std::string_view pairs_value) {
    if (!is_named(pairs_name, name)) return false;
    if (times++ == 0) value = pairs_value;
    return true;
  }
  core::result<std::optional<std::string>> decoded(bool plus_is_space = true) const {
    if (times == 0) return std::nullopt;
    if (times > 1)
      return core::fail(bad_parameter(name, std::string(name) + " must be given only once."));
    auto plain = core::percent_decode(value, plus_is_space);
    if (!plain)
      return core::fail(
          bad_parameter(name, std::string(name) + " is not percent-encoded correctly."));
    return plain;
  }
};

}  // namespace

core::failure bad_parameter(std::string_view name, std::string_view sentence) {
  return core::failure(make_error_code(errc::invalid_request))
      .with("parameter", std::string(name))
      .with("detail", std::string(sentence));
}

core::result<void> check_encoding(std::string_view path, std::string_view query) {
  const auto is_clean = [](std::string_view encoded) {
    if (encoded.find('%') == std::string_view::npos) return true;
    const auto plain = core::percent_decode(encoded, true);
    return plain && core::is_utf8(*plain) && std::ranges::none_of(*plain, [](char c) {
             const auto byte = static_cast<unsigned char>(c);
             return byte < 0x20 || byte == 0x7f;
           });
  };
  if (!is_clean(path)) {
    core::failure why(make_error_code(errc::invalid_request));
    return core::fail(std::move(why).with("detail", "The path is not encoded correctly."));
  }
  while (query.find('%') != std::string_view::npos) {
    std::string_view value;
    const std::string_view name = take_pair(query, value);
    if (!is_clean(name)) {
      core::failure why(make_error_code(errc::invalid_request));
      return core::fail(
          std::move(why).with("detail", "A parameter's name is not encoded correctly."));
    }
    if (!is_clean(value)) {
      const auto plain = core::percent_decode(name, true);
      return core::fail(bad_parameter(*plain, *plain + " is not encoded correctly."));
    }
  }
  return {};
}

core::result<std::optional<std::string>> find_parameter(std::string_view query,
                                                        std::string_view name, bool plus_is_space) {
  parameter wanted{name};
  while (!query.empty()) {
    std::string_view value;
    const std::string_view found = take_pair(query, value);
    wanted.take(found, value);
  }
  return wanted.decoded(plus_is_space);
}

core::result<std::string> clean_display_name(std::string_view text) {
  constexpr core::byte_set plain = core::ascii::visible | core::byte_set(" ");
  if (text.size() <= display_name_points_max && plain.covers(text))
    return std::string(without_spaces(text));
  if (!core::is_utf8(text)) return core::fail(bad_parameter("userName", "userName must be UTF-8."));
  std::size_t points = 0;  // up to the last character that is no space
  std::size_t points_and_spaces = 0;
  const char* begin = nullptr;
  const char* end = nullptr;
  for (std::string_view rest = text; !rest.empty();) {
    const char* here = rest.data();
    const std::uint32_t point = take_point(rest);
    if (is_control(point) || is_bidi_override(point))
      return core::fail(bad_parameter(
          "userName",
          "userName must not have control characters or change the writing direction."));
    if (begin) ++points_and_spaces;
    if (is_space(point)) continue;
    if (!begin) begin = here, points_and_spaces = 1;
    end = rest.data();
    points = points_and_spaces;
  }
  if (points > display_name_points_max)
    return core::fail(bad_parameter("userName", "userName must have at most 64 characters."));
  return begin ? std::string(begin, end) : std::string();
}

core::result<core::room_id> read_room_id(std::string_view text) {
  auto room = core::room_id::from(text);
  if (!room)
    return core::fail(bad_parameter(
        "roomId", "roomId must be 1 to 128 characters of A-Z a-z 0-9 . _ ~ : @ and -."));
  return std::move(*room);
}

core::result<join::join_call> read_join_call(std::string_view query, core::role seat) {
  parameter room_id{"roomId"}, user_name{"userName"};
  while (!query.empty()) {
    std::string_view value;
    const std::string_view name = take_pair(query, value);
    if (!room_id.take(name, value)) user_name.take(name, value);
  }
  auto room_text = room_id.decoded();
  if (!room_text) return core::same_failure(room_text);
  if (!*room_text) return core::fail(bad_parameter("roomId", "roomId is required."));
  auto room = read_room_id(**room_text);
  if (!room) return core::same_failure(room);

  auto name_text = user_name.decoded();
  if (!name_text) return core::same_failure(name_text);
  join::join_call out{std::move(*room), seat, {}, {}};
  if (*name_text) {
    auto name = clean_display_name(**name_text);
    if (!name) return core::same_failure(name);
    out.display_name = std::move(*name);
  }
  return out;
}

}  // namespace api
