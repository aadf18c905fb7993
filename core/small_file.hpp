// small_file: a key, a secret or a configuration, read whole from its file.
#pragma once

#include <cstddef>
#include <string>

#include "core/result.hpp"

namespace core {

// Keys, key sets and configurations are a few KiB; anything larger was named by mistake.
constexpr std::size_t small_file_bytes_max = 1024 * 1024;

// Fails with a detail for the operator: "No such file or directory".
result<std::string> read_small_file(const std::string& path);

// What settings read the files with that they name; where nothing may be opened, something else
// stands in.
using file_reader = result<std::string> (*)(const std::string& path);

}  // namespace core
