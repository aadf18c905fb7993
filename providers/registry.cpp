#include "providers/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "providers/vendors.hpp"

namespace providers {
namespace {

const vendor* vendor_of(std::string_view type) {
  const auto list = vendors();
  const auto found = std::ranges::find(list, type, &vendor::type);
  return found == list.end() ? nullptr : &*found;
}

// Where the type is unknown, what its keys mean is too: one mistake, not one per key.
void ask_for_everything(core::options& table) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : table.entries()) keys.push_back(key);
  for (const std::string& key : keys) table.has(key);
  for (const std::string& name : table.section_names()) ask_for_everything(table.section(name));
}

const vendor* read_type(core::options& table, const std::string& name) {
  const auto written = table.text("type");
  const std::string type = written.value_or(name);
  if (const vendor* known = vendor_of(type)) return known;
  const auto meant = core::nearest(type, known_types());
  const std::string list = fmt::format("{}", fmt::join(known_types(), ", "));
  table.note("type",
             written
                 ? fmt::format("is \"{}\", which is no known type of provider: {}", type, list)
                 : fmt::format("is required, because \"{}\" is not itself a type: {}", name, list),
             meant ? fmt::format("did you mean \"{}\"?", *meant) : "");
  ask_for_everything(table);
  return nullptr;
}

}  // namespace

std::vector<std::string> known_types() {
  std::vector<std::string> out;
  for (const vendor& one : vendors()) out.emplace_back(one.type);
  return out;
}

std::vector<configured_provider> read_providers(core::options& providers_table,
                                                const std::string& public_url) {
  std::vector<configured_provider> out;
  for (const std::string& name : providers_table.section_names()) {
    core::options& table = providers_table.section(name);
    const auto valid = core::provider_name::from(name);
    if (!valid) {
      providers_table.note(name, "is not a name for a provider",
                           "use 1 to 64 characters of a-z, 0-9, - and _");
      ask_for_everything(table);
      continue;
    }
    const vendor* kind = read_type(table, name);
    if (!kind) continue;
    std::vector<std::string> advice;
    bool by_ticket = false;
    auto make = kind->make(provider_setup{*valid, table, public_url, &advice, &by_ticket});
    if (make)
      out.push_back(
          {*valid, std::string(kind->type), std::move(make), std::move(advice), by_ticket});
  }
  return out;
}

registry::registry(const std::vector<configured_provider>& configured,
                   const provider_tools& tools) {
  for (const configured_provider& one : configured) by_name_[one.name] = one.make(tools);
}

provider* registry::find(const core::provider_name& name) {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second.get();
}

std::vector<provider*> registry::all() {
  std::vector<provider*> out;
  out.reserve(by_name_.size());
  for (const auto& [name, one] : by_name_) out.push_back(one.get());
  return out;
}

}  // namespace providers
