// response_parser: the answers of servers that we ask, read as suspiciously as requests are.
#include <algorithm>

#include "http/parser.hpp"
#include "net/error.hpp"

namespace http {
namespace {

// 100 Continue, 103 Early Hints: a few are normal, a stream of them is an attack on our patience.
constexpr unsigned interim_answers_most = 8;

}  // namespace

void response_parser::start(method asked) {
  asked_ = asked;
  state_ = state::head;
  guard_.start(limits_);
  head_.clear();
  answer_ = {};
  left_ = 0;
  interim_answers_ = 0;
  started_ = surplus_ = false;
}

tl::unexpected<core::failure> response_parser::failed(const objection& why) {
  state_ = state::failed;
  const bool too_large = why.code == errc::body_too_large || why.code == errc::headers_too_large ||
                         why.code == errc::uri_too_long || why.code == errc::response_too_large;
  return core::fail(too_large ? errc::response_too_large : errc::bad_response, why.why);
}

core::result<progress> response_parser::feed(std::string_view bytes) {
  if (state_ == state::failed) return core::fail(errc::bad_response, "fed after a failure");
  progress came;
  if (!bytes.empty()) started_ = true;
  while (came.used < bytes.size() && state_ != state::complete) {
    const auto rest = bytes.substr(came.used);
    std::size_t used = 0;
    auto read = state_ == state::head ? read_head(rest, used) : read_body(rest, used);
    if (!read) return core::same_failure(read);
    came.used += used;
  }
  surplus_ = surplus_ || came.used < bytes.size();
  came.complete = complete();
  return came;
}

core::result<void> response_parser::read_head(std::string_view bytes, std::size_t& used) {
  const auto before = head_.size();
  const auto room = limits_.head_bytes_max - std::min(limits_.head_bytes_max, before);
  head_.append(bytes.substr(0, std::max<std::size_t>(room, 1)));
  std::size_t end = 0;
  if (auto bad = guard_.find_end(head_, end)) return failed(bad);
  used = (end == 0 ? head_.size() : end) - before;
  if (end == 0) return {};

  head_.resize(end);
  if (auto bad = guard_.check_response(head_, answer_.status, minor_version_)) return failed(bad);
  return begin_body();
}

core::result<void> response_parser::begin_body() {
  const int status = answer_.status;
  const bool interim = status < 200;
  const bool bodiless = interim || status == 204 || status == 304 || asked_ == method::head;
  llhttp_.start(second_opinion::kind::response);
  framing frame = guard_.frame();
  if (auto bad = llhttp_.head(head_, frame, bodiless)) return failed(bad);
  if (interim) {
    // We never ask to switch protocols, and bytes after a 101 would not be HTTP.
    if (status == 101 || ++interim_answers_ > interim_answers_most)
      return failed({errc::bad_response, "an interim answer that nobody asked for"});
    head_.clear();
    guard_.start(limits_);
    return {};
  }
  for (const field_view& one : guard_.fields())
    answer_.fields.push_back({std::string(one.name), std::string(one.value)});
  body_ = bodiless ? body_kind::none : frame.body;
  left_ = frame.content_length;
  chunks_.start(limits_);
  if (body_ == body_kind::sized && left_ > limits_.body_bytes_max)
    return failed({errc::response_too_large, "Content-Length is more than allowed"});
  const bool ended = body_ == body_kind::none || (body_ == body_kind::sized && left_ == 0);
  state_ = ended ? state::complete : state::body;
  return {};
}

core::result<void> response_parser::read_body(std::string_view bytes, std::size_t& used) {
  if (body_ == body_kind::chunked) {
    bool ended = false;
    if (auto bad = chunks_.look(bytes, used, ended)) return failed(bad);
    if (auto bad = llhttp_.body(bytes.substr(0, used), answer_.body, ended)) return failed(bad);
    if (ended) state_ = state::complete;
    return {};
  }
  used = bytes.size();
  if (body_ == body_kind::sized) {
    used = static_cast<std::size_t>(std::min<std::uint64_t>(left_, used));
    left_ -= used;
    if (left_ == 0) state_ = state::complete;
  } else if (used > limits_.body_bytes_max - answer_.body.size()) {
    return failed({errc::response_too_large, "the body is more than allowed"});
  }
  answer_.body.append(bytes.data(), used);
  return {};
}

core::result<void> response_parser::eof() {
  if (state_ == state::complete) return {};
  if (state_ == state::body && body_ == body_kind::until_close) {
    state_ = state::complete;
    return {};
  }
  if (!started_) return core::fail(net::errc::closed, "closed before the answer began");
  return failed({errc::bad_response, "the answer was cut"});
}

bool response_parser::may_keep() const {
  if (!complete() || surplus_ || body_ == body_kind::until_close) return false;
  const framing& frame = guard_.frame();
  return !frame.close && (minor_version_ == 1 || frame.keep_alive);
}

}  // namespace http
