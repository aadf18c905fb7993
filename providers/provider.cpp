#include "providers/provider.hpp"

namespace providers {

core::task<core::result<std::string>> provider::try_credentials(core::deadline) {
  co_return "nothing to ask: its tokens are signed here";
}

}  // namespace providers
