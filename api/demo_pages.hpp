// demo_pages: the one-click login of `--demo` and a page that lists its bookings. Without demo
// settings nothing of it exists.
#pragma once

#include "api/desk.hpp"

namespace api {

class demo_pages {
 public:
  explicit demo_pages(desk& at) : desk_(at) {}

  // Called only where there are demo settings.
  http::answer handle(http::exchange& about, http::reply& out, route what);

 private:
  void page(http::reply& out) const;
  // Form: user, role. Sets the session's cookie and leads back to the page.
  void login(http::exchange& about, http::reply& out) const;

  desk& desk_;
};

}  // namespace api
