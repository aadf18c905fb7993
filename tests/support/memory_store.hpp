// memory_store: bookings in a map, with the same semantics as the stores that last, and with faults
// on demand.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rooms/changes.hpp"
#include "rooms/store.hpp"

namespace tests {

// Lives on one shard.
class memory_store final : public rooms::store {
 public:
  core::task<core::result<rooms::put_outcome>> put(rooms::booking_draft draft,
                                                   core::provider_name fallback,
                                                   core::wall_time now,
                                                   core::deadline until) override;
  core::task<core::result<std::optional<rooms::booking>>> find(core::room_id room,
                                                               core::deadline until) override;
  core::task<core::result<rooms::booking_page>> list(rooms::booking_query query,
                                                     core::deadline until) override;
  core::task<core::result<rooms::booking>> close(core::room_id room, rooms::booking_state to,
                                                 core::wall_time now,
                                                 core::deadline until) override;
  core::task<core::result<rooms::booking>> remember_room(rooms::room_made what, core::wall_time now,
                                                         core::deadline until) override;
  core::task<core::result<bool>> forget_room(rooms::booking_ptr known, core::wall_time now,
                                             core::deadline until) override;
  core::task<core::result<std::vector<rooms::booking>>> to_prepare(rooms::rooms_due which,
                                                                   core::deadline until) override;
  core::task<core::result<bool>> prepare_later(core::room_id room, std::uint32_t generation,
                                               bool failed, core::wall_time not_before,
                                               core::deadline until) override;
  core::task<core::result<rooms::report_outcome>> report_call(rooms::call_report what,
                                                              core::wall_time now,
                                                              core::deadline until) override;
  core::task<core::result<std::vector<rooms::booking>>> end_overdue(core::wall_time ended_before,
                                                                    core::wall_time live_before,
                                                                    core::wall_time now,
                                                                    std::size_t limit,
                                                                    core::deadline until) override;
  core::task<core::result<std::vector<rooms::room_closing>>> due_closings(
      core::wall_time now, std::size_t limit, core::deadline until) override;
  core::task<core::result<std::optional<rooms::room_closing>>> find_closing(
      rooms::room_closing which, core::deadline until) override;
  core::task<core::result<bool>> revoke(core::revocation what, core::wall_time now,
                                        core::wall_time forget_before,
                                        core::deadline until) override;
  core::task<core::result<std::vector<core::revocation>>> revocations(
      core::wall_time since, core::deadline until) override;
  core::task<core::result<rooms::news_page>> news_since(std::optional<rooms::news_place> place,
                                                        core::deadline until) override;
  core::task<core::result<bool>> hold(rooms::lease what, core::wall_time now,
                                      core::deadline until) override;
  core::task<core::result<bool>> let_go(std::string what, std::string holder,
                                        core::deadline until) override;
  core::task<core::result<bool>> closing_done(rooms::room_closing which,
                                              core::deadline until) override;
  core::task<core::result<bool>> closing_later(rooms::room_closing which, bool failed,
                                               core::wall_time retry_at,
                                               core::deadline until) override;

  // While true every operation is store_unavailable.
  bool broken = false;
  // Awaited by every find after it has read and before it answers: what is written meanwhile is
  // missed.
  std::function<core::task<void>()> pause;
  std::size_t finds = 0;   // calls so far
  std::size_t writes = 0;  // changes so far

  struct held {
    std::string holder;
    core::wall_time taken_at;
    core::wall_time ends_at;
  };
  std::map<std::string, held> leases;
  // What other processes would have written; each is read once.
  std::vector<rooms::news> news;

  std::map<std::pair<std::string, std::string>, std::pair<core::revocation, core::wall_time>>
      revoked;  // by user and token, with when it was made

  // Straight in, for a test's scene.
  void add(rooms::booking one);
  const rooms::booking* peek(std::string_view room) const;
  std::size_t closings() const { return closings_.size(); }

 private:
  using closing_key = std::tuple<std::string, std::uint32_t, std::string>;
  static closing_key key_of(const rooms::room_closing& one) {
    return {one.room.text(), one.generation, one.provider_room};
  }

  const rooms::booking* before(const core::room_id& room) const { return peek(room.view()); }
  void keep(const rooms::change& made);
  core::result<void> able(core::deadline until) const;

  std::map<std::string, rooms::booking, std::less<>> bookings_;
  std::map<closing_key, rooms::room_closing> closings_;
};

// A booking from 10:00 to 11:00 on 2026-11-22 (when fake_clock begins) with u1 as expert and u2 as
// client.
rooms::booking_draft draft_of(std::string_view room);
rooms::booking booking_of(std::string_view room, std::string_view provider = "100ms");

}  // namespace tests
