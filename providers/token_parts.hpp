// token_parts: what tokens and links of every vendor are put together from, without allocating.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/random.hpp"

namespace providers {

// Asks its source for many bytes at once: one call of the system's generator serves 32 token ids.
class buffered_random final : public core::random_source {
 public:
  explicit buffered_random(core::random_source& from) : from_(from) {}
  void fill(std::span<unsigned char> bytes) override;

 private:
  core::random_source& from_;
  std::array<unsigned char, 512> held_{};
  std::size_t left_ = 0;
};

void append_number(std::string& out, std::int64_t number);

// The first `bytes` bytes of SHA-256, in lower-case hex.
std::string short_digest(std::string_view text, std::size_t bytes);

// A person may hold a link for `lifetime`, and never longer than the room is open.
core::wall_time link_end(core::wall_time now, core::wall_time closes_at,
                         std::chrono::seconds lifetime);

// "." and ".." vanish from a path when a browser resolves it, percent-encoded or not (WHATWG
// URL, 4.4).
inline bool is_dot_segment(std::string_view text) { return text == "." || text == ".."; }

}  // namespace providers
