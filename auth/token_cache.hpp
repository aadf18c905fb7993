// token_cache: tokens that were found good, with who they stand for and when. Belongs to one shard.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity.hpp"
#include "core/clock.hpp"

namespace auth {

// Bounded in number and in bytes. Tokens are compared whole; only verified ones come in, so whoever
// holds no good token can neither fill it nor make its entries collide. When it is full, one that
// was not asked for lately leaves (CLOCK).
class token_cache {
 public:
  struct entry {
    std::string token;
    identity_ptr who;
    core::wall_time from;   // leeway included
    core::wall_time until;  // leeway included
  };

  // `seed` makes the places of tokens unpredictable; 0 tokens switch the cache off.
  token_cache(std::size_t tokens_max, std::uint64_t seed);

  // nullptr where it is not known. Valid until the next put or erase.
  const entry* find(std::string_view token);
  void put(entry what);
  void erase(std::string_view token);
  void clear();
  // Of the sessions for which `gone` says so.
  template <class Predicate>
  void erase_if(Predicate gone) {
    for (std::uint32_t at = static_cast<std::uint32_t>(slots_.size()); at-- > 0;)
      if (gone(*slots_[at].held.who)) remove(at);
  }

  std::size_t size() const { return slots_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct slot {
    std::uint64_t hash = 0;
    entry held;
    bool asked_for = false;
  };
  std::uint64_t hash_of(std::string_view token) const;
  void remove(std::uint32_t at);
  std::uint32_t next_to_leave();

  std::size_t tokens_max_;
  std::size_t bytes_max_;
  std::uint64_t seed_;
  std::vector<slot> slots_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> index_;  // hash -> place in slots_
  std::size_t hand_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace auth
