// online_check: asks every configured provider and login whether it answers and our credentials
// work.
#pragma once

#include "app/config.hpp"

namespace app {

// Prints a line for each. 0 when all of them answered well.
int check_online(const config& settings);

}  // namespace app
