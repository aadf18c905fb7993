#include "api/request_ids.hpp"

#include <algorithm>
#include <cstring>

#include "core/byte_blocks.hpp"
#include "core/byte_set.hpp"
#include "core/encoding.hpp"

namespace api {
namespace {

constexpr core::byte_set sane = core::ascii::letters_and_digits | core::byte_set("._-");

bool is_sane(std::string_view text) {
  return !text.empty() && text.size() <= 64 && sane.covers(text);
}

// Empty where there is none, or two: which of them the caller means is anybody's guess.
std::string_view callers_own(const http::request_head& head) {
  constexpr auto field = http::known_field::x_request_id;
  if (!head.fields.has(field) || head.fields.repeats(field)) return {};
  const std::string_view found = head.find(field);
  return is_sane(found) ? found : std::string_view{};
}

// 130 random bits in Crockford's base 32: no letters that are taken for digits, and safe to read
// out over a telephone.
constexpr std::size_t id_size = 26;

constexpr unsigned char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

// Of sixteen numbers below 32: those below 16 from the one half of the digits, the others from the
// other.
core::sixteen_bytes digits_of(core::sixteen_bytes numbers) {
  const auto upper = core::sixteen_bytes(numbers > 15) & 0x80;
  return core::look_up(digits, numbers | upper) |
         core::look_up(digits + 16, numbers | (upper ^ 0x80));
}

}  // namespace

void request_ids::choose(http::exchange& about) {
  if (about.request_id_size != 0) return;
  const std::string_view given = about.head ? callers_own(*about.head) : std::string_view{};
  if (!given.empty()) {
    std::memcpy(about.request_id_text.data(), given.data(), given.size());
    about.request_id_size = static_cast<std::uint8_t>(given.size());
    return;
  }
  for (std::size_t i = 0; i < id_size; i += sizeof(core::sixteen_bytes)) {
    const std::uint64_t chance[] = {chance_.next(), chance_.next()};
    core::sixteen_bytes block;
    std::memcpy(&block, chance, sizeof block);
    block = digits_of(block & 31);
    std::memcpy(about.request_id_text.data() + i, &block, sizeof block);
  }
  about.request_id_size = id_size;
}

}  // namespace api
