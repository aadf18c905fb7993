// room_files: the built-in room's page with its script and style, from web/room/, made into arrays
// by cmake/embed.cmake.
#pragma once

#include <string_view>

namespace api {

extern const std::string_view room_page;
extern const std::string_view room_script;
extern const std::string_view room_style;

}  // namespace api
