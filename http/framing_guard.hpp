// framing_guard: our own strict look at the raw bytes of a message's head, before llhttp sees them.
// Two parsers that disagree about where a message ends are how requests are smuggled, so whatever
// is ambiguous is refused here, and llhttp has to come to the same framing afterwards.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/result.hpp"
#include "http/error.hpp"
#include "http/message.hpp"

namespace http {

// More lines than any browser or proxy sends; the array for them is part of each parser.
constexpr std::size_t fields_most = 100;

struct message_limits {
  std::size_t head_bytes_max = 16 * 1024;
  // RFC 9112 section 3 wants at least 8 000 octets to pass.
  std::size_t target_bytes_max = 8 * 1024;
  std::size_t fields_max = fields_most;  // never more than fields_most
  std::size_t body_bytes_max = 64 * 1024;
  // Chunk extensions of one body in all (CVE-2024-22019 had no such limit), and its trailers in
  // all.
  std::size_t chunk_extension_bytes_max = 16 * 1024;
  std::size_t trailer_bytes_max = 16 * 1024;
};

// Why a message is refused. No allocation: the request path makes a core::failure of it only then.
struct objection {
  errc code{};
  const char* why = nullptr;

  explicit operator bool() const { return why != nullptr; }
  core::failure failed() const { return core::failure(make_error_code(code), why); }
};

enum class body_kind : unsigned char { none, sized, chunked, until_close };

// How a message is delimited, and what its head says about the connection.
struct framing {
  body_kind body = body_kind::none;
  std::uint64_t content_length = 0;
  bool close = false;       // "close" in the Connection list
  bool keep_alive = false;  // "keep-alive" there
  bool expects_continue = false;
};

class head_guard {
 public:
  void start(const message_limits& limits);

  // Looks for the head's end in `bytes`, which begin at the message's first byte and may grow from
  // call to call. `head_bytes` is set once the empty line is there.
  objection find_end(std::string_view bytes, std::size_t& head_bytes);

  // Checks the complete head that find_end() has found; the views point into `bytes`.
  objection check_request(std::string_view bytes, request_head& out);
  objection check_response(std::string_view bytes, int& status, int& minor_version);

  const framing& frame() const { return frame_; }
  field_list fields() const {
    return {{fields_.data(), field_count_}, {kinds_.data(), field_count_}};
  }
  // Where the first line begins: an empty line before a request is skipped (RFC 9112 section 2.2).
  std::size_t first_byte() const { return skipped_; }

 private:
  objection check_fields(std::string_view bytes, int minor_version, bool of_request);
  objection note_field(known_field kind, std::string_view value, int minor_version,
                       bool of_request);
  objection note_transfer_encoding(std::string_view value);
  objection note_content_length(std::string_view value);
  void note_connection(std::string_view list);
  std::string_view line(std::string_view bytes, std::size_t index) const;
  objection end_line(std::size_t end, std::size_t& head_bytes);
  objection check_lengths(std::size_t bytes) const;

  message_limits limits_;
  framing frame_;
  std::size_t scanned_ = 0;
  std::size_t skipped_ = 0;
  std::size_t line_count_ = 0;  // lines whose end was seen, without the empty last one
  std::size_t field_count_ = 0;
  std::string_view host_;
  unsigned hosts_ = 0;
  bool has_length_ = false;
  bool has_transfer_encoding_ = false;
  std::array<std::uint32_t, fields_most + 1> line_ends_;  // offsets of the LFs
  std::array<field_view, fields_most> fields_;
  std::array<known_field, fields_most> kinds_;
};

// The same for a chunked body: everything in it that is not data, and its limits.
class chunk_guard {
 public:
  void start(const message_limits& limits);

  // Walks over `bytes`, the next ones of the body. `used` of them belong to it; `complete` is set
  // when the empty line after the trailers was among them.
  objection look(std::string_view bytes, std::size_t& used, bool& complete);
  std::uint64_t data_bytes() const { return data_bytes_; }

 private:
  enum class at : unsigned char {
    size_first,
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_first,
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,
    done,
  };
  objection take(unsigned char byte);
  objection take_size(unsigned char byte);
  objection take_trailer(unsigned char byte);

  message_limits limits_;
  at at_ = at::size_first;
  std::uint64_t size_ = 0;
  std::uint64_t left_ = 0;
  std::uint64_t data_bytes_ = 0;
  unsigned digits_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::size_t trailer_lines_ = 0;
};

// uri-host [ ":" port ] with a port of at most 65535 (RFC 9110 section 7.2); never empty here.
bool is_valid_host(std::string_view text);
// A token of RFC 9110 section 5.6.2, not empty.
bool is_token(std::string_view text);

}  // namespace http
