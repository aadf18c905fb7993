// place_index: where in a table the thing with a given hash is. One array, so that a look-up is one
// cache miss, which can be asked for ahead of time.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>

namespace rooms {

// Open addressing with linear probing, never more than two thirds full. Hashes are expected to be
// evenly spread in their lower bits, and for callers of ours not to be chosen by others. The caller
// knows the hash of each place: `hash_of(place)`. Memory that no hash has come to is not touched.
class place_index {
 public:
  explicit place_index(std::size_t places_max)
      : mask_(std::bit_ceil((std::max<std::size_t>(places_max, 8) * 3 + 1) / 2) - 1),
        slots_(static_cast<slot*>(std::calloc(mask_ + 1, sizeof(slot)))) {
    if (!slots_) throw std::bad_alloc();
  }

  // Brings the slot of this hash into the processor's cache, soon and without waiting.
  void expect(std::uint64_t hash) const { __builtin_prefetch(&slots_.get()[hash & mask_]); }

  template <class HashOf>
  std::optional<std::uint32_t> find(std::uint64_t hash, HashOf hash_of) const {
    for (std::size_t at = hash & mask_; slots_.get()[at].place != 0; at = (at + 1) & mask_) {
      const slot& here = slots_.get()[at];
      if (here.tag == tag_of(hash) && hash_of(here.place - 1) == hash) return here.place - 1;
    }
    return std::nullopt;
  }

  // The hash is not there yet, and there are fewer than places_max.
  void insert(std::uint64_t hash, std::uint32_t place) {
    std::size_t at = hash & mask_;
    while (slots_.get()[at].place != 0) at = (at + 1) & mask_;
    slots_.get()[at] = {tag_of(hash), place + 1};
    ++size_;
  }

  // The hash is there. Those behind it move up, so that no look-up has to pass over a gap.
  template <class HashOf>
  void erase(std::uint64_t hash, std::uint32_t place, HashOf hash_of) {
    std::size_t gap = hash & mask_;
    while (slots_.get()[gap].place != place + 1) gap = (gap + 1) & mask_;
    for (std::size_t at = (gap + 1) & mask_; slots_.get()[at].place != 0; at = (at + 1) & mask_) {
      const std::size_t home = hash_of(slots_.get()[at].place - 1) & mask_;
      if (((at - home) & mask_) < ((at - gap) & mask_)) continue;
      slots_.get()[gap] = slots_.get()[at];
      gap = at;
    }
    slots_.get()[gap] = {};
    --size_;
  }

  std::size_t size() const { return size_; }

 private:
  struct slot {
    std::uint32_t tag;
    std::uint32_t place;  // plus one; 0 is a free slot
  };
  struct to_free {
    void operator()(slot* memory) const { std::free(memory); }
  };
  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

  std::size_t mask_;
  std::unique_ptr<slot, to_free> slots_;
  std::size_t size_ = 0;
};

}  // namespace rooms
