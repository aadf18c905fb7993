// shelf: a bounded map from a room to what is known of it. A full shelf gives up an entry that was
// not used lately.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "rooms/place_index.hpp"

namespace rooms {

// Every operation costs the same however full it is: making room looks at a few entries, not at all
// (CLOCK with a bounded hand). A look-up touches two places in memory, the index and the entry with
// its key: with many bookings each further place is a cache miss. Two keys of one 64-bit hash take
// turns, which costs a read and nothing else.
template <class Value>
class shelf {
 public:
  // The seed keeps callers from choosing keys that meet in one place of the index.
  explicit shelf(std::size_t entries_max, std::uint64_t seed = 0)
      : entries_max_(std::max<std::size_t>(entries_max, 1)), seed_(seed), index_(entries_max_) {}

  // nullptr where nothing fresh is known. Valid until the next put or erase.
  const Value* find(std::string_view key, core::steady_time now) {
    const auto found = place_of(hash_of(key));
    if (!found) return nullptr;
    entry& one = at(*found);
    if (!one.is(key) || now >= one.fresh_until) return nullptr;
    one.used = true;
    return &one.value;
  }

  // A look-up is a chain of cache misses. Who knows of it early can have them one by one while
  // other work is done: first the index, then the entry, then what its value holds.
  void expect(std::string_view key) const { index_.expect(hash_of(key)); }
  void expect_entry(std::string_view key) const {
    const std::uint64_t hash = hash_of(key);
    const auto likely = index_.find(hash, [hash](std::uint32_t) { return hash; });
    if (likely) __builtin_prefetch(&at(*likely));
  }
  const Value* glimpse(std::string_view key) const {
    const auto found = place_of(hash_of(key));
    return found ? &at(*found).value : nullptr;
  }

  // Keys are room ids: at most 128 bytes, longer ones are not kept.
  void put(std::string_view key, Value value, core::steady_time fresh_until) {
    if (key.size() > key_bytes_max) return;
    const std::uint64_t hash = hash_of(key);
    const auto found = place_of(hash);
    const std::uint32_t place = found ? *found : free_place();
    if (!found) index_.insert(hash, place);
    entry& one = at(place);
    one.value = std::move(value);
    one.fresh_until = fresh_until;
    one.hash = hash;
    one.used = false;
    one.key_size = static_cast<std::uint8_t>(key.size());
    std::ranges::copy(key, one.key);
  }

  void erase(std::string_view key) {
    const auto found = place_of(hash_of(key));
    if (!found || !at(*found).is(key)) return;
    remove_from_index(*found);
    at(*found).value = Value{};
    free_.push_back(*found);
  }

  std::size_t size() const { return index_.size(); }

 private:
  static constexpr std::size_t key_bytes_max = 128;
  static constexpr std::uint32_t chunk_size = 256;
  static constexpr int looks_max = 8;

  // All that a look-up reads of it, and a key of usual length, are in one cache line.
  struct alignas(64) entry {
    Value value{};
    core::steady_time fresh_until{};
    std::uint64_t hash = 0;
    bool used = false;
    std::uint8_t key_size = 0;
    char key[key_bytes_max];

    bool is(std::string_view other) const { return std::string_view(key, key_size) == other; }
  };

  std::uint64_t hash_of(std::string_view key) const {
    std::uint64_t hash = (std::hash<std::string_view>{}(key) ^ seed_) * 0x9e3779b97f4a7c15u;
    hash = (hash ^ hash >> 32) * (seed_ | 1);
    return hash ^ hash >> 29;
  }
  entry& at(std::uint32_t place) { return chunks_[place / chunk_size][place % chunk_size]; }
  const entry& at(std::uint32_t place) const {
    return chunks_[place / chunk_size][place % chunk_size];
  }
  std::optional<std::uint32_t> place_of(std::uint64_t hash) const {
    return index_.find(hash, [this](std::uint32_t place) { return at(place).hash; });
  }
  void remove_from_index(std::uint32_t place) {
    index_.erase(at(place).hash, place, [this](std::uint32_t other) { return at(other).hash; });
  }

  // An entry that nobody has used since the hand last passed, if one is among the next few; else
  // the last of them.
  std::uint32_t free_place() {
    if (!free_.empty()) {
      const std::uint32_t place = free_.back();
      free_.pop_back();
      return place;
    }
    if (made_ < entries_max_) {
      if (made_ % chunk_size == 0) chunks_.push_back(std::make_unique<entry[]>(chunk_size));
      return made_++;
    }
    std::uint32_t place = hand_;
    for (int looks = 0; looks < looks_max; ++looks) {
      place = hand_;
      hand_ = hand_ + 1 < made_ ? hand_ + 1 : 0;
      if (!at(place).used) break;
      at(place).used = false;
    }
    remove_from_index(place);
    return place;
  }

  std::size_t entries_max_;
  std::uint64_t seed_;
  std::vector<std::unique_ptr<entry[]>> chunks_;  // so that growing moves no entry
  place_index index_;
  std::vector<std::uint32_t> free_;
  std::uint32_t made_ = 0;
  std::uint32_t hand_ = 0;
};

}  // namespace rooms
