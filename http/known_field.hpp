// known_field: the fields that this server asks for, found by number instead of by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace http {

// In the order of known_field_names.
enum class known_field : std::uint8_t {
  accept,
  authorization,
  connection,
  content_encoding,
  content_length,
  content_type,
  cookie,
  expect,
  forwarded,
  host,
  origin,
  purpose,
  sec_fetch_site,
  sec_purpose,
  traceparent,
  transfer_encoding,
  x_forwarded_for,
  x_forwarded_proto,
  x_moz,
  x_request_id,
  unknown,
};
constexpr std::size_t known_field_count = static_cast<std::size_t>(known_field::unknown);

// In lower case, as field names are compared without regard to it (RFC 9110 section 5.1).
std::string_view name_of(known_field which);

// `name` must hold no control characters; whatever gives a known field is a token.
known_field known_field_from(std::string_view name);

}  // namespace http
