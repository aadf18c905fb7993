// task<T>: a coroutine on a shard. Only here, in net/ and in tests are Asio's types named.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

// as_tuple left Asio's experimental part in 1.23.
#if __has_include(<asio/as_tuple.hpp>)
#include <asio/as_tuple.hpp>
#else
#include <asio/experimental/as_tuple.hpp>
#endif

#include "core/deadline.hpp"
#include "core/error.hpp"
#include "core/result.hpp"

namespace core {

using executor = asio::io_context::executor_type;

// Starts when it is awaited. T must be default-constructible where the task is spawned.
template <class T = void>
using task = asio::awaitable<T, executor>;

#if __has_include(<asio/as_tuple.hpp>)
using asio::as_tuple_t;
#else
using asio::experimental::as_tuple_t;
#endif

// co_await some_async_operation(..., as_value) gives a tuple that begins with the error code.
inline constexpr as_tuple_t<asio::use_awaitable_t<executor>> as_value{};

using timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, executor>;

inline task<executor> this_executor() { co_return co_await asio::this_coro::executor; }

// Waits until the instant; false if the waiting coroutine was cancelled before.
task<bool> sleep_until(deadline when);
// The same as an argument, so that tests need not wait.
using sleeper = std::function<task<bool>(deadline)>;

// Something that happens once and that any number of coroutines of one shard wait for, each until
// its own deadline.
class notice {
 public:
  explicit notice(executor on) : happened_(std::make_shared<state>(on)) {}

  void give() { happened_->give(); }
  bool given() const { return happened_->done; }
  // True when the notice was given, false when the deadline passed (or the waiter was cancelled)
  // first.
  task<bool> wait(deadline until) { return wait_on(happened_, until); }

 private:
  struct state {
    explicit state(executor e) : on(e) {}
    void give();
    executor on;
    bool done = false;
    std::vector<timer*> waiting;
  };
  static task<bool> wait_on(std::shared_ptr<state> happened, deadline until);

  std::shared_ptr<state> happened_;
};

}  // namespace core
