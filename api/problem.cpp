#include "api/problem.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "api/error.hpp"
#include "auth/error.hpp"
#include "core/error.hpp"
#include "core/json.hpp"
#include "http/error.hpp"
#include "join/error.hpp"
#include "jose/error.hpp"
#include "net/error.hpp"
#include "providers/error.hpp"
#include "rooms/error.hpp"

namespace api {
namespace {

// What is shown. Each code stands here once.
constexpr problem invalid_request{400, "invalid_request", "Invalid request",
                                  "The request is malformed. Correct it and send it again."};
constexpr problem invalid_cursor{400, "invalid_request", "Invalid request",
                                 "The cursor is not one that a page gave. Start again without it."};
constexpr problem unauthenticated{401, "unauthenticated", "Not signed in",
                                  "No valid session came with the request. Sign in and try again."};
constexpr problem bad_key{401, "unauthenticated", "Not signed in",
                          "No valid service key came with the request. Send it as a bearer token."};
constexpr problem forged_webhook{
    401, "unauthenticated", "Not the provider",
    "The webhook's signature, secret or time is not what the provider's settings ask for."};
constexpr problem session_expired{401, "session_expired", "Session expired",
                                  "The session has expired. Sign in again."};
constexpr problem https_required{403, "https_required", "HTTPS required",
                                 "This service is reached over https only. Use an https address."};
constexpr problem wrong_role{
    403, "wrong_role", "Wrong role",
    "The session may not take this seat. Join from the other side, or sign "
    "in with the account that the booking names for it."};
constexpr problem not_assigned{403, "not_assigned", "Not on the list",
                               "The session is not on the list of this room. Sign in with the "
                               "account that the booking was made for."};
constexpr problem too_early{403, "too_early", "Too early",
                            "The room is not open yet. Come back when it opens."};
constexpr problem room_not_found{404, "room_not_found", "Room not found",
                                 "No booking has this room. Check the link."};
constexpr problem not_found{404, "not_found", "Not found", "Nothing is at this address."};
constexpr problem method_not_allowed{405, "method_not_allowed", "Method not allowed",
                                     "This address does not take this method. The Allow header "
                                     "lists those that it takes."};
constexpr problem request_timeout{408, "request_timeout", "Request timeout",
                                  "The request did not arrive in time. Send it again."};
constexpr problem room_ended{410, "room_ended", "Call over", "This call is over."};
constexpr problem room_cancelled{410, "room_cancelled", "Call cancelled",
                                 "This call has been cancelled."};
constexpr problem body_too_large{413, "body_too_large", "Body too large",
                                 "The request's body is larger than this address takes."};
constexpr problem uri_too_long{414, "uri_too_long", "Address too long",
                               "The request's address is too long."};
constexpr problem unsupported_media_type{415, "unsupported_media_type", "Unsupported media type",
                                         "Send the body as the media type that this address takes, "
                                         "and name it in Content-Type."};
constexpr problem expectation_failed{417, "expectation_failed", "Expectation failed",
                                     "The only expectation that is met is 100-continue."};
constexpr problem invalid_booking{422, "invalid_booking", "Invalid booking",
                                  "The booking has mistakes; errors lists each with its place."};
constexpr problem rate_limited{
    429, "rate_limited", "Too many requests",
    "Too many requests came in a short time. Wait as long as Retry-After "
    "says, then try again."};
constexpr problem headers_too_large{431, "headers_too_large", "Headers too large",
                                    "The request's header is too large. Clearing this site's "
                                    "cookies may help."};
constexpr problem internal{500, "internal_error", "Internal error",
                           "Something went wrong here. Try again; if it stays, tell the operator "
                           "the request id."};
constexpr problem not_implemented{501, "not_implemented", "Not implemented",
                                  "The request uses a part of HTTP that is not offered here."};
constexpr problem provider_rejected{502, "provider_rejected", "Provider refused",
                                    "The video provider refused. Trying again will not help soon; "
                                    "tell the operator the request id."};
constexpr problem provider_unavailable{503, "provider_unavailable", "Provider unavailable",
                                       "The video provider cannot be reached right now. Try again "
                                       "in a moment."};
constexpr problem login_unavailable{503, "login_unavailable", "Login unavailable",
                                    "Whoever could say whether the session is good does not "
                                    "answer right now. Try again in a moment."};
constexpr problem overloaded{503, "overloaded", "Overloaded",
                             "More is asked at the moment than can be answered in time. Try again "
                             "in a moment."};
constexpr problem provider_timeout{504, "provider_timeout", "Provider too slow",
                                   "The video provider did not answer in time. Try again."};
constexpr problem version_not_supported{505, "version_not_supported", "HTTP version not supported",
                                        "Use HTTP/1.1."};

// clang-format off: tables, one line per enumerator.
const problem* row_of(core::errc why) {
  switch (why) {
    case core::errc::timed_out: return &provider_timeout;
    case core::errc::cancelled: return &overloaded;
    case core::errc::queue_full: return &overloaded;
    case core::errc::bad_json: return &invalid_request;
    case core::errc::bad_encoding: return &invalid_request;
    case core::errc::bad_time: return &invalid_request;
    case core::errc::bad_id: return &invalid_request;
    case core::errc::internal: return &internal;
  }
  return nullptr;
}

// The network that failed here is the one between us and a provider.
const problem* row_of(net::errc why) {
  switch (why) {
    case net::errc::timed_out: return &provider_timeout;
    case net::errc::closed: return &provider_unavailable;
    case net::errc::connect_failed: return &provider_unavailable;
    case net::errc::name_not_found: return &provider_unavailable;
    case net::errc::tls_failed: return &provider_unavailable;
    case net::errc::broken: return &provider_unavailable;
    case net::errc::cancelled: return &overloaded;
  }
  return nullptr;
}

const problem* row_of(http::errc why) {
  switch (why) {
    case http::errc::bad_request: return &invalid_request;
    case http::errc::body_too_large: return &body_too_large;
    case http::errc::uri_too_long: return &uri_too_long;
    case http::errc::headers_too_large: return &headers_too_large;
    case http::errc::not_implemented: return &not_implemented;
    case http::errc::version_not_supported: return &version_not_supported;
    case http::errc::expectation_failed: return &expectation_failed;
    case http::errc::request_timeout: return &request_timeout;
    case http::errc::not_found: return &not_found;
    case http::errc::method_not_allowed: return &method_not_allowed;
    case http::errc::unsupported_media_type: return &unsupported_media_type;
    case http::errc::bad_url: return &internal;
    case http::errc::bad_response: return &provider_rejected;
    case http::errc::response_too_large: return &provider_rejected;
  }
  return nullptr;
}

// The verifier speaks auth's words; a token error that comes through is a token that is not good, a key error is ours.
const problem* row_of(jose::errc why) {
  switch (why) {
    case jose::errc::malformed: return &unauthenticated;
    case jose::errc::unsupported: return &unauthenticated;
    case jose::errc::unknown_key: return &unauthenticated;
    case jose::errc::bad_signature: return &unauthenticated;
    case jose::errc::expired: return &session_expired;
    case jose::errc::not_yet_valid: return &unauthenticated;
    case jose::errc::bad_claims: return &unauthenticated;
    case jose::errc::weak_key: return &internal;
    case jose::errc::bad_key: return &internal;
  }
  return nullptr;
}

const problem* row_of(auth::errc why) {
  switch (why) {
    case auth::errc::unauthenticated: return &unauthenticated;
    case auth::errc::session_expired: return &session_expired;
    case auth::errc::bad_service_key: return &bad_key;
    case auth::errc::must_wait: return &login_unavailable;
    case auth::errc::login_unavailable: return &login_unavailable;
  }
  return nullptr;
}

const problem* row_of(rooms::errc why) {
  switch (why) {
    case rooms::errc::room_not_found: return &room_not_found;
    case rooms::errc::wrong_role: return &wrong_role;
    case rooms::errc::not_assigned: return &not_assigned;
    case rooms::errc::too_early: return &too_early;
    case rooms::errc::room_ended: return &room_ended;
    case rooms::errc::room_cancelled: return &room_cancelled;
    case rooms::errc::invalid_booking: return &invalid_booking;
    case rooms::errc::store_unavailable: return &overloaded;
    case rooms::errc::bad_cursor: return &invalid_cursor;
  }
  return nullptr;
}

const problem* row_of(providers::errc why) {
  switch (why) {
    case providers::errc::rejected: return &provider_rejected;
    case providers::errc::unavailable: return &provider_unavailable;
    case providers::errc::timed_out: return &provider_timeout;
    case providers::errc::room_disabled: return &provider_rejected;
    case providers::errc::room_gone: return &provider_rejected;
    case providers::errc::no_webhooks: return &not_found;
    case providers::errc::forged_webhook: return &forged_webhook;
    case providers::errc::bad_webhook: return &invalid_request;
  }
  return nullptr;
}

const problem* row_of(join::errc why) {
  switch (why) {
    case join::errc::rate_limited: return &rate_limited;
    case join::errc::overloaded: return &overloaded;
    case join::errc::provider_missing: return &provider_unavailable;
  }
  return nullptr;
}

const problem* row_of(errc why) {
  switch (why) {
    case errc::invalid_request: return &invalid_request;
    case errc::https_required: return &https_required;
    case errc::internal: return &internal;
  }
  return nullptr;
}

// clang-format on

template <class Errc>
const problem* row_in(std::error_code why) {
  return row_of(static_cast<Errc>(why.value()));
}

template <class Errc>
bool is_of(std::error_code why, Errc any) {
  return why.category() == make_error_code(any).category();
}

const problem* find_row(std::error_code why) {
  if (is_of(why, rooms::errc::room_not_found)) return row_in<rooms::errc>(why);
  if (is_of(why, join::errc::rate_limited)) return row_in<join::errc>(why);
  if (is_of(why, auth::errc::unauthenticated)) return row_in<auth::errc>(why);
  if (is_of(why, errc::invalid_request)) return row_in<errc>(why);
  if (is_of(why, http::errc::bad_request)) return row_in<http::errc>(why);
  if (is_of(why, providers::errc::rejected)) return row_in<providers::errc>(why);
  if (is_of(why, core::errc::internal)) return row_in<core::errc>(why);
  if (is_of(why, net::errc::broken)) return row_in<net::errc>(why);
  if (is_of(why, jose::errc::malformed)) return row_in<jose::errc>(why);
  return nullptr;
}

const std::string* find_fact(const core::failure& why, std::string_view name) {
  const auto found = std::ranges::find(why.facts, name, &core::fact::name);
  return found == why.facts.end() ? nullptr : &found->value;
}

void write_booking_errors(core::json_writer& json, const core::failure& why) {
  json.name("errors").begin_array();
  for (const core::fact& one : why.facts) {
    json.begin_object();
    json.member("pointer", one.name).member("detail", one.value);
    json.end_object();
  }
  json.end_array();
}

// A 503 tells when to come back even where nobody knows better.
std::optional<std::chrono::seconds> wait_of(const core::failure& why, const problem& row) {
  if (why.retry_after) return std::max(*why.retry_after, std::chrono::seconds{1});
  if (row.status == 503) return std::chrono::seconds{2};
  return std::nullopt;
}

std::string challenge(const problem& row, bool token_given) {
  std::string out = R"(Bearer realm="stagedoor")";
  // Of a cookie the scheme says nothing (RFC 6750 section 3.1); the code in the body does.
  if (!token_given) return out;
  out += R"(, error="invalid_token")";
  if (row.code == "session_expired") out += R"(, error_description="The session has expired")";
  return out;
}

}  // namespace

bool has_problem(std::error_code why) { return find_row(why) != nullptr; }

const problem& problem_of(std::error_code why) {
  const problem* row = find_row(why);
  return row ? *row : internal;
}

void append_problem_json(std::string& out, const core::failure& why, const problem_scene& scene) {
  const problem& row = problem_of(why.code);
  const std::string* sentence = find_fact(why, "detail");
  std::string type(scene.docs_url);
  type += row.code;

  core::json_writer json(out);
  json.begin_object();
  json.member("type", type);
  json.member("title", row.title);
  json.member("status", row.status);
  json.member("detail", sentence ? std::string_view(*sentence) : row.detail);
  json.member("code", row.code);
  json.member("requestId", scene.request_id);
  if (row.code == invalid_booking.code) {
    write_booking_errors(json, why);
  } else {
    for (const core::fact& one : why.facts)
      if (one.name != "detail" && !auth::is_for_audit(one.name))
        json.any_name(one.name).string(one.value);
  }
  json.end_object();
}

void write_problem(http::reply& out, const core::failure& why, const problem_scene& scene) {
  const problem& row = problem_of(why.code);
  out.status = row.status;
  out.body.clear();
  append_problem_json(out.body, why, scene);
  out.fields.append("Content-Type: application/problem+json\r\n");
  if (const auto wait = wait_of(why, row)) out.field("Retry-After", std::to_string(wait->count()));
  if (row.status == 401) out.field("WWW-Authenticate", challenge(row, scene.token_given));
}

}  // namespace api
