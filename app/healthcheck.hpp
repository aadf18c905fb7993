// healthcheck: asks the running server whether it is ready, for container and service managers.
#pragma once

#include "app/config.hpp"

namespace app {

// 0 when /readyz of the first admin listener answers 200 within two seconds, else 1 with a sentence
// on standard error.
int check_health(const config& settings);

}  // namespace app
