// Messages: what a server reads (request_head) and writes (reply), what a client sends (request)
// and gets (response).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/known_field.hpp"

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

// The fields of a head in their order, and where the known ones are.
class field_list {
 public:
  field_list() = default;
  // `kinds` has the kind of each, for who knows them already.
  field_list(std::span<const field_view> all, std::span<const known_field> kinds);
  field_list(std::span<const field_view> all);
  field_list(const std::vector<field_view>& all) : field_list(std::span(all)) {}

  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }
  std::size_t size() const { return all_.size(); }
  bool empty() const { return all_.empty(); }
  const field_view& operator[](std::size_t at) const { return all_[at]; }

  bool has(known_field which) const { return place_of(which) != 0; }
  // More than one field has this name.
  bool repeats(known_field which) const { return (repeated_ >> number(which) & 1u) != 0; }
  // The value of the first of that name, empty where there is none.
  std::string_view find(known_field which) const {
    const std::size_t place = place_of(which);
    return place == 0 ? std::string_view{} : all_[place - 1].value;
  }

  // With the value of each field of that name, in their order.
  template <class Each>
  void for_each(known_field which, Each each) const {
    if (!has(which)) return;
    if (!repeats(which)) return each(find(which));
    for (const field_view& one : all_)
      if (known_field_from(one.name) == which) each(one.value);
  }

 private:
  static std::size_t number(known_field which) { return static_cast<std::size_t>(which); }
  std::size_t place_of(known_field which) const { return first_[number(which)]; }
  void note(known_field kind, std::size_t place);

  std::span<const field_view> all_;
  std::array<std::uint8_t, known_field_count + 1> first_{};  // plus one; 0 is none
  std::uint32_t repeated_ = 0;
};
static_assert(known_field_count < 32);

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
  field_list fields;

  std::string_view find(known_field which) const { return fields.find(which); }
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
