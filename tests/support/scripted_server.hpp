// scripted_server: an HTTP or HTTPS server on loopback that does to its clients whatever a test
// wants.
#pragma once

#include <asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/task.hpp"

namespace tests {

// What the server does with one request.
struct scripted_answer {
  std::vector<std::string> pieces;     // sent as they are, one after the other
  std::chrono::milliseconds pause{0};  // before every piece but the first
  std::optional<core::notice> gate;    // nothing is sent before it is given
  enum class after : unsigned char { keep_open, close, reset } then = after::keep_open;
};
// 200 with Content-Length; the connection stays open.
scripted_answer ok(std::string body, std::string extra_fields = {});
// Bytes as they are, and then the end of the connection.
scripted_answer bytes_then_close(std::string bytes);
scripted_answer bytes_then_reset(std::string bytes);
// Bytes as they are; the connection stays open, so without bytes this is silence.
scripted_answer bytes_only(std::string bytes);

struct server_certificate {
  std::string certificate_pem;  // with its chain
  std::string key_pem;
};

struct scripted_server_settings {
  std::optional<server_certificate> certificate;  // HTTPS
  bool answer_at_head = false;   // does not wait for the request's body, and never reads it
  bool accept_handshake = true;  // false: a TCP connection is accepted and never spoken on
};

// Runs on the test's own io_context. Everything is bounded by the test's deadline; destroying it
// closes all sockets.
class scripted_server {
 public:
  using script = std::function<scripted_answer(const std::string& request)>;

  explicit scripted_server(asio::io_context& on, scripted_server_settings settings = {});
  ~scripted_server();
  scripted_server(const scripted_server&) = delete;
  scripted_server& operator=(const scripted_server&) = delete;

  // Answers to the next requests in order; after that, `otherwise` (at first: 200 "ok").
  scripted_server& reply(scripted_answer next);
  scripted_server& otherwise(script always);

  unsigned short port() const;
  // "http://127.0.0.1:PORT" or "https://localhost:PORT", then the path.
  std::string url(std::string_view path = "/") const;

  std::size_t accepted() const;                      // connections, ever
  std::size_t open() const;                          // connections, now
  std::size_t resumed() const;                       // TLS sessions that were resumed
  std::string last_sni() const;                      // empty where the client named no host
  const std::vector<std::string>& requests() const;  // raw bytes, in order of arrival
  // Ends every connection that waits for a request, as servers do with idle ones.
  void close_idle();
  // Sends bytes that nobody asked for on every connection that waits for a request.
  void speak_unasked(std::string bytes);
  // Waits until `wanted` requests have arrived / connections are open; false at the deadline.
  core::task<bool> saw_requests(std::size_t wanted, core::deadline until);
  core::task<bool> has_open(std::size_t wanted, core::deadline until);

 private:
  struct state;
  struct connection;
  std::shared_ptr<state> state_;
};

// A loopback port on which nobody listens.
unsigned short refused_port();
// Open file descriptors of this process.
std::size_t descriptors_open();

}  // namespace tests
