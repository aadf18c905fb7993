#include "support/http_scene.hpp"

#include <charconv>

#include "http/error.hpp"

namespace tests {
namespace {

int status_for(const core::failure& why) {
  if (why.code.category() != make_error_code(http::errc::bad_request).category()) return 500;
  switch (static_cast<http::errc>(why.code.value())) {
    case http::errc::body_too_large:
      return 413;
    case http::errc::uri_too_long:
      return 414;
    case http::errc::headers_too_large:
      return 431;
    case http::errc::not_implemented:
      return 501;
    case http::errc::version_not_supported:
      return 505;
    case http::errc::expectation_failed:
      return 417;
    case http::errc::request_timeout:
      return 408;
    default:
      return 400;
  }
}

}  // namespace

std::optional<http::body_plan> scripted_service::admit(http::exchange& about, http::reply& out) {
  if (on_admit) return on_admit(about, out);
  return http::body_plan{body_bytes_max};
}

http::answer scripted_service::handle(http::exchange& about, http::reply& out) {
  if (on_handle) return on_handle(about, out);
  out.field("Content-Type", "text/plain");
  out.body.append(about.head->method_text).append(" ").append(about.head->target).append(" ");
  out.body.append(about.body);
  return http::answered_now{};
}

void scripted_service::refuse(http::exchange&, core::failure why, http::reply& out) {
  out.status = status_for(why);
  out.body = why.code.message();
  refused.push_back(std::move(why));
}

void scripted_service::finished(const http::exchange& about, int status, std::size_t bytes_sent) {
  ends.push_back({status, bytes_sent, about.head != nullptr});
  if (on_finished) on_finished();
}

http_scene::http_scene(http::connection_limits limits)
    : deadlines(context.get_executor(), clock),
      server(http::connection_tools{context.get_executor(), buffers, clock, service, limits}),
      connections(context.get_executor()) {}

http_scene::~http_scene() {
  server.stop();
  connections.close(true);
  settle();
}

std::shared_ptr<memory_wire> http_scene::connect() {
  auto wire = std::make_shared<memory_wire>();
  auto stream = std::make_unique<memory_stream>(context.get_executor(), deadlines, wire);
  connections.spawn(server.serve(std::move(stream)));
  settle();
  return wire;
}

void http_scene::settle() {
  context.restart();
  context.poll();
}

void http_scene::pass(std::chrono::milliseconds time) {
  clock.advance(time);
  deadlines.turn(clock.steady_now());
  settle();
}

std::shared_ptr<memory_wire> http_scene::ask(std::string_view bytes) {
  auto wire = connect();
  wire->send(bytes);
  settle();
  return wire;
}

int status_of(std::string_view bytes) {
  int status = 0;
  if (bytes.starts_with("HTTP/1.1 ") && bytes.size() > 12)
    std::from_chars(bytes.data() + 9, bytes.data() + 12, status);
  return status;
}

std::size_t times_in(std::string_view bytes, std::string_view what) {
  std::size_t times = 0;
  for (auto at = bytes.find(what); at != std::string_view::npos; at = bytes.find(what, at + 1))
    ++times;
  return times;
}

}  // namespace tests
