// listen_settings: one address to listen on; listening_place: the sockets of one address, one per
// shard.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.hpp"
#include "core/result.hpp"
#include "net/address.hpp"

namespace net {

struct listen_settings {
  std::string
      address;  // as it was written: "127.0.0.1:3002", "[::]:443", "unix:/run/stagedoor.sock"
  std::string unix_path;  // empty for TCP
  ip_address ip;
  unsigned short port = 0;  // 0: the kernel chooses, listening_place::port() tells
  bool tls = false;
  bool proxy_protocol = false;  // every connection begins with a PROXY header, v1 or v2
  unsigned unix_mode = 0660;    // who may connect to the socket file

  // Fails with a sentence about what is wrong.
  static core::result<listen_settings> from(std::string_view text);
};

// The listening sockets of one address. Closes those that nobody took; removes the socket file.
class listening_place {
 public:
  // TCP: a socket per shard with SO_REUSEPORT, so that the kernel spreads connections. Unix: one
  // socket that all shards share. errc::broken with a sentence when the address is taken, forbidden
  // or not ours.
  static core::result<std::unique_ptr<listening_place>> open(const listen_settings& at,
                                                             std::size_t shards);
  ~listening_place();
  listening_place(const listening_place&) = delete;
  listening_place& operator=(const listening_place&) = delete;

  const listen_settings& settings() const { return settings_; }
  unsigned short port() const { return settings_.port; }
  // "127.0.0.1:3002" with the port that was bound.
  std::string text() const;
  // The descriptor for one shard, non-blocking; the caller's from now on. Once per shard.
  int take(std::size_t shard);

 private:
  explicit listening_place(listen_settings at) : settings_(std::move(at)) {}
  core::result<void> open_tcp();
  core::result<void> open_unix(std::size_t shards);

  listen_settings settings_;
  std::vector<int> sockets_;
  std::uint64_t file_ = 0;  // which socket file is ours
};

}  // namespace net
