// shard: one thread, one io_context; everything mutable lives on exactly one shard.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>
#include <vector>

#include "core/clock.hpp"
#include "core/task.hpp"
#include "core/task_group.hpp"
#include "net/buffer_pool.hpp"
#include "net/deadline_wheel.hpp"
#include "net/error.hpp"
#include "net/poller.hpp"

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
  poller& ready() { return ready_; }
  buffer_pool& buffers() { return buffers_; }
  const core::clock& clock() const { return clock_; }

  // Exceptions that escaped into the loop. Each ended what it came from and nothing else.
  std::uint64_t surprises() const { return surprises_.load(std::memory_order_relaxed); }

  // Runs `call` on this shard's thread soon; from any thread.
  void post(std::function<void()> call);
  // Runs `question` on this shard and resumes the caller on its own with what it returned or threw.
  // Both shards must live on. Throws when no answer came within answer_wait_max: this shard has
  // stopped.
  template <class Question>
  core::task<std::invoke_result_t<Question>> ask(Question question);

  static constexpr std::chrono::seconds answer_wait_max{30};

 private:
  std::size_t index_;
  std::size_t metric_lane_;
  std::string name_;
  const core::clock& clock_;
  std::atomic<std::uint64_t> surprises_{0};
  buffer_pool buffers_;  // coroutines that die with the context give their buffers back
  asio::io_context context_{1};
  asio::executor_work_guard<core::executor> keep_alive_;
  deadline_wheel deadlines_;
  poller ready_;
  std::thread thread_;
};

// The shards that serve. Knows which of them owns a key, and tells all of them something.
class shard_group {
 public:
  shard_group(std::size_t count, const core::clock& time);
  ~shard_group();

  std::size_t size() const { return shards_.size(); }
  shard& at(std::size_t index) { return *shards_[index]; }
  shard& owner_of(std::string_view key);
  void start();
  void stop();  // all of them, then joins

  // Calls `tell(index)` on every shard and resumes the caller, who must be on `home`, when all have
  // heard it. Waits for as long as announce_wait_max: a shard that was stopped never answers.
  core::task<void> announce(std::function<void(std::size_t)> tell, core::executor home);

 private:
  const core::clock& clock_;
  std::vector<std::unique_ptr<shard>> shards_;
};

// Not by co_spawn over there: a caller that is cancelled would then cancel across threads, which
// races in Asio 1.22.
template <class Question>
core::task<std::invoke_result_t<Question>> shard::ask(Question question) {
  using answer = std::invoke_result_t<Question>;
  struct meeting {
    explicit meeting(core::executor on) : ready(on) {}
    core::notice ready;
    std::optional<answer> said;
    std::exception_ptr thrown;
  };
  const core::executor home = co_await asio::this_coro::executor;
  auto shared = std::make_shared<meeting>(home);
  asio::post(context_, [shared, home, asked = std::move(question)]() mutable {
    try {
      shared->said.emplace(asked());
    } catch (...) {
      shared->thrown = std::current_exception();
    }
    asio::post(home, [shared = std::move(shared)] { shared->ready.give(); });
  });
  const auto until = core::deadline::after(clock_.steady_now(), answer_wait_max);
  const bool answered = co_await shared->ready.wait(until);
  if (!answered) throw std::system_error(make_error_code(errc::timed_out), "asked " + name_);
  if (shared->thrown) std::rethrow_exception(shared->thrown);
  co_return std::move(*shared->said);
}

}  // namespace net
