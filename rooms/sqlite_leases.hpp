// sqlite_leases: who does what only one process may do at a time. Inside a transaction.
#pragma once

#include <string>

#include "rooms/sqlite_connection.hpp"
#include "rooms/store.hpp"

namespace rooms::sqlite {

bool hold(connection& on, const lease& what, core::wall_time now);
bool let_go(connection& on, const std::string& what, const std::string& holder);

}  // namespace rooms::sqlite
