// config_changes: which sections of the configuration a reload has found changed.
#pragma once

#include <string>
#include <vector>

#include "core/options.hpp"

namespace app {

// Names of top-level keys and sections whose values differ, in alphabetical order. What a `_file`
// key names is compared by its name.
std::vector<std::string> changed_sections(core::options& before, core::options& after);

// Puts a digest in the place of each text, secrets among them, and wipes what was there. Nothing
// but comparing can be done with the options afterwards.
void keep_digests(core::options& of);

}  // namespace app
