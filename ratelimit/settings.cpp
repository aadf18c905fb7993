// [limits]: what the operator wrote about rates, bursts and the table's memory.
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "ratelimit/limiter.hpp"

namespace ratelimit {
namespace {

// Smaller tables are full at once; larger ones are a slip of the pen.
constexpr std::size_t memory_setting_min = 1024 * 1024;
constexpr std::size_t memory_setting_max = std::size_t{64} * 1024 * 1024 * 1024;

std::optional<std::size_t> memory_from(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number > memory_setting_max) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit == "KiB") return number * 1024;
  if (unit == "MiB") return number * 1024 * 1024;
  if (unit == "GiB") return number * 1024 * 1024 * 1024;
  return std::nullopt;
}

std::chrono::seconds period_from(std::string_view word) {
  if (word == "minute") return std::chrono::minutes{1};
  if (word == "hour") return std::chrono::hours{1};
  return std::chrono::seconds{1};
}

limit read_limit(core::options& from, std::string_view key, limit fallback) {
  core::options::entry* written = from.find(key);
  if (written && std::holds_alternative<std::string>(written->value)) {
    if (from.text(key) == "off") return {};
    from.note(key, "must be \"off\" or a table",
              std::string(key) + " = { rate = 20, per = \"second\", burst = 40 }");
    return fallback;
  }
  core::options& inner = from.section(key);
  limit out;
  out.rate = static_cast<std::uint32_t>(inner.integer("rate", fallback.rate, 1, rate_max));
  out.per = period_from(inner.one_of("per", "second", {"second", "minute", "hour"}));
  out.burst = static_cast<std::uint32_t>(inner.integer("burst", fallback.burst, 1, burst_max));
  return out;
}

}  // namespace

settings read_settings(core::options& from) {
  settings out;
  out.ip = read_limit(from, "ip", out.ip);
  out.user = read_limit(from, "user", out.user);
  out.service = read_limit(from, "service", out.service);
  if (const auto text = from.text("memory")) {
    const auto bytes = memory_from(*text);
    if (bytes && *bytes >= memory_setting_min && *bytes <= memory_setting_max)
      out.memory_bytes = *bytes;
    else
      from.note("memory", "must be a size between \"1MiB\" and \"64GiB\"", "memory = \"64MiB\"");
  }
  return out;
}

}  // namespace ratelimit
