#include "core/task_group.hpp"

namespace core {

task_group::task_group(executor on, std::function<void(std::exception_ptr)> on_surprise)
    : state_(std::make_shared<state>(on, std::move(on_surprise))) {}

bool task_group::spawn(task<void> work) {
  if (state_->closed) return false;
  state_->running.emplace_back();
  const auto mine = std::prev(state_->running.end());
  asio::co_spawn(state_->on, std::move(work),
                 asio::bind_cancellation_slot(mine->slot(),
                                              [owner = state_, mine](std::exception_ptr surprise) {
                                                if (surprise && owner->on_surprise)
                                                  owner->on_surprise(surprise);
                                                owner->running.erase(mine);
                                                if (owner->closed && owner->running.empty())
                                                  owner->empty.give();
                                              }));
  return true;
}

void task_group::close(bool cancel) {
  state_->closed = true;
  if (state_->running.empty()) state_->empty.give();
  if (!cancel) return;
  // A cancelled task may end at once and take its signal with it, so step before emitting.
  for (auto next = state_->running.begin(); next != state_->running.end();) {
    auto current = next++;
    current->emit(asio::cancellation_type::terminal);
  }
}

task<bool> task_group::ended(deadline until) { return state_->empty.wait(until); }

}  // namespace core
