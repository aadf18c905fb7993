#include "join/neighbours.hpp"

#include <memory>
#include <utility>

namespace join {

core::task<void> neighbours::announce_change(core::room_id room) {
  rooms::news what;
  what.rooms.push_back(std::move(room));
  return announce(std::move(what));
}

core::task<void> neighbours::announce_revocation(core::revocation what) {
  rooms::news all;
  all.revocations.push_back(std::move(what));
  return announce(std::move(all));
}

std::size_t shard_neighbours::owner_of(const core::room_id& room) const {
  return group_.owner_of(room.view()).index();
}

void shard_neighbours::post(std::size_t shard, std::function<void()> call) {
  group_.at(shard).post(std::move(call));
}

core::task<void> shard_neighbours::announce(rooms::news what) {
  const core::executor home = co_await asio::this_coro::executor;
  // The announcement may outlive this frame when the caller is cancelled: it owns what it tells.
  const auto shared = std::make_shared<const rooms::news>(std::move(what));
  std::function<void(std::size_t)> tell = [hear = hear_, shared](std::size_t index) {
    hear(index, *shared);
  };
  co_await group_.announce(std::move(tell), home);
}

}  // namespace join
