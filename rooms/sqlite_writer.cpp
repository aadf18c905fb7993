// writer: one transaction per batch, one savepoint per write, answers after the commit.
#include "rooms/sqlite_writer.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <utility>

#include "rooms/error.hpp"

namespace rooms::sqlite {
namespace {

// More writes in one transaction would make the first of them wait longer than the fsync they save.
constexpr std::size_t batch_max = 256;

}  // namespace

writer::writer(std::unique_ptr<connection> on, std::size_t queue_max, core::logger& log)
    : on_(std::move(on)), queue_max_(queue_max), log_(log), thread_("store-write", queue_max) {}

bool writer::submit(job_ptr job) {
  {
    const std::lock_guard hold(lock_);
    if (waiting_.size() >= queue_max_) return false;
    waiting_.push_back(std::move(job));
    if (scheduled_) return true;
    scheduled_ = true;
  }
  if (thread_.post([this] { drain(); })) return true;
  // The thread has no room for the call, so nothing that waits will be taken by it: all of them
  // came to nothing.
  std::vector<job_ptr> stranded;
  {
    const std::lock_guard hold(lock_);
    scheduled_ = false;
    stranded.swap(waiting_);
  }
  for (const job_ptr& each : stranded)
    each->failed(core::failure(make_error_code(errc::store_unavailable), "the store is stopping"));
  return true;
}

void writer::drain() {
  std::vector<job_ptr> batch;
  {
    const std::lock_guard hold(lock_);
    const auto count = std::min(batch_max, waiting_.size());
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
    batch.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    if (batch.empty()) scheduled_ = false;
  }
  if (batch.empty()) return;
  work_off(batch);
  batch.clear();
  // Posted anew rather than looped, so that reads which share this thread get their turn.
  if (!thread_.post([this] { drain(); })) drain();
}

void writer::work_off(std::span<const job_ptr> batch) {
  core::failure why;
  const fate what = attempt(batch, why);
  if (what == fate::committed) return;
  for (const job_ptr& job : batch) {
    // One write can undo the whole transaction (a full disk does); the others get their chance
    // without it.
    const bool again = what == fate::undone && batch.size() > 1;
    if (!again || attempt({&job, 1}, why) != fate::committed) job->failed(why);
  }
}

writer::fate writer::attempt(std::span<const job_ptr> batch, core::failure& why) {
  std::vector<write_job*> good;
  std::vector<std::pair<write_job*, core::failure>> refused;
  const auto now = std::chrono::steady_clock::now();
  (void)on_->ready();
  on_->execute("BEGIN IMMEDIATE");
  const bool begun = on_->good();
  bool trouble = false;
  for (const job_ptr& job : batch) {
    if (!on_->good()) break;
    if (job->until().passed(now)) {
      refused.emplace_back(job.get(), core::failure(make_error_code(errc::store_unavailable),
                                                    "the deadline passed before the write began"));
      continue;
    }
    auto own = run_one(*job);
    if (!own) good.push_back(job.get());
    if (!own) continue;
    trouble = true;
    why = *own;
    refused.emplace_back(job.get(), std::move(*own));
  }
  on_->execute("COMMIT");
  if (!on_->good()) {
    why = on_->take_trouble();
    if (on_->in_transaction()) on_->execute("ROLLBACK");
    if (!on_->good()) (void)on_->take_trouble();
    tell(true, why);
    return begun ? fate::undone : fate::not_begun;
  }
  if (trouble || !good.empty()) tell(trouble, why);
  for (write_job* job : good) job->done();
  for (auto& [job, reason] : refused) job->failed(std::move(reason));
  return fate::committed;
}

// The write's own failure. Where the connection is left in trouble, it is the whole transaction
// that failed.
std::optional<core::failure> writer::run_one(write_job& job) {
  on_->execute("SAVEPOINT one");
  job.made.after = latest_news(*on_);
  job.run(*on_);
  job.made.last = latest_news(*on_);
  on_->execute("RELEASE one");
  if (on_->good() || !on_->in_transaction()) return std::nullopt;
  core::failure why = on_->take_trouble();
  on_->execute("ROLLBACK TO one; RELEASE one;");
  return why;
}

void writer::tell(bool fails, const core::failure& why) {
  if (fails && !failing_) log_.error("store_write_failed", {{"detail", why.detail}});
  if (!fails && failing_) log_.info("store_write_recovered");
  failing_ = fails;
}

}  // namespace rooms::sqlite
