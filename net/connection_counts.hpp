// connection_counts: how many connections are open, in total and per client, over all shards.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/random.hpp"
#include "net/address.hpp"

namespace net {

// Memory is fixed at start. A client's count is the lower of two cells, so that sharing one with a
// busy stranger is harmless; who shares both (one in a quarter of a thousand million) shares the
// limit.
class connection_counts {
 public:
  // `random` keys the hash: nobody can choose addresses that share a stranger's cells.
  connection_counts(std::size_t total_max, std::size_t per_client_max, core::random_source& random);

  // Counts as long as it lives.
  class place {
   public:
    place() = default;
    place(place&& other) noexcept { swap(other); }
    place& operator=(place&& other) noexcept {
      swap(other);
      return *this;
    }
    ~place();

   private:
    friend class connection_counts;
    void swap(place& other) noexcept;
    connection_counts* from_ = nullptr;
    std::array<std::uint16_t, 2> cells_{};
    bool per_client_ = false;
  };

  enum class answer : unsigned char { admitted, too_many, too_many_of_client };
  // `place` is filled where the answer is `admitted`.
  answer enter(place& into);
  // Counts for one client what has entered already.
  answer count_client(place& who, const ip_address& client);

  std::size_t open() const { return open_.load(std::memory_order_relaxed); }
  // How many of this client are open; never too few.
  std::size_t open_of(const ip_address& client) const;

 private:
  static constexpr std::size_t cell_count = 16 * 1024;

  std::array<std::uint16_t, 2> cells_of(const ip_address& client) const;
  std::size_t lowest(const std::array<std::uint16_t, 2>& at) const;

  std::size_t total_max_;
  std::size_t per_client_max_;
  std::array<std::uint64_t, 2> key_;
  std::atomic<std::size_t> open_{0};
  std::array<std::unique_ptr<std::atomic<std::uint32_t>[]>, 2> rows_;
};

}  // namespace net
