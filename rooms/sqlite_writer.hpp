// writer: the one thread that writes. What waits while a commit runs shares the next one: a commit
// is an fsync, and costs the same for one write as for a hundred.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/blocking.hpp"
#include "core/deadline.hpp"
#include "core/log.hpp"
#include "rooms/sqlite_connection.hpp"
#include "rooms/sqlite_news.hpp"

namespace rooms::sqlite {

// One write on its way. Made on a shard, done on the writer's thread.
class write_job : public std::enable_shared_from_this<write_job> {
 public:
  explicit write_job(core::deadline until) : until_(until) {}
  virtual ~write_job() = default;

  core::deadline until() const { return until_; }
  // The news that it made, once it is done.
  news_range made;
  // Reads and writes, inside a transaction. It may be called again where the transaction came to
  // nothing.
  virtual void run(connection& on) = 0;
  // Exactly one of these, once it is durable or has come to nothing.
  virtual void done() = 0;
  virtual void failed(core::failure why) = 0;

 private:
  core::deadline until_;
};

class writer {
 public:
  // Takes over a connection that has been opened.
  writer(std::unique_ptr<connection> on, std::size_t queue_max, core::logger& log);

  // False when too many wait.
  bool submit(std::shared_ptr<write_job> job);
  core::blocking_thread& thread() { return thread_; }
  // For calls on thread() only.
  connection& on() { return *on_; }

 private:
  using job_ptr = std::shared_ptr<write_job>;
  // What became of a transaction: it is durable, it came to nothing, or it could not even begin.
  enum class fate { committed, undone, not_begun };

  void drain();
  void work_off(std::span<const job_ptr> batch);
  fate attempt(std::span<const job_ptr> batch, core::failure& why);
  std::optional<core::failure> run_one(write_job& job);
  void tell(bool fails, const core::failure& why);

  std::unique_ptr<connection> on_;
  std::size_t queue_max_;
  core::logger& log_;
  bool failing_ = false;  // said so in the log; on the thread only

  std::mutex lock_;
  std::vector<job_ptr> waiting_;
  bool scheduled_ = false;
  core::blocking_thread thread_;  // last: ends before what it uses
};

}  // namespace rooms::sqlite
