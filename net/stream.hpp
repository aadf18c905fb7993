// stream: bytes over TCP, a unix socket or TLS on top of TCP; every wait has a deadline.
#pragma once

#include <cstdint>
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
  ip_address address;  // 127.0.0.1 for unix sockets
  unsigned short port = 0;
  bool is_unix = false;
  bool is_tls = false;
  // A PROXY header came first, so the other end of the socket is a trusted proxy; `address` is the
  // client that it named, where it named one.
  bool introduced = false;
  bool named = false;
  bool proxy_is_local = false;  // on this machine
};

// Hears once that a stream can be read, where no coroutine waits for it.
class waker {
 public:
  // On the shard. False: the deadline passed. The stream no longer knows of this object.
  virtual void woken(bool readable) = 0;

 protected:
  ~waker() = default;
};

// Work that waits until all events of a turn of the shard's loop have been told, so that what many
// connections need is done together.
class turn_work {
 public:
  virtual void events_told() = 0;

 protected:
  ~turn_work() = default;
};

class stream;
using stream_ptr = std::unique_ptr<stream>;

// Where an accepted connection waits for its next request without a coroutine: a coroutine with all
// that belongs to it is a thousand bytes, and most connections are idle most of the time.
class resting_place {
 public:
  // Takes the stream; when bytes come its connection is handled anew, when the deadline passes or
  // the listener ends it is closed. False, and nothing is taken, where bytes are there already.
  virtual bool rest(stream_ptr& who, core::deadline until) = 0;

 protected:
  ~resting_place() = default;
};

// One per connection, used by one coroutine at a time (one reader; a writer may write beside it).
// Destroying it closes the descriptor. After an error only close() makes sense.
class stream {
 public:
  virtual ~stream() = default;

  // Waits until bytes (or the end) can be read, without needing a buffer meanwhile.
  virtual core::task<core::result<void>> wait_readable(core::deadline until) = 0;
  // Reads what is there without waiting: >0 bytes, 0 when nothing is there yet, errc::closed at the
  // end.
  virtual core::result<std::size_t> read_available(std::span<char> into) = 0;
  // Waits for at least one byte.
  core::task<core::result<std::size_t>> read_some(std::span<char> into, core::deadline until);

  // Waits until what write_available() left over can go on.
  virtual core::task<core::result<void>> wait_writable(core::deadline until) = 0;
  // Sends what the socket takes without waiting.
  virtual core::result<std::size_t> write_available(std::string_view data) = 0;
  // Sends all. `data` must stay alive until the task has ended.
  core::task<core::result<void>> write_all(std::string_view data, core::deadline until);

  // Takes short bytes that the socket has room for as far as we know, and sends them together with
  // those of other connections, before the shard waits again. `data` is empty then, with memory to
  // write into. False, and nothing is taken, where that cannot be.
  virtual bool write_soon(std::string& data) {
    (void)data;
    return false;
  }
  // The socket had no room for all that write_soon() took.
  virtual bool has_unsent() const { return false; }

  // Says that we send nothing more (FIN, or close_notify for TLS); reading goes on.
  virtual void finish_writing() = 0;
  virtual void close() = 0;
  // The other side has closed, or sent something although nothing was asked: not fit for another
  // request.
  virtual bool is_stale() = 0;
  virtual const peer& other() const = 0;

  // False where that cannot be done, or bytes are there already. Closing the stream takes it back.
  virtual bool wake_when_readable(waker&, core::deadline) { return false; }
  // Calls it back once, after the events of this turn and before what write_soon() took is sent;
  // asking again before that changes nothing. False where there is no turn to wait for.
  virtual bool call_after_events(turn_work&) { return false; }
  // Null for streams that nobody accepted.
  virtual resting_place* rest_at() { return nullptr; }

  // What must not be forgotten while the connection rests; kept by who handles it.
  struct past {
    core::steady_time since{};
    std::uint64_t requests = 0;
  };
  past history;
};

}  // namespace net
