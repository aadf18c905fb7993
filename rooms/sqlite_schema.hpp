// schema: the tables of the bookings' file, and the steps that bring an older file up to date.
#pragma once

#include <string>

#include "rooms/sqlite_connection.hpp"

namespace rooms::sqlite {

// What this program writes and reads. A file with a higher number was made by a newer one.
int schema_version();

enum class file_use { serve, look };

// Checks that the file is there or can be (made with mode 0600), before SQLite says less about it.
// Gives "" or a sentence for the operator.
std::string prepare_file(const std::string& path, file_use use);
// Brings the schema up to date, or only checks it where the file is looked at. Gives "" or a
// sentence.
std::string migrate(connection& on, const std::string& path, file_use use);

}  // namespace rooms::sqlite
