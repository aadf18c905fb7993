// neighbours: how one shard reaches the others: who owns a room, and telling all that a booking has
// changed.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "core/ids.hpp"
#include "core/revocation.hpp"
#include "core/task.hpp"
#include "net/shard.hpp"

namespace join {

class neighbours {
 public:
  virtual ~neighbours() = default;
  // The shard on which everything happens that may happen only once for a room.
  virtual std::size_t owner_of(const core::room_id& room) const = 0;
  // Runs `call` on that shard soon; from any shard.
  virtual void post(std::size_t shard, std::function<void()> call) = 0;
  // Every shard has forgotten what it knew of the room when this resumes, on the caller's shard.
  virtual core::task<void> announce_change(core::room_id room) = 0;
  // The same of sessions: none of these is let in by any shard when this resumes.
  virtual core::task<void> announce_revocation(core::revocation what) = 0;
};

// The neighbours in a shard_group. `hear(index, room)` is called on each shard: its booking cache
// forgets the room and its front wakes who waits for it.
class shard_neighbours final : public neighbours {
 public:
  using listener = std::function<void(std::size_t, const core::room_id&)>;
  using revocation_listener = std::function<void(std::size_t, const core::revocation&)>;
  shard_neighbours(net::shard_group& group, listener hear, revocation_listener hear_revoked)
      : group_(group), hear_(std::move(hear)), hear_revoked_(std::move(hear_revoked)) {}

  std::size_t owner_of(const core::room_id& room) const override;
  void post(std::size_t shard, std::function<void()> call) override;
  core::task<void> announce_change(core::room_id room) override;
  core::task<void> announce_revocation(core::revocation what) override;

 private:
  net::shard_group& group_;
  listener hear_;
  revocation_listener hear_revoked_;
};

}  // namespace join
