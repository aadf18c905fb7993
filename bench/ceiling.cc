// The ceiling: what a server costs that does nothing. One thread, epoll, one read and one send per
// request, the same answer to everything. `ceiling BYTES [PORT]` prints the port it listens on and
// serves answers of BYTES in all.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

// Requests are a few hundred bytes; what does not fit is not the benchmark's.
constexpr std::size_t request_bytes_max = 16 * 1024;

// The end of a request's head, of which parts may come in several reads.
class head_counter {
 public:
  // How many heads end in `bytes`.
  int feed(std::string_view bytes) {
    int ends = 0;
    // Nearly always a read holds one whole request.
    if (matched_ == 0 && bytes.size() >= 4 && bytes.find("\r\n\r\n") == bytes.size() - 4) return 1;
    for (const char c : bytes) {
      if (c == "\r\n\r\n"[matched_])
        ++matched_;
      else
        matched_ = c == '\r' ? 1 : 0;
      if (matched_ < 4) continue;
      matched_ = 0;
      ++ends;
    }
    return ends;
  }

 private:
  std::size_t matched_ = 0;
};

std::string answer_of(std::size_t bytes) {
  const std::string head =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: "
      "no-store\r\nContent-Length: ";
  std::size_t body = bytes > head.size() + 8 ? bytes - head.size() - 8 : 0;
  while (head.size() + std::to_string(body).size() + 4 + body > bytes && body > 0) --body;
  return head + std::to_string(body) + "\r\n\r\n" + std::string(body, 'x');
}

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

int listen_on(std::uint16_t port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_port = htons(port);
  local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof local;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&local), size) != 0) fail("bind");
  if (::listen(listener, 1024) != 0) fail("listen");
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&local), &size);
  std::printf("%u\n", unsigned{ntohs(local.sin_port)});
  std::fflush(stdout);
  return listener;
}

class server {
 public:
  server(int listener, std::string answer) : listener_(listener), answer_(std::move(answer)) {
    poller_ = ::epoll_create1(EPOLL_CLOEXEC);
    watch(listener_);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int ready = ::epoll_wait(poller_, events.data(), static_cast<int>(events.size()), -1);
      if (ready < 0 && errno != EINTR) fail("epoll_wait");
      for (int i = 0; i < ready; ++i) {
        const int one = events[static_cast<std::size_t>(i)].data.fd;
        if (one == listener_)
          accept_all();
        else
          serve(one);
      }
    }
  }

 private:
  void watch(int socket) {
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.fd = socket;
    ::epoll_ctl(poller_, EPOLL_CTL_ADD, socket, &wanted);
  }

  void accept_all() {
    int one;
    while ((one = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
      const int on = 1;
      ::setsockopt(one, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (heads_.size() <= static_cast<std::size_t>(one))
        heads_.resize(static_cast<std::size_t>(one) + 1);
      heads_[static_cast<std::size_t>(one)] = {};
      watch(one);
    }
  }

  void serve(int socket) {
    const auto got = ::recv(socket, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      ::close(socket);
      return;
    }
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    for (int ends = heads_[static_cast<std::size_t>(socket)].feed(bytes); ends > 0; --ends)
      if (::send(socket, answer_.data(), answer_.size(), MSG_NOSIGNAL) < 0) ::close(socket);
  }

  int listener_;
  int poller_ = -1;
  std::string answer_;
  std::vector<head_counter> heads_;
  std::array<char, request_bytes_max> buffer_;
};

}  // namespace

int main(int count, char** arguments) {
  const long bytes = count > 1 ? std::atol(arguments[1]) : 0;
  if (bytes < 128 || bytes > 65536) {
    std::fprintf(stderr,
                 "usage: ceiling BYTES [PORT]   (BYTES of the whole answer, 128 to 65536)\n");
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(count > 2 ? std::atoi(arguments[2]) : 0);
  server(listen_on(port), answer_of(static_cast<std::size_t>(bytes))).run();
}
