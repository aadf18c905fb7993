// memory_stream: a connection without a network. The test holds the other end, and time is the fake
// clock's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/deadline_wheel.hpp"
#include "net/stream.hpp"

namespace tests {

// What the client sees and does. Waits of the server end as the context runs.
class memory_wire {
 public:
  void send(std::string_view bytes);
  void end();    // half-close: nothing more will be sent
  void leave();  // writes of the server fail from now on
  // How many bytes the server may write before it has to wait; all by default.
  void leave_room(std::size_t bytes);

  std::string take_received();  // what the server has written since the last call
  const std::string& received() const { return to_client_; }
  bool finished() const { return finished_; }  // the server says that nothing more will come
  bool closed() const { return closed_; }
  std::size_t sends() const { return sends_; }  // writes that would have been a system call
  std::size_t unread() const { return to_server_.size(); }

 private:
  friend class memory_stream;
  void wake_reader();
  void wake_writer();

  std::string to_server_;
  std::string to_client_;
  std::size_t room_ = std::string::npos;
  std::size_t sends_ = 0;
  bool ended_ = false;
  bool left_ = false;
  bool finished_ = false;
  bool closed_ = false;
  std::optional<core::notice> reader_;
  std::optional<core::notice> writer_;
};

class memory_stream final : public net::stream {
 public:
  memory_stream(core::executor on, net::deadline_wheel& deadlines, std::shared_ptr<memory_wire> to,
                net::peer other = {});
  ~memory_stream() override { close(); }

  core::task<core::result<void>> wait_readable(core::deadline until) override;
  core::result<std::size_t> read_available(std::span<char> into) override;
  core::result<std::size_t> write_available(std::string_view data) override;
  core::task<core::result<void>> wait_writable(core::deadline until) override;
  void finish_writing() override { wire_->finished_ = true; }
  void close() override;
  bool is_stale() override { return wire_->ended_ || !wire_->to_server_.empty(); }
  const net::peer& other() const override { return other_; }
  net::resting_place* rest_at() override { return bed_; }
  void rest_on(net::resting_place* bed) { bed_ = bed; }

 private:
  bool readable() const;
  core::task<core::result<void>> wait(std::optional<core::notice>* slot, core::deadline until);

  core::executor on_;
  net::deadline_wheel& deadlines_;
  std::shared_ptr<memory_wire> wire_;
  net::peer other_;
  net::resting_place* bed_ = nullptr;
};

}  // namespace tests
