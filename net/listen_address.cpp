#include "net/listen_address.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <utility>

#include "net/error.hpp"
#include "net/socket_stream.hpp"

namespace net {
namespace {

// Connections that wait to be accepted; the kernel cuts it to net.core.somaxconn (4096 since
// Linux 5.4).
constexpr int backlog = 4096;

class descriptor {
 public:
  explicit descriptor(int held) : held_(held) {}
  ~descriptor() {
    if (held_ >= 0) ::close(held_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  int get() const { return held_; }
  int release() { return std::exchange(held_, -1); }

 private:
  int held_;
};

tl::unexpected<core::failure> failed(const listen_settings& at, const char* step) {
  const int error = errno;
  return core::fail(errc::broken, fmt::format("cannot listen on {}: {}: {}", at.address, step,
                                              std::generic_category().message(error)));
}

std::optional<unsigned short> port_from(std::string_view digits) {
  unsigned value = 0;
  const auto end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value);
  if (digits.empty() || read.ec != std::errc{} || read.ptr != end || value > 65535)
    return std::nullopt;
  return static_cast<unsigned short>(value);
}

// The address family as it was written: "0.0.0.0" is not "[::]".
socklen_t fill(const listen_settings& at, sockaddr_storage& into) {
  std::memset(&into, 0, sizeof into);
  const auto& bytes = at.ip.bytes();
  if (at.ip.is_v4()) {
    auto& four = reinterpret_cast<sockaddr_in&>(into);
    four.sin_family = AF_INET;
    four.sin_port = htons(at.port);
    std::memcpy(&four.sin_addr, bytes.data() + 12, 4);
    return sizeof four;
  }
  auto& six = reinterpret_cast<sockaddr_in6&>(into);
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(at.port);
  std::memcpy(&six.sin6_addr, bytes.data(), 16);
  return sizeof six;
}

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  std::memcpy(out.sun_path, path.data(), path.size());
  return out;
}

// Which file this is; 0 where there is none. Inodes are given out again at once, so the time counts
// too.
std::uint64_t file_at(const std::string& path) {
  struct ::stat found{};
  if (::lstat(path.c_str(), &found) != 0) return 0;
  const auto changed = static_cast<std::uint64_t>(found.st_ctim.tv_sec) * 1'000'000'000u +
                       static_cast<std::uint64_t>(found.st_ctim.tv_nsec);
  return (found.st_ino * 0x9e3779b97f4a7c15u) ^ changed;
}

// A socket file that a process which died has left. One that somebody still listens on stays.
bool is_left_over(const std::string& path) {
  struct ::stat found{};
  if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) return false;
  const descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto address = unix_address(path);
  const int answer =
      ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return answer != 0 && errno == ECONNREFUSED;
}

}  // namespace

core::result<listen_settings> listen_settings::from(std::string_view text) {
  listen_settings made;
  made.address = text;
  if (text.starts_with("unix:")) {
    made.unix_path = text.substr(5);
    made.ip = ip_address::v4({127, 0, 0, 1});
    if (made.unix_path.empty() || made.unix_path.find('\0') != std::string::npos)
      return core::fail(errc::broken, "a path must follow \"unix:\"");
    if (made.unix_path.size() >= sizeof(sockaddr_un::sun_path))
      return core::fail(errc::broken, "the path of a unix socket has at most 107 bytes");
    return made;
  }
  const auto colon = text.rfind(':');
  if (colon == text.npos) return core::fail(errc::broken, "the port is missing");
  const auto port = port_from(text.substr(colon + 1));
  if (!port) return core::fail(errc::broken, "the port must be a number from 0 to 65535");
  auto host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto ip = host == "localhost" ? ip_address::from("127.0.0.1") : ip_address::from(host);
  if (!ip) return core::fail(errc::broken, "the host must be an IP address or localhost");
  if (bracketed != (host.find(':') != host.npos))
    return core::fail(errc::broken, "IPv6 addresses, and only they, stand in brackets");
  made.ip = *ip;
  made.port = *port;
  return made;
}

core::result<std::unique_ptr<listening_place>> listening_place::open(const listen_settings& at,
                                                                     std::size_t shards) {
  std::unique_ptr<listening_place> made(new listening_place(at));
  if (!at.unix_path.empty()) {
    auto opened = made->open_unix(shards);
    if (!opened) return core::same_failure(opened);
    return made;
  }
  for (std::size_t i = 0; i < shards; ++i) {
    auto opened = made->open_tcp();
    if (!opened) return core::same_failure(opened);
  }
  return made;
}

listening_place::~listening_place() {
  for (const int one : sockets_)
    if (one >= 0) ::close(one);
  // Our successor may have put its own file there already.
  if (file_ != 0 && file_at(settings_.unix_path) == file_) ::unlink(settings_.unix_path.c_str());
}

core::result<void> listening_place::open_tcp() {
  const int family = settings_.ip.is_v4() ? AF_INET : AF_INET6;
  descriptor made(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made.get() < 0) return failed(settings_, "socket");
  const int on = 1, off = 0;
  ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET6)  // "[::]" takes IPv4 too, as nearly all servers have it
    ::setsockopt(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  send_without_delay(made.get());  // accepted sockets inherit it

  // The first is bound alone, so that an address which another process holds is refused, even if
  // that process is a second one of us.
  const bool first = sockets_.empty();
  if (!first) ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_storage address;
  socklen_t size = fill(settings_, address);
  if (::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0)
    return failed(settings_, "bind");
  if (first) ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (::listen(made.get(), backlog) != 0) return failed(settings_, "listen");
  if (settings_.port == 0) {
    if (::getsockname(made.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
      return failed(settings_, "getsockname");
    settings_.port = ntohs(family == AF_INET ? reinterpret_cast<sockaddr_in&>(address).sin_port
                                             : reinterpret_cast<sockaddr_in6&>(address).sin6_port);
  }
  sockets_.push_back(made.release());
  return {};
}

core::result<void> listening_place::open_unix(std::size_t shards) {
  const std::string& path = settings_.unix_path;
  descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made.get() < 0) return failed(settings_, "socket");
  if (is_left_over(path)) ::unlink(path.c_str());
  const auto address = unix_address(path);
  if (::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return failed(settings_, "bind");
  // Before listen(): until then nobody can connect, whatever the umask made of the mode.
  if (::chmod(path.c_str(), settings_.unix_mode) != 0) return failed(settings_, "chmod");
  file_ = file_at(path);
  if (::listen(made.get(), backlog) != 0) return failed(settings_, "listen");
  while (sockets_.size() + 1 < shards) {
    const int copy = ::fcntl(made.get(), F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return failed(settings_, "dup");
    sockets_.push_back(copy);
  }
  sockets_.push_back(made.release());
  return {};
}

std::string listening_place::text() const {
  if (!settings_.unix_path.empty()) return "unix:" + settings_.unix_path;
  const std::string host = settings_.ip.text();
  return fmt::format("{}:{}", settings_.ip.is_v4() ? host : "[" + host + "]", settings_.port);
}

int listening_place::take(std::size_t shard) { return std::exchange(sockets_.at(shard), -1); }

}  // namespace net
