#include "net/buffer_pool.hpp"

namespace net {
namespace {

// More are rarely in use at once on one shard: a buffer is held only between a read and its answer.
constexpr std::size_t idle_max = 32;

}  // namespace

buffer_pool::lease buffer_pool::take() {
  if (idle_.empty()) {
    // Not value-initialised: 32 KiB of zeros that the next read overwrites.
    return lease(new buffer, give_back{this});
  }
  lease taken(idle_.back().release(), give_back{this});
  idle_.pop_back();
  taken->used = 0;
  return taken;
}

void buffer_pool::put(buffer* done) {
  std::unique_ptr<buffer> held(done);
  if (idle_.capacity() == 0) idle_.reserve(idle_max);
  if (idle_.size() < idle_max) idle_.push_back(std::move(held));
}

}  // namespace net
