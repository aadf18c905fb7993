#include "http/message.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/encoding.hpp"

namespace http {
namespace {

// A line break in a value would let a caller of ours write header lines.
bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
  });
}

}  // namespace

std::string_view name_of(method verb) {
  switch (verb) {
    case method::get:
      return "GET";
    case method::head:
      return "HEAD";
    case method::post:
      return "POST";
    case method::put:
      return "PUT";
    case method::delete_:
      return "DELETE";
    case method::patch:
      return "PATCH";
    case method::options:
      return "OPTIONS";
    case method::connect:
      return "CONNECT";
    case method::trace:
      return "TRACE";
    case method::other:
      break;
  }
  return "OTHER";
}

std::string_view reason_of(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 425:
      return "Too Early";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

field_list::field_list(std::span<const field_view> all, std::span<const known_field> kinds)
    : all_(all) {
  for (std::size_t i = 0; i < all.size(); ++i) note(kinds[i], i + 1);
}

field_list::field_list(std::span<const field_view> all) : all_(all) {
  for (std::size_t i = 0; i < all.size(); ++i) note(known_field_from(all[i].name), i + 1);
}

void field_list::note(known_field kind, std::size_t place) {
  std::uint8_t& first = first_[number(kind)];
  if (first != 0)
    repeated_ |= 1u << number(kind);
  else
    first = static_cast<std::uint8_t>(place);
}

std::string_view request_head::find(std::string_view name) const {
  for (const field_view& one : fields)
    if (core::equals_ignoring_case(one.name, name)) return one.value;
  return {};
}

std::size_t request_head::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      fields.begin(), fields.end(),
      [&](const field_view& one) { return core::equals_ignoring_case(one.name, name); }));
}

std::vector<std::string_view> request_head::all(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const field_view& one : fields)
    if (core::equals_ignoring_case(one.name, name)) found.push_back(one.value);
  return found;
}

void reply::clear() {
  status = 200;
  close = false;
  fields.clear();
  body.clear();
}

void reply::field(std::string_view name, std::string_view value) {
  if (has_control(name) || has_control(value))
    throw std::logic_error("a control character in a reply's header field");
  fields.append(name);
  fields.append(": ");
  fields.append(value);
  fields.append("\r\n");
}

void reply::json(int with_status, std::string text) {
  status = with_status;
  body = std::move(text);
  fields.append("Content-Type: application/json\r\n");
}

std::string_view response::find(std::string_view name) const {
  for (const http::field& one : fields)
    if (core::equals_ignoring_case(one.name, name)) return one.value;
  return {};
}

}  // namespace http
