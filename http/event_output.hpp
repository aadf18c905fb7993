// event_output: the event stream of one connection. It owns the connection's bytes from its head to
// its end.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/task.hpp"
#include "core/task_group.hpp"
#include "http/connection.hpp"
#include "http/event_stream.hpp"
#include "net/stream.hpp"

namespace http {

// One event as WHATWG HTML section 9.2 has it. Line breaks end the event's name; each line of the
// data becomes a field of its own, whatever its line break is.
void append_event(std::string& out, std::string_view event, std::string_view data);

// Chunked for HTTP/1.1, so that a client can tell the end from a cut, and always the last answer of
// its connection: what a client sends meanwhile is read only to hear it leave, and thrown away.
class event_output final : public event_stream {
 public:
  event_output(core::executor on, const core::clock& time, const connection_limits& limits,
               net::stream_ptr to, bool chunked);
  ~event_output() override;
  event_output(const event_output&) = delete;
  event_output& operator=(const event_output&) = delete;

  // Each waits until the bytes have been taken, so that no more than one event is ever unsent.
  core::task<core::result<void>> send(std::string event, std::string data) override;
  core::task<bool> wait_until(core::deadline when) override;
  core::task<bool> wait_for(core::notice wake, core::deadline until) override;

  // The server is about to end: from now on nothing is waited for. The client sees an end in good
  // order and may ask again, of whoever serves then.
  void retire();
  // Writes the stream's end, hears the client out and closes.
  core::task<void> finish();
  // The end will be missing, so that the client knows that something broke.
  void abandon();
  std::size_t bytes_sent() const { return bytes_sent_; }

 private:
  // Outlives this object while the coroutine that listens for the client's end still waits.
  struct link {
    net::stream_ptr stream;
    core::deadline until;
    bool left = false;
    bool retired = false;
    std::optional<core::notice> bell;  // of the wait that goes on now
    core::notice ended;                // the listener has ended
  };
  static core::task<void> listen(std::shared_ptr<link> to);
  static core::task<void> pass_on(core::notice wake, core::notice bell, core::deadline until);
  core::task<bool> wait(std::optional<core::notice> wake, core::deadline until);
  core::task<core::result<void>> write(std::string text);
  core::steady_time now() const { return time_.steady_now(); }

  core::executor on_;
  const core::clock& time_;
  const connection_limits& limits_;
  std::shared_ptr<link> link_;
  core::task_group helpers_;
  core::steady_time written_at_;
  std::size_t bytes_sent_ = 0;
  bool chunked_;
  bool abandoned_ = false;
};

}  // namespace http
