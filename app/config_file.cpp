#include "app/config_file.hpp"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "core/encoding.hpp"

extern char** environ;

namespace app {
namespace {

constexpr std::string_view prefix = "STAGEDOOR__";

std::string place(const std::string& file_name, const toml::source_region& source) {
  return file_name + ":" + std::to_string(source.begin.line);
}

std::string joined(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

class tree_copier {
 public:
  tree_copier(const std::string& file_name, core::mistakes& found)
      : file_name_(file_name), found_(found) {}

  void copy_table(const toml::table& from, core::options& to) {
    for (const auto& [key, node] : from) {
      const std::string name(key.str());
      if (auto value = copy(node, joined(to.path(), name)))
        to.set(name, std::move(*value), place(file_name_, node.source()));
    }
  }

 private:
  std::optional<core::options::any> copy(const toml::node& node, const std::string& path) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return number->get();
    if (const auto* real = node.as_floating_point()) return real->get();
    if (const auto* flag = node.as_boolean()) return flag->get();
    if (const auto* inner = node.as_table()) {
      auto made = std::make_shared<core::options>(path, place(file_name_, node.source()), found_);
      copy_table(*inner, *made);
      return made;
    }
    if (const auto* items = node.as_array()) return copy_array(*items, path);
    found_.push_back({place(file_name_, node.source()), path, "must not be a date or time",
                      "write it as a text in quotes"});
    return std::nullopt;
  }

  std::optional<core::options::any> copy_array(const toml::array& items, const std::string& path) {
    core::options::list out;
    for (const toml::node& item : items)
      if (auto value = copy(item, path))
        out.push_back({std::move(*value), place(file_name_, item.source())});
    return out;
  }

  const std::string& file_name_;
  core::mistakes& found_;
};

// SESSION__SECRET_FILE -> {"session", "secret_file"}; empty where a part is.
std::vector<std::string> parts_of(std::string_view name) {
  std::vector<std::string> parts;
  while (true) {
    const auto cut = name.find("__");
    parts.push_back(core::lower_case(name.substr(0, cut)));
    if (parts.back().empty()) return {};
    if (cut == std::string_view::npos) return parts;
    name.remove_prefix(cut + 2);
  }
}

void add_variable(core::options& root, const std::string& name, const std::string& value,
                  core::mistakes& found) {
  const auto parts = parts_of(std::string_view(name).substr(prefix.size()));
  if (parts.empty()) {
    found.push_back({name, "", "is not a name of the form STAGEDOOR__SECTION__KEY", ""});
    return;
  }
  core::options* at = &root;
  std::string path;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    path = joined(path, parts[i]);
    auto* entry = at->find(parts[i]);
    if (!entry) {
      at->set(parts[i], std::make_shared<core::options>(path, name, found), name);
      entry = at->find(parts[i]);
    }
    auto* inner = std::get_if<core::options::table>(&entry->value);
    if (!inner) {
      found.push_back({name, path, "is no table in the file, so nothing can be set below it", ""});
      return;
    }
    at = inner->get();
  }
  at->set(parts.back(), value, name);
}

}  // namespace

std::shared_ptr<core::options> read_options(std::string_view toml, const std::string& file_name,
                                            const variables& from_environment,
                                            core::mistakes& found) {
  auto root = std::make_shared<core::options>("", file_name, found);
  const toml::parse_result parsed = toml::parse(toml, file_name);
  if (parsed) {
    tree_copier(file_name, found).copy_table(parsed.table(), *root);
  } else {
    const auto& error = parsed.error();
    found.push_back({place(file_name, error.source()), "",
                     "is not valid TOML: " + std::string(error.description()), ""});
  }
  for (const auto& [name, value] : from_environment)
    if (name.starts_with(prefix)) add_variable(*root, name, value, found);
  return root;
}

variables environment() {
  variables out;
  for (char** one = environ; one && *one; ++one) {
    const std::string_view text = *one;
    const auto equals = text.find('=');
    if (equals != std::string_view::npos)
      out.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

}  // namespace app
