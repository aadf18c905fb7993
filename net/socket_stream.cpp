#include "net/socket_stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "net/error.hpp"
#include "net/system_calls.hpp"

namespace net {
namespace {

bool nothing_now(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

tl::unexpected<core::failure> io_failure(const char* call, int error) {
  // Their side went away; whether it said FIN or RST makes no difference to ours.
  if (error == ECONNRESET || error == EPIPE) return core::fail(errc::closed, "reset by the peer");
  if (error == EBADF) return core::fail(errc::cancelled, "closed here");
  return core::fail(errc::broken,
                    std::string(call) + ": " + std::generic_category().message(error));
}

}  // namespace

socket_stream::socket_stream(poller& by, int descriptor, const peer& other)
    : watched_(by, descriptor), other_(other) {}

core::task<core::result<void>> socket_stream::wait_readable(core::deadline until) {
  return watched_.wait(watched::direction::reading, until);
}

core::task<core::result<void>> socket_stream::wait_writable(core::deadline until) {
  return watched_.wait(watched::direction::writing, until);
}

core::result<std::size_t> socket_stream::read_available(std::span<char> into) {
  if (!watched_.may_read() && watched_.is_open()) return std::size_t{0};
  for (;;) {
    const auto got = receive(watched_.descriptor(), into.data(), into.size());
    if (got > 0) {
      const auto count = static_cast<std::size_t>(got);
      // epoll(7): a short read of a stream has emptied it, so that the next one would find nothing.
      // Unless the end is behind it, of which no further edge will tell.
      if (count < into.size() && !watched_.has_ended()) watched_.read_exhausted();
      return count;
    }
    if (got == 0) return core::fail(errc::closed, "the peer has closed");
    if (errno == EINTR) continue;
    if (!nothing_now(errno)) return io_failure("recv", errno);
    watched_.read_exhausted();
    return std::size_t{0};
  }
}

core::result<std::size_t> socket_stream::peek_available(std::span<char> into) {
  const auto got = ::recv(watched_.descriptor(), into.data(), into.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got > 0) return static_cast<std::size_t>(got);
  if (got == 0) return core::fail(errc::closed, "the peer has closed");
  if (!nothing_now(errno) && errno != EINTR) return io_failure("recv", errno);
  return std::size_t{0};
}

core::result<std::size_t> socket_stream::write_available(std::string_view data) {
  watched_.send_queued();
  if (watched_.has_unsent()) return std::size_t{0};
  std::size_t sent = 0;
  while (sent < data.size() && (watched_.may_write() || !watched_.is_open())) {
    const auto took = send_bytes(watched_.descriptor(), data.data() + sent, data.size() - sent);
    if (took >= 0) {
      sent += static_cast<std::size_t>(took);
    } else if (nothing_now(errno)) {
      watched_.write_exhausted();
    } else if (errno != EINTR) {
      return io_failure("send", errno);
    }
  }
  return sent;
}

void socket_stream::finish_writing() {
  watched_.send_queued();
  if (watched_.is_open()) ::shutdown(watched_.descriptor(), SHUT_WR);
}

bool socket_stream::wake_when_readable(waker& who, core::deadline until) {
  return !watched_.has_unsent() && watched_.wake_when_readable(who, until);
}

void socket_stream::close() { watched_.close(); }

bool socket_stream::is_stale() {
  if (!watched_.is_open()) return true;
  // Asks the kernel: what epoll knows may not have been fetched yet.
  char byte;
  const auto got = ::recv(watched_.descriptor(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || !nothing_now(errno);
}

void send_without_delay(int descriptor) {
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace net
