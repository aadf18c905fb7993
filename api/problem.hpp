// problem: every way to fail of every room, as the status, code and sentence that a caller is shown
// (RFC 9457).
#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include "core/result.hpp"
#include "http/message.hpp"

namespace api {

struct problem {
  int status = 500;
  std::string_view code;
  std::string_view title;
  std::string_view detail;  // a sentence that a person can act on
};

// An error that has no row is a bug and reads as internal_error.
const problem& problem_of(std::error_code why);
// For the test that walks all enumerators.
bool has_problem(std::error_code why);

struct problem_scene {
  std::string_view docs_url;  // `type` is this with the code behind it
  std::string_view request_id;
  bool token_given = false;  // the caller sent a credential, and it was not good
};

// {"type":…,"title":…,"status":…,"detail":…,"code":…,"requestId":…, facts…}. The fact "detail"
// takes the place of the table's sentence; the facts of an invalid booking are its "errors".
// failure.detail is never shown.
void append_problem_json(std::string& out, const core::failure& why, const problem_scene& scene);

// Status, body, Content-Type, Cache-Control and, where they belong, Retry-After and
// WWW-Authenticate. The reply's body is replaced, its fields are kept.
void write_problem(http::reply& out, const core::failure& why, const problem_scene& scene);

}  // namespace api
