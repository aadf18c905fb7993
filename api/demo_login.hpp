// demo_login: the one-click login of `--demo`, and its bookings as the test page lists them.
// Without demo settings nothing of it exists.
#pragma once

#include "api/desk.hpp"
#include "rooms/decide.hpp"

namespace api {

class demo_login {
 public:
  explicit demo_login(desk& at) : desk_(at) {}

  // Called only where there are demo settings. Form: user, role, and perhaps the room to go to.
  // Sets the session's cookie and leads to the call, or to the test page.
  http::answer sign_in(http::exchange& about, http::reply& out) const;

 private:
  desk& desk_;
};

// A card per booking with a button per person.
std::string demo_rooms_html(const demo_settings& demo, const rooms::window_settings& windows,
                            core::wall_time now);

}  // namespace api
