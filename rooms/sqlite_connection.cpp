// connection: the C interface of SQLite, behind values.
#include "rooms/sqlite_connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <thread>
#include <utility>

#include "core/digest.hpp"

#include "rooms/error.hpp"

namespace rooms::sqlite {

query::~query() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

query& query::bind(std::string_view text) {
  if (!statement_) return *this;
  const int code = sqlite3_bind_text64(statement_, ++bound_, text.data(), text.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) owner_.note(code);
  return *this;
}

query& query::bind(std::int64_t number) {
  if (!statement_) return *this;
  const int code = sqlite3_bind_int64(statement_, ++bound_, number);
  if (code != SQLITE_OK) owner_.note(code);
  return *this;
}

query& query::bind_null() {
  if (!statement_) return *this;
  const int code = sqlite3_bind_null(statement_, ++bound_);
  if (code != SQLITE_OK) owner_.note(code);
  return *this;
}

bool query::next() {
  if (!statement_ || !owner_.good()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) owner_.note(code);
  return false;
}

std::int64_t query::number(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view query::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_, column);
  if (!bytes) return {};
  return {reinterpret_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

bool query::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

void connection::closer::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
void connection::finalizer::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

connection::connection(connection_settings settings) : settings_(std::move(settings)) {}
connection::~connection() { shut(); }

void connection::shut() {
  shelf_.clear();
  handle_.reset();
}

bool connection::ready() {
  if (worn_out_) shut();
  worn_out_ = false;
  if (handle_) return good();
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_READWRITE;
  if (settings_.may_create) flags |= SQLITE_OPEN_CREATE;
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(settings_.path.c_str(), &opened, flags, nullptr);
  handle_.reset(opened);
  if (code != SQLITE_OK)
    note(code);
  else
    set_up();
  if (good()) return true;
  worn_out_ = true;
  return false;
}

namespace {

// room_digest(room, generation), for the migration that adds it to bookings of old.
void room_digest_function(sqlite3_context* context, int, sqlite3_value** given) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(given[0]));
  const auto room = core::room_id::from(text ? text : "");
  if (!room) return sqlite3_result_text(context, "", 0, SQLITE_STATIC);
  const std::string digest =
      core::room_digest(*room, static_cast<std::uint32_t>(sqlite3_value_int64(given[1])));
  sqlite3_result_text64(context, digest.data(), digest.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

}  // namespace

void connection::add_functions() {
  const int code = sqlite3_create_function_v2(handle_.get(), "room_digest", 2,
                                              SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr,
                                              room_digest_function, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) note(code);
}

void connection::set_up() {
  add_functions();
  sqlite3_busy_timeout(handle_.get(), static_cast<int>(settings_.busy_timeout.count()));
  sqlite3_progress_handler(handle_.get(), 4'000, &connection::is_late, this);
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // FULL: with NORMAL, the last commits before a power cut may be lost, and they were answered.
  execute(
      fmt::format("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; "
                  "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA cache_size = -{};",
                  settings_.cache_kib));
  if (!settings_.writes) execute("PRAGMA query_only = ON;");
  if (settings_.pages_max)
    execute(fmt::format("PRAGMA max_page_count = {};", *settings_.pages_max));
}

int connection::is_late(void* self) {
  const auto& stop_at = static_cast<connection*>(self)->stop_at_;
  return stop_at && std::chrono::steady_clock::now() >= *stop_at ? 1 : 0;
}

core::failure connection::take_trouble() {
  core::failure taken = std::move(*trouble_);
  trouble_.reset();
  return taken;
}

void connection::note(int code) {
  const char* said = handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
  note_trouble(code, said ? said : "");
}

void connection::note_trouble(int code, std::string detail) {
  if (trouble_) return;
  is_busy_ = (code & 0xff) == SQLITE_BUSY;
  trouble_ = core::failure(make_error_code(errc::store_unavailable),
                           fmt::format("SQLite: {} (code {})", detail, code));
  switch (code & 0xff) {
    // A full disk, a lock and an interrupted query pass; the connection is as good as before.
    case SQLITE_FULL:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
    case SQLITE_CONSTRAINT:
      break;
    // A database in memory has no second life.
    default:
      worn_out_ = settings_.path != ":memory:";
  }
}

query connection::prepare(const char* sql) {
  if (!handle_ || trouble_) return query(*this, nullptr);
  auto& kept = shelf_[sql];
  if (!kept) {
    sqlite3_stmt* made = nullptr;
    const int code =
        sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    kept.reset(made);
    if (code != SQLITE_OK) note(code);
  }
  return query(*this, trouble_ ? nullptr : kept.get());
}

void connection::execute(const std::string& sql) {
  if (!handle_ || trouble_) return;
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) note(code);
}

std::int64_t connection::pragma_number(const std::string& name) {
  if (!handle_ || trouble_) return 0;
  sqlite3_stmt* made = nullptr;
  const std::string sql = "PRAGMA " + name;
  int code = sqlite3_prepare_v2(handle_.get(), sql.c_str(), -1, &made, nullptr);
  const std::unique_ptr<sqlite3_stmt, finalizer> held(made);
  if (code == SQLITE_OK) code = sqlite3_step(made);
  if (code == SQLITE_ROW) return sqlite3_column_int64(made, 0);
  if (code != SQLITE_DONE) note(code);
  return 0;
}

// A process that changes the mode of a new file wants it for itself, and SQLite does not wait for
// that: of two that start at once, the other tries again.
bool connection::set_journal_to_wal() {
  const auto give_up = std::chrono::steady_clock::now() + settings_.busy_timeout;
  for (;;) {
    execute("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 67108864;");
    if (good() || !is_busy_ || std::chrono::steady_clock::now() >= give_up) return good();
    (void)take_trouble();
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

bool connection::in_transaction() const {
  return handle_ && sqlite3_get_autocommit(handle_.get()) == 0;
}

std::int64_t connection::rows_changed() const { return sqlite3_changes64(handle_.get()); }

}  // namespace rooms::sqlite
