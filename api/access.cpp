#include "api/access.hpp"

#include "api/routes.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include "core/trace.hpp"

namespace api {

core::histogram& access_record::durations(std::size_t route_index, std::string_view route,
                                          http::method verb, int status) {
  const auto method_index = std::min(static_cast<std::size_t>(verb), methods - 1);
  auto& mine = known_[std::min(route_index, routes_max - 1)][method_index];
  if (!mine) mine = std::make_unique<row>();
  // A status that we do not send is a bug, and bugs belong to 599.
  const int place = status < 100 || status > 599 ? 499 : status - 100;
  core::histogram*& found = (*mine)[static_cast<std::size_t>(place)];
  if (!found)
    found = &metrics_.times("http_server_request_duration_seconds",
                            "From a request's first byte until its answer was written.",
                            {{"route", std::string(route)},
                             {"method", std::string(http::name_of(verb))},
                             {"status", std::to_string(status)}});
  return *found;
}

void access_record::finished(const http::exchange& about, std::size_t route_index,
                             std::string_view route, int status, std::size_t bytes_sent) {
  const http::request_head* head = about.head;
  const auto took = about.ended - about.started;
  durations(route_index, route, head ? head->method : http::method::other, status)
      .observe(std::chrono::duration<double>(took).count());
  if (!lines_ || !log_.wants(core::log_level::info)) return;

  thread_local std::string client;
  client.clear();
  about.client.append_text(client);
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  const auto trace =
      head ? core::trace::from(head->find(http::known_field::traceparent)) : std::nullopt;
  const bool hidden = row_of(static_cast<api::route>(route_index)).secret_path;
  const std::array fields = {
      core::log_field{"method", head ? head->method_text : std::string_view("-")},
      core::log_field{"route", route},
      core::log_field{"path", head && !hidden ? head->path : std::string_view("-")},
      core::log_field{"status", status},
      core::log_field{"bytes", bytes_sent},
      core::log_field{"duration_us", microseconds},
      core::log_field{"client", client},
      core::log_field{"request_id", about.request_id()},
      core::log_field{"code", std::string_view(about.note)},
      core::log_field{"trace_id", trace ? trace->id() : std::string_view()}};
  log_.log_at(about.ended_wall, core::log_level::info, "request",
              std::span(fields).first(fields.size() - (trace ? 0 : 1)));
}

}  // namespace api
