// token_parts: what tokens and links of every vendor are put together from, without allocating.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/digest.hpp"
#include "core/random.hpp"
#include "core/result.hpp"

namespace providers {

struct admission;

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

using core::short_digest;

// "<prefix>-<core::room_digest>": what a room is called at vendors that take names of ours; and the
// way back, nullopt where the name is none of ours. Letters' case does not matter there.
std::string room_name(std::string_view prefix, const core::room_id& room, std::uint32_t generation);
std::optional<std::string> digest_in_name(std::string_view prefix, std::string_view name);

// A person may hold a link for `lifetime`, and never longer than the room is open: errc::rejected
// where it closes now.
core::result<core::wall_time> link_end(const admission& who, std::chrono::seconds lifetime);

// For a booking whose room was to be remembered, and is not: "no Zoom meeting is remembered …".
tl::unexpected<core::failure> not_remembered(std::string_view what);

// "." and ".." vanish from a path when a browser resolves it, percent-encoded or not (WHATWG
// URL, 4.4).
inline bool is_dot_segment(std::string_view text) { return text == "." || text == ".."; }

}  // namespace providers
