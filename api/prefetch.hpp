// prefetch: whether a request was sent by a browser on a guess, with nobody having asked for it.
#pragma once

#include "api/desk.hpp"

namespace api {

// RFC 9205 leaves it to browsers; these are the names that they and their ancestors use.
inline bool is_prefetch(const http::request_head& head) {
  using http::known_field;
  for (const auto name : {known_field::sec_purpose, known_field::purpose, known_field::x_moz}) {
    const std::string_view value = head.find(name);
    if (!value.empty() && (lists_token(value, "prefetch") || lists_token(value, "prerender")))
      return true;
  }
  return false;
}

}  // namespace api
