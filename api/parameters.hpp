// parameters: what a query says, checked; each mistake names its parameter.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "join/join_service.hpp"

namespace api {

// api::errc::invalid_request with the facts "parameter" and "detail" (a sentence).
core::failure bad_parameter(std::string_view name, std::string_view sentence);

// errc::invalid_request where a "%" is not followed by two hexadecimal digits, or where what is
// encoded is no UTF-8 or holds control characters: in names, values and paths alike, also in those
// that nobody asked for, as two readers would understand them differently.
core::result<void> check_encoding(std::string_view path, std::string_view query);

// One parameter of a query, decoded; nullopt where it is absent. Repeated (encoded names included)
// or not decodable is a failure that names it. `plus_is_space` as in HTML forms; times have it off,
// so that "+01:00" may stand there.
core::result<std::optional<std::string>> find_parameter(std::string_view query,
                                                        std::string_view name,
                                                        bool plus_is_space = true);

// A name fit to be shown: UTF-8 without control or bidi-override characters, trimmed of white
// space, at most 64 code points. Empty where nothing is left.
core::result<std::string> clean_display_name(std::string_view text);

// roomId and userName of a join.
core::result<join::join_call> read_join_call(std::string_view query, core::role seat);

core::result<core::room_id> read_room_id(std::string_view text);

}  // namespace api
