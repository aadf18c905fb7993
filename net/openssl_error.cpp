#include "net/openssl_error.hpp"

#include <openssl/err.h>

#include <system_error>

namespace net {

std::string system_reason() {
  const unsigned long first = ERR_peek_error();
  return ERR_SYSTEM_ERROR(first) ? std::generic_category().message(ERR_GET_REASON(first)) : "";
}

}  // namespace net
