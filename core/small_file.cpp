#include "core/small_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "core/error.hpp"

namespace core {
namespace {

tl::unexpected<failure> failed_with(int error) {
  return fail(errc::internal, std::generic_category().message(error));
}

}  // namespace

result<std::string> read_small_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return failed_with(errno);
  std::string out;
  std::array<char, 16 * 1024> buffer;
  while (true) {
    const auto got = ::read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    const int error = errno;
    if (got > 0) out.append(buffer.data(), static_cast<std::size_t>(got));
    if (got > 0 && out.size() <= small_file_bytes_max) continue;
    ::close(file);
    if (got < 0) return failed_with(error);
    if (got > 0) return fail(errc::internal, "it is larger than 1 MiB");
    return out;
  }
}

}  // namespace core
