// Which characters may stand where in HTTP/1.1 and URIs.
#pragma once

#include "core/byte_set.hpp"

namespace http {

// tchar of RFC 9110 section 5.6.2.
inline constexpr core::byte_set token_characters =
    core::ascii::letters_and_digits | core::byte_set("!#$%&'*+-.^_`|~");
// reg-name of RFC 3986: unreserved, sub-delims and the '%' of percent-encoding.
inline constexpr core::byte_set host_characters =
    core::ascii::letters_and_digits | core::byte_set("-._~!$&'()*+,;=%");
// All that RFC 3986 knows but '#': a request's target has no fragment.
inline constexpr core::byte_set target_characters = host_characters | core::byte_set(":/?[]@");

}  // namespace http
