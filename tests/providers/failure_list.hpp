// failure_list: everything that a vendor's answer can be instead of good, run against one call of
// one adapter: what becomes of it, how often it was asked, and what the operator reads.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "providers/desk.hpp"

namespace tests {

// An adapter that plugs into the list.
struct adapter_under_test {
  std::string name;
  std::function<std::unique_ptr<providers::provider>(desk&)> make;
  // The call: one that asks the vendor once where all is well.
  std::function<core::result<void>(desk&, providers::provider&)> use;
  http::method verb = http::method::post;
  std::string url;  // what the call's address begins with
  http::response good;
  bool repeats = false;           // safe to be asked again
  bool renews = false;            // a 401 is answered by another token
  bool may_say_nothing = false;   // the status alone is an answer
  std::size_t calls_for_409 = 1;  // where that may mean that the room is there
  std::vector<std::string> secrets;
  // Other answers that the adapter needs on its way: its token.
  std::function<void(desk&)> also = [](desk&) {};
};

void run_failure_list(const adapter_under_test& one);

// The call as most have it.
core::result<void> prepare_once(desk& at, providers::provider& one);

}  // namespace tests
