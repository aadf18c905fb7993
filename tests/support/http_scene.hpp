// http_scene: one http::server on a fake clock, a service that does what the test says, clients in
// memory.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/task_group.hpp"
#include "http/connection.hpp"
#include "http/exchange.hpp"
#include "net/buffer_pool.hpp"
#include "net/deadline_wheel.hpp"
#include "support/fakes.hpp"
#include "support/memory_stream.hpp"

namespace tests {

// Answers "<method> <target> <body>" unless it is told otherwise; refusals answer their status.
class scripted_service final : public http::service {
 public:
  struct end {
    int status;
    std::size_t bytes;
    bool had_head;
  };
  using admission = std::function<std::optional<http::body_plan>(http::exchange&, http::reply&)>;
  using handler = std::function<http::answer(http::exchange&, http::reply&)>;

  std::size_t body_bytes_max = 100;
  admission on_admit;
  handler on_handle;
  std::function<void()> on_finished;
  std::vector<end> ends;
  std::vector<core::failure> refused;

  std::optional<http::body_plan> admit(http::exchange& about, http::reply& out) override;
  http::answer handle(http::exchange& about, http::reply& out) override;
  void refuse(http::exchange& about, core::failure why, http::reply& out) override;
  void finished(const http::exchange& about, int status, std::size_t bytes_sent) override;
};

class http_scene {
 public:
  explicit http_scene(http::connection_limits limits = {});
  ~http_scene();

  std::shared_ptr<memory_wire> connect();
  // Everything that can happen without time passing.
  void settle();
  void pass(std::chrono::milliseconds time);
  // Connects, sends, settles.
  std::shared_ptr<memory_wire> ask(std::string_view bytes);

  asio::io_context context{1};
  fake_clock clock;
  net::buffer_pool buffers;
  net::deadline_wheel deadlines;
  scripted_service service;
  http::server server;
  core::task_group connections;
};

// Status of the first answer in `bytes`; 0 where there is none.
int status_of(std::string_view bytes);
// How often `what` is in `bytes`.
std::size_t times_in(std::string_view bytes, std::string_view what);

}  // namespace tests
