#include "join/neighbours.hpp"

namespace join {

std::size_t shard_neighbours::owner_of(const core::room_id& room) const {
  return group_.owner_of(room.view()).index();
}

void shard_neighbours::post(std::size_t shard, std::function<void()> call) {
  group_.at(shard).post(std::move(call));
}

core::task<void> shard_neighbours::announce_change(core::room_id room) {
  const core::executor home = co_await asio::this_coro::executor;
  // The announcement may outlive this frame when the caller is cancelled: it owns what it tells.
  std::function<void(std::size_t)> tell =
      [hear = hear_, room = std::move(room)](std::size_t index) { hear(index, room); };
  co_await group_.announce(std::move(tell), home);
}

core::task<void> shard_neighbours::announce_revocation(core::revocation what) {
  const core::executor home = co_await asio::this_coro::executor;
  std::function<void(std::size_t)> tell =
      [hear = hear_revoked_, what = std::move(what)](std::size_t index) { hear(index, what); };
  co_await group_.announce(std::move(tell), home);
}

}  // namespace join
