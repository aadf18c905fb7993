// store: where bookings live. SQLite in the process; PostgreSQL where several nodes serve.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/revocation.hpp"
#include "core/task.hpp"
#include "rooms/booking.hpp"
#include "rooms/news.hpp"

namespace rooms {

constexpr std::size_t page_max = 200;

struct booking_query {
  std::optional<core::wall_time> from;  // starts at or after
  std::optional<core::wall_time> to;    // starts before
  std::optional<core::user_id> user;    // has this participant
  std::optional<booking_state> state;   // is in this state
  std::string cursor;                   // what the last page gave; empty for the first
  std::size_t limit = 50;               // 1 to page_max; others are brought into this range
};

struct booking_page {
  std::vector<booking> bookings;  // by start, then room
  std::string next_cursor;        // empty on the last page
};

struct put_outcome {
  booking stored;
  bool created = false;
  bool changed = false;  // false where the same was there already
};

// A provider's room that has to be closed: noted in the transaction that cancels or ends its
// booking, or keeps another room in its place, and kept until closing_done, so that a crash forgets
// none. A generation may have several: one that was made while its booking was called off, too.
struct room_closing {
  core::room_id room;
  std::uint32_t generation = 1;
  core::provider_name provider;
  std::string provider_room;  // empty where its maker was interrupted: it may or may not be there
  core::wall_time due_at;
  std::uint32_t attempts = 0;  // how often it failed
};

// A provider's room that was made, or was told of a change.
struct room_made {
  booking_ptr told;  // the booking that the provider was told of, with the room that it had then
  std::string provider_room;
  bool replaces = false;  // it is another room in place of that one
  // Nobody else can have remembered it, as each that is made there is another: where it is not kept
  // it is to be closed.
  bool is_another = false;
};

// Which bookings of one provider wait for their room to be made, or to be told of a change.
struct rooms_due {
  core::provider_name provider;
  core::wall_time starts_before;  // of those without a room
  core::wall_time ends_after;
  core::wall_time now;      // what failed waits until its time has come
  std::size_t limit = 100;  // of each of the two kinds
  // Each without a room is due later by its own share of this, so that many calls at one start are
  // not due at once.
  std::chrono::milliseconds spread{0};
};
// 0 to 4095 parts of the spread: the same for one opening of a room, whoever asks.
constexpr int spread_parts = 4096;
int share_of_spread(const core::room_id& room, std::uint32_t generation);

// What a provider says of a call. The room is named by one of the three.
struct call_report {
  core::provider_name provider;       // only bookings that are pinned to it are meant
  std::string digest;                 // core::room_digest
  std::optional<core::room_id> room;  // our own id
  std::string remembered;             // provider_room begins with this
  bool live = false;                  // it runs; else it has ended
  core::wall_time at;                 // by the provider's clock
  bool room_is_gone = false;          // the provider has forgotten the room: it is to be made anew
  bool is_timeless = false;  // `at` is only when we heard of it: said again, it is nothing new
};

struct report_outcome {
  std::optional<booking> stored;  // empty where no booking of this provider has the room
  bool changed = false;           // false for what was known already, or is older than what is
};

// Something that only one process may do at a time: one of them holds it until it lets go or the
// time is over.
constexpr std::chrono::seconds lease_clock_slack{1};  // of a clock that is being adjusted
// One whose time is over, and that nobody let go of, is remembered for so long: its holder was
// killed, or does not know what came of it.
constexpr std::chrono::hours lease_remembered{24};
// What is held of a room while it is made, and while it is made or closed where both meet in one
// room at the provider.
constexpr std::string_view making_prefix = "make ";
constexpr std::string_view using_prefix = "room ";
struct lease {
  std::string what;
  std::string holder;
  core::wall_time ends_at;
};

// Every answer that says "done" is durable. Failures are errc::store_unavailable, room_not_found,
// invalid_booking and bad_cursor. Times are kept in milliseconds. A write whose deadline passes
// while it waits in the queue is not made; one that has begun is made or not made, and
// store_unavailable says that nobody knows: all writes may be repeated.
class store {
 public:
  virtual ~store() = default;
  // Creates or replaces. `fallback` is the provider where the draft names none and the booking is
  // new. Another provider than the pinned one is invalid_booking with the fact {"/provider", …}. A
  // cancelled or ended booking is opened again as a new generation; if the same booking is put
  // again while it is scheduled, its room stays.
  virtual core::task<core::result<put_outcome>> put(booking_draft draft,
                                                    core::provider_name fallback,
                                                    core::wall_time now, core::deadline until) = 0;
  virtual core::task<core::result<std::optional<booking>>> find(core::room_id room,
                                                                core::deadline until) = 0;
  virtual core::task<core::result<booking_page>> list(booking_query query,
                                                      core::deadline until) = 0;
  // To cancelled or ended; repeating it changes nothing. An ended booking may still be cancelled; a
  // cancelled one stays cancelled. Where the provider has a room for it, its closing is due at
  // once. Where none is known but one is being made, or its maker was interrupted, a closing
  // without provider_room is due when the maker's time is over, unless remember_room comes before.
  virtual core::task<core::result<booking>> close(core::room_id room, booking_state to,
                                                  core::wall_time now, core::deadline until) = 0;
  // Remembers the provider's room if the booking is still of the told one's generation and has its
  // room, which is empty where there was none; gives the booking as it is now. It stays untold
  // where it has changed since. Where it was closed or opened anew meanwhile, the closing of this
  // room is due at once, and where it replaces one that of the other. Where the same generation has
  // another room by now, or would lose its room under a running call, that one stays; the closing
  // of this one is due where it is_another.
  virtual core::task<core::result<booking>> remember_room(room_made what, core::wall_time now,
                                                          core::deadline until) = 0;
  // The provider does not know the room any more, though nobody here closed it: it is to be made
  // anew. True where the booking is still of this one's generation and has its room.
  virtual core::task<core::result<bool>> forget_room(booking_ptr known, core::wall_time now,
                                                     core::deadline until) = 0;
  // Scheduled bookings of the provider whose time has come: those that have changed since their
  // room was made, the longest waiting first, then those without a room, by start.
  virtual core::task<core::result<std::vector<booking>>> to_prepare(rooms_due which,
                                                                    core::deadline until) = 0;
  // It did not work, or cannot be done yet: not to be looked for before `not_before`. True where
  // the booking is still scheduled in this generation.
  virtual core::task<core::result<bool>> prepare_later(core::room_id room, std::uint32_t generation,
                                                       bool failed, core::wall_time not_before,
                                                       core::deadline until) = 0;

  // A provider's word on a call. Reports may come twice and in any order: the provider's time
  // decides.
  virtual core::task<core::result<report_outcome>> report_call(call_report what,
                                                               core::wall_time now,
                                                               core::deadline until) = 0;
  // Ends scheduled bookings with a provider's room that ended before the one time, so that their
  // rooms are closed; where the call still runs, only those that ended before the other. Gives at
  // most `limit` of them, as they are now.
  virtual core::task<core::result<std::vector<booking>>> end_overdue(core::wall_time ended_before,
                                                                     core::wall_time live_before,
                                                                     core::wall_time now,
                                                                     std::size_t limit,
                                                                     core::deadline until) = 0;

  // Closings that are due at `now`, the longest waiting first.
  virtual core::task<core::result<std::vector<room_closing>>> due_closings(
      core::wall_time now, std::size_t limit, core::deadline until) = 0;
  // The closing of this room as it is noted now; nullopt once it is done. Of a closing its booking,
  // generation and provider_room say which it is.
  virtual core::task<core::result<std::optional<room_closing>>> find_closing(
      room_closing which, core::deadline until) = 0;
  // Of two for the same user the later instant counts. Some of those that were made before
  // `forget_before` are forgotten with it: more than come, so that they do not pile up.
  virtual core::task<core::result<bool>> revoke(core::revocation what, core::wall_time now,
                                                core::wall_time forget_before,
                                                core::deadline until) = 0;
  // Those that were made after `since`.
  virtual core::task<core::result<std::vector<core::revocation>>> revocations(
      core::wall_time since, core::deadline until) = 0;

  // What other processes have written since that place, in their order; what this one wrote itself
  // may be left out where whoever wrote it was told so, and is among it where they were not.
  // Without a place only where it is now. Cheap where nothing was written: it is asked several
  // times a second.
  virtual core::task<core::result<news_page>> news_since(std::optional<news_place> place,
                                                         core::deadline until) = 0;

  // True where the holder has it now: it was free, its time was over, or it was theirs already. One
  // that was taken later than now is void: the clock has been put back since, and its end would not
  // come for as long as the clock was wrong.
  virtual core::task<core::result<bool>> hold(lease what, core::wall_time now,
                                              core::deadline until) = 0;
  // True where it was the holder's.
  virtual core::task<core::result<bool>> let_go(std::string what, std::string holder,
                                                core::deadline until) = 0;

  // The provider closed it, or never will: nothing is left to do. True where it was still noted.
  virtual core::task<core::result<bool>> closing_done(room_closing which, core::deadline until) = 0;
  // Due again at `retry_at`, and counted where it has `failed`. True where it was still noted.
  virtual core::task<core::result<bool>> closing_later(room_closing which, bool failed,
                                                       core::wall_time retry_at,
                                                       core::deadline until) = 0;
};

}  // namespace rooms
