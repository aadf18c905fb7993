// request_parser: guard first, llhttp second where there is a framing to agree on, then the body.
#include <algorithm>

#include "http/parser.hpp"

namespace http {
namespace {

// Nothing in such a head says where the message ends but its empty line, and llhttp knows the
// method: it could only say yes. Most requests are of this kind; fuzz/request_fuzz.cpp asks it all
// the same.
bool is_beyond_dispute(const request_head& head, const framing& frame) {
  const bool known = head.method == method::get || head.method == method::head;
  return known && frame.body == body_kind::none;
}

}  // namespace

void request_parser::start(const message_limits& limits) {
  limits_ = limits;
  guard_.start(limits);
  head_bytes_ = 0;
}

objection request_parser::read_head(std::string_view bytes, bool& complete) {
  complete = false;
  std::size_t end = 0;
  if (auto bad = guard_.find_end(bytes, end)) return bad;
  if (end == 0) return {};
  const auto whole = bytes.substr(0, end);
  if (auto bad = guard_.check_request(whole, head_)) return bad;
  if (!is_beyond_dispute(head_, guard_.frame())) {
    llhttp_.start(second_opinion::kind::request);
    const auto seen = whole.substr(guard_.first_byte());
    if (auto bad = llhttp_.head(seen, guard_.frame(), false)) return bad;
  }
  head_bytes_ = end;
  complete = true;
  return {};
}

bool request_parser::wants_close() const {
  const framing& frame = guard_.frame();
  return frame.close || (head_.minor_version == 0 && !frame.keep_alive);
}

objection request_parser::begin_body(std::size_t bytes_max) {
  limits_.body_bytes_max = bytes_max;
  left_ = guard_.frame().content_length;
  chunks_.start(limits_);
  if (body() == body_kind::sized && left_ > bytes_max)
    return {errc::body_too_large, "Content-Length is more than allowed"};
  return {};
}

objection request_parser::read_body(std::string_view bytes, std::string& into, progress& came) {
  came = {};
  if (body() == body_kind::chunked) {
    if (auto bad = chunks_.look(bytes, came.used, came.complete)) return bad;
    return llhttp_.body(bytes.substr(0, came.used), into, came.complete);
  }
  came.used = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  into.append(bytes.data(), came.used);
  left_ -= came.used;
  came.complete = left_ == 0;
  return {};
}

}  // namespace http
