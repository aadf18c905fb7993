// Messages: what a server reads (request_head) and writes (reply), what a client sends (request)
// and gets (response).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

enum class method : std::uint8_t {
  get,
  head,
  post,
  put,
  delete_,
  patch,
  options,
  connect,
  trace,
  other
};
std::string_view name_of(method verb);
std::string_view reason_of(int status);

struct field_view {
  std::string_view name;
  std::string_view value;  // trimmed
};

// A request's head as views into the connection's read buffer. Valid until the request has been
// answered.
struct request_head {
  http::method method = http::method::get;
  std::string_view method_text;
  std::string_view target;  // as it came
  std::string_view path;    // of the target, undecoded
  std::string_view query;   // of the target, undecoded, without '?'
  std::string_view host;    // Host's value, or the authority of an absolute-form target
  int minor_version = 1;    // HTTP/1.x
  std::span<const field_view> fields;

  // The first field of that name, empty where there is none. Names are compared ignoring case.
  std::string_view find(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
};

// An answer of ours. A shard reuses it, so its strings keep their capacity; clear() before the next
// one.
class reply {
 public:
  int status = 200;
  // "Name: value\r\n", without Content-Length, Connection and Date: the connection adds them.
  std::string fields;
  bool close = false;  // no further request on this connection
  std::string body;

  void clear();
  // Appends a field. Control characters in the value are a bug and throw std::logic_error.
  void field(std::string_view name, std::string_view value);
  // Sets status, body and Content-Type: application/json.
  void json(int with_status, std::string text);
};

struct field {
  std::string name;
  std::string value;
};

// What our client sends.
struct request {
  http::method method = http::method::get;
  std::string url;  // absolute
  std::vector<field> fields;
  std::string body;
  // Idempotent: may be sent again when a kept-alive connection turned out dead.
  bool safe_to_repeat = false;
};

// What our client got, complete.
struct response {
  int status = 0;
  std::vector<field> fields;
  std::string body;

  std::string_view find(std::string_view name) const;
};

}  // namespace http
