#include "core/log.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "core/json.hpp"
#include "core/time_text.hpp"

namespace core {
namespace {

// A bare word where that is unambiguous, else a JSON string: text logs stay greppable and
// unforgeable.
void append_text_value(std::string& out, std::string_view text) {
  const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
  });
  if (plain)
    out += text;
  else
    append_json_string(out, text);
}

void append_value(std::string& out, const log_value& value, bool json) {
  if (const auto* text = std::get_if<std::string_view>(&value.held())) {
    if (json)
      append_json_string(out, *text);
    else
      append_text_value(out, *text);
  } else if (const auto* number = std::get_if<std::int64_t>(&value.held())) {
    fmt::format_to(std::back_inserter(out), "{}", *number);
  } else if (const auto* real = std::get_if<double>(&value.held())) {
    fmt::format_to(std::back_inserter(out), "{:.6g}", *real);
  } else {
    out += std::get<bool>(value.held()) ? "true" : "false";
  }
}

class spdlog_logger final : public logger {
 public:
  spdlog_logger(const log_settings& settings, const clock& time)
      : logger(settings.level), format_(settings.format), time_(time) {
    pool_ = std::make_shared<spdlog::details::thread_pool>(settings.queue, 1);
    spdlog::sink_ptr sink;
    if (settings.file.empty())
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    else
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(settings.file);
    sink->set_pattern("%v");
    out_ = std::make_shared<spdlog::async_logger>("stagedoor", std::move(sink), pool_,
                                                  spdlog::async_overflow_policy::overrun_oldest);
    out_->set_level(spdlog::level::trace);
    out_->flush_on(spdlog::level::warn);
  }
  ~spdlog_logger() override {
    if (const auto lost = pool_->overrun_counter(); lost > 0)
      warn("log_lines_dropped", {{"count", lost}});
    out_->flush();
  }

 private:
  void write(log_level level, std::string_view event, fields with) override {
    thread_local std::string line;
    line.clear();
    format_log_line(line, format_, time_.wall_now(), level, event, with);
    // The level matters to spdlog only for flushing.
    out_->log(level >= log_level::warn ? spdlog::level::warn : spdlog::level::info,
              spdlog::string_view_t(line.data(), line.size()));
  }

  log_format format_;
  const clock& time_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> out_;
};

}  // namespace

std::string_view name_of(log_level level) {
  constexpr std::string_view names[] = {"debug", "info", "warn", "error", "off"};
  return names[static_cast<unsigned>(level)];
}

void format_log_line(std::string& out, log_format format, wall_time at, log_level level,
                     std::string_view event, logger::fields with) {
  const std::string time = to_rfc3339_milliseconds(at);
  if (format == log_format::text) {
    fmt::format_to(std::back_inserter(out), "{} {} {}", time, name_of(level), event);
    for (const log_field& field : with) {
      out += ' ';
      out += field.name;
      out += '=';
      append_value(out, field.value, false);
    }
    return;
  }
  fmt::format_to(std::back_inserter(out), R"({{"time":"{}","level":"{}","event":)", time,
                 name_of(level));
  append_json_string(out, event);
  for (const log_field& field : with) {
    out += ',';
    append_json_string(out, field.name);
    out += ':';
    append_value(out, field.value, true);
  }
  out += '}';
}

std::unique_ptr<logger> make_logger(const log_settings& settings, const clock& time) {
  return std::make_unique<spdlog_logger>(settings, time);
}

}  // namespace core
