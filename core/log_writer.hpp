// log_writer: lines of many threads, gathered without waking anybody for each, written in batches
// by one thread.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "core/metrics.hpp"

namespace core {

class log_writer {
 public:
  struct settings {
    std::string file;  // appended to, made with mode 0640; empty: standard error
    // What may be said while nobody writes, per thread; beyond it new lines are lost and counted.
    // Warnings and errors have a reserve of the same size again for themselves.
    std::size_t lane_bytes_max = std::size_t{1} << 20;
    // How long lines gather before they are written. Urgent ones are not kept waiting.
    std::chrono::milliseconds gather{20};
    // How long the end waits for a reader of our pipe that does not read.
    std::chrono::milliseconds end_wait{2000};
    // Appends the line that tells of `lost` lines since it was last written. On the writing thread,
    // and only while the log_writer is there.
    std::function<void(std::string& out, std::uint64_t lost)> tell_lost;
  };

  // Throws std::system_error when the file cannot be opened.
  explicit log_writer(settings with);
  // Writes what is left, but waits no longer than `end_wait` for it.
  ~log_writer();
  log_writer(const log_writer&) = delete;
  log_writer& operator=(const log_writer&) = delete;

  // `write` appends one line without its end to the string that it is given, at once and on this
  // thread. Each thread that counts metrics has a lane of its own; all others share one.
  template <std::invocable<std::string&> Write>
  void line(bool urgent, Write write) {
    {
      lane& mine = lanes_[metric_lane()];
      const std::lock_guard hold(mine.lock);
      const std::size_t before = mine.text.size();
      const std::size_t most = urgent ? 2 * lane_bytes_max_ : lane_bytes_max_;
      if (before < most) {
        write(mine.text);
        mine.text += '\n';
      }
      if (mine.text.size() > most || before >= most) {
        mine.text.resize(before);
        ++mine.lost;
      }
    }
    wake(urgent);
  }

  // Opens the file again at its name, for programs that rotate logs. Lines that were said before
  // may go to either. False when it cannot be opened: then the old one stays.
  bool reopen();
  // Waits until everything that was said before has been handed to the kernel, at most `wait`.
  bool flush(std::chrono::milliseconds wait);
  // Lines that were lost for want of room or because they could not be written. From any thread.
  std::uint64_t lost() const;

 private:
  struct alignas(64) lane {
    std::mutex lock;  // nobody else's but for the moment of the exchange
    std::string text;
    std::uint64_t lost = 0;
  };
  struct shared;

  void wake(bool urgent);

  lane* lanes_;  // metric_lanes of them, in shared_
  std::size_t lane_bytes_max_;
  std::chrono::milliseconds end_wait_;
  std::shared_ptr<shared> shared_;  // the thread's too: it may outlive us, stuck in a write
};

}  // namespace core
