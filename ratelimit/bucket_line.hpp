// bucket_line: eight token buckets in one cache line, taken from by any thread without a lock.
//
// A bucket is one word: which key it is for (a 24-bit tag of the key's hash), and the tick at which
// it will be full again; that instant is all that a token bucket needs to remember (GCRA). A word
// whose instant has passed is a full bucket, the same as none, so its place is free. What a key
// owes is `full_at - now`.
//
// A key comes in by claim: its word is put into a free place with the claim bit set, then the line
// is searched for another word of the same key, and only when there is none does the claim become a
// bucket. Whoever meets a claim of his own key settles it the same way. Two threads that bring the
// same key at the same time see each other's claims, because each writes before it searches: a word
// that has been settled stays, of two claims the left one does.
//
// When eight keys owe something, a ninth takes over the place of the one that owes least, and what
// it owes: so a key that was pushed out never comes back with more tokens than it had left, and a
// line grants no more than eight keys could. Refused requests write nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "ratelimit/pace.hpp"

namespace ratelimit {

class alignas(64) bucket_line {
 public:
  using word = std::uint64_t;  // tag, claim bit, full_at
  static constexpr std::size_t places = 8;
  static constexpr unsigned tag_bits = 24;

  struct outcome {
    bool allowed = false;
    bool took_over = false;  // the place and the debt of another key
    std::uint64_t owed =
        0;  // ticks until the bucket is full, this token included where it was given
  };

  // `tag` is not 0 and fits tag_bits.
  outcome take(word tag, std::uint64_t now, const pace& with) {
    // Nearly always the key has a bucket here and no other thread is at it.
    for (std::size_t at = 0; at < places; ++at) {
      word bucket = at_place(at).load(std::memory_order_acquire);
      if (tag_of(bucket) != tag) continue;
      const std::uint64_t owed = owed_by(bucket, now, with) + with.token_ticks();
      if (is_claim(bucket)) break;
      if (owed > with.full_ticks()) return {false, false, owed - with.token_ticks()};
      if (!at_place(at).compare_exchange_strong(bucket, word_of(tag, now + owed))) break;
      return {true, false, owed};
    }
    return take_slowly(tag, now, with);
  }

  // Places whose keys owe something.
  std::size_t in_use(std::uint64_t now, const pace& with) const {
    std::size_t count = 0;
    for (const word& one : words_)
      count += owed_by(std::atomic_ref(const_cast<word&>(one)).load(std::memory_order_relaxed), now,
                       with) > 0;
    return count;
  }

 private:
  static constexpr word time_mask = (word{1} << pace::time_bits) - 1;
  static constexpr word claim_bit = word{1} << pace::time_bits;
  static constexpr unsigned tag_shift = pace::time_bits + 1;
  static_assert(tag_shift + tag_bits == 64);

  static word tag_of(word bucket) { return bucket >> tag_shift; }
  static bool is_claim(word bucket) { return (bucket & claim_bit) != 0; }
  static word word_of(word tag, word full_at) { return tag << tag_shift | (full_at & time_mask); }
  // The debt stays in the line, for whoever comes next; the key does not. No key has tag 0.
  static word without_key(word bucket) { return bucket & time_mask; }

  static std::uint64_t owed_by(word bucket, std::uint64_t now, const pace& with) {
    const std::uint64_t owed = (bucket - now) & time_mask;
    // Fresh memory must stay free when the ticks come round to zero.
    return owed <= with.owed_max() && bucket != 0 ? owed : 0;
  }

  // The words are plain integers because the table is fresh memory of the kernel that nobody has
  // constructed.
  std::atomic_ref<word> at_place(std::size_t at) { return std::atomic_ref(words_[at]); }

  // The whole story: until a place is found or made, and nobody else interfered.
  [[gnu::noinline]] outcome take_slowly(word tag, std::uint64_t now, const pace& with) {
    for (;;) {
      std::size_t at = 0;
      word found = 0;
      while (at < places && tag_of(found = at_place(at).load(std::memory_order_acquire)) != tag)
        ++at;
      std::optional<outcome> done;
      if (at == places)
        done = bring(tag, now, with);
      else if (is_claim(found))
        done = settle(at, found, now, with);
      else
        done = charge(at, found, now, with);
      if (done) return *done;
    }
  }

  // Nothing where another thread was faster and the line has to be looked at again.
  std::optional<outcome> charge(std::size_t at, word bucket, std::uint64_t now, const pace& with) {
    const std::uint64_t owed = owed_by(bucket, now, with) + with.token_ticks();
    if (owed > with.full_ticks()) return outcome{false, false, owed - with.token_ticks()};
    if (!at_place(at).compare_exchange_strong(bucket, word_of(tag_of(bucket), now + owed)))
      return {};
    return outcome{true, false, owed};
  }

  std::optional<outcome> bring(word tag, std::uint64_t now, const pace& with) {
    std::size_t at = 0;
    word least = 0;
    std::uint64_t least_owed = ~std::uint64_t{0};
    for (std::size_t i = 0; i < places && least_owed > 0; ++i) {
      const word one = at_place(i).load(std::memory_order_acquire);
      // Another thread settled our key behind the back of the first search.
      if (tag_of(one) == tag) return {};
      const std::uint64_t owed = owed_by(one, now, with);
      if (owed >= least_owed) continue;
      at = i;
      least = one;
      least_owed = owed;
    }
    if (least_owed + with.token_ticks() > with.full_ticks())
      return outcome{false, false, least_owed};
    const word claim = word_of(tag, now + least_owed) | claim_bit;
    if (!at_place(at).compare_exchange_strong(least, claim)) return {};
    auto done = settle(at, claim, now, with);
    if (done) done->took_over = least_owed > 0;
    return done;
  }

  std::optional<outcome> settle(std::size_t at, word claim, std::uint64_t now, const pace& with) {
    for (std::size_t i = 0; i < places; ++i) {
      word other = at_place(i).load();
      if (i == at || tag_of(other) != tag_of(claim)) continue;
      // Two claims: the left one stays. A claim and a bucket: the bucket stays.
      if (is_claim(other) && at < i)
        at_place(i).compare_exchange_strong(other, without_key(other));
      else
        at_place(at).compare_exchange_strong(claim, without_key(claim));
      return {};
    }
    return charge(at, claim, now, with);
  }

  std::array<word, places> words_;
};
static_assert(sizeof(bucket_line) == 64);

}  // namespace ratelimit
