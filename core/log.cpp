#include "core/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>

#include "core/append.hpp"
#include "core/byte_set.hpp"
#include "core/json.hpp"
#include "core/log_writer.hpp"
#include "core/time_text.hpp"

namespace core {
namespace {

// A bare word where that is unambiguous, else a JSON string: text logs stay greppable and
// unforgeable.
void append_text_value(std::string& out, std::string_view text) {
  static constexpr byte_set plain = ascii::visible.without("\"=\\");
  if (!text.empty() && plain.covers(text))
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
    const fmt::format_int digits(*number);
    out.append(digits.data(), digits.size());
  } else if (const auto* real = std::get_if<double>(&value.held())) {
    fmt::format_to(std::back_inserter(out), "{:.6g}", *real);
  } else {
    out += std::get<bool>(value.held()) ? "true" : "false";
  }
}

// Whole numbers and texts without anything to escape, as JSON members: what the access log's lines
// are made of. False, and nothing is appended, where there is something else.
bool append_plain_fields(std::string& out, std::span<const log_field> with) {
  constexpr std::size_t punctuation_most = 6;
  constexpr std::size_t number_most = 20;
  std::size_t most = 0;
  for (const log_field& field : with) {
    const auto* text = std::get_if<std::string_view>(&field.value.held());
    if (text ? !is_plain_json(*text) : !std::holds_alternative<std::int64_t>(field.value.held()))
      return false;
    most += field.name.size() + punctuation_most + (text ? text->size() : number_most);
  }
  const std::size_t before = out.size();
  out.resize(before + most);
  char* to = out.data() + before;
  const auto put = [&to](std::string_view piece) {
    if (!piece.empty()) std::memcpy(to, piece.data(), piece.size());
    to += piece.size();
  };
  for (const log_field& field : with) {
    put(",\"");
    put(field.name);
    if (const auto* text = std::get_if<std::string_view>(&field.value.held())) {
      put("\":\"");
      put(*text);
      put("\"");
    } else {
      put("\":");
      to = std::to_chars(to, to + number_most, std::get<std::int64_t>(field.value.held())).ptr;
    }
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
  return true;
}

class lane_logger final : public logger {
 public:
  lane_logger(const log_settings& settings, const clock& time,
              std::function<void(std::uint64_t)> on_lost)
      : logger(settings.level),
        format_(settings.format),
        time_(time),
        writer_({.file = settings.file,
                 .lane_bytes_max = settings.buffer,
                 .tell_lost = [format = settings.format, &time, on_lost = std::move(on_lost)](
                                  std::string& out, std::uint64_t count) {
                   if (on_lost) on_lost(count);
                   const log_field fields[] = {{"count", count}};
                   format_log_line(out, format, time.wall_now(), log_level::warn,
                                   "log_lines_dropped", fields);
                 }}) {}

  bool reopen() override { return writer_.reopen(); }
  void flush(std::chrono::milliseconds wait) override { writer_.flush(wait); }
  std::uint64_t lost() const override { return writer_.lost(); }

 private:
  void write(log_level level, std::string_view event, std::span<const log_field> with) override {
    write_at(time_.wall_now(), level, event, with);
  }
  void write_at(wall_time now, log_level level, std::string_view event,
                std::span<const log_field> with) override {
    writer_.line(level >= log_level::warn,
                 [&](std::string& out) { format_log_line(out, format_, now, level, event, with); });
  }

  log_format format_;
  const clock& time_;
  log_writer writer_;
};

}  // namespace

std::string_view name_of(log_level level) {
  constexpr std::string_view names[] = {"debug", "info", "warn", "error", "off"};
  return names[static_cast<unsigned>(level)];
}

void format_log_line(std::string& out, log_format format, wall_time at, log_level level,
                     std::string_view event, std::span<const log_field> with) {
  if (format == log_format::text) {
    append_rfc3339_milliseconds(out, at);
    out += ' ';
    out += name_of(level);
    out += ' ';
    out += event;
    for (const log_field& field : with) {
      out += ' ';
      out += field.name;
      out += '=';
      append_value(out, field.value, false);
    }
    return;
  }
  out += R"({"time":")";
  append_rfc3339_milliseconds(out, at);
  // The event is like the names of fields a literal of ours: nothing in it to escape.
  append_all(out, R"(","level":")", name_of(level), R"(","event":")", event, "\"");
  if (!append_plain_fields(out, with))
    for (const log_field& field : with) {
      append_all(out, ",\"", field.name, "\":");
      append_value(out, field.value, true);
    }
  out += '}';
}

std::unique_ptr<logger> make_logger(const log_settings& settings, const clock& time,
                                    std::function<void(std::uint64_t)> on_lost) {
  return std::make_unique<lane_logger>(settings, time, std::move(on_lost));
}

}  // namespace core
