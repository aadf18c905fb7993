// sqlite_store: the bookings in one file of this machine. SQLite blocks, so it has threads of its
// own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/log.hpp"
#include "core/metrics.hpp"
#include "core/options.hpp"
#include "rooms/store.hpp"

namespace rooms {

struct sqlite_settings {
  std::string path = "stagedoor.db";  // ":memory:" lives as long as the store
  // What waits for the disk beyond this is refused: it would wait longer than its caller.
  std::size_t queue_max = 10'000;
  // How long another program (a backup, a shell) may hold the file before a write fails.
  std::chrono::milliseconds busy_timeout{2'000};
  // True for commands that only look: the file must be there and up to date, and every write fails.
  bool look_only = false;
  // Pages of 4 KiB that the file may have; for tests of a full disk.
  std::optional<std::int64_t> pages_max;
};
// [store]: path, busy_timeout, queue_max.
sqlite_settings read_sqlite_settings(core::options& from);

// Its threads answer to the callers' shards, which therefore have to outlive it.
class sqlite_store final : public store {
 public:
  // Throws std::runtime_error with a sentence for the operator: a missing directory, a file that is
  // not ours, damaged or of a newer version.
  sqlite_store(sqlite_settings settings, core::logger& log, core::metrics_page* metrics = nullptr);
  ~sqlite_store() override;  // what is queued is still written

  core::task<core::result<put_outcome>> put(booking_draft draft, core::provider_name fallback,
                                            core::wall_time now, core::deadline until) override;
  core::task<core::result<std::optional<booking>>> find(core::room_id room,
                                                        core::deadline until) override;
  core::task<core::result<booking_page>> list(booking_query query, core::deadline until) override;
  core::task<core::result<booking>> close(core::room_id room, booking_state to, core::wall_time now,
                                          core::deadline until) override;
  core::task<core::result<booking>> remember_room(room_made what, core::wall_time now,
                                                  core::deadline until) override;
  core::task<core::result<bool>> forget_room(booking_ptr known, core::wall_time now,
                                             core::deadline until) override;
  core::task<core::result<std::vector<booking>>> to_prepare(rooms_due which,
                                                            core::deadline until) override;
  core::task<core::result<bool>> prepare_later(core::room_id room, std::uint32_t generation,
                                               bool failed, core::wall_time not_before,
                                               core::deadline until) override;
  core::task<core::result<report_outcome>> report_call(call_report what, core::wall_time now,
                                                       core::deadline until) override;
  core::task<core::result<std::vector<booking>>> end_overdue(core::wall_time ended_before,
                                                             core::wall_time live_before,
                                                             core::wall_time now, std::size_t limit,
                                                             core::deadline until) override;
  core::task<core::result<std::vector<room_closing>>> due_closings(core::wall_time now,
                                                                   std::size_t limit,
                                                                   core::deadline until) override;
  core::task<core::result<std::optional<room_closing>>> find_closing(room_closing which,
                                                                     core::deadline until) override;
  core::task<core::result<bool>> revoke(core::revocation what, core::wall_time now,
                                        core::wall_time forget_before,
                                        core::deadline until) override;
  core::task<core::result<std::vector<core::revocation>>> revocations(
      core::wall_time since, core::deadline until) override;
  core::task<core::result<news_page>> news_since(std::optional<news_place> place,
                                                 core::deadline until) override;
  core::task<core::result<bool>> hold(lease what, core::wall_time now,
                                      core::deadline until) override;
  core::task<core::result<bool>> let_go(std::string what, std::string holder,
                                        core::deadline until) override;
  core::task<core::result<bool>> closing_done(room_closing which, core::deadline until) override;
  core::task<core::result<bool>> closing_later(room_closing which, bool failed,
                                               core::wall_time retry_at,
                                               core::deadline until) override;

 private:
  struct inside;
  std::unique_ptr<inside> inside_;
};

}  // namespace rooms
