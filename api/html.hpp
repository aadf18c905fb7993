// html: text as HTML shows it.
#pragma once

#include <string>
#include <string_view>

namespace api {

// Also fit for a quoted attribute.
void append_html(std::string& out, std::string_view text);

}  // namespace api
