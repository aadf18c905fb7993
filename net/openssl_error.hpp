// openssl_error: what the system said when OpenSSL could not use a file.
#pragma once

#include <string>

namespace net {

// It is first in OpenSSL's queue, below a "system lib" that says nothing. Empty where what failed
// was no call of the system. Leaves the queue as it is.
std::string system_reason();

}  // namespace net
