// page_policy: what our pages allow themselves and the video services' pages that they frame: two
// header fields, made of the providers that are configured.
#pragma once

#include <string>
#include <vector>

#include "providers/provider.hpp"

namespace api {

struct page_policy {
  std::string content_security;  // Content-Security-Policy
  std::string permissions;       // Permissions-Policy
};
page_policy make_page_policy(const std::vector<const providers::provider_traits*>& framed,
                             const std::vector<std::string>& frame_ancestors);

}  // namespace api
