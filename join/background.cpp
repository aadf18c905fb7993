#include "join/background.hpp"

#include <algorithm>

namespace join {
namespace {

std::string key_of(const background_job& job) {
  // A room may have to be closed in one generation and made in the next; and one generation may
  // have several to be closed.
  return job.booking ? job.room().text()
                     : job.room().text() + '#' + std::to_string(job.closing.generation) + ' ' +
                           job.closing.provider_room;
}

}  // namespace

std::chrono::seconds setback(std::uint32_t failures) {
  constexpr std::chrono::seconds longest = std::chrono::hours{6};
  return std::min(longest, std::chrono::seconds{30} * (1 << std::min(failures, 10u)));
}

bool background_queue::offer(background_job job) {
  if (jobs_.size() >= jobs_max_) return false;
  if (!queued_.insert(key_of(job)).second) return false;
  jobs_.push_back(std::move(job));
  return true;
}

std::optional<background_job> background_queue::take() {
  if (jobs_.empty()) return std::nullopt;
  std::optional<background_job> first(std::move(jobs_.front()));
  jobs_.pop_front();
  queued_.erase(key_of(*first));
  return first;
}

bool background_queue::begin_worker() {
  if (workers_ >= workers_max_) return false;
  ++workers_;
  return true;
}

}  // namespace join
