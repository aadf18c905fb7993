// connection: the server's side of HTTP/1.1 on one shard. Reads heads, admits, reads bodies,
// handles, writes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/options.hpp"
#include "core/task.hpp"
#include "http/exchange.hpp"
#include "http/framing_guard.hpp"
#include "net/buffer_pool.hpp"
#include "net/shard.hpp"
#include "net/stream.hpp"

namespace http {

// Every phase of a connection has its own time, and everything that a client sends its own size.
struct connection_limits {
  core::milliseconds idle{75'000};    // for the first byte of each request
  core::milliseconds head{10'000};    // from its first byte to the empty line, in total
  core::milliseconds body{30'000};    // in total
  core::milliseconds request{5'000};  // the handler: exchange.deadline
  core::milliseconds write{20'000};   // for the next 64 KiB of an answer to leave
  core::milliseconds lifetime{3'600'000};
  core::milliseconds drain{1'000};       // reading what an unfinished client still sends
  core::milliseconds heartbeat{15'000};  // between the comments of an event stream
  core::milliseconds events{3'600'000};  // one event stream in all
  std::uint64_t requests_max = 1'000'000;
  std::size_t drain_bytes_max = 64 * 1024;
  message_limits message;  // of heads; a body's limit is its route's
};

// The keys of [http]: durations "idle", "head", …; "head_bytes_max", "target_bytes_max",
// "requests_max", ….
connection_limits read_connection_limits(core::options& from);

// What the connections of one shard work with; all of it outlives the server.
struct connection_tools {
  core::executor on;
  net::buffer_pool& buffers;
  const core::clock& time;
  service& answers;
  connection_limits limits;
};

class conversation;
class event_output;
enum class wait_for : unsigned char;
struct workspace;

// All connections of one shard. Lives on that shard; everything is called there.
class server final : private net::turn_work {
 public:
  explicit server(connection_tools with);
  server(net::shard& on, service& answers, const connection_limits& limits);
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  // Serves one connection to its end; the listener runs and owns this task. The server outlives it.
  core::task<void> serve(net::stream_ptr accepted);

  std::size_t count() const { return count_; }  // connections
  std::size_t idle_count() const;               // of these, waiting for a request

  // Idle connections are closed now, the others after the request that they are at; event streams
  // stop waiting.
  void drain();
  bool draining() const { return draining_; }
  void close_idle();
  // Closes all connections, whatever they are at.
  void stop();

 private:
  friend class conversation;
  static core::task<wait_for> run_events(server* self, conversation* talk);
  struct instant {
    core::steady_time steady;
    core::wall_time wall;
  };
  instant now() const { return {with_.time.steady_now(), with_.time.wall_now()}; }
  // When the events of this turn were fetched: one time for all requests that came with them.
  const instant& turn();
  // The time at which an answer counts as written: one for all that leave together.
  instant ended() const { return answered_at_ ? *answered_at_ : now(); }
  // Its bytes have been read: it answers when those of this turn's other connections have been too.
  void arrived(conversation& one);
  // Its answer leaves with those of the others; it goes on when all of them are there.
  void gather(conversation& one) { departing_.push_back(&one); }
  void events_told() override;
  void enter(conversation& one);
  void leave(conversation& one);
  std::unique_ptr<workspace> take_workspace();
  void give_back(std::unique_ptr<workspace> done);
  // "Date: …\r\n", formatted once a second.
  std::string_view date_line(core::wall_time now);

  connection_tools with_;
  conversation* first_ = nullptr;
  std::size_t count_ = 0;
  std::vector<conversation*> arrived_;  // null where it has ended meanwhile
  std::vector<conversation*> departing_;
  instant turn_;
  std::optional<instant> answered_at_;  // while it is noted what leaves
  bool draining_ = false;
  std::int64_t date_second_ = -1;
  std::string date_line_;
  std::vector<std::unique_ptr<workspace>> spare_;
  std::set<event_output*> streams_;
};

}  // namespace http
