// audit: one line per decision about who comes in, in a log of its own: who wanted into which room,
// and why they were or were not let in; and per word of the marketplace's backend that was refused,
// that changes who may come in, or that takes sessions back.
#pragma once

#include <string_view>

#include "core/log.hpp"
#include "core/result.hpp"
#include "core/revocation.hpp"
#include "http/exchange.hpp"
#include "rooms/booking.hpp"

namespace api {

// Who wanted where. Empty is what is not known.
struct audited {
  std::string_view user;
  std::string_view room;
  std::string_view role;
  std::string_view token_id;  // never written: its hash tells two sessions apart
};

// What came of it: `code` is "ok" or the problem's.
struct verdict {
  std::string_view outcome = "allowed";
  std::string_view code = "ok";
  std::string_view provider;
};
verdict verdict_of(const core::failure& why);

class audit_record {
 public:
  // `to` may be null: nothing is recorded.
  explicit audit_record(core::logger* to) : to_(to) {}

  // A join, by whichever address.
  void joined(const http::exchange& about, const audited& what, const verdict& made) const;
  // A ticket that was to be opened.
  void ticket_opened(const http::exchange& about, const audited& what, const verdict& made) const;
  // A service key that did not fit.
  void service_refused(const http::exchange& about, const core::failure& why) const;
  void revoked(const http::exchange& about, const core::revocation& what) const;
  // A booking as a service key has made it: `how` is "created", "changed", "cancelled" or "ended".
  void booking_changed(const http::exchange& about, std::string_view how,
                       const rooms::booking& now) const;

 private:
  void decided(std::string_view event, const http::exchange& about, const audited& what,
               const verdict& made) const;

  core::logger* to_;
};

}  // namespace api
