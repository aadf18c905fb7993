// html: text as HTML shows it, and pages with gaps to be filled.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace api {

// Also fit for a quoted attribute.
void append_html(std::string& out, std::string_view text);
std::string html_of(std::string_view text);

// The page with "{name}" replaced by the HTML given for each name. What has no value stays.
using html_value = std::pair<std::string_view, std::string>;
std::string fill_page(std::string_view page, std::initializer_list<html_value> values);

}  // namespace api
