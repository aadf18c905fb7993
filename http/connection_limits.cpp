// read_connection_limits: the keys of [http], with the range in which each makes sense.
#include "http/connection.hpp"
#include "net/buffer_pool.hpp"

namespace http {
namespace {

using namespace std::chrono_literals;

std::size_t size_of(core::options& from, std::string_view key, std::size_t fallback,
                    std::size_t least, std::size_t most) {
  return static_cast<std::size_t>(from.integer(key, static_cast<std::int64_t>(fallback),
                                               static_cast<std::int64_t>(least),
                                               static_cast<std::int64_t>(most)));
}

}  // namespace

connection_limits read_connection_limits(core::options& from) {
  connection_limits limits;
  limits.idle = from.duration("idle", limits.idle, 100ms, 1h);
  limits.head = from.duration("head", limits.head, 100ms, 2min);
  limits.body = from.duration("body", limits.body, 100ms, 10min);
  limits.request = from.duration("request", limits.request, 100ms, 2min);
  limits.write = from.duration("write", limits.write, 100ms, 10min);
  limits.lifetime = from.duration("lifetime", limits.lifetime, 1s, 24h * 7);
  limits.drain = from.duration("drain", limits.drain, 0ms, 30s);
  limits.heartbeat = from.duration("heartbeat", limits.heartbeat, 1s, 2min);
  limits.events = from.duration("events", limits.events, 10s, 24h);
  limits.requests_max = size_of(from, "requests_max", limits.requests_max, 1, 1'000'000'000);
  limits.drain_bytes_max = size_of(from, "drain_bytes_max", limits.drain_bytes_max, 0, 1 << 20);
  message_limits& message = limits.message;
  // A head has to fit into half a read buffer, so that a pipelined one always finds room.
  message.head_bytes_max =
      size_of(from, "head_bytes_max", message.head_bytes_max, 1024, net::read_buffer_bytes / 2);
  message.target_bytes_max =
      size_of(from, "target_bytes_max", message.target_bytes_max, 256, net::read_buffer_bytes / 2);
  message.fields_max = size_of(from, "fields_max", message.fields_max, 8, fields_most);
  return limits;
}

}  // namespace http
