// shard: one thread, one io_context; everything mutable lives on exactly one shard.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

#include "core/clock.hpp"
#include "core/task.hpp"
#include "core/task_group.hpp"
#include "net/buffer_pool.hpp"
#include "net/deadline_wheel.hpp"

namespace net {

class shard {
 public:
  // `metric_lane` is the lane its thread counts in; `name` is what ps shows.
  shard(std::size_t index, std::size_t metric_lane, std::string name, const core::clock& time);
  ~shard();  // stop() and join
  shard(const shard&) = delete;
  shard& operator=(const shard&) = delete;

  void start();  // begins to run the loop on a thread of its own
  void stop();   // ends the loop; unfinished coroutines are destroyed with the shard
  void join();

  std::size_t index() const { return index_; }
  core::executor executor() { return context_.get_executor(); }
  asio::io_context& context() { return context_; }
  deadline_wheel& deadlines() { return deadlines_; }
  buffer_pool& buffers() { return buffers_; }
  const core::clock& clock() const { return clock_; }

  // Runs `call` on this shard's thread soon; from any thread.
  void post(std::function<void()> call);
  // Runs `question` on this shard and resumes the caller on its own. Both shards must live on.
  template <class Question>
  core::task<std::invoke_result_t<Question>> ask(Question question);

 private:
  std::size_t index_;
  std::size_t metric_lane_;
  std::string name_;
  const core::clock& clock_;
  asio::io_context context_{1};
  asio::executor_work_guard<core::executor> keep_alive_;
  deadline_wheel deadlines_;
  buffer_pool buffers_;
  std::thread thread_;
};

// The shards that serve. Knows which of them owns a key, and tells all of them something.
class shard_group {
 public:
  shard_group(std::size_t count, const core::clock& time);

  std::size_t size() const { return shards_.size(); }
  shard& at(std::size_t index) { return *shards_[index]; }
  shard& owner_of(std::string_view key);
  void start();
  void stop();  // all of them, then joins

  // Calls `tell(index)` on every shard and resumes the caller on `home` when all have heard it.
  core::task<void> announce(std::function<void(std::size_t)> tell, core::executor home);

 private:
  std::vector<std::unique_ptr<shard>> shards_;
};

template <class Question>
core::task<std::invoke_result_t<Question>> shard::ask(Question question) {
  using answer = std::invoke_result_t<Question>;
  auto there = [](Question asked) -> core::task<answer> { co_return asked(); };
  co_return co_await asio::co_spawn(context_.get_executor(), there(std::move(question)),
                                    asio::use_awaitable_t<core::executor>{});
}

}  // namespace net
