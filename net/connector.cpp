#include "net/connector.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "net/error.hpp"
#include "net/socket_stream.hpp"
#include "net/tls_stream.hpp"

namespace net {
namespace {

// An address that is reachable at all answers within this, most of the time.
constexpr std::chrono::milliseconds share_min{300};

struct socket_address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

socket_address address_of(const ip_address& at, unsigned short port) {
  socket_address out;
  if (at.is_v4()) {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    std::memcpy(&four.sin_addr, at.bytes().data() + 12, 4);
    std::memcpy(&out.storage, &four, sizeof four);
    out.size = sizeof four;
  } else {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    std::memcpy(&six.sin6_addr, at.bytes().data(), 16);
    std::memcpy(&out.storage, &six, sizeof six);
    out.size = sizeof six;
  }
  return out;
}

std::string text_of(const ip_address& at, unsigned short port) {
  return at.is_v4() ? fmt::format("{}:{}", at.text(), port)
                    : fmt::format("[{}]:{}", at.text(), port);
}

tl::unexpected<core::failure> not_connected(const ip_address& at, unsigned short port, int error) {
  const errc code = error == ETIMEDOUT ? errc::timed_out : errc::connect_failed;
  return core::fail(code, text_of(at, port) + ": " + std::generic_category().message(error));
}

// A connection under way, or done already.
core::result<std::unique_ptr<socket_stream>> begin_connect(shard& on, const ip_address& at,
                                                           unsigned short port) {
  const socket_address target = address_of(at, port);
  const int made =
      ::socket(target.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (made < 0) return not_connected(at, port, errno);
  send_without_delay(made);
  if (::connect(made, target.get(), target.size) != 0 && errno != EINPROGRESS) {
    const int error = errno;
    ::close(made);
    return not_connected(at, port, error);
  }
  peer other;
  other.address = at;
  other.port = port;
  try {
    auto out = std::make_unique<socket_stream>(on.ready(), made, other);
    out->expect_connecting();
    return out;
  } catch (const std::system_error& error) {  // the descriptor has been closed
    return core::fail(errc::broken, std::string("cannot watch a socket: ") + error.what());
  }
}

int pending_error(int descriptor) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

addresses in_alternating_families(const addresses& from) {
  addresses first, second, out;
  for (const ip_address& one : from)
    (one.is_v4() == from.front().is_v4() ? first : second).push_back(one);
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) out.push_back(first[i]);
    if (i < second.size()) out.push_back(second[i]);
  }
  return out;
}

core::task<core::result<stream_ptr>> tcp_connector::connect(endpoint to, core::deadline until) {
  auto found = co_await names_.find(to.host, until);
  if (!found) co_return core::same_failure(found);
  const addresses all = in_alternating_families(*found);

  core::result<stream_ptr> last =
      core::fail(errc::timed_out, "no time left to connect to " + to.host);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto now = shard_.clock().steady_now();
    if (until.passed(now)) break;
    const auto share = std::max<std::chrono::nanoseconds>(
        until.left(now) / static_cast<std::int64_t>(all.size() - i), share_min);
    const auto by = earlier_of(until, core::deadline::after(now, share));
    last = co_await reach(to, all[i], by);
    // A wrong certificate is an answer: another address of the same server would not be safer.
    if (last || last.error().code == errc::tls_failed || last.error().code == errc::cancelled)
      break;
  }
  co_return last;
}

core::task<core::result<stream_ptr>> tcp_connector::reach(endpoint to, ip_address at,
                                                          core::deadline until) {
  auto made = begin_connect(shard_, at, to.port);
  if (!made) co_return core::same_failure(made);
  auto ready = co_await (*made)->wait_writable(until);
  if (!ready) {
    if (ready.error().code == errc::timed_out)
      ready.error().detail = text_of(at, to.port) + ": no connection in time";
    co_return core::same_failure(ready);
  }
  if (const int error = pending_error((*made)->descriptor()))
    co_return not_connected(at, to.port, error);
  if (!to.tls) co_return stream_ptr(std::move(*made));
  co_return co_await secure(std::move(*made), std::move(to), until);
}

core::task<core::result<stream_ptr>> tcp_connector::secure(std::unique_ptr<socket_stream> over,
                                                           endpoint to, core::deadline until) {
  const std::string where = text_of(over->other().address, to.port);
  auto state = tls_.start(to.host, to.port);
  if (!state) co_return core::same_failure(state);
  auto made = std::make_unique<tls_stream>(std::move(over), std::move(*state));
  auto shaken = co_await made->handshake(until);
  if (shaken) co_return stream_ptr(std::move(made));
  core::failure why = std::move(shaken.error());
  if (why.code == errc::timed_out) why.detail = where + ": TLS handshake not done in time";
  if (why.code == errc::tls_failed) why.detail = where + ": " + why.detail;
  if (why.code == errc::closed || why.code == errc::broken) {
    why.code = errc::connect_failed;
    why.detail = where + ": closed during the TLS handshake";
  }
  co_return core::fail(std::move(why));
}

}  // namespace net
