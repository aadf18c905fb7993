#include "core/time_text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstring>

namespace core {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr std::array<std::string_view, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> day_names = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};

struct civil {
  int year, month, day, hour, minute, second;
  unsigned weekday;
};

civil civil_of(wall_time at) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(at);
  const auto day = std::chrono::floor<days>(whole);
  const std::chrono::year_month_day date(day);
  const auto rest = (whole - day).count();
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          static_cast<int>(rest / 3600),
          static_cast<int>(rest / 60 % 60),
          static_cast<int>(rest % 60),
          std::chrono::weekday(day).c_encoding()};
}

// Reads exactly `digits` digits and moves on.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

std::optional<wall_time> instant_of(const civil& at) {
  const std::chrono::year_month_day date(std::chrono::year(at.year),
                                         std::chrono::month(static_cast<unsigned>(at.month)),
                                         std::chrono::day(static_cast<unsigned>(at.day)));
  if (!date.ok() || at.hour > 23 || at.minute > 59 || at.second > 60) return std::nullopt;
  // system_clock counts nanoseconds in 64 bits: 1678 to 2261. Bookings of other centuries are
  // mistakes.
  if (at.year < 1700 || at.year > 2250) return std::nullopt;
  // A leap second is the last second of its minute: the clock has no other name for it.
  const int second = at.second == 60 ? 59 : at.second;
  return wall_time(sys_days(date)) + std::chrono::hours(at.hour) + std::chrono::minutes(at.minute) +
         std::chrono::seconds(second);
}

std::optional<std::chrono::nanoseconds> take_fraction(std::string_view& text) {
  if (!take(text, ".")) return std::chrono::nanoseconds{0};
  std::int64_t value = 0;
  int digits = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9' && digits < 9) {
    value = value * 10 + (text[0] - '0');
    text.remove_prefix(1);
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; ++digits) value *= 10;
  return std::chrono::nanoseconds(value);
}

std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
  if (take(text, "Z") || take(text, "z")) return std::chrono::minutes{0};
  const bool minus = text.starts_with('-');
  if (!minus && !text.starts_with('+')) return std::nullopt;
  text.remove_prefix(1);
  const auto hours = take_number(text, 2);
  if (!hours || *hours > 23 || !take(text, ":")) return std::nullopt;
  const auto minutes = take_number(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  const std::chrono::minutes offset(*hours * 60 + *minutes);
  return minus ? -offset : offset;
}

}  // namespace

void append_rfc3339(std::string& out, wall_time at) {
  const civil c = civil_of(at);
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", c.year, c.month,
                 c.day, c.hour, c.minute, c.second);
}

std::string to_rfc3339(wall_time at) {
  std::string out;
  append_rfc3339(out, at);
  return out;
}

void append_rfc3339_milliseconds(std::string& out, wall_time at) {
  thread_local wall_time second = wall_time::min();
  thread_local std::array<char, 20> text;
  const auto whole = std::chrono::floor<std::chrono::seconds>(at);
  if (whole != second) {
    const std::string fresh = to_rfc3339(whole);
    std::memcpy(text.data(), fresh.data(), std::min(fresh.size(), text.size()));
    second = whole;
  }
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(at - whole).count();
  out.append(text.data(), text.size() - 1);
  const char rest[] = {'.', static_cast<char>('0' + milliseconds / 100),
                       static_cast<char>('0' + milliseconds / 10 % 10),
                       static_cast<char>('0' + milliseconds % 10), 'Z'};
  out.append(rest, sizeof rest);
}

std::optional<wall_time> from_rfc3339(std::string_view text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || !(take(text, "T") || take(text, "t") || take(text, " "))) return std::nullopt;
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || !take(text, ":")) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  const auto whole = instant_of({*year, *month, *day, *hour, *minute, *second, 0});
  if (!whole) return std::nullopt;
  return *whole + std::chrono::duration_cast<wall_time::duration>(*fraction) - *offset;
}

std::string to_http_date(wall_time at) {
  const civil c = civil_of(at);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", day_names[c.weekday], c.day,
                     month_names[static_cast<std::size_t>(c.month - 1)], c.year, c.hour, c.minute,
                     c.second);
}

std::optional<wall_time> from_http_date(std::string_view text) {
  const auto comma = text.find(", ");
  if (comma != 3) return std::nullopt;
  text.remove_prefix(5);
  const auto day = take_number(text, 2);
  if (!day || !take(text, " ")) return std::nullopt;
  int month = 0;
  for (std::size_t i = 0; i < month_names.size(); ++i)
    if (take(text, month_names[i])) month = static_cast<int>(i) + 1;
  if (month == 0 || !take(text, " ")) return std::nullopt;
  const auto year = take_number(text, 4);
  if (!year || !take(text, " ")) return std::nullopt;
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || !take(text, ":")) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second || text != " GMT") return std::nullopt;
  return instant_of({*year, month, *day, *hour, *minute, *second, 0});
}

std::optional<std::chrono::milliseconds> duration_from(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  // Ten years: longer is a mistake, and far from overflow.
  if (error != std::errc{} || count < 0 || count > 315'360'000'000) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  std::int64_t factor = 0;
  if (unit == "ms")
    factor = 1;
  else if (unit == "s")
    factor = 1000;
  else if (unit == "m" || unit == "min")
    factor = 60'000;
  else if (unit == "h")
    factor = 3'600'000;
  else if (unit == "d")
    factor = 86'400'000;
  else
    return std::nullopt;
  if (count > 315'360'000'000 / factor) return std::nullopt;
  return std::chrono::milliseconds(count * factor);
}

}  // namespace core
