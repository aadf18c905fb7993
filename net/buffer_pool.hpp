// buffer_pool: read buffers of one shard. A connection holds one while it has bytes, an idle one
// holds none.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace net {

// One read of a request: the largest head (16 KiB) and then some for pipelining.
constexpr std::size_t read_buffer_bytes = 32 * 1024;

class buffer_pool {
 public:
  struct buffer {
    std::size_t used = 0;  // bytes that have been read
    char data[read_buffer_bytes];
  };
  // Given back to the pool when it goes out of scope; the pool must outlive it.
  struct give_back {
    buffer_pool* pool = nullptr;
    void operator()(buffer* done) const { pool->put(done); }
  };
  using lease = std::unique_ptr<buffer, give_back>;

  lease take();

 private:
  void put(buffer* done);
  std::vector<std::unique_ptr<buffer>> idle_;
};

}  // namespace net
