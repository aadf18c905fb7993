#include "http/workspace.hpp"

#include <cstring>

namespace http {
namespace {

// One large answer must not make every spare workspace of the shard large for ever.
constexpr std::size_t kept_bytes_max = 64 * 1024;

void clear_text(std::string& text) {
  if (text.capacity() > kept_bytes_max) text = std::string();
  text.clear();
}

}  // namespace

void workspace::make_room(net::buffer_pool& from) {
  const auto rest = unread();
  if (lease == nullptr) {
    lease = from.take();
    if (!rest.empty()) std::memcpy(lease->data, rest.data(), rest.size());
    own.reset();
  } else if (begin != 0 && !rest.empty()) {
    std::memmove(lease->data, rest.data(), rest.size());
  }
  input = lease->data;
  capacity = sizeof lease->data;
  used = rest.size();
  begin = 0;
}

void workspace::settle() {
  const auto rest = unread();
  auto smaller = std::make_unique<char[]>(rest.size());
  std::memcpy(smaller.get(), rest.data(), rest.size());
  own = std::move(smaller);
  input = own.get();
  capacity = used = rest.size();
  begin = 0;
  lease.reset();
}

void workspace::clear() {
  lease.reset();
  own.reset();
  input = nullptr;
  capacity = used = begin = end = sent = reply_bytes = 0;
  seen.reset();
  about = {};
  given = answered_now{};
  reply.clear();
  clear_text(reply.fields);
  clear_text(reply.body);
  clear_text(body);
  clear_text(output);
}

}  // namespace http
