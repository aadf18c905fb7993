// The bookings' file: what is refused at the start, what a full disk, a lock and damage do, and
// what a commit is worth.
#include "rooms/sqlite_store.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "core/digest.hpp"
#include "core/task_group.hpp"
#include "rooms/error.hpp"
#include "rooms/sqlite_rows.hpp"
#include "rooms/sqlite_schema.hpp"
#include "support/memory_store.hpp"
#include "support/run.hpp"
#include "support/scratch_directory.hpp"

BOOST_AUTO_TEST_SUITE(sqlite_store)

using namespace std::chrono_literals;
using rooms::booking_state;

namespace {

core::room_id room(std::string_view text) { return core::room_id::from(text).value(); }
const auto provider = core::provider_name::from("100ms").value();
const auto far = core::deadline::after(std::chrono::steady_clock::now(), std::chrono::hours(1));
const core::wall_time t0{std::chrono::seconds(1'800'000'000)};

// Another program with the same file open.
class other_program {
 public:
  explicit other_program(const std::string& path) {
    BOOST_TEST_REQUIRE(sqlite3_open(path.c_str(), &handle_) == SQLITE_OK);
  }
  ~other_program() { sqlite3_close(handle_); }
  other_program(const other_program&) = delete;
  other_program& operator=(const other_program&) = delete;
  void execute(const char* sql) {
    BOOST_TEST_REQUIRE(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql);
  }
  std::int64_t number(const char* sql) {
    sqlite3_stmt* asked = nullptr;
    BOOST_TEST_REQUIRE(sqlite3_prepare_v2(handle_, sql, -1, &asked, nullptr) == SQLITE_OK);
    BOOST_TEST_REQUIRE(sqlite3_step(asked) == SQLITE_ROW);
    const auto answer = sqlite3_column_int64(asked, 0);
    sqlite3_finalize(asked);
    return answer;
  }
  // How SQLite would answer, a line for each step.
  std::string plan(const std::string& sql) {
    sqlite3_stmt* asked = nullptr;
    const std::string explain = "EXPLAIN QUERY PLAN " + sql;
    BOOST_TEST_REQUIRE(sqlite3_prepare_v2(handle_, explain.c_str(), -1, &asked, nullptr) ==
                       SQLITE_OK);
    std::string out;
    while (sqlite3_step(asked) == SQLITE_ROW) {
      out += reinterpret_cast<const char*>(sqlite3_column_text(asked, 3));
      out += '\n';
    }
    sqlite3_finalize(asked);
    return out;
  }

 private:
  sqlite3* handle_ = nullptr;
};

// Remembers the events, from whichever thread.
class listening_logger final : public core::logger {
 public:
  listening_logger() : logger(core::log_level::debug) {}
  std::string heard() {
    const std::lock_guard hold(lock_);
    return heard_;
  }

 private:
  void write(core::log_level, std::string_view event, std::span<const core::log_field>) override {
    const std::lock_guard hold(lock_);
    heard_ += std::string(event) + " ";
  }
  std::mutex lock_;
  std::string heard_;
};

struct scene {
  asio::io_context context{1};
  tests::scratch_directory where;
  listening_logger log;
  std::string path = where.file("bookings.db");
  std::unique_ptr<rooms::sqlite_store> store;

  void open(rooms::sqlite_settings settings = {}) {
    settings.path = path;
    store.reset();
    store = std::make_unique<rooms::sqlite_store>(settings, log);
  }
  // What keeps it from opening.
  std::string mistake(rooms::sqlite_settings settings = {}) {
    try {
      open(settings);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return {};
  }
  core::result<rooms::put_outcome> put(std::string_view id, core::deadline until = far) {
    return tests::run(context, store->put(tests::draft_of(id), provider, t0, until));
  }
  core::result<std::optional<rooms::booking>> find(std::string_view id,
                                                   core::deadline until = far) {
    return tests::run(context, store->find(room(id), until));
  }
};

// The file as it was when a generation had one room to close at most.
void drop_version_8(other_program& file) {
  file.execute("DROP TRIGGER closings_noted_before");
  file.execute("DROP TABLE closings");
  file.execute("CREATE INDEX room_closings_by_due ON room_closings (due_at)");
}

// The file as it was before it knew what providers have yet to hear.
void drop_versions_from_6(other_program& file) {
  drop_version_8(file);
  file.execute("DROP INDEX revocations_by_age");
  file.execute("DROP INDEX bookings_untold");
  file.execute("DROP INDEX bookings_without_room");
  for (const char* column : {"untold", "prepare_failures", "prepare_after"})
    file.execute(("ALTER TABLE bookings DROP COLUMN " + std::string(column)).c_str());
}

// The file as it was before processes told each other of their writes.
void drop_versions_from_4(other_program& file) {
  drop_versions_from_6(file);
  for (const char* trigger :
       {"news_of_a_booking_made", "news_of_a_booking_changed", "news_of_a_booking_gone",
        "news_of_a_revocation_made", "news_of_a_revocation_changed"})
    file.execute(("DROP TRIGGER IF EXISTS " + std::string(trigger)).c_str());
  file.execute("DROP TABLE news");
  file.execute("DROP TABLE leases");
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_missing_directory_is_said_plainly) {
  scene s;
  s.path = s.where.file("nowhere/bookings.db");
  const std::string said = s.mistake();
  BOOST_TEST(has(said, "the directory " + s.where.file("nowhere") + " does not exist"), said);
}

BOOST_AUTO_TEST_CASE(a_directory_in_the_place_of_the_file_is_refused) {
  scene s;
  s.path = s.where.path();
  BOOST_TEST(has(s.mistake(), "is not a file"));
}

BOOST_AUTO_TEST_CASE(a_file_of_a_newer_version_is_not_touched) {
  scene s;
  s.open();
  BOOST_TEST(s.put("r").has_value());
  s.store.reset();
  other_program(s.path).execute("PRAGMA user_version = 999");
  const std::string said = s.mistake();
  BOOST_TEST(has(said, "written by a newer Stagedoor (schema version 999"), said);
  BOOST_TEST(other_program(s.path).number("PRAGMA user_version") == 999);
}

BOOST_AUTO_TEST_CASE(another_programs_database_is_not_taken_over) {
  scene s;
  other_program(s.path).execute("CREATE TABLE songs (title TEXT)");
  BOOST_TEST(has(s.mistake(), "not one of Stagedoor's bookings"));
  BOOST_TEST(other_program(s.path).number("SELECT count(*) FROM sqlite_schema") == 1);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_database_is_refused_and_left_alone) {
  scene s;
  const std::string text(5'000, 'x');
  std::ofstream(s.path) << text;
  BOOST_TEST(has(s.mistake(), "cannot be"));
  BOOST_TEST(std::filesystem::file_size(s.path) == text.size());
}

BOOST_AUTO_TEST_CASE(an_empty_file_becomes_a_database_of_the_current_version) {
  scene s;
  std::ofstream(s.path).flush();
  s.open();
  BOOST_TEST(s.put("r").has_value());
  BOOST_TEST(other_program(s.path).number("PRAGMA user_version") ==
             rooms::sqlite::schema_version());
  BOOST_TEST(other_program(s.path).number("PRAGMA application_id") == 0x53746764);
}

BOOST_AUTO_TEST_CASE(a_file_of_the_first_version_keeps_its_bookings_and_learns_their_digests) {
  scene s;
  s.open();
  BOOST_TEST(s.put("r").has_value());
  s.store.reset();
  {
    // As the first version had it.
    other_program old(s.path);
    drop_versions_from_4(old);
    for (const char* index :
         {"bookings_by_digest", "bookings_by_provider_room", "bookings_with_room"})
      old.execute(("DROP INDEX " + std::string(index)).c_str());
    for (const char* column :
         {"digest", "call_state", "call_told_at", "call_started_at", "call_ended_at"})
      old.execute(("ALTER TABLE bookings DROP COLUMN " + std::string(column)).c_str());
    old.execute("DROP TABLE revocations");
    old.execute("PRAGMA user_version = 1");
  }
  s.open();
  BOOST_TEST(s.find("r").value().has_value());
  s.store.reset();
  other_program now(s.path);
  const std::string look =
      "SELECT count(*) FROM bookings WHERE digest = '" + core::room_digest(room("r"), 1) + "'";
  BOOST_TEST(now.number(look.c_str()) == 1);
  BOOST_TEST(now.number("PRAGMA user_version") == rooms::sqlite::schema_version());
}

BOOST_AUTO_TEST_CASE(a_file_of_the_third_version_begins_its_list_of_news) {
  scene s;
  s.open();
  BOOST_TEST(s.put("r").has_value());
  s.store.reset();
  {
    other_program old(s.path);
    drop_versions_from_4(old);
    old.execute("PRAGMA user_version = 3");
  }
  s.open();
  BOOST_TEST(s.find("r").value().has_value());
  const auto place = tests::run(s.context, s.store->news_since(std::nullopt, far)).value().next;
  // A process of the version before, which still serves, has the file open: its writes count too.
  other_program(s.path).execute("UPDATE bookings SET state = 'cancelled'");
  auto heard = tests::run(s.context, s.store->news_since(place, far));
  BOOST_TEST_REQUIRE(heard.value().what.rooms.size() == 1u);
  BOOST_TEST(heard->what.rooms.front().text() == "r");
}

BOOST_AUTO_TEST_CASE(a_file_of_the_fifth_version_has_each_room_looked_at_once) {
  scene s;
  s.open();
  for (const char* id : {"made", "bare", "over"}) BOOST_TEST(s.put(id).has_value());
  s.store.reset();
  {
    other_program old(s.path);
    old.execute("UPDATE bookings SET provider_room = 'theirs' WHERE room != 'bare'");
    old.execute("UPDATE bookings SET state = 'ended' WHERE room = 'over'");
    drop_versions_from_6(old);
    old.execute("PRAGMA user_version = 5");
  }
  s.open();
  BOOST_TEST(s.find("made").value()->preparing.untold);
  BOOST_TEST(!s.find("bare").value()->preparing.untold);
  BOOST_TEST(!s.find("over").value()->preparing.untold);
}

BOOST_AUTO_TEST_CASE(what_the_sixth_version_had_to_close_is_closed_and_so_is_what_it_still_notes) {
  constexpr const char* note =
      "INSERT INTO room_closings (room, generation, provider, provider_room, due_at, attempts) "
      "VALUES ('r', 1, '100ms', 'first', 0, 3) ON CONFLICT (room, generation) DO NOTHING";
  constexpr const char* note_another =
      "INSERT INTO room_closings (room, generation, provider, provider_room, due_at, attempts) "
      "VALUES ('r', 1, '100ms', 'second', 0, 0) ON CONFLICT (room, generation) DO NOTHING";
  scene s;
  s.open();
  s.store.reset();
  {
    other_program old(s.path);
    drop_version_8(old);
    old.execute(note);
    old.execute("PRAGMA user_version = 7");
  }
  s.open();
  const auto due = [&] { return tests::run(s.context, s.store->due_closings(t0, 9, far)).value(); };
  BOOST_TEST_REQUIRE(due().size() == 1u);
  BOOST_TEST(due()[0].provider_room == "first");
  BOOST_TEST(due()[0].attempts == 3u);
  // Of a process of that version which goes on serving.
  other_program(s.path).execute(note);
  BOOST_TEST(due().size() == 1u);
  other_program(s.path).execute(note_another);
  BOOST_TEST(due().size() == 2u);
  auto done = tests::run(s.context, s.store->closing_done(due()[0], far));
  BOOST_TEST(done.value());
  BOOST_TEST(due().size() == 1u);
}

BOOST_AUTO_TEST_CASE(
    what_is_to_be_prepared_comes_out_of_its_indexes_however_many_others_there_are) {
  scene s;
  s.open();
  BOOST_TEST(s.put("r").has_value());
  other_program file(s.path);
  const auto [untold, bare] = rooms::sqlite::to_prepare_sql();
  const std::string of_untold = file.plan(untold), of_bare = file.plan(bare);
  BOOST_TEST(has(of_untold, "COVERING INDEX bookings_untold (provider=? AND prepare_after<?)"),
             of_untold);
  BOOST_TEST(
      has(of_bare,
          "COVERING INDEX bookings_without_room (provider=? AND starts_at>? AND starts_at<?)"),
      of_bare);
  for (const std::string& plan : {of_untold, of_bare}) BOOST_TEST(!has(plan, "SCAN b"), plan);
}

BOOST_AUTO_TEST_CASE(a_new_file_is_for_its_owner_alone) {
  scene s;
  s.open();
  BOOST_TEST(s.put("r").has_value());
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat found{};
    BOOST_TEST_REQUIRE(::stat((s.path + suffix).c_str(), &found) == 0);
    BOOST_TEST((found.st_mode & 0777) == 0600u);
  }
}

BOOST_AUTO_TEST_CASE(who_only_looks_needs_a_file_and_writes_nothing) {
  scene s;
  BOOST_TEST(has(s.mistake({.look_only = true}), "does not exist"));
  BOOST_TEST(!std::filesystem::exists(s.path));
  s.open();
  BOOST_TEST(s.put("r").has_value());
  s.open({.look_only = true});
  BOOST_TEST(s.find("r").value().has_value());
  BOOST_TEST(s.put("other").error().code == rooms::errc::store_unavailable);
  BOOST_TEST(s.find("r").value().has_value());
  s.store.reset();
  other_program(s.path).execute("PRAGMA user_version = 0");
  BOOST_TEST(has(s.mistake({.look_only = true}), "start the server once"));
}

BOOST_AUTO_TEST_CASE(what_was_answered_is_there_after_a_restart) {
  scene s;
  s.open();
  BOOST_TEST(s.put("r").has_value());
  s.open();
  BOOST_TEST(s.find("r").value()->participants.size() == 2u);
}

BOOST_AUTO_TEST_CASE(what_was_answered_is_in_the_file_at_once) {
  scene s;
  s.open();
  BOOST_TEST(s.put("r").has_value());
  // A copy of the files as they are now is what a crash would leave.
  const std::string copy = s.where.file("copy.db");
  std::filesystem::copy_file(s.path, copy);
  std::filesystem::copy_file(s.path + "-wal", copy + "-wal");
  scene after;
  after.path = copy;
  after.open();
  BOOST_TEST(after.find("r").value().has_value());
}

BOOST_AUTO_TEST_CASE(a_full_disk_refuses_writes_and_recovers) {
  scene s;
  s.open({.pages_max = 20});
  int good = 0;
  core::failure why;
  for (; good < 2'000; ++good) {
    auto made = s.put("room-" + std::to_string(good));
    if (made) continue;
    why = made.error();
    break;
  }
  BOOST_TEST(good > 5);
  BOOST_TEST_REQUIRE(good < 2'000);
  BOOST_TEST(why.code == rooms::errc::store_unavailable);
  BOOST_TEST(has(why.detail, "full"), why.detail);
  BOOST_TEST(has(s.log.heard(), "store_write_failed"));
  // Reads go on, and so do writes that need no room.
  BOOST_TEST(s.find("room-0").value().has_value());
  BOOST_TEST(!s.find("room-" + std::to_string(good)).value().has_value());
  auto cancelled =
      tests::run(s.context, s.store->close(room("room-0"), booking_state::cancelled, t0, far));
  BOOST_TEST(cancelled.has_value());
  s.open({});
  BOOST_TEST(s.put("room-" + std::to_string(good)).has_value());
}

BOOST_AUTO_TEST_CASE(a_write_that_does_not_fit_leaves_its_batch_alone) {
  scene s;
  s.open({.pages_max = 40});
  for (int i = 0; i < 5; ++i) BOOST_TEST(s.put("r" + std::to_string(i)).has_value());
  // One transaction: a hundred bookings of 64 people, which cannot fit, among five small changes,
  // which can.
  int refused = 0, changed = 0;
  core::task_group group(s.context.get_executor());
  const auto big = [](rooms::store* store, int number, int* count) -> core::task<void> {
    auto draft = tests::draft_of("big" + std::to_string(number));
    draft.participants.clear();
    for (int i = 0; i < 64; ++i)
      draft.participants.push_back(
          {core::user_id::from(std::string(250, 'u') + std::to_string(i)).value(),
           core::role::client});
    auto made = co_await store->put(std::move(draft), provider, t0, far);
    if (!made) ++*count;
  };
  const auto small = [](rooms::store* store, int number, int* count) -> core::task<void> {
    auto made =
        co_await store->close(room("r" + std::to_string(number)), booking_state::ended, t0, far);
    if (made) ++*count;
  };
  for (int i = 0; i < 100; ++i) {
    group.spawn(big(s.store.get(), i, &refused));
    if (i % 20 == 10) group.spawn(small(s.store.get(), i / 20, &changed));
  }
  group.close(false);
  BOOST_TEST(tests::run(s.context, group.ended(far)));
  BOOST_TEST(refused >= 90);
  BOOST_TEST(changed == 5);
  // What was refused left nothing behind.
  other_program beside(s.path);
  BOOST_TEST(beside.number("SELECT count(*) FROM bookings") == 105 - refused);
  BOOST_TEST(
      beside.number(
          "SELECT count(*) FROM participants WHERE room NOT IN (SELECT room FROM bookings)") == 0);
  BOOST_TEST(beside.number("SELECT count(*) FROM participants") == 10 + 64 * (100 - refused));
}

BOOST_AUTO_TEST_CASE(a_file_that_another_program_locks_is_unavailable_until_it_is_free) {
  scene s;
  s.open({.busy_timeout = 1ms});
  BOOST_TEST(s.put("r").has_value());
  {
    other_program busy(s.path);
    busy.execute("BEGIN IMMEDIATE");
    auto refused = s.put("other");
    BOOST_TEST(refused.error().code == rooms::errc::store_unavailable);
    BOOST_TEST(has(refused.error().detail, "locked"), refused.error().detail);
    // Reads do not mind.
    BOOST_TEST(s.find("r").value().has_value());
    BOOST_TEST(!s.find("other").value().has_value());
  }
  BOOST_TEST(s.put("other").has_value());
  BOOST_TEST(s.log.heard() == "store_write_failed store_write_recovered ");
}

BOOST_AUTO_TEST_CASE(a_write_that_waits_too_long_is_unknown_and_one_behind_it_is_not_made) {
  scene s;
  s.open({.busy_timeout = 500ms});
  auto busy = std::make_unique<other_program>(s.path);
  busy->execute("BEGIN IMMEDIATE");
  const auto soon = core::deadline::after(std::chrono::steady_clock::now(), 30ms);
  BOOST_TEST(s.put("first", soon).error().code == rooms::errc::store_unavailable);  // at the disk
  const auto later = core::deadline::after(std::chrono::steady_clock::now(), 30ms);
  auto second = s.put("second", later);  // in the queue
  BOOST_TEST(second.error().code == rooms::errc::store_unavailable);
  busy.reset();
  BOOST_TEST(s.put("third").has_value());
  BOOST_TEST(!s.find("second").value().has_value());
}

BOOST_AUTO_TEST_CASE(damage_is_unavailable_and_not_a_missing_booking) {
  scene s;
  s.open();
  for (int i = 0; i < 60; ++i) BOOST_TEST_REQUIRE(s.put("room-" + std::to_string(i)).has_value());
  s.store.reset();  // the log is folded into the file
  const std::string good = s.where.file("good.db");
  std::filesystem::copy_file(s.path, good);
  {
    const auto page =
        other_program(s.path).number("SELECT rootpage FROM sqlite_schema WHERE name = 'bookings'");
    const int file = ::open(s.path.c_str(), O_RDWR | O_CLOEXEC);
    const std::string noise(4096, '\x5a');
    BOOST_TEST_REQUIRE(::pwrite(file, noise.data(), noise.size(), 4096 * (page - 1)) == 4096);
    ::close(file);
  }
  s.open();
  auto found = s.find("room-7");
  BOOST_TEST_REQUIRE(!found.has_value());
  BOOST_TEST(found.error().code == rooms::errc::store_unavailable);
  BOOST_TEST(has(found.error().detail, "malformed"), found.error().detail);
  BOOST_TEST(s.put("room-7").error().code == rooms::errc::store_unavailable);
  BOOST_TEST(s.find("room-7").error().code == rooms::errc::store_unavailable);
}

BOOST_AUTO_TEST_CASE(rows_that_no_booking_can_have_are_unavailable) {
  scene s;
  s.open();
  BOOST_TEST(s.put("r").has_value());
  other_program(s.path).execute("UPDATE participants SET user = ''");
  BOOST_TEST(s.find("r").error().code == rooms::errc::store_unavailable);
  auto listed = tests::run(s.context, s.store->list({}, far));
  BOOST_TEST(listed.error().code == rooms::errc::store_unavailable);
  other_program(s.path).execute("UPDATE participants SET user = 'u'");
  BOOST_TEST(s.find("r").value().has_value());
}

BOOST_AUTO_TEST_CASE(too_many_waiting_writes_are_refused_at_once) {
  scene s;
  s.open({.queue_max = 4, .busy_timeout = 200ms});
  auto busy = std::make_unique<other_program>(s.path);
  busy->execute("BEGIN IMMEDIATE");
  int refused = 0;
  core::task_group group(s.context.get_executor());
  for (int i = 0; i < 50; ++i)
    group.spawn([](rooms::store* store, int number, int* count) -> core::task<void> {
      auto made =
          co_await store->put(tests::draft_of("r" + std::to_string(number)), provider, t0, far);
      if (!made && made.error().detail == "too many writes wait") ++*count;
    }(s.store.get(), i, &refused));
  s.context.poll();
  BOOST_TEST(refused >= 40);
  busy.reset();
  group.close(false);
  BOOST_TEST(tests::run(s.context, group.ended(far)));
}

BOOST_AUTO_TEST_CASE(writes_that_wait_share_a_commit) {
  scene s;
  s.open();
  // Each commit is one frame with the mark "end of transaction" in the log: with one per write, a
  // thousand writes would copy their pages a thousand times.
  core::task_group group(s.context.get_executor());
  for (int i = 0; i < 200; ++i)
    group.spawn([](rooms::store* store, int number) -> core::task<void> {
      auto made =
          co_await store->put(tests::draft_of("r" + std::to_string(number)), provider, t0, far);
      BOOST_TEST(made.has_value());
      // Read your writes: the reader's connection has it as soon as the answer is there.
      auto found = co_await store->find(room("r" + std::to_string(number)), far);
      BOOST_TEST(found.value().has_value());
    }(s.store.get(), i));
  group.close(false);
  BOOST_TEST(tests::run(s.context, group.ended(far)));
  const auto wal_frames = std::filesystem::file_size(s.path + "-wal") / 4120;
  BOOST_TEST(wal_frames < 400u);
}

BOOST_AUTO_TEST_CASE(writes_that_nobody_waits_for_any_more_are_still_made) {
  asio::io_context abandoned(1);  // polled once, never again
  scene s;
  s.open();
  auto write = s.store->put(tests::draft_of("r"), provider, t0, far);
  asio::co_spawn(abandoned, std::move(write), [](auto, auto) {});
  abandoned.poll();
  s.open();  // closes the store, which writes what is queued
  BOOST_TEST(s.find("r").value().has_value());
}

BOOST_AUTO_TEST_CASE(settings_are_read_and_bounded) {
  core::mistakes found;
  core::options table("store", "test.toml", found);
  table.set("path", std::string("/var/lib/stagedoor/bookings.db"));
  table.set("busy_timeout", std::string("2h"));
  const auto read = rooms::read_sqlite_settings(table);
  table.note_unknown();
  BOOST_TEST(read.path == "/var/lib/stagedoor/bookings.db");
  BOOST_TEST(found.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
