#include "app/demo.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "core/encoding.hpp"
#include "core/error.hpp"

namespace app {
namespace {

using namespace std::chrono_literals;

// In the user's runtime folder, else in a folder of the temporary one that nobody else may enter.
std::string secret_folder() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime && *runtime == '/' && ::access(runtime, W_OK) == 0)
    return std::string(runtime) + "/stagedoor-demo";
  return fmt::format("/tmp/stagedoor-demo-{}", ::getuid());
}

std::string secret_path(unsigned short port) {
  return fmt::format("{}/secret-{}", secret_folder(), port);
}

// Somebody else could have made the folder first, to read or to plant the secret.
core::result<void> ours_alone(const std::string& folder) {
  ::mkdir(folder.c_str(), 0700);
  struct stat facts{};
  if (::lstat(folder.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode) ||
      facts.st_uid != ::getuid() || (facts.st_mode & 077) != 0)
    return core::fail(core::errc::internal,
                      folder + " is not a folder that only this user can enter");
  return {};
}

core::result<core::secret> write_new_secret(const std::string& path, core::random_source& random) {
  const std::string text = core::new_nonce(random, 48);
  ::unlink(path.c_str());
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return core::fail(core::errc::internal, path + " cannot be written");
  const auto written = ::write(file, text.data(), text.size());
  ::close(file);
  if (written != static_cast<ssize_t>(text.size()))
    return core::fail(core::errc::internal, path + " cannot be written");
  return core::secret(text);
}

// Calls bind() or connect() for a port of the loopback address of IPv4 or IPv6.
bool on_loopback(int family, unsigned short port, int (*call)(int, const sockaddr*, socklen_t)) {
  const int socket = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  six.sin6_addr = in6addr_loopback;
  const bool done = family == AF_INET
                        ? call(socket, reinterpret_cast<const sockaddr*>(&four), sizeof four) == 0
                        : call(socket, reinterpret_cast<const sockaddr*>(&six), sizeof six) == 0;
  ::close(socket);
  return done;
}

rooms::booking_draft booking(std::string_view room, core::wall_time from,
                             std::chrono::minutes length, std::string_view expert,
                             std::string_view client) {
  rooms::booking_draft out;
  out.room = *core::room_id::from(room);
  out.starts_at = std::chrono::floor<std::chrono::seconds>(from);
  out.ends_at = out.starts_at + length;
  out.participants = {{*core::user_id::from(expert), core::role::expert},
                      {*core::user_id::from(client), core::role::client}};
  return out;
}

}  // namespace

std::string demo_toml(unsigned short port, bool has_ipv6) {
  return fmt::format(
      R"(public_url = "http://localhost:{0}"
default_provider = "builtin"

[server]
listen = ["127.0.0.1:{0}"{1}]

[admin]
listen = "127.0.0.1:9464"

[session]
cookies = ["stagedoor_demo_session"]

[store]
path = ":memory:"

[log]
format = "text"

[providers.builtin]
type = "builtin"
)",
      port, has_ipv6 ? fmt::format(R"(, "[::1]:{}")", port) : "");
}

bool has_ipv6_loopback() { return on_loopback(AF_INET6, 0, ::bind); }

core::result<core::secret> demo_secret(unsigned short port, bool make,
                                       core::random_source& random) {
  const auto folder = ours_alone(secret_folder());
  if (!folder) return core::same_failure(folder);
  const std::string path = secret_path(port);
  if (make) return write_new_secret(path, random);
  const int file = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) return core::secret(core::new_nonce(random, 48));
  std::array<char, 256> buffer;
  const auto size = ::read(file, buffer.data(), buffer.size());
  ::close(file);
  if (size <= 0) return core::fail(core::errc::internal, path + " is empty");
  return core::secret(std::string(buffer.data(), static_cast<std::size_t>(size)));
}

void forget_demo_secret(unsigned short port) { ::unlink(secret_path(port).c_str()); }

// A demo that was killed leaves its secret behind, so the port is looked at too.
bool demo_runs(unsigned short port) {
  return ::access(secret_path(port).c_str(), R_OK) == 0 &&
         (on_loopback(AF_INET, port, ::connect) || on_loopback(AF_INET6, port, ::connect));
}

std::vector<rooms::booking_draft> demo_bookings(core::wall_time now) {
  return {
      booking("test_room", now - 5min, 23h, "expert-1", "client-1"),
      booking("second_room", now - 10min, 23h, "expert-2", "client-2"),
      // Opens for the expert one minute after the start of the demo, to see a page wait.
      booking("early_room", now + 31min, 60min, "expert-1", "client-1"),
      booking("ended_room", now - 5h, 60min, "expert-1", "client-1"),
  };
}

std::string_view demo_sentence(const core::room_id& room) {
  if (room.view() == "test_room") return "Open all day, for a call between the two.";
  if (room.view() == "second_room") return "Open too, with two other people.";
  if (room.view() == "early_room")
    return "The expert may enter a minute after the demo's start, the client later: the page "
           "counts "
           "down and goes on by itself.";
  return "Over since a while, to see how that is told.";
}

}  // namespace app
