#include "net/stream.hpp"

namespace net {

core::task<core::result<std::size_t>> stream::read_some(std::span<char> into,
                                                        core::deadline until) {
  for (;;) {
    auto got = read_available(into);
    if (!got || *got > 0) co_return got;
    auto waited = co_await wait_readable(until);
    if (!waited) co_return core::same_failure(waited);
  }
}

core::task<core::result<void>> stream::write_all(std::string_view data, core::deadline until) {
  for (;;) {
    auto sent = write_available(data);
    if (!sent) co_return core::same_failure(sent);
    data.remove_prefix(*sent);
    if (data.empty()) co_return core::result<void>();
    auto waited = co_await wait_writable(until);
    if (!waited) co_return waited;
  }
}

}  // namespace net
