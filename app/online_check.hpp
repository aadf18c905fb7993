// online_check: asks every configured provider whether our credentials work.
#pragma once

#include "app/config.hpp"

namespace app {

// Prints a line per provider. 0 when all of them answered well.
int check_online(const config& settings);

}  // namespace app
