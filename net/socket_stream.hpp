// socket_stream: a stream over a connected TCP or unix socket.
#pragma once

#include "net/poller.hpp"
#include "net/stream.hpp"

namespace net {

class socket_stream : public stream {
 public:
  // Takes the descriptor, which must be non-blocking. Throws std::system_error, and closes it, when
  // the kernel cannot watch it.
  socket_stream(poller& by, int descriptor, const peer& other);

  core::task<core::result<void>> wait_readable(core::deadline until) override;
  core::result<std::size_t> read_available(std::span<char> into) override;
  core::result<std::size_t> write_available(std::string_view data) override;
  bool write_soon(std::string& data) override { return watched_.send_soon(data); }
  bool has_unsent() const override { return watched_.has_unsent(); }
  void finish_writing() override;
  void close() override;
  bool is_stale() override;
  const peer& other() const override { return other_; }
  bool wake_when_readable(waker& who, core::deadline until) override;
  bool call_after_events(turn_work& what) override { return watched_.call_after_events(what); }

  // Until there is room to write; after a connect() in progress: until it has ended, well or badly.
  core::task<core::result<void>> wait_writable(core::deadline until) override;
  // For connect() in progress: the next wait_writable() must wait.
  void expect_connecting() { watched_.write_exhausted(); }
  // Copies what is there without taking it: 0 when nothing is. Says errc::closed where that is all.
  core::result<std::size_t> peek_available(std::span<char> into);
  // What was peeked is not enough: the next wait_readable() must wait for more.
  void expect_more() { watched_.read_exhausted(); }
  // The next read_available() asks the kernel, whatever epoll has said so far.
  void look_again() { watched_.read_expected(); }
  bool has_ended() const { return watched_.has_ended(); }
  // For who has learned better: a PROXY header, a TLS handshake.
  void set_other(const peer& better) { other_ = better; }
  int descriptor() const { return watched_.descriptor(); }

 private:
  watched watched_;
  peer other_;
};

// One answer is one send: Nagle's algorithm would only wait for what does not come. Accepted
// sockets have this from their listener.
void send_without_delay(int descriptor);

}  // namespace net
