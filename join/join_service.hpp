// join_service: what Stagedoor is for: a person, a seat and a room in; a link that lets them in
// out.
#pragma once

#include <optional>
#include <string>

#include "auth/identity.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "core/task.hpp"
#include "core/trace.hpp"
#include "join/provisioner.hpp"
#include "join/tickets.hpp"
#include "providers/registry.hpp"
#include "rooms/booking_cache.hpp"
#include "rooms/decide.hpp"

namespace join {

struct join_call {
  core::room_id room;
  core::role seat = core::role::expert;
  // What the caller asks to be shown as; empty where nothing was asked. It decides nothing else.
  std::string display_name;
  std::optional<core::trace> trace = std::nullopt;  // goes on to the provider, where it is asked
};

// "Expert" or "Client": what somebody without a name is called.
std::string_view default_name(core::role seat);

struct joined {
  rooms::booking_ptr booking;
  const providers::provider_traits* provider = nullptr;
  std::string url;
  std::string token;  // by itself, where the provider has clients that ask for it
  core::wall_time expires_at;
  // When to ask again: two minutes before the end, or after 80 % of a life shorter than ten
  // minutes.
  core::wall_time refresh_after;
};

// A booking in which the caller may sit down now.
struct opened {
  rooms::booking_ptr booking;
  rooms::window window;
};

struct join_parts {
  rooms::booking_cache& bookings;
  providers::registry& providers;
  provisioner& rooms;
  const core::clock& clock;
  rooms::window_settings windows;
  const tickets& doors;
};

// One per shard.
class join_service {
 public:
  explicit join_service(const join_parts& parts) : parts_(parts) {}

  // Room and policy, without side effects. check_now gives nullopt where the store must be asked.
  std::optional<core::result<opened>> check_now(const join_call& call, const auth::identity& who,
                                                core::wall_time now, core::steady_time steady_now);
  core::task<core::result<opened>> check(join_call call, auth::identity_ptr who,
                                         core::deadline until);

  // The warm path: plain function calls on what this shard holds. nullopt where something must be
  // waited for.
  std::optional<core::result<joined>> join_now(const join_call& call, const auth::identity& who,
                                               core::wall_time now, core::steady_time steady_now);
  // The whole way, waiting where it must.
  core::task<core::result<joined>> join(join_call call, auth::identity_ptr who,
                                        core::deadline until);

  // For who will ask for this room in a moment; see booking_cache.
  void look_ahead(std::string_view room, rooms::booking_cache::step next) const {
    parts_.bookings.look_ahead(room, next);
  }

  // The name of the provider that the room is pinned to, as far as this shard knows: for metrics.
  std::string_view provider_of(const core::room_id& room);

  // Opens a ticket: the booking is checked as it is now, and the link is the provider's own.
  // rooms::errc::room_ended where the booking was opened anew since.
  core::task<core::result<joined>> follow(ticket from, core::deadline until);
  // The same check without side effects, and without a link.
  core::task<core::result<opened>> look_at(ticket from, core::deadline until);

  // The second half of join(), for callers that have checked and want to say so in between.
  bool must_prepare(const rooms::booking& one) { return parts_.rooms.must_prepare(one); }
  core::task<core::result<joined>> enter(opened door, join_call call, auth::identity_ptr who,
                                         core::deadline until);

 private:
  core::result<opened> decide(rooms::booking_ptr one, const join_call& call,
                              const auth::identity& who, core::wall_time now) const;
  void fill(providers::admission& entry, const opened& door, const join_call& call,
            const auth::identity& who, core::wall_time now) const;
  enum class way : unsigned char { as_configured, past_the_ticket };
  core::task<core::result<joined>> enter(opened door, join_call call, auth::identity_ptr who,
                                         core::deadline until, way by);
  // `door` is then the booking as it was when the provider was asked.
  core::task<core::result<joined>> enter_once(opened* door, join_call call, auth::identity_ptr who,
                                              core::deadline until, way by);
  core::result<providers::join_link> ticket_for(const providers::admission& entry) const;

  join_parts parts_;
  providers::admission warm_;  // reused, so that a warm join does not allocate its strings anew
};

}  // namespace join
