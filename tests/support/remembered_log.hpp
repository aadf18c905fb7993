// remembered_log: keeps its lines as text, for tests of what is said.
#pragma once

#include <string>
#include <vector>

#include "core/log.hpp"

namespace tests {

class remembered_log final : public core::logger {
 public:
  remembered_log() : logger(core::log_level::debug) {}
  // `event name=value …`, without time and level.
  std::vector<std::string> lines;

 private:
  void write(core::log_level level, std::string_view event,
             std::span<const core::log_field> with) override {
    std::string line;
    core::format_log_line(line, core::log_format::text, {}, level, event, with);
    line.erase(0, line.find(event));
    lines.push_back(std::move(line));
  }
};

}  // namespace tests
