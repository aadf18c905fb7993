#include "core/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "core/encoding.hpp"
#include "core/time_text.hpp"

namespace core {
namespace {

// What documentation and tutorials put where a secret belongs.
bool looks_like_a_sample(std::string_view text) {
  const std::string low = lower_case(text);
  constexpr std::string_view samples[] = {
      "changeme",    "change-me", "change_me", "your-", "your_", "example", "sample",
      "placeholder", "insert",    "todo",      "xxxx",  "<",     "replace", "0123456789abcdef"};
  if (std::ranges::any_of(samples,
                          [&](std::string_view s) { return low.find(s) != std::string::npos; }))
    return true;
  // "aaaaaaaa…" has the length of a key and none of its strength.
  return std::ranges::count(low, low.empty() ? ' ' : low[0]) ==
         static_cast<std::ptrdiff_t>(low.size());
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= best_distance) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

bool is_loopback_host(std::string_view host) {
  if (host == "localhost" || host == "[::1]" || host == "::1") return true;
  if (!host.starts_with("127.")) return false;
  return std::ranges::all_of(host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

std::string options::full(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void options::set(std::string key, any value, std::string where) {
  entries_[std::move(key)] = entry{std::move(value), std::move(where)};
}

options::entry* options::find(std::string_view key) {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

options::entry* options::ask(std::string_view key) {
  asked_.emplace_back(key);
  return find(key);
}

void options::note(std::string_view key, std::string what, std::string hint) {
  const entry* at = find(key);
  found_->push_back(
      {at && !at->where.empty() ? at->where : where_, full(key), std::move(what), std::move(hint)});
}

bool options::noted(std::string_view key) const {
  return std::ranges::find(*found_, full(key), &mistake::key) != found_->end();
}

std::optional<std::string> options::file_content(std::string_view key, const std::string& path) {
  auto content = reader_(path);
  if (content) return std::move(*content);
  note(key, fmt::format("names a file that cannot be read: {}: {}", path, content.error().detail));
  return std::nullopt;
}

bool options::has(std::string_view key) { return ask(key) != nullptr; }

std::optional<std::string> options::text(std::string_view key) {
  entry* found = ask(key);
  if (!found) return std::nullopt;
  if (auto* value = std::get_if<std::string>(&found->value)) return *value;
  note(key, "must be a text in quotes");
  return std::nullopt;
}

std::string options::text(std::string_view key, std::string fallback) {
  return text(key).value_or(std::move(fallback));
}

std::string options::required_text(std::string_view key) {
  if (!ask(key)) {
    note(key, "is required and missing");
    return {};
  }
  auto value = text(key);
  if (value && value->empty()) note(key, "must not be empty");
  return value.value_or("");
}

std::string options::one_of(std::string_view key, std::string fallback,
                            const std::vector<std::string>& allowed) {
  auto value = text(key);
  if (!value) return fallback;
  if (std::ranges::find(allowed, *value) != allowed.end()) return *value;
  const auto meant = nearest(*value, allowed);
  note(key, fmt::format("must be one of {}", fmt::join(allowed, ", ")),
       meant ? fmt::format("did you mean \"{}\"?", *meant) : "");
  return fallback;
}

std::int64_t options::integer(std::string_view key, std::int64_t fallback, std::int64_t least,
                              std::int64_t most) {
  entry* found = ask(key);
  if (!found) return fallback;
  std::optional<std::int64_t> value;
  if (auto* number = std::get_if<std::int64_t>(&found->value)) value = *number;
  if (auto* words = std::get_if<std::string>(&found->value)) {  // from the environment
    std::int64_t parsed = 0;
    const auto [end, error] = std::from_chars(words->data(), words->data() + words->size(), parsed);
    if (error == std::errc{} && end == words->data() + words->size()) value = parsed;
  }
  if (!value)
    note(key, "must be a whole number");
  else if (*value < least || *value > most)
    note(key, fmt::format("must be between {} and {}", least, most));
  else
    return *value;
  return fallback;
}

bool options::flag(std::string_view key, bool fallback) {
  entry* found = ask(key);
  if (!found) return fallback;
  if (auto* value = std::get_if<bool>(&found->value)) return *value;
  if (auto* words = std::get_if<std::string>(&found->value)) {
    if (*words == "true") return true;
    if (*words == "false") return false;
  }
  note(key, "must be true or false");
  return fallback;
}

std::chrono::milliseconds options::duration(std::string_view key,
                                            std::chrono::milliseconds fallback,
                                            std::chrono::milliseconds least,
                                            std::chrono::milliseconds most) {
  entry* found = ask(key);
  if (!found) return fallback;
  auto* words = std::get_if<std::string>(&found->value);
  const auto value = words ? duration_from(*words) : std::nullopt;
  if (!value) {
    note(key, "must be a duration such as \"250ms\", \"30s\", \"15m\", \"1h\" or \"2d\"");
    return fallback;
  }
  if (*value >= least && *value <= most) return *value;
  note(key, fmt::format("must be between {}ms and {}ms", least.count(), most.count()));
  return fallback;
}

std::vector<std::string> options::texts(std::string_view key, std::vector<std::string> fallback) {
  entry* found = ask(key);
  if (!found) return fallback;
  std::vector<std::string> out;
  // One text stands for a list of one; in the environment, commas separate.
  if (auto* one = std::get_if<std::string>(&found->value)) {
    std::string_view rest = *one;
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      if (const auto item = trimmed(rest.substr(0, comma)); !item.empty()) out.emplace_back(item);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return out;
  }
  auto* items = std::get_if<list>(&found->value);
  if (items) {
    for (const entry& item : *items) {
      if (auto* words = std::get_if<std::string>(&item.value)) {
        out.push_back(*words);
        continue;
      }
      items = nullptr;
      break;
    }
  }
  if (items) return out;
  note(key, "must be a list of texts");
  return fallback;
}

std::optional<secret> options::material(std::string_view key) {
  const std::string file_key = std::string(key) + "_file";
  entry* direct = ask(key);
  const auto file_name = text(file_key);
  if (direct && file_name) {
    note(key, fmt::format("is set, and {} too", full(file_key)), "keep one of the two");
    return std::nullopt;
  }
  if (file_name) {
    auto content = file_content(file_key, *file_name);
    if (!content) return std::nullopt;
    if (content->ends_with('\n')) content->pop_back();
    if (content->ends_with('\r')) content->pop_back();
    return secret(std::move(*content));
  }
  auto value = text(key);
  return value ? std::optional(secret(std::move(*value))) : std::nullopt;
}

std::optional<secret> options::secret_text(std::string_view key, std::size_t bytes_min,
                                           std::string_view hint) {
  auto value = material(key);
  if (!value) return std::nullopt;
  const std::string shown = find(key) ? std::string(key) : std::string(key) + "_file";
  if (value->size() < bytes_min)
    note(shown,
         fmt::format("is too short: {} bytes, at least {} are needed", value->size(), bytes_min),
         std::string(hint));
  else if (looks_like_a_sample(value->reveal()))
    note(shown, "is a sample value that everybody knows", std::string(hint));
  else
    return value;
  return std::nullopt;
}

std::optional<std::string> options::url(std::string_view key, bool http_on_loopback) {
  auto value = text(key);
  if (!value) return std::nullopt;
  while (value->ends_with('/')) value->pop_back();
  const bool secure = value->starts_with("https://");
  const bool plain = value->starts_with("http://");
  std::string_view rest = *value;
  if (secure) rest.remove_prefix(8);
  if (plain) rest.remove_prefix(7);
  std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  const auto colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos)
    host = host.substr(0, colon);
  if ((!secure && !plain) || host.empty() || host.find('@') != std::string_view::npos ||
      value->find_first_of(" \t\r\n") != std::string::npos) {
    note(key, "must be an absolute https URL");
    return std::nullopt;
  }
  if (plain && !(http_on_loopback && is_loopback_host(host))) {
    note(key,
         http_on_loopback ? "must be https; http is accepted for loopback addresses only"
                          : "must be https",
         fmt::format("https://{}", rest));
    return std::nullopt;
  }
  return value;
}

options& options::section(std::string_view key) {
  entry* found = ask(key);
  if (found) {
    if (auto* inner = std::get_if<table>(&found->value)) return **inner;
    note(key, fmt::format("must be a table: [{}]", full(key)));
  }
  auto made = std::make_shared<options>(full(key), where_, *found_, reader_);
  set(std::string(key), made, where_);
  return *made;
}

std::vector<std::string> options::section_names() {
  std::vector<std::string> out;
  for (auto& [key, one] : entries_)
    if (std::holds_alternative<table>(one.value)) out.push_back(key);
  return out;
}

std::vector<std::pair<std::string, std::string>> options::text_pairs(std::string_view key) {
  std::vector<std::pair<std::string, std::string>> out;
  if (!find(key)) {
    ask(key);
    return out;
  }
  options& inner = section(key);
  std::vector<std::string> names;
  names.reserve(inner.entries_.size());
  for (const auto& [name, value] : inner.entries_) names.push_back(name);
  for (const std::string& name : names)
    if (auto value = inner.text(name)) out.emplace_back(name, *value);
  return out;
}

void options::note_unknown() {
  for (auto& [key, one] : entries_) {
    if (std::ranges::find(asked_, key) == asked_.end()) {
      const auto meant = nearest(key, asked_);
      note(key, "is not a known key", meant ? fmt::format("did you mean \"{}\"?", *meant) : "");
    } else if (auto* inner = std::get_if<table>(&one.value)) {
      (*inner)->note_unknown();
    }
  }
}

}  // namespace core
