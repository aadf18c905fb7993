#include "core/task.hpp"

#include <algorithm>
#include <vector>

namespace core {

task<bool> sleep_until(deadline when) {
  timer alarm(co_await asio::this_coro::executor, when.at());
  auto [error] = co_await alarm.async_wait(as_value);
  co_return !error;
}

void notice::state::give() {
  done = true;
  for (timer* alarm : waiting) alarm->cancel();
}

task<bool> notice::wait_on(std::shared_ptr<state> happened, deadline until) {
  if (happened->done) co_return true;
  timer alarm(happened->on, until.at());
  happened->waiting.push_back(&alarm);
  // Also runs when the frame is destroyed without being resumed.
  struct leave {
    state& from;
    timer* self;
    ~leave() { std::erase(from.waiting, self); }
  } on_exit{*happened, &alarm};
  co_await alarm.async_wait(as_value);
  co_return happened->done;
}

}  // namespace core
