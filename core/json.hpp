// JSON from outside is read whole, checked and bounded; JSON of ours is written member by member.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/result.hpp"

namespace core {

// A value that owns what it holds. Objects keep their members' order; names are unique.
class json_value {
 public:
  using array = std::vector<json_value>;
  using object = std::vector<std::pair<std::string, json_value>>;
  // An integer that fits, else a double; what fits neither is refused on reading.
  using any = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, array, object>;

  json_value() : held_(nullptr) {}
  explicit json_value(any held) : held_(std::move(held)) {}

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(held_); }
  const bool* as_bool() const { return std::get_if<bool>(&held_); }
  const std::int64_t* as_integer() const { return std::get_if<std::int64_t>(&held_); }
  // Any number, integers included.
  std::optional<double> as_number() const;
  const std::string* as_string() const { return std::get_if<std::string>(&held_); }
  const array* as_array() const { return std::get_if<array>(&held_); }
  const object* as_object() const { return std::get_if<object>(&held_); }

  // The member of an object; nullptr where there is none, or where this is no object.
  const json_value* find(std::string_view name) const;
  // find(name)->as_string(), or nullptr.
  const std::string* find_string(std::string_view name) const;

 private:
  any held_;
};

struct json_limits {
  std::size_t bytes_max = 1024 * 1024;
  std::size_t depth_max = 16;
  std::size_t values_max = 20'000;
};

// Exactly one JSON value in UTF-8 with nothing after it. Duplicate member names, numbers out of
// range and whatever passes a limit are errc::bad_json.
result<json_value> read_json(std::string_view text, json_limits limits = {});

// Quotes and escapes. Bytes that are not UTF-8 become U+FFFD; what terminals obey instead of
// showing it (controls, line separators, changes of direction) is written as \uXXXX.
void append_json_string(std::string& out, std::string_view text);
// What stands between the quotes: the text itself where it needs no escapes, else a view into
// `kept`.
std::string_view json_text(std::string_view text, std::string& kept);
// There is nothing to escape and nothing that might not be UTF-8: what nearly every string is.
bool is_plain_json(std::string_view text);

// A member's name that is written in the source and needs no escapes, which the compiler checks.
class json_name {
 public:
  consteval json_name(const char* literal) : text_(literal) {
    for (const char c : text_)
      if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
        throw "this name needs escapes: any_name()";
  }
  std::string_view view() const { return text_; }

 private:
  std::string_view text_;
};

// Writes compact JSON into a caller's string. The caller balances begin and end; tests read what it
// wrote.
class json_writer {
 public:
  explicit json_writer(std::string& out) : out_(out) {}

  json_writer& begin_object() { return open('{'); }
  json_writer& end_object() { return close('}'); }
  json_writer& begin_array() { return open('['); }
  json_writer& end_array() { return close(']'); }
  json_writer& name(json_name literal);
  json_writer& any_name(std::string_view text);
  json_writer& string(std::string_view text);
  json_writer& number(std::int64_t value);
  json_writer& boolean(bool value);
  json_writer& null();
  json_writer& value(const json_value& tree);
  // Text that is JSON already.
  json_writer& raw(std::string_view json);

  json_writer& member(json_name key, std::string_view text) { return name(key).string(text); }
  json_writer& member(json_name key, const char* text) { return name(key).string(text); }
  json_writer& member(json_name key, std::int64_t n) { return name(key).number(n); }
  json_writer& member(json_name key, int n) { return name(key).number(n); }
  json_writer& member(json_name key, bool flag) { return name(key).boolean(flag); }

 private:
  json_writer& open(char bracket);
  json_writer& close(char bracket);
  void separate();

  std::string& out_;
  bool needs_comma_ = false;
};

}  // namespace core
