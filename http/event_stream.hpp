// event_stream: server-sent events (WHATWG HTML, section 9.2) as an answer, with a heartbeat.
#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/task.hpp"

namespace http {

// Implemented by the connection. The head (200, text/event-stream, no-store) is sent before the
// first event.
class event_stream {
 public:
  virtual ~event_stream() = default;
  // Writes one event; `data` may have several lines. Fails when the client has left.
  virtual core::task<core::result<void>> send(std::string event, std::string data) = 0;
  // Waits until the instant, writing a comment every 15 s. False once the client has left, or the
  // server is about to end.
  virtual core::task<bool> wait_until(core::deadline when) = 0;
  // The same, but ends early when `wake` is given (see core::notice).
  virtual core::task<bool> wait_for(core::notice wake, core::deadline until) = 0;
};

}  // namespace http
