// exchange: one request on its way to an answer; service: what answers it. One service object per
// shard.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "core/task.hpp"
#include "http/message.hpp"
#include "net/stream.hpp"

namespace http {

class event_stream;

// Lives in the connection from the head's arrival until the answer has been written; views stay
// valid as long.
struct exchange {
  const request_head* head = nullptr;
  std::string_view body;  // complete, when handle() is called
  const net::peer* peer = nullptr;
  core::steady_time started;                     // when the head's first byte was seen
  core::wall_time now;                           // the wall clock at that time
  core::deadline deadline{core::steady_time{}};  // for everything that this request waits for

  // When its answer had been written; known in finished().
  core::steady_time ended;
  core::wall_time ended_wall;

  // Filled by the service, read by it again in finished().
  net::ip_address client;  // the address that limits count
  std::size_t route = 0;   // the service's own number for what was asked
  std::array<char, 64> request_id_text{};
  std::uint8_t request_id_size = 0;
  std::string note;  // the problem code of a refusal, for the access log

  std::string_view request_id() const { return {request_id_text.data(), request_id_size}; }
};

// What to do with the body of an admitted request.
struct body_plan {
  std::size_t bytes_max = 0;  // more is 413
};

// How a request is answered: at once (the reply has been filled), by a task, or as a stream of
// events.
struct answered_now {};
using answered_later = core::task<void>;  // fills the same reply
using answered_by_events = std::function<core::task<void>(event_stream&)>;
using answer = std::variant<answered_now, answered_later, answered_by_events>;

class service {
 public:
  virtual ~service() = default;
  // The head is there, the body not yet: limits, route, method. nullopt: refused, the reply has
  // been filled.
  virtual std::optional<body_plan> admit(exchange& about, reply& out) = 0;
  // The request is complete. The reply outlives the task; `about` and `out` may be captured by
  // pointer.
  virtual answer handle(exchange& about, reply& out) = 0;
  // A message that broke the protocol: fills the reply for this status (400, 408, 413, 414, 417,
  // 431, 501, 505). `about.head` is null where there is none.
  virtual void refuse(exchange& about, core::failure why, reply& out) = 0;
  // The answer was written, or not (the client left). For the access log and metrics.
  virtual void finished(const exchange& about, int status, std::size_t bytes_sent) = 0;
};

}  // namespace http
