// reply_writer: an answer of ours as the bytes that are sent.
#pragma once

#include <string>
#include <string_view>

#include "http/message.hpp"

namespace http {

struct reply_frame {
  std::string_view date_line;  // "Date: …\r\n"
  int minor_version = 1;   // what the client speaks; we always say HTTP/1.1 (RFC 9110 section 6.2)
  bool head_only = false;  // the answer to HEAD: every field, no body
  bool close = false;
};

// Appends status line, fields, framing and body.
void append_reply(std::string& out, const reply& answer, const reply_frame& frame);
// The head of an event stream: chunked for HTTP/1.1, until the connection's end for 1.0.
void append_event_head(std::string& out, const reply& answer, const reply_frame& frame);

}  // namespace http
