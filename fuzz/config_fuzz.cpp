// A configuration: whatever the text and the environment say, either settings that can be summed up
// or mistakes that can be shown, one line each and in order. Lines of the input that begin with
// "STAGEDOOR__" are variables, the others the file. Files that settings name are not opened: one of
// the input's own takes their place.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "app/config.hpp"
#include "core/error.hpp"

namespace {

constexpr std::string_view prefix = "STAGEDOOR__";

void demand(bool holds) {
  if (!holds) std::abort();
}

// Some files are there and others are not, the same ones each time; nothing is opened.
core::result<std::string> made_up_file(const std::string& path) {
  if (path.size() % 4 == 0) return core::fail(core::errc::internal, "No such file or directory");
  if (path.size() % 4 == 1) return std::string();
  return "q7Hf2kLmN8pRsT4vWxYz1B3dE5gJ6uAc" + path + "\n";
}

app::config_source split(std::string_view text, std::string& toml) {
  app::config_source from;
  from.file = "fuzz.toml";
  from.read_file = made_up_file;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    const auto equals = line.find('=');
    if (line.starts_with(prefix) && equals != std::string_view::npos)
      from.variables.emplace_back(line.substr(0, equals), line.substr(equals + 1));
    else
      toml.append(line).append("\n");
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return from;
}

void check_mistakes(const core::mistakes& found) {
  const std::string shown = app::describe(found);
  demand(std::ranges::count(shown, '\n') == static_cast<std::ptrdiff_t>(found.size()));
  core::mistakes again = found;
  app::put_in_order(again, "fuzz.toml");
  demand(app::describe(again) == shown);
  for (const auto& one : found) demand(!one.what.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string toml;
  const auto from = split({reinterpret_cast<const char*>(data), size}, toml);
  const auto loaded = app::load_config_text(toml, from);
  demand(loaded.value.has_value() == loaded.mistakes.empty());
  check_mistakes(loaded.mistakes);
  if (!loaded.value) return 0;
  const app::config& settings = *loaded.value;
  demand(!settings.public_url.empty() && !settings.listen.empty() && !settings.providers.empty());
  demand(!settings.default_provider.empty() && settings.threads > 0);
  demand(!settings.sessions->keys.empty());
  demand(!app::summary_of(settings).empty());
  return 0;
}
