#include "support/source_directory.hpp"

namespace tests {

std::string source_file(const std::string& name) { return STAGEDOOR_SOURCE_DIR "/" + name; }

}  // namespace tests
