// task_group: every spawned task has an owner that closes the group and awaits it. Lives on one
// shard.
#pragma once

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <cstddef>
#include <exception>
#include <functional>
#include <list>
#include <memory>

#include "core/task.hpp"

namespace core {

class task_group {
 public:
  // `on_surprise` hears of exceptions that a task let escape; they end that task only.
  explicit task_group(executor on, std::function<void(std::exception_ptr)> on_surprise = {});
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;

  // Starts the task soon, on the group's shard. False, and nothing is started, once the group is
  // closed.
  bool spawn(task<void> work);
  // No further tasks; those that run are cancelled when `cancel` says so.
  void close(bool cancel);
  // True when all tasks ended by the deadline. Close first.
  task<bool> ended(deadline until);

  std::size_t size() const { return state_->running.size(); }

 private:
  struct state {
    state(executor e, std::function<void(std::exception_ptr)> f)
        : on(e), on_surprise(std::move(f)), empty(e) {}
    executor on;
    std::function<void(std::exception_ptr)> on_surprise;
    std::list<asio::cancellation_signal> running;
    bool closed = false;
    notice empty;
  };
  std::shared_ptr<state> state_;  // completions may outlive the group object
};

}  // namespace core
