// blocking_thread: runs blocking calls on a thread of its own and resumes the caller on its shard.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "core/task.hpp"

namespace core {

class blocking_thread {
 public:
  // `name` is what ps shows (15 characters); `queue_max` calls may wait, further ones fail with
  // queue_full.
  blocking_thread(std::string name, std::size_t queue_max);
  ~blocking_thread();  // runs what is queued, then ends
  blocking_thread(const blocking_thread&) = delete;
  blocking_thread& operator=(const blocking_thread&) = delete;

  // False when the queue is full or the thread is stopping.
  bool post(std::function<void()> call);

  // Calls `work` (returning result<T>) there. When the deadline passes first the call is still
  // made, its answer dropped: work that must not happen late has to look at the time itself. The
  // caller's io_context must outlive this object.
  template <class Work>
  task<std::invoke_result_t<Work>> run(Work work, deadline until) {
    using answer = std::invoke_result_t<Work>;
    struct meeting {
      explicit meeting(executor on) : ready(on) {}
      notice ready;
      answer value = fail(errc::internal, "no answer");
    };
    const executor here = co_await asio::this_coro::executor;
    auto shared = std::make_shared<meeting>(here);
    auto call = [shared, here, work = std::move(work)]() mutable {
      shared->value = work();
      // The notice belongs to the shard, and so does the last reference to it.
      asio::post(here, [shared = std::move(shared)] { shared->ready.give(); });
    };
    if (!post(shared_call(std::move(call))))
      co_return fail(errc::queue_full, "blocking thread " + name_);
    const bool done = co_await shared->ready.wait(until);
    if (!done) co_return fail(errc::timed_out, "waited for thread " + name_);
    co_return std::move(shared->value);
  }

 private:
  // std::function wants copyable callables; the call is moved in once and shared.
  template <class Call>
  static std::function<void()> shared_call(Call call) {
    return [held = std::make_shared<Call>(std::move(call))] { (*held)(); };
  }
  void loop();

  std::string name_;
  std::size_t queue_max_;
  std::mutex lock_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace core
