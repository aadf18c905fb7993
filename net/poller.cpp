#include "net/poller.hpp"

#include <sys/socket.h>
#include <unistd.h>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include "net/error.hpp"
#include "net/system_calls.hpp"

namespace net {
namespace {

// After so many full looks in a row the other work of the shard gets its turn.
constexpr unsigned looks_max = 8;
// From so many events on more have probably come in the meantime: another look is cheaper than
// going back to Asio, which costs an epoll_ctl and an epoll_wait.
constexpr std::size_t busy = 8;

int make_set() {
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return set;
}

}  // namespace

poller::poller(core::executor on, deadline_wheel& deadlines)
    : executor_(on),
      deadlines_(deadlines),
      set_(on, make_set()),
      self_(std::make_shared<poller*>(this)) {}

poller::~poller() {
  *self_ = nullptr;
  while (first_) first_->detach();
}

void poller::add(watched& one) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &one;
  if (::epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, one.descriptor_, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  one.next_ = first_;
  if (first_) first_->previous_ = &one;
  first_ = &one;
}

void poller::remove(watched& one) {
  // Not left to close(): a listening socket that shards share lives on after one of them has closed
  // it.
  ::epoll_ctl(set_.native_handle(), EPOLL_CTL_DEL, one.descriptor_, nullptr);
  (one.previous_ ? one.previous_->next_ : first_) = one.next_;
  if (one.next_) one.next_->previous_ = one.previous_;
  one.next_ = one.previous_ = nullptr;
  // It may be in the batch that is being worked through.
  for (std::size_t i = event_; i < event_count_; ++i)
    if (events_[i].data.ptr == &one) events_[i].data.ptr = nullptr;
}

void poller::begin_wait() {
  ++waiting_;
  if (!looking_) listen();
}

void poller::end_wait() {
  // With nobody waiting our operation must not keep io_context::run() from returning.
  if (--waiting_ == 0 && !looking_ && listening_ > 0) set_.cancel();
}

void poller::listen() {
  if (listening_ > 0) return;
  ++listening_;
  set_.async_wait(asio::posix::descriptor_base::wait_read, [self = self_](const std::error_code&) {
    poller* const still_there = *self;
    if (!still_there) return;
    --still_there->listening_;
    still_there->woken();
  });
}

void poller::woken() {
  struct listen_again {
    poller& owner;
    std::shared_ptr<poller*> alive;
    ~listen_again() {
      if (!*alive) return;
      owner.looking_ = false;
      if (owner.waiting_ > 0) owner.listen();
    }
  } on_exit{*this, self_};
  looking_ = true;
  for (unsigned i = 0; i < looks_max; ++i)
    if (look() < busy) break;
}

std::size_t poller::look() {
  const int found = ::epoll_wait(set_.native_handle(), events_.data(), events_max, 0);
  event_count_ = found > 0 ? static_cast<std::size_t>(found) : 0;
  std::exception_ptr surprise;
  // The event is lost to us once it was fetched, so a surprise must not keep the others from
  // theirs.
  for (event_ = 0; event_ < event_count_;) {
    const epoll_event& event = events_[event_++];
    if (!event.data.ptr) continue;
    survive(surprise, [&] { tell(*static_cast<watched*>(event.data.ptr), event.events); });
  }
  while (!after_events_.empty()) {
    turn_work* const next = after_events_.back();
    after_events_.pop_back();
    survive(surprise, [&] { next->events_told(); });
  }
  send_outbox();
  const std::size_t seen = event_count_;
  event_ = event_count_ = 0;
  if (surprise) std::rethrow_exception(surprise);
  return seen;
}

template <class Call>
void poller::survive(std::exception_ptr& surprise, Call call) {
  try {
    call();
  } catch (...) {
    if (!surprise) surprise = std::current_exception();
  }
}

bool poller::call_after_events(turn_work& what) {
  if (!looking_) return false;
  if (std::ranges::find(after_events_, &what) == after_events_.end())
    after_events_.push_back(&what);
  return true;
}

void poller::tell(watched& one, unsigned events) {
  constexpr unsigned end = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  const bool may_read = (events & (EPOLLIN | end)) != 0;
  bool may_write = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
  one.ended_ |= (events & end) != 0;
  one.readable_ |= may_read;
  one.writable_ |= may_write;
  if (may_write && one.unsent_) one.send_unsent();
  may_write = may_write && !one.unsent_;
  // The reader may destroy `one`, so the writer goes by itself: later, if both wait, which is rare.
  if (may_write && one.writer_ && one.writer_->waits()) {
    if (may_read && one.reader_.waits())
      one.writer_->resume_soon({});
    else
      return one.writer_->resume({});
  }
  if (may_read && one.reader_.waits()) one.reader_.resume({});
}

bool poller::enqueue(watched& one, std::string& bytes) {
  if (!looking_ || bytes.size() > outbox_bytes_max) return false;
  if (outbox_count_ == outbox_max) send_outbox();
  letter& next = outbox_[outbox_count_++];
  next.from = &one;
  next.bytes.clear();
  next.bytes.swap(bytes);
  return true;
}

void poller::send_outbox() {
  for (std::size_t i = 0; i < outbox_count_; ++i)
    if (watched* const from = std::exchange(outbox_[i].from, nullptr)) {
      from->queued_ = false;
      from->send_letter(outbox_[i].bytes);
    }
  outbox_count_ = 0;
}

bool watched::send_soon(std::string& bytes) {
  if (!by_ || !is_open() || !writable_ || queued_ || unsent_) return false;
  return queued_ = by_->enqueue(*this, bytes);
}

void watched::send_queued() {
  if (!queued_) return;
  queued_ = false;
  for (std::size_t i = 0; i < by_->outbox_count_; ++i) {
    poller::letter& mine = by_->outbox_[i];
    if (mine.from != this) continue;
    mine.from = nullptr;
    send_letter(mine.bytes);
  }
}

void watched::send_letter(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto took = send_bytes(descriptor_, bytes.data(), bytes.size());
    if (took >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(took));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      writable_ = false;
      unsent_ = std::make_unique<std::string>(bytes);
      return;
    } else if (errno != EINTR) {
      return;  // the peer is gone, which its reader learns from the next read
    }
  }
}

void watched::send_unsent() {
  const std::unique_ptr<std::string> again = std::move(unsent_);
  send_letter(*again);
}

watched::watched(poller& by, int descriptor) : by_(&by), descriptor_(descriptor) {
  try {
    by.add(*this);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
}

watched::~watched() { close(); }

core::task<core::result<void>> watched::wait(direction which, core::deadline until) {
  // No coroutine of its own: an idle connection would pay for one more frame.
  asio::use_awaitable_t<core::executor> token;
  return asio::async_initiate<asio::use_awaitable_t<core::executor>, void(core::result<void>)>(
      [](handler&& who, watched* self, direction which_one, core::deadline end) {
        self->begin(which_one, std::move(who), end);
      },
      token, this, which, until);
}

void watched::begin(direction which, handler&& who, core::deadline until) {
  if (!by_ || !is_open()) return soon(std::move(who), core::fail(errc::cancelled, "closed"));
  const bool ready = which == direction::reading ? readable_ : writable_;
  if (ready) return soon(std::move(who), {});
  if (which == direction::writing && !writer_) writer_ = std::make_unique<waiter>();
  waiter& one = which == direction::reading ? reader_ : *writer_;
  if (one.waits()) return soon(std::move(who), core::fail(errc::broken, "two wait at once"));
  one.begin(*by_, std::move(who), until);
}

bool watched::wake_when_readable(waker& who, core::deadline until) {
  if (!by_ || readable_ || reader_.waits()) return false;
  reader_.begin(*by_, who, until);
  return true;
}

void watched::close() {
  send_queued();
  if (by_) by_->remove(*this);
  by_ = nullptr;
  reader_.resume_soon(core::fail(errc::cancelled, "closed"));
  if (writer_) writer_->resume_soon(core::fail(errc::cancelled, "closed"));
  // Closing takes it out of the epoll set too.
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void watched::detach() {
  send_queued();
  by_->remove(*this);
  by_ = nullptr;
  // Destroying a coroutine may destroy this object.
  auto reader = reader_.take();
  auto writer = writer_ ? writer_->take() : std::nullopt;
}

void watched::soon(handler who, core::result<void> with) {
  const auto on = asio::get_associated_executor(who);
  asio::post(on,
             [who = std::move(who), with = std::move(with)]() mutable { who(std::move(with)); });
}

void watched::waiter::begin(poller& by, core::deadline until) {
  by_ = &by;
  if (until.at() != core::steady_time::max()) by.deadlines().arm(*this, until);
  by.begin_wait();
}

void watched::waiter::begin(poller& by, handler&& who, core::deadline until) {
  auto slot = asio::get_associated_cancellation_slot(who);
  held_.emplace(std::move(who));
  begin(by, until);
  if (slot.is_connected())
    slot.assign([this](asio::cancellation_type) {
      resume_soon(core::fail(errc::cancelled, "cancelled while waiting"));
    });
}

void watched::waiter::begin(poller& by, waker& who, core::deadline until) {
  waker_ = &who;
  begin(by, until);
}

std::optional<watched::handler> watched::waiter::take() {
  disarm();
  if (!waits()) return std::nullopt;
  waker_ = nullptr;
  std::optional<handler> who;
  if (held_) {
    who.emplace(std::move(*held_));
    held_.reset();
    // Cancellation must not find us any more.
    asio::get_associated_cancellation_slot(*who).clear();
  }
  std::exchange(by_, nullptr)->end_wait();
  return who;
}

void watched::waiter::resume(core::result<void> with) {
  waker* const sleeper = waker_;
  auto who = take();
  if (sleeper)
    sleeper->woken(with.has_value());
  else if (who)
    (*who)(std::move(with));
}

void watched::waiter::resume_soon(core::result<void> with) {
  if (auto who = take()) soon(std::move(*who), std::move(with));
}

void watched::waiter::expired() { resume(core::fail(errc::timed_out, "nothing came in time")); }

}  // namespace net
