// workspace: what a connection holds while a request is in flight, and gives back when it is idle.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/exchange.hpp"
#include "http/message.hpp"
#include "http/parser.hpp"
#include "net/buffer_pool.hpp"

namespace http {

// What the parser says of the bytes of a head that are there.
struct head_verdict {
  objection bad;
  bool complete = false;
};

struct workspace {
  net::buffer_pool::lease lease;
  std::unique_ptr<char[]> own;  // instead of the lease, for a request that may stay for an hour
  char* input = nullptr;        // of one of the two
  std::size_t capacity = 0;
  std::size_t used = 0;   // bytes in it
  std::size_t begin = 0;  // where the request that is being read or answered begins

  std::size_t end = 0;           // where it ends, once that is known
  core::steady_time first_byte;  // of that request
  core::wall_time wall;          // then

  request_parser parser;
  std::optional<head_verdict> seen;  // until it is acted upon
  exchange about;
  answer given;
  http::reply reply;
  std::string body;    // where the body is not used in place
  std::string output;  // answers that have not been sent
  std::size_t sent = 0;
  std::size_t reply_bytes = 0;  // of the output: the answer that finished() is owed for
  bool body_in_place = false;

  std::string_view unread() const { return {input + begin, used - begin}; }
  // A large buffer from the pool, with the unread bytes at its start.
  void make_room(net::buffer_pool& from);
  // Moves the unread bytes to memory of just their size and gives the buffer back.
  void settle();
  // As new; strings keep their capacity unless it is extraordinary.
  void clear();
};

}  // namespace http
