// Where the project's files lie, for tests that read them.
#pragma once

#include <string>

namespace tests {

std::string source_file(const std::string& name);

}  // namespace tests
