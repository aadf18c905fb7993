// second_opinion: strict llhttp reads the bytes that the guard has passed and has to agree with it.
#include "http/parser.hpp"

// Debian 12 ships llhttp as sources whose default is the loose parser; later releases are a library
// that is strict unless its lenient flags are set, and have no such macro.
#ifdef LLHTTP_STRICT_MODE
static_assert(LLHTTP_STRICT_MODE == 1, "llhttp must be compiled with LLHTTP_STRICT_MODE=1");
#else
static_assert(LLHTTP_VERSION_MAJOR >= 9, "llhttp without its strict mode");
#endif

namespace http {

struct second_opinion_hooks {
  static second_opinion& self(llhttp_t* parser) {
    return *static_cast<second_opinion*>(parser->data);
  }

  static int headers_complete(llhttp_t* parser) {
    second_opinion& mine = self(parser);
    mine.chunked_ = (parser->flags & F_CHUNKED) != 0;
    mine.has_length_ = (parser->flags & F_CONTENT_LENGTH) != 0;
    mine.content_length_ = parser->content_length;
    mine.head_complete_ = true;
    // Nothing is ever upgraded here; left set, llhttp would stop and lose the body (rule 9).
    parser->upgrade = 0;
    return mine.bodiless_ ? 1 : 0;
  }
  static int body(llhttp_t* parser, const char* at, std::size_t size) {
    second_opinion& mine = self(parser);
    if (mine.data_ == nullptr) return -1;
    mine.data_->append(at, size);
    return 0;
  }
  static int message_complete(llhttp_t* parser) {
    self(parser).message_complete_ = true;
    return 0;
  }

  static llhttp_settings_t make() {
    llhttp_settings_t hooks;
    llhttp_settings_init(&hooks);
    hooks.on_headers_complete = headers_complete;
    hooks.on_body = body;
    hooks.on_message_complete = message_complete;
    return hooks;
  }
};

void second_opinion::start(kind of_message) {
  static const llhttp_settings_t hooks = second_opinion_hooks::make();
  llhttp_init(&parser_, of_message == kind::request ? HTTP_REQUEST : HTTP_RESPONSE, &hooks);
  parser_.data = this;
  data_ = nullptr;
  chunked_ = has_length_ = bodiless_ = head_complete_ = message_complete_ = false;
}

objection second_opinion::refused(llhttp_errno_t why) const {
  if (why == HPE_INVALID_METHOD) return {errc::not_implemented, "a method that nobody knows"};
  return {errc::bad_request, llhttp_errno_name(why)};
}

objection second_opinion::head(std::string_view bytes, const framing& frame, bool bodiless) {
  bodiless_ = bodiless;
  parser_.data = this;  // the object may have been moved since start()
  const auto verdict = llhttp_execute(&parser_, bytes.data(), bytes.size());
  if (verdict != HPE_OK) return refused(verdict);
  const bool agrees = head_complete_ && chunked_ == (frame.body == body_kind::chunked) &&
                      has_length_ == (frame.body == body_kind::sized) &&
                      (!has_length_ || content_length_ == frame.content_length);
  if (!agrees) return {errc::bad_request, "two parsers disagree about the framing"};
  return {};
}

objection second_opinion::body(std::string_view bytes, std::string& into, bool complete) {
  parser_.data = this;
  data_ = &into;
  const auto verdict = llhttp_execute(&parser_, bytes.data(), bytes.size());
  data_ = nullptr;
  if (verdict != HPE_OK) return refused(verdict);
  if (message_complete_ != complete)
    return {errc::bad_request, "two parsers disagree about the body's end"};
  return {};
}

}  // namespace http
