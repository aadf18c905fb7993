// ticket_api: GET /go/{ticket}: checks the booking once more and sends on to the provider's link,
// or shows a page that leads back.
#pragma once

#include <string>

#include "api/desk.hpp"

namespace api {

class ticket_api {
 public:
  explicit ticket_api(desk& at) : desk_(at) {}

  http::answer open(http::exchange& about, http::reply& out, const std::string& text);

 private:
  core::task<void> follow(http::exchange* about, http::reply* out, join::ticket from);
  core::task<void> look(http::exchange* about, http::reply* out, join::ticket from);
  void record(const http::exchange& about, const join::ticket* from, const verdict& made) const;
  // `from` is the ticket where it is one of ours.
  void refuse(http::exchange& about, http::reply& out, const core::failure& why,
              const join::ticket* from);

  desk& desk_;
};

}  // namespace api
