#include "http/framing_guard.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <bit>

#include "core/byte_blocks.hpp"
#include "core/encoding.hpp"
#include "http/characters.hpp"

namespace http {
namespace {

// Of a byte or of each byte of a block. A tab is white space that may stand in a value.
constexpr auto is_control = [](auto c) { return ((c < 0x20) & (c != '\t')) | (c == 0x7f); };

// One bit for each control character of the first `looked_at` bytes, at most 64.
std::uint64_t controls_of(std::string_view bytes, std::size_t& looked_at) {
  constexpr std::size_t step = sizeof(core::sixteen_bytes);
  const auto block_at = [&](std::size_t at) -> std::uint64_t {
    const auto block = core::load_block<core::sixteen_bytes>(bytes.data() + at);
    return core::bits_of(core::sixteen_bytes(is_control(block)));
  };
  if (bytes.size() >= 4 * step) {
    looked_at = 4 * step;
    return block_at(0) | block_at(step) << 16 | block_at(2 * step) << 32 | block_at(3 * step) << 48;
  }
  if (bytes.size() >= step) {
    looked_at = step;
    return block_at(0);
  }
  looked_at = bytes.size();
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (is_control(static_cast<unsigned char>(bytes[i]))) found |= std::uint64_t{1} << i;
  return found;
}

method method_of(std::string_view text) {
  switch (text.size()) {
    case 3:
      if (text == "GET") return method::get;
      if (text == "PUT") return method::put;
      break;
    case 4:
      if (text == "HEAD") return method::head;
      if (text == "POST") return method::post;
      break;
    case 5:
      if (text == "PATCH") return method::patch;
      if (text == "TRACE") return method::trace;
      break;
    case 6:
      if (text == "DELETE") return method::delete_;
      break;
    case 7:
      if (text == "OPTIONS") return method::options;
      if (text == "CONNECT") return method::connect;
      break;
    default:
      break;
  }
  return method::other;
}

// The minor version, or why this is no version of ours.
objection read_version(std::string_view text, int& minor) {
  const bool shaped = text.size() == 8 && text.starts_with("HTTP/") &&
                      core::ascii::digits.has(text[5]) && text[6] == '.' &&
                      core::ascii::digits.has(text[7]);
  if (!shaped) return {errc::bad_request, "no HTTP version where one belongs"};
  if (text[5] != '1' || text[7] > '1') return {errc::version_not_supported, "not HTTP/1.0 or 1.1"};
  minor = text[7] - '0';
  return {};
}

// Takes scheme and authority off an absolute-form target.
bool split_absolute(std::string_view target, std::string_view& authority, std::string_view& rest) {
  const auto colon = target.find("://");
  if (colon == std::string_view::npos) return false;
  const auto scheme = target.substr(0, colon);
  if (!core::equals_ignoring_case(scheme, "http") && !core::equals_ignoring_case(scheme, "https"))
    return false;
  target.remove_prefix(colon + 3);
  const auto end = std::min(target.find_first_of("/?"), target.size());
  authority = target.substr(0, end);
  rest = target.substr(end);
  return true;
}

// Path and query of the target; the authority where the target has one (rule 4: it overrides Host).
objection split_target(request_head& out, std::string_view& authority) {
  const objection malformed{errc::bad_request, "the target has no form that this method allows"};
  std::string_view rest = out.target;
  if (rest == "*") {
    if (out.method != method::options) return malformed;
  } else if (rest.front() != '/') {
    if (!split_absolute(rest, authority, rest)) return malformed;
  }
  const auto question = std::min(rest.find('?'), rest.size());
  out.path = rest.substr(0, question);
  out.query = rest.substr(std::min(question + 1, rest.size()));
  if (out.path.empty()) out.path = out.method == method::options && rest.empty() ? "*" : "/";
  return {};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Where the first colon is, or the text's size.
std::size_t find_colon(std::string_view text) {
  if (text.size() >= sizeof(core::sixteen_bytes)) {
    const auto block = core::load_block<core::sixteen_bytes>(text.data());
    if (const auto bits = core::bits_of(core::sixteen_bytes(block == ':')); bits != 0)
      return static_cast<std::size_t>(std::countr_zero(bits));
  }
  return std::min(text.find(':'), text.size());
}

// Calls `each` with the trimmed elements of a comma-separated list, the empty ones too.
template <class Each>
void for_each_element(std::string_view list, Each each) {
  for (;;) {
    const auto comma = std::min(list.find(','), list.size());
    each(trimmed(list.substr(0, comma)));
    if (comma == list.size()) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

bool is_token(std::string_view text) { return !text.empty() && token_characters.covers(text); }

bool is_valid_host(std::string_view text) {
  std::string_view host;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    // inet_pton wants an end of text; 45 characters are the longest IPv6 address.
    std::array<char, 46> address{};
    host = text.substr(1, end - 1);
    if (host.size() >= address.size()) return false;
    std::copy(host.begin(), host.end(), address.begin());
    in6_addr parsed{};
    if (inet_pton(AF_INET6, address.data(), &parsed) != 1) return false;
    text.remove_prefix(end + 1);
  } else {
    const auto end = std::min(text.find(':'), text.size());
    host = text.substr(0, end);
    if (host.empty() || host.size() > 255) return false;
    if (!host_characters.covers(host)) return false;
    if (host.find('%') != std::string_view::npos && !core::percent_decode(host)) return false;
    text.remove_prefix(end);
  }
  if (text.empty()) return true;
  if (text.front() != ':') return false;
  text.remove_prefix(1);
  unsigned port = 0;
  for (const char digit : text) {
    if (!core::ascii::digits.has(digit)) return false;
    port = port * 10 + static_cast<unsigned>(digit - '0');
    if (port > 65535) return false;
  }
  return true;
}

void head_guard::start(const message_limits& limits) {
  limits_ = limits;
  limits_.fields_max = std::min(limits_.fields_max, fields_most);
  frame_ = {};
  scanned_ = skipped_ = line_count_ = field_count_ = 0;
  host_ = {};
  hosts_ = 0;
  has_length_ = has_transfer_encoding_ = false;
}

// The whole head is looked at once here: NUL, CR and LF by themselves and every other control
// character are refused, so that nothing of that stands in a line.
objection head_guard::find_end(std::string_view bytes, std::size_t& head_bytes) {
  head_bytes = 0;
  const auto visible = std::min(bytes.size(), limits_.head_bytes_max);
  const char* const from = bytes.data();
  std::size_t base = scanned_;
  std::size_t next = scanned_;  // what is before that belongs to a line that has ended
  while (base < visible) {
    std::size_t step = 0;
    std::uint64_t controls = controls_of(bytes.substr(base, visible - base), step);
    for (; controls != 0; controls &= controls - 1) {
      const std::size_t at = base + static_cast<std::size_t>(std::countr_zero(controls));
      if (at < next) continue;  // the LF after a CR
      if (from[at] == '\n') return {errc::bad_request, "a line ends without CR"};
      if (from[at] != '\r') return {errc::bad_request, "a control character in the head"};
      if (at + 1 == visible) {
        scanned_ = at;
        return check_lengths(bytes.size());
      }
      if (from[at + 1] != '\n') return {errc::bad_request, "a CR without LF"};
      next = at + 2;
      if (auto bad = end_line(at + 1, head_bytes)) return bad;
      if (head_bytes != 0) return {};
    }
    base += step;
  }
  scanned_ = std::max(next, base);
  return check_lengths(bytes.size());
}

// A line has ended with the LF at `end`; the empty one ends the head.
objection head_guard::end_line(std::size_t end, std::size_t& head_bytes) {
  const auto begin = line_count_ == 0 ? skipped_ : line_ends_[line_count_ - 1] + std::size_t{1};
  if (end == begin + 1) {
    if (line_count_ != 0) {
      head_bytes = end + 1;
      return {};
    }
    if (skipped_ != 0) return {errc::bad_request, "more than one empty line before the message"};
    skipped_ = 2;
    return {};
  }
  if (line_count_ == 0 && end - begin > limits_.target_bytes_max + 64)
    return {errc::uri_too_long, "the request line is too long"};
  if (line_count_ > limits_.fields_max) return {errc::headers_too_large, "too many header lines"};
  line_ends_[line_count_++] = static_cast<std::uint32_t>(end);
  return {};
}

// Of a head that has not ended yet.
objection head_guard::check_lengths(std::size_t bytes) const {
  if (line_count_ == 0 && bytes > skipped_ + limits_.target_bytes_max + 64)
    return {errc::uri_too_long, "the request line is too long"};
  if (bytes >= limits_.head_bytes_max) return {errc::headers_too_large, "the head is too long"};
  return {};
}

std::string_view head_guard::line(std::string_view bytes, std::size_t index) const {
  const std::size_t begin = index == 0 ? skipped_ : line_ends_[index - 1] + std::size_t{1};
  return bytes.substr(begin, line_ends_[index] - 1 - begin);
}

objection head_guard::check_request(std::string_view bytes, request_head& out) {
  const auto first = line(bytes, 0);
  const auto space = first.find(' ');
  if (space == std::string_view::npos || !is_token(first.substr(0, space)))
    return {errc::bad_request, "the request line does not begin with a method"};
  const auto last_space = first.rfind(' ');
  if (last_space == space) return {errc::bad_request, "no HTTP version: HTTP/0.9 is not spoken"};
  if (auto bad = read_version(first.substr(last_space + 1), out.minor_version)) return bad;

  out.method_text = first.substr(0, space);
  out.method = method_of(out.method_text);
  out.target = first.substr(space + 1, last_space - space - 1);
  if (out.target.empty() || !target_characters.covers(out.target))
    return {errc::bad_request, "the target holds what RFC 3986 does not allow"};
  if (out.target.size() > limits_.target_bytes_max)
    return {errc::uri_too_long, "the target is too long"};

  if (auto bad = check_fields(bytes, out.minor_version, true)) return bad;
  out.fields = fields();
  if (hosts_ > 1 || (hosts_ == 0 && out.minor_version == 1))
    return {errc::bad_request, "exactly one Host is needed"};
  if (hosts_ == 1 && !is_valid_host(host_)) return {errc::bad_request, "Host is not a host"};
  if (out.method == method::connect) return {errc::not_implemented, "CONNECT"};
  std::string_view authority;
  if (auto bad = split_target(out, authority)) return bad;
  if (authority.data() != nullptr && !is_valid_host(authority))
    return {errc::bad_request, "the target's authority is not a host"};
  out.host = authority.data() != nullptr ? authority : host_;
  return {};
}

objection head_guard::check_response(std::string_view bytes, int& status, int& minor_version) {
  const objection malformed{errc::bad_response, "not a status line"};
  const auto first = line(bytes, 0);
  if (skipped_ != 0 || first.find('\t') != first.npos) return malformed;
  if (first.size() < 12 || first[8] != ' ') return malformed;
  if (read_version(first.substr(0, 8), minor_version)) return malformed;
  if (!core::ascii::digits.covers(first.substr(9, 3))) return malformed;
  if (first.size() > 12 && first[12] != ' ') return malformed;
  status = (first[9] - '0') * 100 + (first[10] - '0') * 10 + (first[11] - '0');
  if (status < 100 || status > 599) return malformed;
  if (auto bad = check_fields(bytes, minor_version, false)) return bad;
  if (frame_.body == body_kind::none) frame_.body = body_kind::until_close;
  return {};
}

objection head_guard::check_fields(std::string_view bytes, int minor_version, bool of_request) {
  for (std::size_t i = 1; i < line_count_; ++i) {
    const auto text = line(bytes, i);
    const std::size_t colon = find_colon(text);
    const auto name = text.substr(0, colon);
    const known_field kind = known_field_from(name);
    // Also catches folded lines, which begin with white space, and white space before the colon.
    if (colon == text.size() || (kind == known_field::unknown && !is_token(name)))
      return {errc::bad_request, "a header line without a proper name"};
    field_view& one = fields_[field_count_];
    kinds_[field_count_++] = kind;
    one = {name, trimmed(text.substr(colon + 1))};
    if (auto bad = note_field(kind, one.value, minor_version, of_request)) return bad;
  }
  if (has_transfer_encoding_) {
    if (has_length_) return {errc::bad_request, "Transfer-Encoding beside Content-Length"};
    if (minor_version == 0) return {errc::bad_request, "Transfer-Encoding in HTTP/1.0"};
  }
  return {};
}

objection head_guard::note_field(known_field kind, std::string_view value, int minor_version,
                                 bool of_request) {
  switch (kind) {
    case known_field::host:
      if (of_request) {
        host_ = value;
        ++hosts_;
      }
      break;
    case known_field::expect:
      if (of_request && minor_version == 1) {
        if (frame_.expects_continue || !core::equals_ignoring_case(value, "100-continue"))
          return {errc::expectation_failed, "Expect is not 100-continue"};
        frame_.expects_continue = true;
      }
      break;
    case known_field::connection:
      note_connection(value);
      break;
    case known_field::content_length:
      return note_content_length(value);
    case known_field::transfer_encoding:
      return note_transfer_encoding(value);
    default:
      break;
  }
  return {};
}

objection head_guard::note_content_length(std::string_view value) {
  if (has_length_) return {errc::bad_request, "more than one Content-Length"};
  has_length_ = true;
  // 18 digits are an exabyte and cannot overflow; what is longer is no length that anybody means.
  if (value.empty() || value.size() > 18 || !core::ascii::digits.covers(value))
    return {errc::bad_request, "Content-Length is not a number"};
  for (const char digit : value)
    frame_.content_length = frame_.content_length * 10 + static_cast<unsigned>(digit - '0');
  if (!has_transfer_encoding_) frame_.body = body_kind::sized;
  return {};
}

objection head_guard::note_transfer_encoding(std::string_view value) {
  if (has_transfer_encoding_) return {errc::bad_request, "more than one Transfer-Encoding"};
  has_transfer_encoding_ = true;
  frame_.body = body_kind::chunked;
  if (core::equals_ignoring_case(value, "chunked")) return {};
  bool unknown_coding = false;
  for_each_element(value, [&](std::string_view coding) {
    if (!coding.empty() && !core::equals_ignoring_case(coding, "chunked")) unknown_coding = true;
  });
  if (unknown_coding) return {errc::not_implemented, "a transfer coding other than chunked"};
  return {errc::bad_request, "Transfer-Encoding is not exactly chunked"};
}

void head_guard::note_connection(std::string_view list) {
  for_each_element(list, [&](std::string_view option) {
    if (core::equals_ignoring_case(option, "close")) frame_.close = true;
    if (core::equals_ignoring_case(option, "keep-alive")) frame_.keep_alive = true;
  });
}

}  // namespace http
