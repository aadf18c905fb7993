// stream: bytes over TCP, a unix socket or TLS on top of TCP; every wait has a deadline.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/task.hpp"
#include "net/address.hpp"

namespace net {

// Who is on the other side of an accepted connection.
struct peer {
  ip_address address;         // 127.0.0.1 for unix sockets
  unsigned short port = 0;
  bool is_unix = false;
  bool is_tls = false;
};

// One per connection, used by one coroutine at a time (one reader; a writer may write beside it).
// Destroying it closes the descriptor. After an error only close() makes sense.
class stream {
 public:
  virtual ~stream() = default;

  // Waits until bytes (or the end) can be read, without needing a buffer meanwhile.
  virtual core::task<core::result<void>> wait_readable(core::deadline until) = 0;
  // Reads what is there without waiting: >0 bytes, 0 when nothing is there yet, errc::closed at the end.
  virtual core::result<std::size_t> read_available(std::span<char> into) = 0;
  // Waits for at least one byte.
  virtual core::task<core::result<std::size_t>> read_some(std::span<char> into, core::deadline until) = 0;

  // Sends what the socket takes without waiting; the rest has to be written with write_all.
  virtual core::result<std::size_t> write_available(std::string_view data) = 0;
  // `data` must stay alive until the task has ended.
  virtual core::task<core::result<void>> write_all(std::string_view data, core::deadline until) = 0;

  // Says that we send nothing more (FIN, or close_notify for TLS); reading goes on.
  virtual void finish_writing() = 0;
  virtual void close() = 0;
  // The other side has closed, or sent something although nothing was asked: not fit for another request.
  virtual bool is_stale() = 0;
  virtual const peer& other() const = 0;
};

using stream_ptr = std::unique_ptr<stream>;

}  // namespace net
