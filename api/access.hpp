// access: one line per request in the log, and http_server_request_duration_seconds.
#pragma once

#include <array>
#include <cstdint>

#include "core/log.hpp"
#include "core/metrics.hpp"
#include "http/exchange.hpp"

namespace api {

class access_record {
 public:
  access_record(core::logger& log, core::metrics_page& metrics, bool lines)
      : log_(log), metrics_(metrics), lines_(lines) {}

  // `route` is the route's pattern, never the path: labels come from a fixed list.
  void finished(const http::exchange& about, std::size_t route_index, std::string_view route,
                int status, std::size_t bytes_sent);

 private:
  static constexpr std::size_t routes_max = 32;
  static constexpr std::size_t methods = 10;
  static constexpr std::size_t statuses = 500;  // 100 to 599

  core::histogram& durations(std::size_t route_index, std::string_view route, http::method verb,
                             int status);

  core::logger& log_;
  core::metrics_page& metrics_;
  bool lines_;
  // Found once, then by index: [route][method][status - 100]. Rows are made when they are first
  // needed.
  using row = std::array<core::histogram*, statuses>;
  std::array<std::array<std::unique_ptr<row>, methods>, routes_max> known_;
};

}  // namespace api
