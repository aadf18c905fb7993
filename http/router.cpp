#include "http/router.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/encoding.hpp"

namespace http {
namespace {

struct path_parts {
  std::array<std::string_view, path_segments_most> text;
  std::size_t count = 0;
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Takes the next decoded byte off the text; -1 where the encoding is broken.
int take_byte(std::string_view& text) {
  const char first = text.front();
  if (first != '%') {
    text.remove_prefix(1);
    return static_cast<unsigned char>(first);
  }
  if (text.size() < 3) return -1;
  const int high = hex_digit(text[1]);
  const int low = hex_digit(text[2]);
  text.remove_prefix(3);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// Whether the segment, decoded once, is this text.
bool reads_as(std::string_view segment, std::string_view text) {
  if (segment.find('%') == std::string_view::npos) return segment == text;
  for (const char wanted : text)
    if (segment.empty() || take_byte(segment) != static_cast<unsigned char>(wanted)) return false;
  return segment.empty();
}

bool is_plain(std::string_view segment) {
  if (segment.empty() || reads_as(segment, ".") || reads_as(segment, "..")) return false;
  if (segment.find('%') == std::string_view::npos) return true;
  for (auto rest = segment; !rest.empty();) {
    const int byte = take_byte(rest);
    if (byte < 0x20 || byte == 0x7f || byte == '/' || byte == '\\') return false;
  }
  return true;
}

// False where no pattern can fit.
bool split(std::string_view path, path_parts& out) {
  if (!path.starts_with('/')) return false;
  if (path.size() == 1) return true;
  do {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    if (out.count == path_segments_most || !is_plain(path.substr(0, end))) return false;
    out.text[out.count++] = path.substr(0, end);
    path.remove_prefix(end);
  } while (!path.empty());
  return true;
}

}  // namespace

std::string methods::text() const {
  std::string out;
  for (const method one : {method::get, method::head, method::post, method::put, method::delete_,
                           method::patch, method::options, method::trace}) {
    if (!has(one)) continue;
    if (!out.empty()) out += ", ";
    out += name_of(one);
  }
  return out;
}

std::optional<std::string> route_found::parameter(std::size_t index) const {
  return core::percent_decode(raw.at(index));
}

router::router(std::span<const route_entry> table) {
  rows_.reserve(table.size());
  for (const route_entry& one : table) {
    path_parts parts;
    if (!split(one.pattern, parts))
      throw std::logic_error("no path can match the pattern " + std::string(one.pattern));
    row made{one.allowed, one.number, static_cast<std::uint8_t>(parts.count), {}};
    std::size_t parameters = 0;
    for (std::size_t i = 0; i < parts.count; ++i) {
      const auto text = parts.text[i];
      const bool is_parameter = text.starts_with('{') && text.ends_with('}');
      made.segments[i] = {text, is_parameter};
      parameters += is_parameter;
    }
    if (parameters > path_parameters_most)
      throw std::logic_error("too many parameters in " + std::string(one.pattern));
    rows_.push_back(made);
  }
}

route_found router::match(method verb, std::string_view path) const {
  route_found out;
  path_parts parts;
  if (!split(path, parts)) return out;
  for (const row& one : rows_) {
    if (one.count != parts.count) continue;
    std::uint8_t parameters = 0;
    std::array<std::string_view, path_parameters_most> raw;
    const auto fits = [&](std::size_t i) {
      if (!one.segments[i].is_parameter) return reads_as(parts.text[i], one.segments[i].text);
      raw[parameters++] = parts.text[i];
      return true;
    };
    std::size_t at = 0;
    while (at < parts.count && fits(at)) ++at;
    if (at < parts.count) continue;
    out.allowed = out.allowed | one.allowed;
    out.number = one.number;
    out.raw = raw;
    out.parameters = parameters;
    out.what = route_found::outcome::found;
    if (one.allowed.has(verb)) return out;
    out.what = route_found::outcome::method_not_allowed;
  }
  return out;
}

}  // namespace http
