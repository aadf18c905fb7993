// page_files: the pages and their scripts, from web/, made into arrays by cmake/embed.cmake and
// cmake/web.cmake.
#pragma once

#include <string_view>

namespace api {

extern const std::string_view element_script;  // <video-call>
extern const std::string_view test_page;
extern const std::string_view test_script;
extern const std::string_view call_page;
extern const std::string_view pages_style;
extern const std::string_view pages_icon;

}  // namespace api
