#include "core/blocking.hpp"

#include <pthread.h>

namespace core {

blocking_thread::blocking_thread(std::string name, std::size_t queue_max)
    : name_(std::move(name)), queue_max_(queue_max), thread_([this] { loop(); }) {}

blocking_thread::~blocking_thread() {
  {
    const std::lock_guard hold(lock_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

bool blocking_thread::post(std::function<void()> call) {
  {
    const std::lock_guard hold(lock_);
    if (stopping_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(call));
  }
  wake_.notify_one();
  return true;
}

void blocking_thread::loop() {
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  std::unique_lock hold(lock_);
  while (true) {
    wake_.wait(hold, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto call = std::move(queue_.front());
    queue_.pop_front();
    hold.unlock();
    call();
    call = nullptr;
    hold.lock();
  }
}

}  // namespace core
