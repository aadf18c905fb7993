// framing: whether a page's header lets another origin show it in a frame.
#pragma once

#include <string>
#include <string_view>

#include "http/message.hpp"

namespace api {

enum class framing_verdict : unsigned char { allowed, refused, unknown };
std::string_view name_of(framing_verdict what);

struct framing {
  framing_verdict verdict = framing_verdict::unknown;
  std::string reason;  // the field that refuses: "X-Frame-Options: DENY"
};
// What `page` says of a frame in a page of `ours` ("https://video.example.com"), when it was got
// from `theirs`. Content-Security-Policy's frame-ancestors counts before X-Frame-Options, as in
// browsers.
framing framing_of(const http::response& page, std::string_view theirs, std::string_view ours);

}  // namespace api
