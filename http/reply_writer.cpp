#include "http/reply_writer.hpp"

#include <array>
#include <charconv>

namespace http {
namespace {

void append_status_line(std::string& out, int status) {
  if (status == 200) {
    out.append("HTTP/1.1 200 OK\r\n");
    return;
  }
  out.append("HTTP/1.1 ");
  const char digits[] = {static_cast<char>('0' + status / 100),
                         static_cast<char>('0' + status / 10 % 10),
                         static_cast<char>('0' + status % 10), ' '};
  out.append(digits, sizeof digits);
  out.append(reason_of(status));
  out.append("\r\n");
}

void append_connection(std::string& out, const reply_frame& frame) {
  if (frame.close)
    out.append("Connection: close\r\n");
  else if (frame.minor_version == 0)
    out.append("Connection: keep-alive\r\n");
}

// RFC 9110 sections 15.3.5 and 15.4.5: no body, and for 204 no Content-Length either.
bool has_no_body(int status) { return status == 204 || status == 304; }

}  // namespace

void append_reply(std::string& out, const reply& answer, const reply_frame& frame) {
  out.reserve(out.size() + 160 + answer.fields.size() + answer.body.size());
  append_status_line(out, answer.status);
  out.append(frame.date_line);
  out.append(answer.fields);
  // To HEAD nothing is said of a length that GET alone would know (RFC 9110 section 8.6).
  const bool unknown_length = frame.head_only && answer.body.empty();
  if (!has_no_body(answer.status) && !unknown_length) {
    std::array<char, 24> digits;
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), answer.body.size());
    out.append("Content-Length: ");
    out.append(digits.data(), end.ptr);
    out.append("\r\n");
  }
  append_connection(out, frame);
  out.append("\r\n");
  if (!frame.head_only && !has_no_body(answer.status)) out.append(answer.body);
}

void append_event_head(std::string& out, const reply& answer, const reply_frame& frame) {
  append_status_line(out, 200);
  out.append(frame.date_line);
  out.append(answer.fields);
  // X-Accel-Buffering: nginx and its relatives would otherwise collect the events.
  out.append(
      "Content-Type: text/event-stream; charset=utf-8\r\n"
      "X-Accel-Buffering: no\r\n");
  // A service that says so for all of its answers has said so for this one.
  if (answer.fields.find("Cache-Control:") == std::string::npos)
    out.append("Cache-Control: no-store\r\n");
  if (frame.minor_version == 1) out.append("Transfer-Encoding: chunked\r\n");
  out.append("Connection: close\r\n\r\n");
}

}  // namespace http
