// registry: the configured providers by name, on one shard; and which types there are.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "providers/provider.hpp"

namespace providers {

// The types that are built in: "100ms", "custom", …
std::vector<std::string> known_types();

// [providers.<name>] type = "…": makers by name. Mistakes are noted in the options.
struct configured_provider {
  core::provider_name name;
  std::string type;
  provider_maker make;
  std::vector<std::string> advice = {};  // see provider_setup
  bool by_ticket = false;
};
std::vector<configured_provider> read_providers(core::options& providers_table,
                                                const std::string& public_url);

class registry {
 public:
  registry(const std::vector<configured_provider>& configured, const provider_tools& tools);
  // nullptr where no provider of that name is configured (any more).
  provider* find(const core::provider_name& name);
  std::vector<provider*> all();

 private:
  std::map<core::provider_name, std::unique_ptr<provider>> by_name_;
};

}  // namespace providers
