// shelf: a bounded map from a room to what is known of it. A full shelf gives up an entry that was
// not used lately.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.hpp"

namespace rooms {

// Every operation costs the same however full it is: making room looks at a few entries, not at all
// (CLOCK with a bounded hand).
template <class Value>
class shelf {
 public:
  explicit shelf(std::size_t entries_max) : entries_max_(entries_max < 1 ? 1 : entries_max) {}

  // nullptr where nothing fresh is known. Valid until the next put or erase.
  const Value* find(std::string_view key, core::steady_time now) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    entry& one = entries_[found->second];
    if (now >= one.fresh_until) return nullptr;
    one.used = true;
    return &one.value;
  }

  void put(std::string_view key, Value value, core::steady_time fresh_until) {
    const auto found = index_.find(key);
    if (found != index_.end()) {
      entry& one = entries_[found->second];
      one.value = std::move(value);
      one.fresh_until = fresh_until;
      return;
    }
    const std::uint32_t at = place();
    entry& one = entries_[at];
    one.key = key;
    one.value = std::move(value);
    one.fresh_until = fresh_until;
    one.used = false;
    index_.emplace(std::string_view(one.key), at);
  }

  void erase(std::string_view key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return;
    const std::uint32_t at = found->second;
    index_.erase(found);
    entries_[at] = entry{};
    free_.push_back(at);
  }

  std::size_t size() const { return index_.size(); }

 private:
  struct entry {
    std::string key;
    Value value{};
    core::steady_time fresh_until{};
    bool used = false;
  };

  // An entry that nobody has used since the hand last passed, if one is among the next few; else
  // the last of them.
  static constexpr int looks_max = 8;

  std::uint32_t place() {
    if (!free_.empty()) {
      const std::uint32_t at = free_.back();
      free_.pop_back();
      return at;
    }
    if (entries_.size() < entries_max_) {
      entries_.emplace_back();
      return static_cast<std::uint32_t>(entries_.size() - 1);
    }
    std::uint32_t at = hand_;
    for (int looks = 0; looks < looks_max; ++looks) {
      at = hand_;
      hand_ = hand_ + 1 < entries_.size() ? hand_ + 1 : 0;
      if (!entries_[at].used) break;
      entries_[at].used = false;
    }
    index_.erase(std::string_view(entries_[at].key));
    return at;
  }

  std::size_t entries_max_;
  // A deque: its entries stay where they are, and the index refers to their keys.
  std::deque<entry> entries_;
  boost::unordered_flat_map<std::string_view, std::uint32_t> index_;
  std::vector<std::uint32_t> free_;
  std::uint32_t hand_ = 0;
};

}  // namespace rooms
