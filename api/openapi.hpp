// openapi: the description of every public route, as /openapi.json gives it.
#pragma once

#include <string_view>

namespace api {

std::string_view openapi_document();

}  // namespace api
