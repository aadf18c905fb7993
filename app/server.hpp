// server: runs what wiring has built, from the first listening socket to the last answer.
#pragma once

#include "app/config.hpp"

namespace app {

// Answers requests until SIGTERM or SIGINT and gives the exit status. SIGHUP reads the
// configuration and the certificates again; what is wrong with them is logged and the old ones
// stay. A second SIGTERM ends at once.
int run_server(config settings, const config_source& from);

}  // namespace app
