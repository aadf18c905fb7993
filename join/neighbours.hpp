// neighbours: how one shard reaches the others: who owns a room, and telling all what has changed.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "core/ids.hpp"
#include "core/task.hpp"
#include "net/shard.hpp"
#include "rooms/news.hpp"

namespace join {

class neighbours {
 public:
  virtual ~neighbours() = default;
  // The shard on which everything happens that may happen only once for a room.
  virtual std::size_t owner_of(const core::room_id& room) const = 0;
  // Runs `call` on that shard soon; from any shard.
  virtual void post(std::size_t shard, std::function<void()> call) = 0;
  // When this resumes, on the caller's shard, every shard has forgotten what it knew of the rooms,
  // and lets none of the revoked sessions in.
  virtual core::task<void> announce(rooms::news what) = 0;

  core::task<void> announce_change(core::room_id room);
  core::task<void> announce_revocation(core::revocation what);
};

// The neighbours in a shard_group. `hear(index, news)` is called on each shard.
class shard_neighbours final : public neighbours {
 public:
  using listener = std::function<void(std::size_t, const rooms::news&)>;
  shard_neighbours(net::shard_group& group, listener hear)
      : group_(group), hear_(std::move(hear)) {}

  std::size_t owner_of(const core::room_id& room) const override;
  void post(std::size_t shard, std::function<void()> call) override;
  core::task<void> announce(rooms::news what) override;

 private:
  net::shard_group& group_;
  listener hear_;
};

}  // namespace join
