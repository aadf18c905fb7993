// schema: one SQL text per version; each runs once, in a transaction with the number that says so.
#include "rooms/sqlite_schema.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace rooms::sqlite {
namespace {

// "Stgd" in the file's header, so that another program's file is not taken for ours.
constexpr std::int64_t application_id = 0x53746764;

// Times are milliseconds since 1970. participants repeats starts_at, so that a person's bookings
// come out of one index in the order of the list.
constexpr const char* version_1 = R"sql(
CREATE TABLE bookings (
  room          TEXT    NOT NULL PRIMARY KEY,
  starts_at     INTEGER NOT NULL,
  ends_at       INTEGER NOT NULL CHECK (ends_at > starts_at),
  provider      TEXT    NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('scheduled', 'cancelled', 'ended')),
  generation    INTEGER NOT NULL CHECK (generation > 0),
  provider_room TEXT    NOT NULL,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX bookings_by_start ON bookings (starts_at, room);
CREATE INDEX bookings_without_room ON bookings (starts_at, room, ends_at, provider_room, state)
  WHERE provider_room = '' AND state = 'scheduled';

CREATE TABLE participants (
  room      TEXT    NOT NULL REFERENCES bookings (room) ON DELETE CASCADE,
  position  INTEGER NOT NULL,
  user      TEXT    NOT NULL,
  seat      TEXT    NOT NULL CHECK (seat IN ('expert', 'client')),
  starts_at INTEGER NOT NULL,
  PRIMARY KEY (room, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX participants_by_user ON participants (user, starts_at, room);

CREATE TABLE room_closings (
  room          TEXT    NOT NULL,
  generation    INTEGER NOT NULL,
  provider      TEXT    NOT NULL,
  provider_room TEXT    NOT NULL,
  due_at        INTEGER NOT NULL,
  attempts      INTEGER NOT NULL,
  PRIMARY KEY (room, generation)
) STRICT, WITHOUT ROWID;
CREATE INDEX room_closings_by_due ON room_closings (due_at);
)sql";

// digest is core::room_digest, by which a provider's report finds its booking. Of a call, the empty
// text and 0 mean that nothing was told.
constexpr const char* version_2 = R"sql(
ALTER TABLE bookings ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE bookings ADD COLUMN call_state TEXT NOT NULL DEFAULT ''
  CHECK (call_state IN ('', 'live', 'ended'));
ALTER TABLE bookings ADD COLUMN call_told_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE bookings ADD COLUMN call_started_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE bookings ADD COLUMN call_ended_at INTEGER NOT NULL DEFAULT 0;
UPDATE bookings SET digest = room_digest(room, generation);
CREATE INDEX bookings_by_digest ON bookings (digest);
CREATE INDEX bookings_by_provider_room ON bookings (provider_room) WHERE provider_room != '';
CREATE INDEX bookings_with_room ON bookings (ends_at, call_state)
  WHERE provider_room != '' AND state = 'scheduled';
)sql";

// Neither a user nor a token: everybody's sessions.
constexpr const char* version_3 = R"sql(
CREATE TABLE revocations (
  user      TEXT    NOT NULL,
  token_id  TEXT    NOT NULL,
  before_at INTEGER NOT NULL,
  made_at   INTEGER NOT NULL,
  PRIMARY KEY (user, token_id)
) STRICT, WITHOUT ROWID;
)sql";

// What was written, by whichever process and program, for those who remember what it was before: a
// booking's room, or where that is empty a revocation. The latest ten thousand are kept.
constexpr const char* version_4 = R"sql(
CREATE TABLE news (
  number    INTEGER NOT NULL PRIMARY KEY,
  room      TEXT    NOT NULL,
  user      TEXT    NOT NULL,
  token_id  TEXT    NOT NULL,
  before_at INTEGER NOT NULL
) STRICT;
CREATE TRIGGER news_grow_old AFTER INSERT ON news BEGIN
  DELETE FROM news WHERE number <= NEW.number - 10000;
END;
CREATE TRIGGER news_of_a_booking_made AFTER INSERT ON bookings BEGIN
  INSERT INTO news (room, user, token_id, before_at) VALUES (NEW.room, '', '', 0);
END;
CREATE TRIGGER news_of_a_booking_changed AFTER UPDATE ON bookings BEGIN
  INSERT INTO news (room, user, token_id, before_at) VALUES (NEW.room, '', '', 0);
END;
CREATE TRIGGER news_of_a_booking_gone AFTER DELETE ON bookings BEGIN
  INSERT INTO news (room, user, token_id, before_at) VALUES (OLD.room, '', '', 0);
END;
CREATE TRIGGER news_of_a_revocation_made AFTER INSERT ON revocations BEGIN
  INSERT INTO news (room, user, token_id, before_at)
  VALUES ('', NEW.user, NEW.token_id, NEW.before_at);
END;
CREATE TRIGGER news_of_a_revocation_changed AFTER UPDATE ON revocations BEGIN
  INSERT INTO news (room, user, token_id, before_at)
  VALUES ('', NEW.user, NEW.token_id, NEW.before_at);
END;

CREATE TABLE leases (
  what    TEXT    NOT NULL PRIMARY KEY,
  holder  TEXT    NOT NULL,
  ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// Leases last seconds: those of before are not kept.
constexpr const char* version_5 = R"sql(
DELETE FROM leases;
ALTER TABLE leases ADD COLUMN taken_at INTEGER NOT NULL DEFAULT 0;
)sql";

// Whether a change reached the provider of a room that was there before is not known: each is
// looked at once. A provider's bookings are found without those of the others, so that none waits
// behind them.
constexpr const char* version_6 = R"sql(
ALTER TABLE bookings ADD COLUMN untold INTEGER NOT NULL DEFAULT 0;
ALTER TABLE bookings ADD COLUMN prepare_failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE bookings ADD COLUMN prepare_after INTEGER NOT NULL DEFAULT 0;
UPDATE bookings SET untold = 1 WHERE provider_room != '' AND state = 'scheduled';
DROP INDEX IF EXISTS bookings_without_room;
CREATE INDEX bookings_without_room
  ON bookings (provider, starts_at, room, ends_at, prepare_after, digest, provider_room, state)
  WHERE provider_room = '' AND state = 'scheduled';
CREATE INDEX bookings_untold
  ON bookings (provider, prepare_after, room, ends_at, untold, provider_room, state)
  WHERE untold = 1 AND provider_room != '' AND state = 'scheduled';
)sql";

// By which old ones are found to be forgotten.
constexpr const char* version_7 = R"sql(
CREATE INDEX revocations_by_age ON revocations (made_at);
)sql";

// A generation may have more rooms to close than one. A version without this that still serves on
// the same file goes on noting its closings where it knows them, and they come over from there.
constexpr const char* version_8 = R"sql(
CREATE TABLE closings (
  room          TEXT    NOT NULL,
  generation    INTEGER NOT NULL,
  provider      TEXT    NOT NULL,
  provider_room TEXT    NOT NULL,
  due_at        INTEGER NOT NULL,
  attempts      INTEGER NOT NULL,
  PRIMARY KEY (room, generation, provider_room)
) STRICT, WITHOUT ROWID;
INSERT INTO closings SELECT room, generation, provider, provider_room, due_at, attempts
  FROM room_closings;
DELETE FROM room_closings;
DROP INDEX room_closings_by_due;
CREATE INDEX closings_by_due ON closings (due_at);
CREATE TRIGGER closings_noted_before AFTER INSERT ON room_closings BEGIN
  INSERT OR IGNORE INTO closings (room, generation, provider, provider_room, due_at, attempts)
  VALUES (NEW.room, NEW.generation, NEW.provider, NEW.provider_room, NEW.due_at, NEW.attempts);
  DELETE FROM room_closings WHERE room = NEW.room AND generation = NEW.generation;
END;
)sql";

constexpr std::array versions = {version_1, version_2, version_3, version_4,
                                 version_5, version_6, version_7, version_8};

std::string said(connection& on) { return on.take_trouble().detail; }

std::string belongs_to_others(connection& on, const std::string& path) {
  // Tables before the id: who finds those that another process has just made finds its id as well,
  // as both came with one transaction.
  auto tables = on.prepare("SELECT count(*) FROM sqlite_schema");
  const bool empty = tables.next() && tables.number(0) == 0;
  if (!on.good() || empty) return {};
  if (on.pragma_number("application_id") == application_id) return {};
  return fmt::format("{} is a database, but not one of Stagedoor's bookings: choose another path",
                     path);
}

std::string step_up(connection& on, const std::string& path) {
  on.execute("BEGIN IMMEDIATE");
  // Asked again under the lock: another process may have done it meanwhile.
  for (auto at = on.pragma_number("user_version"); on.good() && at < schema_version(); ++at)
    on.execute(versions[static_cast<std::size_t>(at)]);
  on.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};", application_id,
                         schema_version()));
  on.execute("COMMIT");
  if (on.good()) return {};
  std::string why = said(on);
  if (on.in_transaction()) on.execute("ROLLBACK");
  return fmt::format("{} could not be brought to schema version {}: {}", path, schema_version(),
                     why);
}

}  // namespace

int schema_version() { return static_cast<int>(versions.size()); }

std::string prepare_file(const std::string& path, file_use use) {
  if (path == ":memory:") return {};
  struct stat found{};
  if (::stat(path.c_str(), &found) == 0) {
    if (S_ISREG(found.st_mode)) return {};
    return fmt::format("{} is not a file: name a file for the bookings", path);
  }
  if (use == file_use::look)
    return fmt::format("{} does not exist: there are no bookings yet", path);
  const std::string directory = std::filesystem::path(path).parent_path().string();
  if (!directory.empty() && ::stat(directory.c_str(), &found) != 0)
    return fmt::format(
        "{} cannot be made: the directory {} does not exist. Create it for the server's user, or "
        "choose another path",
        path, directory);
  // Bookings name people: nobody else reads them. SQLite gives its side files the mode of this one.
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno != EEXIST)
    return fmt::format("{} cannot be made: {}", path, std::strerror(errno));
  if (file >= 0) ::close(file);
  return {};
}

std::string migrate(connection& on, const std::string& path, file_use use) {
  if (!on.ready()) return fmt::format("{} cannot be opened: {}", path, said(on));
  const auto version = on.pragma_number("user_version");
  std::string foreign = belongs_to_others(on, path);
  if (!on.good()) return fmt::format("{} cannot be read: {}", path, said(on));
  if (!foreign.empty()) return foreign;
  if (version > schema_version())
    return fmt::format(
        "{} was written by a newer Stagedoor (schema version {}, this one knows {}): start that "
        "one, or restore an older copy",
        path, version, schema_version());
  if (use == file_use::look) {
    if (version == schema_version()) return {};
    return fmt::format(
        "{} has schema version {}, not {}: start the server once to bring it up to date", path,
        version, schema_version());
  }
  // WAL: readers do not wait for a commit, nor it for them.
  if (!on.set_journal_to_wal()) return fmt::format("{} cannot be written: {}", path, said(on));
  return version == schema_version() ? std::string{} : step_up(on, path);
}

}  // namespace rooms::sqlite
