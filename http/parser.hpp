// request_parser and response_parser: the framing guard and strict llhttp, with limits. Both must
// agree.
#pragma once

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "http/framing_guard.hpp"
#include "http/message.hpp"

namespace http {

// How far a call came: bytes that belong to this message, and whether the message has ended.
struct progress {
  std::size_t used = 0;
  bool complete = false;
};

// llhttp as the second opinion: it is given exactly the bytes that the guard has passed.
class second_opinion {
 public:
  enum class kind : unsigned char { request, response };
  void start(kind of_message);
  // A complete head. `bodiless`: an answer that has no body whatever its fields say.
  objection head(std::string_view bytes, const framing& frame, bool bodiless);
  // Bytes of a chunked body; its data is appended to `into`.
  objection body(std::string_view bytes, std::string& into, bool complete);
  int status() const { return parser_.status_code; }
  int minor_version() const { return parser_.http_minor; }

 private:
  friend struct second_opinion_hooks;
  objection refused(llhttp_errno_t why) const;

  llhttp_t parser_;
  std::string* data_ = nullptr;
  std::uint64_t content_length_ = 0;
  bool chunked_ = false;
  bool has_length_ = false;
  bool bodiless_ = false;
  bool head_complete_ = false;
  bool message_complete_ = false;
};

// Reads one request after the other out of a connection's buffer. Allocates nothing, so one object
// serves many connections in turn; its head() points into the buffer.
class request_parser {
 public:
  void start(const message_limits& limits);

  // `bytes` begin at the request's first byte and grow from call to call until the head is
  // complete. A failure ends the connection; its code says which status (see http::errc).
  objection read_head(std::string_view bytes, bool& complete);

  const request_head& head() const { return head_; }
  std::size_t head_bytes() const { return head_bytes_; }
  body_kind body() const { return guard_.frame().body; }
  std::uint64_t content_length() const { return guard_.frame().content_length; }
  bool expects_continue() const { return guard_.frame().expects_continue; }
  // What the request itself wants: close in 1.1 or no keep-alive in 1.0 ends the connection.
  bool wants_close() const;

  // Refuses a length of more than `bytes_max` before anything of the body is read.
  objection begin_body(std::size_t bytes_max);
  // Body bytes, in pieces as they come, appended to `into` without their framing.
  objection read_body(std::string_view bytes, std::string& into, progress& came);

 private:
  message_limits limits_;
  head_guard guard_;
  chunk_guard chunks_;
  second_opinion llhttp_;
  request_head head_;
  std::size_t head_bytes_ = 0;
  std::uint64_t left_ = 0;
};

// Reads the answer to one request of ours, piece by piece.
class response_parser {
 public:
  explicit response_parser(message_limits limits = {}) : limits_(limits) { start(method::get); }
  // Before each answer: what was asked decides whether a body follows.
  void start(method asked);

  // Gives it the next bytes. errc::bad_response or errc::response_too_large end the connection.
  core::result<progress> feed(std::string_view bytes);
  // The server has closed. A success when that was the body's proper end; a cut answer is
  // errc::bad_response, an answer that never began is net::errc::closed.
  core::result<void> eof();

  bool started() const { return started_; }  // a byte of the answer has been seen
  bool complete() const { return state_ == state::complete; }
  // The answer is complete, exactly framed, nothing came after it, and the server stays.
  bool may_keep() const;
  // The complete answer, moved out.
  response take() { return std::move(answer_); }

 private:
  enum class state : unsigned char { head, body, complete, failed };
  core::result<void> read_head(std::string_view bytes, std::size_t& used);
  core::result<void> begin_body();
  core::result<void> read_body(std::string_view bytes, std::size_t& used);
  tl::unexpected<core::failure> failed(const objection& why);

  message_limits limits_;
  method asked_ = method::get;
  state state_ = state::head;
  head_guard guard_;
  chunk_guard chunks_;
  second_opinion llhttp_;
  std::string head_;
  response answer_;
  body_kind body_ = body_kind::none;
  std::uint64_t left_ = 0;
  unsigned interim_answers_ = 0;
  int minor_version_ = 1;
  bool started_ = false;
  bool surplus_ = false;
};

}  // namespace http
