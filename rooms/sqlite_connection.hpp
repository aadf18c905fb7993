// connection: one SQLite connection of one thread, with its prepared statements and its troubles.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/clock.hpp"
#include "core/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace rooms::sqlite {

class connection;

// A statement in use. Goes back to the connection's shelf when it leaves the scope.
class query {
 public:
  ~query();
  query(const query&) = delete;
  query& operator=(const query&) = delete;

  // In the order of the parameters.
  query& bind(std::string_view text);
  query& bind(std::int64_t number);
  query& bind_null();

  // True where there is a row; false at the end and after trouble.
  bool next();
  // All of it, rows unseen.
  void run() {
    while (next()) {
    }
  }
  std::int64_t number(int column) const;
  // Valid until the next row.
  std::string_view text(int column) const;
  bool is_null(int column) const;

 private:
  friend class connection;
  query(connection& owner, sqlite3_stmt* statement) : owner_(owner), statement_(statement) {}

  connection& owner_;
  sqlite3_stmt* statement_;  // null after trouble
  int bound_ = 0;
};

struct connection_settings {
  std::string path;
  bool may_create = false;
  bool writes = false;
  std::chrono::milliseconds busy_timeout{2'000};
  std::int64_t cache_kib = 8 * 1024;
  std::optional<std::int64_t> pages_max;  // the disk of a test
};

// The first trouble sticks: later queries do nothing until take_trouble(), so that a sequence of
// them reads plainly and is judged once, at its end.
class connection {
 public:
  explicit connection(connection_settings settings);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  // Opens, or opens again after a trouble that a new connection may not have. False with a trouble.
  bool ready();
  bool good() const { return !trouble_; }
  // errc::store_unavailable with what SQLite said. Requires !good().
  core::failure take_trouble();
  void note_trouble(int code, std::string detail);

  // `sql` is a constant: its address is its name.
  query prepare(const char* sql);
  // For statements without results that are used once; several, separated by semicolons.
  void execute(const std::string& sql);
  std::int64_t pragma_number(const std::string& name);
  // False with a trouble. Only once in a file's life it is more than a look.
  bool set_journal_to_wal();
  bool in_transaction() const;
  std::int64_t rows_changed() const;

  // A query that is still at work then is interrupted.
  void stop_at(std::optional<core::steady_time> when) { stop_at_ = when; }

 private:
  friend class query;
  struct closer {
    void operator()(sqlite3* handle) const;
  };
  struct finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };
  void note(int code);
  void set_up();
  void add_functions();
  void shut();
  static int is_late(void* self);

  connection_settings settings_;
  std::unique_ptr<sqlite3, closer> handle_;
  std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, finalizer>> shelf_;
  std::optional<core::failure> trouble_;
  bool is_busy_ = false;   // the last trouble was another process that held the file
  bool worn_out_ = false;  // the trouble may be this connection's own
  std::optional<core::steady_time> stop_at_;
};

}  // namespace rooms::sqlite
