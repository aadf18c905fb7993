#include "support/memory_stream.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "net/error.hpp"

namespace tests {
namespace {

class alarm final : public net::deadline_wheel::entry {
 public:
  explicit alarm(core::notice bell) : bell_(std::move(bell)) {}
  bool rang = false;

 private:
  void expired() override {
    rang = true;
    bell_.give();
  }
  core::notice bell_;
};

}  // namespace

void memory_wire::send(std::string_view bytes) {
  to_server_.append(bytes);
  wake_reader();
}

void memory_wire::end() {
  ended_ = true;
  wake_reader();
}

void memory_wire::leave() {
  left_ = true;
  end();
  wake_writer();
}

void memory_wire::leave_room(std::size_t bytes) {
  room_ = bytes;
  wake_writer();
}

std::string memory_wire::take_received() { return std::exchange(to_client_, {}); }

void memory_wire::wake_reader() {
  if (reader_) reader_->give();
}

void memory_wire::wake_writer() {
  if (writer_) writer_->give();
}

memory_stream::memory_stream(core::executor on, net::deadline_wheel& deadlines,
                             std::shared_ptr<memory_wire> to, net::peer other)
    : on_(on), deadlines_(deadlines), wire_(std::move(to)), other_(other) {}

bool memory_stream::readable() const {
  return !wire_->to_server_.empty() || wire_->ended_ || wire_->closed_;
}

core::task<core::result<void>> memory_stream::wait(std::optional<core::notice>* slot,
                                                   core::deadline until) {
  core::notice bell(on_);
  *slot = bell;
  auto wire = wire_;  // the stream may be destroyed while this waits
  alarm late(bell);
  deadlines_.arm(late, until);
  const auto hanging =
      core::deadline::after(std::chrono::steady_clock::now(), std::chrono::hours(1));
  co_await bell.wait(hanging);
  slot->reset();
  if (wire->closed_) co_return core::fail(net::errc::cancelled, "closed here");
  if (late.rang) co_return core::fail(net::errc::timed_out);
  co_return core::result<void>();
}

core::task<core::result<void>> memory_stream::wait_readable(core::deadline until) {
  if (wire_->closed_) co_return core::fail(net::errc::cancelled, "closed here");
  if (readable()) co_return core::result<void>();
  co_return co_await wait(&wire_->reader_, until);
}

core::result<std::size_t> memory_stream::read_available(std::span<char> into) {
  if (wire_->closed_) return core::fail(net::errc::cancelled, "closed here");
  const auto count = std::min(into.size(), wire_->to_server_.size());
  if (count == 0 && wire_->ended_) return core::fail(net::errc::closed);
  std::memcpy(into.data(), wire_->to_server_.data(), count);
  wire_->to_server_.erase(0, count);
  return count;
}

core::result<std::size_t> memory_stream::write_available(std::string_view data) {
  if (wire_->closed_) return core::fail(net::errc::cancelled, "closed here");
  if (wire_->left_) return core::fail(net::errc::closed);
  const auto count = std::min(data.size(), wire_->room_);
  if (count > 0) ++wire_->sends_;
  if (wire_->room_ != std::string::npos) wire_->room_ -= count;
  wire_->to_client_.append(data.substr(0, count));
  return count;
}

core::task<core::result<void>> memory_stream::wait_writable(core::deadline until) {
  return wait(&wire_->writer_, until);
}

void memory_stream::close() {
  wire_->closed_ = true;
  wire_->wake_reader();
  wire_->wake_writer();
}

}  // namespace tests
