#include "rooms/sqlite_leases.hpp"

#include "rooms/changes.hpp"

namespace rooms::sqlite {
namespace {

constexpr const char* hold_sql =
    "INSERT INTO leases (what, holder, ends_at, taken_at) VALUES (?1, ?2, ?3, ?4) "
    "ON CONFLICT (what) DO UPDATE SET holder = ?2, ends_at = ?3, taken_at = ?4 "
    "WHERE holder = ?2 OR ends_at <= ?4 OR taken_at > ?5";
constexpr const char* let_go_sql = "DELETE FROM leases WHERE what = ?1 AND holder = ?2";
// Of processes that were killed, when nothing can come of that any more.
constexpr const char* forget_sql = "DELETE FROM leases WHERE ends_at <= ?1";

}  // namespace

bool hold(connection& on, const lease& what, core::wall_time now) {
  auto take = on.prepare(hold_sql);
  take.bind(what.what).bind(what.holder).bind(to_milliseconds(what.ends_at));
  take.bind(to_milliseconds(now)).bind(to_milliseconds(now + lease_clock_slack)).run();
  if (!on.good() || on.rows_changed() == 0) return false;
  on.prepare(forget_sql).bind(to_milliseconds(now - lease_remembered)).run();
  return on.good();
}

bool let_go(connection& on, const std::string& what, const std::string& holder) {
  on.prepare(let_go_sql).bind(what).bind(holder).run();
  return on.good() && on.rows_changed() > 0;
}

}  // namespace rooms::sqlite
