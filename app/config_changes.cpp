#include "app/config_changes.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "core/digest.hpp"

namespace app {
namespace {

bool same(const core::options::any& a, const core::options::any& b);

bool same_tables(core::options& a, core::options& b) {
  return std::ranges::equal(a.entries(), b.entries(), [](const auto& x, const auto& y) {
    return x.first == y.first && same(x.second.value, y.second.value);
  });
}

bool same(const core::options::any& a, const core::options::any& b) {
  if (a.index() != b.index()) return false;
  if (const auto* table = std::get_if<core::options::table>(&a))
    return same_tables(**table, *std::get<core::options::table>(b));
  if (const auto* items = std::get_if<core::options::list>(&a))
    return std::ranges::equal(*items, std::get<core::options::list>(b),
                              [](const auto& x, const auto& y) { return same(x.value, y.value); });
  if (const auto* text = std::get_if<std::string>(&a)) return *text == std::get<std::string>(b);
  if (const auto* number = std::get_if<std::int64_t>(&a))
    return *number == std::get<std::int64_t>(b);
  if (const auto* real = std::get_if<double>(&a)) return *real == std::get<double>(b);
  return std::get<bool>(a) == std::get<bool>(b);
}

constexpr std::size_t digest_bytes = 16;

void keep_digest(core::options::any& value) {
  if (auto* text = std::get_if<std::string>(&value)) {
    std::string digest = core::short_digest(*text, digest_bytes);
    OPENSSL_cleanse(text->data(), text->size());
    *text = std::move(digest);
  } else if (auto* items = std::get_if<core::options::list>(&value)) {
    for (core::options::entry& one : *items) keep_digest(one.value);
  } else if (auto* table = std::get_if<core::options::table>(&value)) {
    keep_digests(**table);
  }
}

}  // namespace

void keep_digests(core::options& of) {
  for (auto& [name, one] : of.entries()) keep_digest(one.value);
}

std::vector<std::string> changed_sections(core::options& before, core::options& after) {
  std::set<std::string> names;
  for (const auto* side : {&before.entries(), &after.entries()})
    for (const auto& [name, unused] : *side) names.insert(name);
  std::vector<std::string> out;
  for (const std::string& name : names) {
    const auto* was = before.find(name);
    const auto* is = after.find(name);
    // An empty table is what reading makes of an absent one.
    const auto absent = [](const core::options::entry* one) {
      const auto* table = one ? std::get_if<core::options::table>(&one->value) : nullptr;
      return !one || (table && (*table)->entries().empty());
    };
    if (absent(was) && absent(is)) continue;
    if (absent(was) || absent(is) || !same(was->value, is->value)) out.push_back(name);
  }
  return out;
}

}  // namespace app
