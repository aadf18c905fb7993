#include "app/config_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "app/toml.hpp"
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

// Our own tables are four deep; what is deeper is a mistake, and would cost a stack to look at.
constexpr std::size_t depth_max = 16;

class tree_copier {
 public:
  tree_copier(const std::string& file_name, core::mistakes& found, core::file_reader reader)
      : file_name_(file_name), found_(found), reader_(reader) {}

  void copy_table(const toml::table& from, core::options& to, std::size_t depth = 0) {
    for (const auto& [key, node] : from) {
      const std::string name(key.str());
      if (auto value = copy(node, joined(to.path(), name), depth + 1))
        to.set(name, std::move(*value), place(file_name_, node.source()));
    }
  }

 private:
  std::optional<core::options::any> copy(const toml::node& node, const std::string& path,
                                         std::size_t depth) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return number->get();
    if (const auto* real = node.as_floating_point()) return real->get();
    if (const auto* flag = node.as_boolean()) return flag->get();
    if (depth > depth_max) {
      found_.push_back({place(file_name_, node.source()), path, "is nested too deeply", ""});
      return std::nullopt;
    }
    if (const auto* inner = node.as_table()) {
      auto made =
          std::make_shared<core::options>(path, place(file_name_, node.source()), found_, reader_);
      copy_table(*inner, *made, depth);
      return made;
    }
    if (const auto* items = node.as_array()) return copy_array(*items, path, depth);
    found_.push_back({place(file_name_, node.source()), path, "must not be a date or time",
                      "write it as a text in quotes"});
    return std::nullopt;
  }

  std::optional<core::options::any> copy_array(const toml::array& items, const std::string& path,
                                               std::size_t depth) {
    core::options::list out;
    for (const toml::node& item : items)
      if (auto value = copy(item, path, depth + 1))
        out.push_back({std::move(*value), place(file_name_, item.source())});
    return out;
  }

  const std::string& file_name_;
  core::mistakes& found_;
  core::file_reader reader_;
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

// A variable's name has no "-" and no small letters: MY_ROOMS is also [providers.my-rooms].
bool fits(std::string_view part, const std::string& name) {
  std::string plain = core::lower_case(name);
  std::ranges::replace(plain, '-', '_');
  return plain == part;
}

// The table of the tree that this part of a variable's name stands for; its own name where there is
// none yet, and nullopt where it could be two.
std::optional<std::string> table_name(core::options& at, const std::string& part) {
  if (at.find(part)) return part;
  std::vector<std::string> meant;
  for (const std::string& name : at.section_names())
    if (fits(part, name)) meant.push_back(name);
  if (meant.size() > 1) return std::nullopt;
  return meant.empty() ? part : meant.front();
}

// `secret` and `secret_file` are two forms of one setting: what the file says in the other form is
// overruled too. Both in the environment stay, and are the mistake that they are.
void drop_other_form(core::options& table, const std::string& key) {
  constexpr std::string_view ending = "_file";
  const std::string other =
      key.ends_with(ending) ? key.substr(0, key.size() - ending.size()) : key + std::string(ending);
  const auto* entry = table.find(other);
  if (entry && !entry->where.starts_with(prefix)) table.entries().erase(other);
}

class variable_adder {
 public:
  variable_adder(core::options& root, core::mistakes& found, core::file_reader reader)
      : root_(root), found_(found), reader_(reader) {}

  void add(const std::string& name, const std::string& value) {
    const auto parts = parts_of(std::string_view(name).substr(prefix.size()));
    if (parts.empty() || parts.size() > depth_max) {
      found_.push_back({name, "", "is not a name of the form STAGEDOOR__SECTION__KEY", ""});
      return;
    }
    core::options* at = &root_;
    for (std::size_t i = 0; at && i + 1 < parts.size(); ++i) at = step(*at, parts[i], name);
    if (!at) return;
    drop_other_form(*at, parts.back());
    at->set(parts.back(), value, name);
  }

 private:
  core::options* step(core::options& at, const std::string& part, const std::string& variable) {
    const auto name = table_name(at, part);
    const std::string path = joined(at.path(), name.value_or(part));
    if (!name) {
      found_.push_back({variable, path, "could be more than one table of the file", ""});
      return nullptr;
    }
    if (!at.find(*name))
      at.set(*name, std::make_shared<core::options>(path, variable, found_, reader_), variable);
    auto* inner = std::get_if<core::options::table>(&at.find(*name)->value);
    if (inner) return inner->get();
    found_.push_back(
        {variable, path, "is no table in the file, so nothing can be set below it", ""});
    return nullptr;
  }

  core::options& root_;
  core::mistakes& found_;
  core::file_reader reader_;
};

// The line in "stagedoor.toml:12", 0 for the file as a whole; nullopt for what is not in the file.
std::optional<unsigned long> line_of(std::string_view where, std::string_view file_name) {
  if (!where.starts_with(file_name)) return std::nullopt;
  where.remove_prefix(file_name.size());
  if (where.empty()) return 0;
  if (!where.starts_with(':')) return std::nullopt;
  unsigned long line = 0;
  const auto read = std::from_chars(where.data() + 1, where.data() + where.size(), line);
  if (read.ec != std::errc{} || read.ptr != where.data() + where.size()) return std::nullopt;
  return line;
}

}  // namespace

std::shared_ptr<core::options> read_options(std::string_view toml, const std::string& file_name,
                                            const variables& from_environment,
                                            core::mistakes& found, core::file_reader reader) {
  auto root = std::make_shared<core::options>("", file_name, found, reader);
  const toml::parse_result parsed = toml::parse(toml, file_name);
  if (parsed) {
    tree_copier(file_name, found, reader).copy_table(parsed.table(), *root);
  } else {
    const auto& error = parsed.error();
    found.push_back({place(file_name, error.source()), "",
                     "is not valid TOML: " + std::string(error.description()), ""});
  }
  variable_adder environment_of(*root, found, reader);
  for (const auto& [name, value] : from_environment)
    if (name.starts_with(prefix)) environment_of.add(name, value);
  return root;
}

void put_in_order(core::mistakes& found, const std::string& file_name) {
  // The index last: what stands at one place stays in the order in which it was found.
  std::vector<std::tuple<bool, unsigned long, std::string_view, std::size_t>> order;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto line = line_of(found[i].where, file_name);
    order.emplace_back(!line, line.value_or(0), line ? std::string_view{} : found[i].where, i);
  }
  std::ranges::sort(order);
  core::mistakes ordered;
  for (const auto& one : order) ordered.push_back(found[std::get<3>(one)]);
  found = std::move(ordered);
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
