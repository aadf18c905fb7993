#include "core/log_writer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <system_error>
#include <thread>
#include <utility>

namespace core {
namespace {

// -1 with errno where it cannot be opened. Logs name users and rooms: not for everybody.
int open_file(const std::string& name) {
  return ::open(name.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

// How much of it was written: not all where the rest cannot be, for a full disk or a pipe whose
// reader has gone.
std::size_t write_most(int descriptor, std::string_view text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const auto wrote = ::write(descriptor, text.data() + done, text.size() - done);
    if (wrote >= 0) {
      done += static_cast<std::size_t>(wrote);
    } else if (errno == EAGAIN) {
      pollfd room{descriptor, POLLOUT, 0};
      ::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      break;
    }
  }
  return done;
}

// Signals are for the main thread.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

struct log_writer::shared {
  explicit shared(settings from) : with(std::move(from)) {}
  ~shared() {
    if (descriptor != STDERR_FILENO) ::close(descriptor);
    if (fresh >= 0) ::close(fresh);
  }
  void run();
  void write_batch();
  void tell_of_lost();
  std::size_t write(std::string_view lines);
  std::uint64_t count_lost();

  const settings with;
  int descriptor = STDERR_FILENO;
  std::uint64_t told = 0;  // lost lines that the log knows of
  bool torn = false;       // the last line ends in the middle
  std::array<lane, metric_lanes> lanes;
  std::string batch;  // of the writing thread; its memory goes back to a lane

  std::atomic<bool> expected{false};  // the thread knows that there is something to write
  std::atomic<bool> hurry{false};
  std::atomic<std::uint64_t> unwritten{0};
  std::mutex lock;
  std::condition_variable wake, progress;
  int fresh = -1;  // the file that takes the place of the open one
  bool ending = false, ended = false;
  bool left = false;  // nobody waits any more, and what `tell_lost` uses may be gone
  std::uint64_t flushes_asked = 0, flushes_done = 0;
};

log_writer::log_writer(settings with)
    : lane_bytes_max_(with.lane_bytes_max),
      end_wait_(with.end_wait),
      shared_(std::make_shared<shared>(std::move(with))) {
  shared& at = *shared_;
  lanes_ = at.lanes.data();
  if (!at.with.file.empty()) at.descriptor = open_file(at.with.file);
  if (at.descriptor < 0) throw std::system_error(errno, std::generic_category(), at.with.file);
  std::thread([mine = shared_] {
    block_signals();
    pthread_setname_np(pthread_self(), "log");
    mine->run();
  }).detach();  // the end waits for it, but not for ever
}

log_writer::~log_writer() {
  std::unique_lock hold(shared_->lock);
  shared_->ending = true;
  shared_->wake.notify_one();
  shared_->progress.wait_for(hold, end_wait_, [this] { return shared_->ended; });
  shared_->left = true;
}

void log_writer::wake(bool urgent) {
  shared& at = *shared_;
  // The lane's lock orders this with the writer, who takes `expected` back before it empties lanes.
  if (at.expected.load(std::memory_order_relaxed) &&
      (!urgent || at.hurry.load(std::memory_order_relaxed)))
    return;
  const std::lock_guard hold(at.lock);
  at.expected.store(true, std::memory_order_relaxed);
  if (urgent) at.hurry.store(true, std::memory_order_relaxed);
  at.wake.notify_one();
}

bool log_writer::reopen() {
  if (shared_->with.file.empty()) return true;
  const int opened = open_file(shared_->with.file);
  if (opened < 0) return false;
  const std::lock_guard hold(shared_->lock);
  if (const int unused = std::exchange(shared_->fresh, opened); unused >= 0) ::close(unused);
  shared_->wake.notify_one();
  return true;
}

bool log_writer::flush(std::chrono::milliseconds wait) {
  std::unique_lock hold(shared_->lock);
  const std::uint64_t mine = ++shared_->flushes_asked;
  shared_->wake.notify_one();
  return shared_->progress.wait_for(hold, wait, [&] { return shared_->flushes_done >= mine; });
}

std::uint64_t log_writer::lost() const { return shared_->count_lost(); }

std::uint64_t log_writer::shared::count_lost() {
  std::uint64_t all = unwritten.load(std::memory_order_relaxed);
  for (lane& one : lanes) {
    const std::lock_guard hold(one.lock);
    all += one.lost;
  }
  return all;
}

void log_writer::shared::run() {
  std::unique_lock hold(lock);
  for (bool last = false; !last;) {
    const auto pressed = [this] {
      return hurry || fresh >= 0 || ending || flushes_done < flushes_asked;
    };
    wake.wait(hold, [&] { return expected || pressed(); });
    // A wake-up per line costs the shards more than writing it: let some gather.
    wake.wait_for(hold, with.gather, pressed);
    last = ending;
    if (const int next = std::exchange(fresh, -1); next >= 0) {
      ::close(std::exchange(descriptor, next));
      torn = false;
    }
    const std::uint64_t promised = flushes_asked;
    expected = hurry = false;
    hold.unlock();
    write_batch();
    hold.lock();
    flushes_done = promised;
    ended = last;
    progress.notify_all();
  }
}

// Lines of one thread stay in their order; those of different threads may be out of order by one
// gathering. Each carries its time.
void log_writer::shared::write_batch() {
  for (lane& one : lanes) {
    {
      const std::lock_guard hold(one.lock);
      batch.swap(one.text);
    }
    const std::string_view rest = std::string_view(batch).substr(write(batch));
    unwritten += static_cast<std::uint64_t>(std::ranges::count(rest, '\n'));
    batch.clear();
  }
  tell_of_lost();
}

// What cannot be told now is told with what is lost until then.
void log_writer::shared::tell_of_lost() {
  const std::uint64_t gone = count_lost();
  if (gone == told || !with.tell_lost) return;
  {
    const std::lock_guard hold(lock);
    if (left) return;
    with.tell_lost(batch, gone - told);
  }
  batch += '\n';
  if (write(batch) == batch.size()) told = gone;
  batch.clear();
}

std::size_t log_writer::shared::write(std::string_view lines) {
  // A line that could not be ended must not begin the next one.
  if (torn && write_most(descriptor, "\n") == 0) return 0;
  const std::size_t done = write_most(descriptor, lines);
  torn = done > 0 && lines[done - 1] != '\n';
  return done;
}

}  // namespace core
