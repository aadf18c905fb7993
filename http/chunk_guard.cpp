// chunk_guard: the grammar of RFC 9112 section 7.1, byte by byte, with limits on all of it.
#include <algorithm>

#include "http/characters.hpp"
#include "http/framing_guard.hpp"

namespace http {
namespace {

const objection malformed{errc::bad_request, "the chunked body is malformed"};

int hex_value(unsigned char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  const unsigned char lower = byte | 0x20U;
  if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
  return -1;
}

bool is_control_byte(unsigned char byte) { return (byte < 0x20 && byte != '\t') || byte == 0x7f; }

}  // namespace

void chunk_guard::start(const message_limits& limits) {
  *this = {};
  limits_ = limits;
}

objection chunk_guard::look(std::string_view bytes, std::size_t& used, bool& complete) {
  used = 0;
  while (used < bytes.size() && at_ != at::done) {
    if (at_ == at::data) {
      const auto step =
          static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - used));
      used += step;
      left_ -= step;
      if (left_ == 0) at_ = at::data_cr;
      continue;
    }
    if (auto bad = take(static_cast<unsigned char>(bytes[used]))) return bad;
    ++used;
  }
  complete = at_ == at::done;
  return {};
}

objection chunk_guard::take(unsigned char byte) {
  switch (at_) {
    case at::size_first:
    case at::size:
    case at::extension:
    case at::size_lf:
      return take_size(byte);
    case at::data_cr:
      if (byte != '\r') return malformed;
      at_ = at::data_lf;
      return {};
    case at::data_lf:
      if (byte != '\n') return malformed;
      at_ = at::size_first;
      return {};
    default:
      return take_trailer(byte);
  }
}

objection chunk_guard::take_size(unsigned char byte) {
  if (at_ == at::size_lf) {
    if (byte != '\n') return malformed;
    left_ = size_;
    data_bytes_ += size_;
    if (data_bytes_ > limits_.body_bytes_max)
      return {errc::body_too_large, "the chunks are more than allowed"};
    at_ = size_ == 0 ? at::trailer_first : at::data;
    return {};
  }
  if (byte == '\r' && at_ != at::size_first) {
    at_ = at::size_lf;
    return {};
  }
  if (at_ == at::extension) {
    if (is_control_byte(byte)) return malformed;
    if (++extension_bytes_ > limits_.chunk_extension_bytes_max)
      return {errc::body_too_large, "too many bytes of chunk extensions"};
    return {};
  }
  if (byte == ';' && at_ == at::size) {
    at_ = at::extension;
    return {};
  }
  const int digit = hex_value(byte);
  if (digit < 0) return malformed;
  if (at_ == at::size_first) size_ = digits_ = 0;
  // 15 digits cannot overflow, and no chunk is as long as that.
  if (++digits_ > 15) return malformed;
  size_ = size_ * 16 + static_cast<unsigned>(digit);
  at_ = at::size;
  return {};
}

objection chunk_guard::take_trailer(unsigned char byte) {
  if (++trailer_bytes_ > limits_.trailer_bytes_max)
    return {errc::headers_too_large, "too many bytes of trailers"};
  switch (at_) {
    case at::trailer_first:
      if (byte == '\r') {
        at_ = at::last_lf;
        return {};
      }
      if (++trailer_lines_ > limits_.fields_max)
        return {errc::headers_too_large, "too many trailers"};
      if (!token_characters.has(static_cast<char>(byte))) return malformed;
      at_ = at::trailer_name;
      return {};
    case at::trailer_name:
      if (byte == ':')
        at_ = at::trailer_value;
      else if (!token_characters.has(static_cast<char>(byte)))
        return malformed;
      return {};
    case at::trailer_value:
      if (byte == '\r')
        at_ = at::trailer_lf;
      else if (is_control_byte(byte))
        return malformed;
      return {};
    case at::trailer_lf:
      if (byte != '\n') return malformed;
      at_ = at::trailer_first;
      return {};
    default:
      if (byte != '\n') return malformed;
      at_ = at::done;
      return {};
  }
}

}  // namespace http
