#include "ratelimit/limiter.hpp"
