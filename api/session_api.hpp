// session_api: POST /api/sessions/revoke: the marketplace's backend takes sessions back.
#pragma once

#include "api/desk.hpp"

namespace api {

class session_api {
 public:
  explicit session_api(desk& at) : desk_(at) {}

  http::answer revoke(http::exchange& about, http::reply& out);

 private:
  core::task<void> keep(http::exchange* about, http::reply* out, core::revocation what);

  desk& desk_;
};

}  // namespace api
