// vendors: the list of built-in provider types. CMake writes it from the stagedoor_provider()
// lines.
#pragma once

#include <span>
#include <string_view>

#include "providers/provider.hpp"

namespace providers {

struct vendor {
  std::string_view type;  // "google-meet"
  // Reads the settings, noting mistakes. An empty maker where a mistake left nothing to work with.
  provider_maker (*make)(provider_setup setup);
};

std::span<const vendor> vendors();

}  // namespace providers
