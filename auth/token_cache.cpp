#include "auth/token_cache.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace auth {
namespace {

// Session tokens have 200 to 1500 bytes; a few long ones may use what the others leave.
constexpr std::size_t bytes_per_token = 1024;

}  // namespace

token_cache::token_cache(std::size_t tokens_max, std::uint64_t seed)
    : tokens_max_(tokens_max), bytes_max_(tokens_max * bytes_per_token), seed_(seed) {}

// The end of a token is its signature and as good as random: 24 characters of it are hash enough.
std::uint64_t token_cache::hash_of(std::string_view token) const {
  std::uint64_t words[3] = {};
  const std::size_t size = std::min(token.size(), sizeof words);
  std::memcpy(words, token.data() + token.size() - size, size);
  std::uint64_t hash = seed_ ^ token.size();
  for (const std::uint64_t word : words) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  }
  return hash;
}

const token_cache::entry* token_cache::find(std::string_view token) {
  const auto found = index_.find(hash_of(token));
  if (found == index_.end()) return nullptr;
  slot& known = slots_[found->second];
  if (known.held.token != token) return nullptr;
  known.asked_for = true;
  return &known.held;
}

void token_cache::put(entry what) {
  const std::size_t size = what.token.size();
  if (tokens_max_ == 0 || size > bytes_max_) return;
  const std::uint64_t hash = hash_of(what.token);
  if (const auto known = index_.find(hash); known != index_.end()) remove(known->second);
  while (bytes_ + size > bytes_max_) remove(next_to_leave());
  std::uint32_t at = static_cast<std::uint32_t>(slots_.size());
  if (slots_.size() < tokens_max_) {
    slots_.emplace_back();
  } else {
    at = next_to_leave();
    bytes_ -= slots_[at].held.token.size();
    index_.erase(slots_[at].hash);
  }
  slots_[at] = {hash, std::move(what), false};
  index_[hash] = at;
  bytes_ += size;
}

void token_cache::erase(std::string_view token) {
  const auto found = index_.find(hash_of(token));
  if (found != index_.end() && slots_[found->second].held.token == token) remove(found->second);
}

void token_cache::clear() {
  slots_.clear();
  index_.clear();
  hand_ = 0;
  bytes_ = 0;
}

// The last slot takes the free place.
void token_cache::remove(std::uint32_t at) {
  bytes_ -= slots_[at].held.token.size();
  index_.erase(slots_[at].hash);
  if (at + 1 != slots_.size()) {
    slots_[at] = std::move(slots_.back());
    index_[slots_[at].hash] = at;
  }
  slots_.pop_back();
}

// The hand goes round; each slot is forgiven once per turn, so this ends within two.
std::uint32_t token_cache::next_to_leave() {
  for (;;) {
    if (hand_ >= slots_.size()) hand_ = 0;
    slot& here = slots_[hand_++];
    if (!here.asked_for) return static_cast<std::uint32_t>(hand_ - 1);
    here.asked_for = false;
  }
}

}  // namespace auth
