// logger: a level, an event name and fields. The format (JSON lines or text) and the sink are
// chosen once.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "core/clock.hpp"

namespace core {

class secret;

enum class log_level : unsigned char { debug, info, warn, error, off };
std::string_view name_of(log_level level);

// A value of a field. Text is copied into the line before the call returns.
class log_value {
 public:
  log_value(std::string_view text) : held_(text) {}
  log_value(const std::string& text) : held_(std::string_view(text)) {}
  log_value(const char* text) : held_(std::string_view(text)) {}
  log_value(bool flag) : held_(flag) {}
  log_value(double number) : held_(number) {}
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  log_value(Number number) : held_(static_cast<std::int64_t>(number)) {}
  log_value(const secret&) = delete;

  const auto& held() const { return held_; }

 private:
  std::variant<std::string_view, std::int64_t, double, bool> held_;
};

struct log_field {
  std::string_view name;
  log_value value;
};

enum class log_format : unsigned char { json, text };

struct log_settings {
  log_level level = log_level::info;
  log_format format = log_format::json;
  bool access = true;  // one line per request
  std::string file;    // empty: standard error
  // What may wait for a slow reader, per shard; beyond it new lines are lost and counted.
  std::size_t buffer = std::size_t{1} << 20;
};

// Safe to use from any thread. Cheap when the level is off.
class logger {
 public:
  using fields = std::initializer_list<log_field>;

  virtual ~logger() = default;
  bool wants(log_level level) const { return level >= level_; }

  void debug(std::string_view event, fields with = {}) { log(log_level::debug, event, with); }
  void info(std::string_view event, fields with = {}) { log(log_level::info, event, with); }
  void warn(std::string_view event, fields with = {}) { log(log_level::warn, event, with); }
  void error(std::string_view event, fields with = {}) { log(log_level::error, event, with); }
  void log(log_level level, std::string_view event, fields with) {
    log(level, event, std::span<const log_field>(with.begin(), with.size()));
  }
  void log(log_level level, std::string_view event, std::span<const log_field> with) {
    if (wants(level)) write(level, event, with);
  }
  // For who knows what time it is.
  void log_at(wall_time now, log_level level, std::string_view event,
              std::span<const log_field> with) {
    if (wants(level)) write_at(now, level, event, with);
  }

  // Opens the log file again at its name; false when that failed and the old one stays.
  virtual bool reopen() { return true; }
  // Hands on what was said so far, waiting at most `wait` (the process is about to be left at
  // once).
  virtual void flush(std::chrono::milliseconds wait) { (void)wait; }
  // Lines that nobody will ever read: there was no room, or they could not be written.
  virtual std::uint64_t lost() const { return 0; }

 protected:
  explicit logger(log_level level) : level_(level) {}

 private:
  virtual void write(log_level level, std::string_view event, std::span<const log_field> with) = 0;
  virtual void write_at(wall_time, log_level level, std::string_view event,
                        std::span<const log_field> with) {
    write(level, event, with);
  }
  log_level level_;
};

// One line without its end: {"time":"…","level":"info","event":"…",…} or `time level event
// name=value …`. Control characters and invalid UTF-8 are escaped in both, so that nobody can forge
// a line.
void format_log_line(std::string& out, log_format format, wall_time at, log_level level,
                     std::string_view event, std::span<const log_field> with);

// Lines gather in a bounded buffer per shard and are written by a thread of its own; flushes when
// destroyed. Throws std::system_error when the file cannot be opened. `on_lost` hears of lines that
// found no room or could not be written, on that thread: how many since the log last said so
// itself.
std::unique_ptr<logger> make_logger(const log_settings& settings, const clock& time,
                                    std::function<void(std::uint64_t)> on_lost = {});

// Says nothing: for commands and tests.
class silent_logger final : public logger {
 public:
  silent_logger() : logger(log_level::off) {}

 private:
  void write(log_level, std::string_view, std::span<const log_field>) override {}
};

}  // namespace core
