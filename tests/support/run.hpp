// run(task): runs one coroutine to its end on a fresh io_context and returns what it gives.
#pragma once

#include <optional>
#include <stdexcept>

#include "core/task.hpp"

namespace tests {

// Throws what the coroutine throws, and std::runtime_error when it does not end within a minute.
template <class T>
T run(asio::io_context& context, core::task<T> work) {
  std::optional<T> answer;
  std::exception_ptr surprise;
  asio::co_spawn(context, std::move(work), [&](std::exception_ptr error, T value) {
    surprise = error;
    answer = std::move(value);
  });
  context.restart();
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!answer && std::chrono::steady_clock::now() < give_up)
    if (context.run_one_until(give_up) == 0) break;
  if (surprise) std::rethrow_exception(surprise);
  if (!answer) throw std::runtime_error("the coroutine did not end");
  return std::move(*answer);
}

inline void run(asio::io_context& context, core::task<void> work) {
  run<int>(context, [](core::task<void> inner) -> core::task<int> {
    co_await std::move(inner);
    co_return 0;
  }(std::move(work)));
}

template <class T>
T run(core::task<T> work) {
  asio::io_context context(1);
  return run(context, std::move(work));
}

// For code that pauses: others get their turn, and no time passes.
inline core::task<bool> no_pause(core::deadline) {
  co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable_t<core::executor>());
  co_return true;
}

// A deadline so far away that only a hanging test meets it.
inline core::deadline far_deadline() {
  return core::deadline::after(std::chrono::steady_clock::now(), std::chrono::seconds(50));
}

}  // namespace tests
