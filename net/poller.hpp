// poller: wakes the coroutines of one shard whose descriptors have become ready.
//
// Why not Asio's sockets: async_wait costs an epoll_ctl for every wait, async_read_some a recv that
// finds nothing, and both keep an operation of 150 bytes and a state of 200 per idle socket. Here a
// descriptor is registered once, edge-triggered, and what epoll said of it is remembered, so that a
// keep-alive request costs one recv, one send and its share of the waiting. Asio's loop stays the
// only loop: it watches our epoll set as it would watch any other descriptor.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/task.hpp"
#include "net/deadline_wheel.hpp"
#include "net/stream.hpp"

namespace net {

class watched;

// Lives on one shard. Descriptors and coroutines may outlive it; their waits then never end, or are
// destroyed with it.
class poller {
 public:
  poller(core::executor on, deadline_wheel& deadlines);
  ~poller();
  poller(const poller&) = delete;
  poller& operator=(const poller&) = delete;

  deadline_wheel& deadlines() { return deadlines_; }
  core::executor executor() const { return executor_; }
  // Coroutines that wait now.
  std::size_t waiting() const { return waiting_; }
  // Answers that gather while a batch of events is worked through and leave together after it: the
  // code that makes them stays in the processor's cache, and a reader on this machine is woken once
  // for many.
  static constexpr std::size_t outbox_max = 32;
  static constexpr std::size_t outbox_bytes_max = 16 * 1024;  // of one

 private:
  friend class watched;
  // More events than this wait for the next look; Asio's own batch has the same size.
  static constexpr std::size_t events_max = 128;

  void add(watched& one);
  void remove(watched& one);
  void begin_wait();
  void end_wait();
  void listen();
  void woken();
  std::size_t look();
  void tell(watched& one, unsigned events);
  bool enqueue(watched& one, std::string& bytes);
  void send_outbox();
  bool call_after_events(turn_work& what);
  template <class Call>
  void survive(std::exception_ptr& surprise, Call call);

  core::executor executor_;
  deadline_wheel& deadlines_;
  asio::posix::basic_stream_descriptor<core::executor> set_;
  watched* first_ = nullptr;
  std::size_t waiting_ = 0;
  unsigned listening_ = 0;  // Asio operations that have not come back
  bool looking_ = false;
  std::size_t event_ = 0, event_count_ = 0;
  std::array<epoll_event, events_max> events_;
  struct letter {
    watched* from = nullptr;  // null where it was closed
    std::string bytes;
  };
  std::array<letter, outbox_max> outbox_;
  std::size_t outbox_count_ = 0;
  // Each server of the shard once; they outlive the turn.
  std::vector<turn_work*> after_events_;
  std::shared_ptr<poller*> self_;  // what Asio's handler holds; null once we are gone
};

// A non-blocking descriptor that it owns, with at most one coroutine waiting in each direction.
class watched {
 public:
  enum class direction : unsigned char { reading, writing };

  watched(poller& by, int descriptor);
  ~watched();  // close()
  watched(const watched&) = delete;
  watched& operator=(const watched&) = delete;

  int descriptor() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }

  // False only when a system call would find nothing to do: epoll has not spoken since the last one
  // did.
  bool may_read() const { return readable_; }
  bool may_write() const { return writable_; }
  // To be called when a system call has found nothing (more) to do.
  void read_exhausted() { readable_ = false; }
  // For who knows from elsewhere that there is something.
  void read_expected() { readable_ = true; }
  void write_exhausted() { writable_ = false; }
  // The other side has closed or reset: a short read is no sign that nothing follows, the end does.
  bool has_ended() const { return ended_; }

  // Until the descriptor may be read or written: errc::timed_out, errc::cancelled when it was
  // closed or the coroutine cancelled. Returns at once where it may already.
  core::task<core::result<void>> wait(direction which, core::deadline until);

  // The same without a coroutine; false where one would not have to wait, or somebody waits
  // already.
  bool wake_when_readable(waker& who, core::deadline until);

  // For stream::call_after_events().
  bool call_after_events(turn_work& what) { return by_ && by_->call_after_events(what); }

  // For stream::write_soon().
  bool send_soon(std::string& bytes);
  // What send_soon() took is sent now, before other bytes are.
  void send_queued();
  // Of that the socket had no room for all; it goes when there is room, and nothing before it.
  bool has_unsent() const { return unsent_ != nullptr; }

  // Waits end with errc::cancelled; a waker hears nothing.
  void close();

 private:
  friend class poller;
  using handler = asio::async_result<asio::use_awaitable_t<core::executor>,
                                     void(core::result<void>)>::handler_type;

  class waiter final : public deadline_wheel::entry {
   public:
    bool waits() const { return held_.has_value() || waker_; }
    void begin(poller& by, handler&& who, core::deadline until);
    void begin(poller& by, waker& who, core::deadline until);
    // Resumes the coroutine here and now, from the event loop.
    void resume(core::result<void> with);
    // Resumes it soon: where other code of the shard is in the middle of something.
    void resume_soon(core::result<void> with);
    // Nobody waits any more; the coroutine, if it was one, is the caller's.
    std::optional<handler> take();

   private:
    void expired() override;
    void begin(poller& by, core::deadline until);
    poller* by_ = nullptr;
    waker* waker_ = nullptr;
    std::optional<handler> held_;
  };
  static void soon(handler who, core::result<void> with);
  void begin(direction which, handler&& who, core::deadline until);
  void detach();  // by the poller that ends
  void send_letter(std::string_view bytes);
  void send_unsent();

  poller* by_;
  watched* next_ = nullptr;
  watched* previous_ = nullptr;
  int descriptor_;
  bool readable_ = false;
  bool writable_ = true;
  bool ended_ = false;
  bool queued_ = false;  // it has a letter in the poller's outbox
  std::unique_ptr<std::string> unsent_;
  waiter reader_;
  std::unique_ptr<waiter> writer_;  // few ever have to wait for room
};

}  // namespace net
