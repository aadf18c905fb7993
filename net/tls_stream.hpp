// tls_stream: TLS on top of a socket, as client or server. OpenSSL reads and writes through the
// socket's own calls, so it knows what epoll knows, and holds no buffers while the connection is
// idle.
#pragma once

#include <memory>

#include "net/socket_stream.hpp"
#include "net/tls_client.hpp"

namespace net {

class tls_stream final : public stream {
 public:
  // `state` comes from tls_client::start or tls_server::start.
  tls_stream(std::unique_ptr<socket_stream> raw, ssl_ptr state);
  ~tls_stream() override;

  // To be awaited first. errc::tls_failed with the reason, timed_out, or closed.
  core::task<core::result<void>> handshake(core::deadline until);
  bool resumed() const { return SSL_session_reused(state_.get()) == 1; }
  SSL* state() { return state_.get(); }

  core::task<core::result<void>> wait_readable(core::deadline until) override;
  // errc::closed only after close_notify; an end without one is errc::broken, as it may have been
  // forged.
  core::result<std::size_t> read_available(std::span<char> into) override;
  core::result<std::size_t> write_available(std::string_view data) override;
  core::task<core::result<void>> wait_writable(core::deadline until) override;
  void finish_writing() override;
  void close() override;
  bool is_stale() override;
  const peer& other() const override { return raw_->other(); }
  bool wake_when_readable(waker& who, core::deadline until) override;
  bool call_after_events(turn_work& what) override { return raw_->call_after_events(what); }
  resting_place* rest_at() override { return raw_->rest_at(); }

 private:
  // What an unfinished call of OpenSSL waits for.
  enum class want : unsigned char { nothing, read, write };
  want wants(int returned) const;
  core::task<core::result<void>> wait_for(want what, core::deadline until);
  tl::unexpected<core::failure> failed(int returned);
  void say_goodbye();

  std::unique_ptr<socket_stream> raw_;
  ssl_ptr state_;
  bool ready_ = false;    // the handshake is over
  bool broken_ = false;   // OpenSSL forbids further calls
  bool drained_ = false;  // what OpenSSL holds is less than a record
  want reading_wants_ = want::read;
  want writing_wants_ = want::write;
};

}  // namespace net
