// request_ids: the name under which one request is found in the answer, in the log and at the
// caller's.
#pragma once

#include "core/random.hpp"
#include "http/exchange.hpp"

namespace api {

class request_ids {
 public:
  explicit request_ids(core::random_source& seed) : chance_(seed) {}

  // The caller's X-Request-Id where there is one of 1 to 64 characters of A-Z a-z 0-9 . _ -, else a
  // new one of 26. An exchange that has one already keeps it.
  void choose(http::exchange& about);

 private:
  core::quick_random chance_;
};

}  // namespace api
