#include "net/connection_counts.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace net {
namespace {

// The finalizer of MurmurHash3: every bit of the input moves every bit of the output.
std::uint64_t mixed(std::uint64_t value) {
  value ^= value >> 33;
  value *= 0xff51afd7ed558ccdu;
  value ^= value >> 33;
  value *= 0xc4ceb9fe1a85ec53u;
  return value ^ (value >> 33);
}

}  // namespace

connection_counts::connection_counts(std::size_t total_max, std::size_t per_client_max,
                                     core::random_source& random)
    : total_max_(total_max), per_client_max_(per_client_max) {
  random.fill({reinterpret_cast<unsigned char*>(key_.data()), sizeof key_});
  for (auto& row : rows_) row = std::make_unique<std::atomic<std::uint32_t>[]>(cell_count);
}

std::array<std::uint16_t, 2> connection_counts::cells_of(const ip_address& client) const {
  std::array<std::uint64_t, 2> words;
  const auto network = client.network();
  std::memcpy(words.data(), network.bytes().data(), sizeof words);
  const std::uint64_t hash = mixed(mixed(words[0] ^ key_[0]) + words[1] + key_[1]);
  return {static_cast<std::uint16_t>(hash % cell_count),
          static_cast<std::uint16_t>((hash >> 32) % cell_count)};
}

std::size_t connection_counts::lowest(const std::array<std::uint16_t, 2>& at) const {
  return std::min(rows_[0][at[0]].load(std::memory_order_relaxed),
                  rows_[1][at[1]].load(std::memory_order_relaxed));
}

std::size_t connection_counts::open_of(const ip_address& client) const {
  return lowest(cells_of(client));
}

connection_counts::answer connection_counts::enter(place& into) {
  if (open_.fetch_add(1, std::memory_order_relaxed) >= total_max_) {
    open_.fetch_sub(1, std::memory_order_relaxed);
    return answer::too_many;
  }
  into = place();
  into.from_ = this;
  return answer::admitted;
}

connection_counts::answer connection_counts::count_client(place& who, const ip_address& client) {
  const auto at = cells_of(client);
  const auto first = rows_[0][at[0]].fetch_add(1, std::memory_order_relaxed);
  const auto second = rows_[1][at[1]].fetch_add(1, std::memory_order_relaxed);
  if (std::min(first, second) >= per_client_max_) {
    rows_[0][at[0]].fetch_sub(1, std::memory_order_relaxed);
    rows_[1][at[1]].fetch_sub(1, std::memory_order_relaxed);
    return answer::too_many_of_client;
  }
  who.cells_ = at;
  who.per_client_ = true;
  return answer::admitted;
}

void connection_counts::place::swap(place& other) noexcept {
  std::swap(from_, other.from_);
  std::swap(cells_, other.cells_);
  std::swap(per_client_, other.per_client_);
}

connection_counts::place::~place() {
  if (!from_) return;
  from_->open_.fetch_sub(1, std::memory_order_relaxed);
  if (!per_client_) return;
  for (std::size_t row = 0; row < cells_.size(); ++row)
    from_->rows_[row][cells_[row]].fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace net
