// single_flight: many ask for the same thing, one task fetches it, all get its answer. Lives on one
// shard.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/task_group.hpp"

namespace core {

// The fetch runs as a task of its own: a caller who leaves at its deadline takes nothing from the
// others. The answer, failures included, is shared by those who wait and is not remembered.
template <class T>
class single_flight {
 public:
  explicit single_flight(executor on) : on_(on), tasks_(on) {}

  // `fetch` is called only when no flight for this key is under way.
  task<result<T>> join(std::string key, std::function<task<result<T>>()> fetch, deadline until) {
    auto found = flights_->find(key);
    std::shared_ptr<flight> mine;
    if (found != flights_->end()) {
      mine = found->second;
    } else {
      mine = std::make_shared<flight>(on_);
      flights_->emplace(key, mine);
      if (!tasks_.spawn(fly(flights_, mine, key, std::move(fetch)))) {
        flights_->erase(key);
        co_return fail(errc::cancelled, "shutting down");
      }
    }
    const bool landed = co_await mine->landed.wait(until);
    if (!landed) co_return fail(errc::timed_out, "waited for another request's fetch of " + key);
    co_return mine->answer;
  }

  std::size_t in_flight() const { return flights_->size(); }
  bool in_flight(const std::string& key) const { return flights_->contains(key); }
  void close() { tasks_.close(true); }
  task<bool> ended(deadline until) { return tasks_.ended(until); }

 private:
  struct flight {
    explicit flight(executor on) : landed(on) {}
    notice landed;
    result<T> answer = fail(errc::internal, "the fetch ended without an answer");
  };
  using flight_map = std::unordered_map<std::string, std::shared_ptr<flight>>;

  static task<void> fly(std::shared_ptr<flight_map> flights, std::shared_ptr<flight> mine,
                        std::string key, std::function<task<result<T>>()> fetch) {
    // Whatever happens, those who wait are told and the next caller starts afresh.
    struct landing {
      std::shared_ptr<flight_map> from;
      std::shared_ptr<flight> mine;
      std::string key;
      ~landing() {
        from->erase(key);
        mine->landed.give();
      }
    } at_exit{flights, mine, key};
    mine->answer = co_await fetch();
  }

  executor on_;
  std::shared_ptr<flight_map> flights_ = std::make_shared<flight_map>();
  task_group tasks_;
};

}  // namespace core
