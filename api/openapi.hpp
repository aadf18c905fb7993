// openapi: the description of every public route, as /openapi.json gives it.
#pragma once

#include <string_view>

namespace api {

// api/openapi.json (OpenAPI 3.1), which tests hold against the URL table, the table of problems and
// the server's answers.
extern const std::string_view openapi_document;

}  // namespace api
