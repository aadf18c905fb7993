#include "core/json.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "core/append.hpp"
#include "core/byte_set.hpp"
#include "core/code_point.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"

namespace core {
namespace {

// Copies simdjson's tree into ours and refuses what it lets through: duplicate names, great depth,
// great number.
class copier {
 public:
  explicit copier(json_limits limits) : limits_(limits) {}

  bool copy(simdjson::dom::element from, json_value& to, std::size_t depth) {
    if (depth > limits_.depth_max || ++values_ > limits_.values_max) return false;
    using type = simdjson::dom::element_type;
    switch (from.type()) {
      case type::NULL_VALUE:
        to = json_value();
        return true;
      case type::BOOL:
        to = json_value(bool(from));
        return true;
      case type::INT64:
        to = json_value(std::int64_t(from));
        return true;
      case type::UINT64:
        to = json_value(double(std::uint64_t(from)));
        return true;
      case type::DOUBLE:
        to = json_value(double(from));
        return true;
      case type::STRING:
        to = json_value(std::string(std::string_view(from)));
        return true;
      case type::ARRAY:
        return copy_array(from, to, depth);
      case type::OBJECT:
        return copy_object(from, to, depth);
    }
    return false;
  }

 private:
  bool copy_array(simdjson::dom::array from, json_value& to, std::size_t depth) {
    json_value::array items;
    items.reserve(std::min(from.size(), limits_.values_max));
    for (const simdjson::dom::element item : from) {
      items.emplace_back();
      if (!copy(item, items.back(), depth + 1)) return false;
    }
    to = json_value(std::move(items));
    return true;
  }

  bool copy_object(simdjson::dom::object from, json_value& to, std::size_t depth) {
    json_value::object members;
    members.reserve(std::min(from.size(), limits_.values_max));
    for (const auto& [name, item] : from) {
      members.emplace_back(std::string(name), json_value());
      if (!copy(item, members.back().second, depth + 1)) return false;
    }
    if (has_twins(members)) return false;
    to = json_value(std::move(members));
    return true;
  }

  static bool has_twins(const json_value::object& members) {
    // Few names are compared each with each sooner than they are sorted.
    if (members.size() <= 8) {
      for (std::size_t i = 1; i < members.size(); ++i)
        for (std::size_t k = 0; k < i; ++k)
          if (members[i].first == members[k].first) return true;
      return false;
    }
    std::vector<std::string_view> names;
    names.reserve(members.size());
    for (const auto& [name, item] : members) names.push_back(name);
    std::ranges::sort(names);
    return std::ranges::adjacent_find(names) != names.end();
  }

  json_limits limits_;
  std::size_t values_ = 0;
};

}  // namespace

std::optional<double> json_value::as_number() const {
  if (const auto* whole = as_integer()) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&held_)) return *real;
  return std::nullopt;
}

const json_value* json_value::find(std::string_view name) const {
  const object* members = as_object();
  if (!members) return nullptr;
  const auto found =
      std::ranges::find(*members, name, [](const auto& m) -> std::string_view { return m.first; });
  return found == members->end() ? nullptr : &found->second;
}

const std::string* json_value::find_string(std::string_view name) const {
  const json_value* found = find(name);
  return found ? found->as_string() : nullptr;
}

result<json_value> read_json(std::string_view text, json_limits limits) {
  if (text.size() > limits.bytes_max) return fail(errc::bad_json, "too large");
  // An object's member name may hide a NUL, a byte-order mark is not JSON: simdjson refuses the
  // first, skips the second.
  if (text.starts_with("\xef\xbb\xbf"))
    return fail(errc::bad_json, "begins with a byte-order mark");
  thread_local simdjson::dom::parser parser;
  // One more level than ours, so that our own limit speaks first.
  simdjson::dom::element root;
  const simdjson::padded_string padded(text);
  if (const auto error = parser.parse(padded).get(root); error)
    return fail(errc::bad_json, simdjson::error_message(error));
  json_value out;
  if (!copier(limits).copy(root, out, 1))
    return fail(errc::bad_json, "duplicate member, too deep, or too many values");
  return out;
}

bool is_plain_json(std::string_view text) {
  static constexpr byte_set plain = (ascii::visible | byte_set(" ")).without("\"\\");
  return plain.covers(text);
}

namespace {

// The well-formed UTF-8 of more than one byte that `text` begins with; empty where it does not.
std::string_view wide_character(std::string_view text) {
  for (std::size_t n = 2; n <= std::min<std::size_t>(4, text.size()); ++n)
    if (is_utf8(text.substr(0, n))) return text.substr(0, n);
  return {};
}

// What terminals and editors obey instead of showing it: C1 controls, line separators, and what
// turns the direction of the text around it. A line of the log is read there, and nobody may write
// it anew from inside. 0 where it is none of these.
std::uint32_t obeyed(std::string_view character) {
  const std::uint32_t point = take_code_point(character);
  return may_not_be_shown(point) ? point : 0;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view replacement = "\xef\xbf\xbd";
  if (is_plain_json(text)) return append_all(out, "\"", text, "\"");
  out += '"';
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
      ++i;
      continue;
    }
    const std::string_view wide = c >= 0x80 ? wide_character(text.substr(i)) : std::string_view();
    const std::uint32_t escaped = wide.empty() ? 0 : obeyed(wide);
    if (!wide.empty() && escaped == 0) {
      i += wide.size();
      continue;
    }
    out.append(text.substr(start, i - start));
    if (escaped != 0) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", escaped);
      start = i += wide.size();
      continue;
    }
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (c >= 0x80)
          out += replacement;
        else
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
    }
    start = ++i;
  }
  out.append(text.substr(start));
  out += '"';
}

std::string_view json_text(std::string_view text, std::string& kept) {
  if (is_plain_json(text)) return text;
  kept.clear();
  append_json_string(kept, text);
  return std::string_view(kept).substr(1, kept.size() - 2);
}

json_writer& json_writer::open(char bracket) {
  separate();
  out_ += bracket;
  needs_comma_ = false;
  return *this;
}

json_writer& json_writer::close(char bracket) {
  out_ += bracket;
  needs_comma_ = true;
  return *this;
}

void json_writer::separate() {
  if (needs_comma_) out_ += ',';
  needs_comma_ = true;
}

json_writer& json_writer::name(json_name literal) {
  if (needs_comma_)
    append_all(out_, ",\"", literal.view(), "\":");
  else
    append_all(out_, "\"", literal.view(), "\":");
  needs_comma_ = false;
  return *this;
}

json_writer& json_writer::any_name(std::string_view text) {
  separate();
  append_json_string(out_, text);
  out_ += ':';
  needs_comma_ = false;
  return *this;
}

json_writer& json_writer::string(std::string_view text) {
  separate();
  append_json_string(out_, text);
  return *this;
}

json_writer& json_writer::number(std::int64_t value) {
  separate();
  const fmt::format_int digits(value);
  out_.append(digits.data(), digits.size());
  return *this;
}

json_writer& json_writer::boolean(bool value) { return raw(value ? "true" : "false"); }
json_writer& json_writer::null() { return raw("null"); }

json_writer& json_writer::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

json_writer& json_writer::value(const json_value& tree) {
  if (tree.is_null()) return null();
  if (const auto* flag = tree.as_bool()) return boolean(*flag);
  if (const auto* whole = tree.as_integer()) return number(*whole);
  if (const auto real = tree.as_number()) return raw(fmt::format("{}", *real));
  if (const auto* text = tree.as_string()) return string(*text);
  if (const auto* items = tree.as_array()) {
    begin_array();
    for (const json_value& item : *items) value(item);
    return end_array();
  }
  begin_object();
  for (const auto& [key, item] : *tree.as_object()) any_name(key).value(item);
  return end_object();
}

}  // namespace core
