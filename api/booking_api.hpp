// booking_api: what the marketplace's backend tells us of its bookings, and what a person sees of
// their own.
#pragma once

#include <string>

#include "api/desk.hpp"

namespace api {

class booking_api {
 public:
  explicit booking_api(desk& at) : desk_(at) {}

  // Before the body is read: the room's name, the service key and the service's bucket.
  core::result<void> admit(const http::exchange& about, http::reply& out, const route_match& where);

  http::answer list(http::exchange& about, http::reply& out);
  http::answer one(http::exchange& about, http::reply& out, const std::string& room_text);
  http::answer end(http::exchange& about, http::reply& out, const std::string& room_text);
  // GET /api/{expert,client}/bookings, with a session.
  http::answer own(http::exchange& about, http::reply& out, core::role seat);

 private:
  core::task<void> put(http::exchange* about, http::reply* out, rooms::booking_draft draft);
  core::task<void> get(http::exchange* about, http::reply* out, core::room_id room);
  core::task<void> close(http::exchange* about, http::reply* out, core::room_id room,
                         rooms::booking_state to);
  core::task<void> list_page(http::exchange* about, http::reply* out, rooms::booking_query query);
  core::task<void> own_page(http::exchange* about, http::reply* out, rooms::booking_query query,
                            core::role seat, auth::identity_ptr who);
  void write_own(core::json_writer& json, const rooms::booking& one, const rooms::decision& made);

  desk& desk_;
};

}  // namespace api
