// pasted_credential: what people hand to `explain --token`, as the field of a request that would
// bring it along.
#pragma once

#include <string_view>

#include "auth/session_settings.hpp"
#include "http/message.hpp"

namespace auth {

// A token by itself, a cookie's value, or more of what a browser shows: "Bearer …", a pair of name
// and value, a line with Authorization or Cookie. Further lines, white space around it and a byte
// order mark are nobody's.
http::field field_of_pasted(const session_settings& settings, std::string_view text);

}  // namespace auth
