// config_file: TOML text and STAGEDOOR__… variables, merged into one tree of options.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/options.hpp"

namespace app {

using variables = std::vector<std::pair<std::string, std::string>>;

// `file_name` is shown in mistakes. A syntax error is one mistake; the tree is then what the
// variables say alone. A variable wins over the file's value of the same key:
// STAGEDOOR__SERVER__LISTEN is server.listen. One for a secret, or for the file that holds it, wins
// over both in the file. Where no table has the exact name, `_` also stands for `-`:
// STAGEDOOR__PROVIDERS__MY_ROOMS__SECRET reaches [providers.my-rooms].
std::shared_ptr<core::options> read_options(std::string_view toml, const std::string& file_name,
                                            const variables& from_environment,
                                            core::mistakes& found,
                                            core::file_reader reader = core::read_small_file);

// The mistakes in the order of the file's lines, then those of the environment by name.
void put_in_order(core::mistakes& found, const std::string& file_name);

// The process's environment as NAME, value.
variables environment();

}  // namespace app
