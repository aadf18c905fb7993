#include "api/html.hpp"

namespace api {

void append_html(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
}

std::string html_of(std::string_view text) {
  std::string out;
  append_html(out, text);
  return out;
}

std::string fill_page(std::string_view page, std::initializer_list<html_value> values) {
  std::string out;
  out.reserve(page.size() + 512);
  while (true) {
    const std::size_t open = page.find('{');
    out += page.substr(0, open);
    if (open == std::string_view::npos) return out;
    page.remove_prefix(open);
    const html_value* found = nullptr;
    for (const html_value& one : values)
      if (page.substr(1).starts_with(one.first) &&
          page.substr(1 + one.first.size()).starts_with('}'))
        found = &one;
    out += found ? std::string_view(found->second) : page.substr(0, 1);
    page.remove_prefix(found ? found->first.size() + 2 : 1);
  }
}

}  // namespace api
