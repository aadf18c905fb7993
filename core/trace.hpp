// trace: which distributed trace a request belongs to (W3C Trace Context, level 1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/random.hpp"

namespace core {

// What of a caller's `traceparent` goes on to whom we call. We record no spans of our own, so the
// next hop's parent is a span of a fresh id that stands for the whole request here.
class trace {
 public:
  // nullopt for what section 3.2.2 calls invalid; it is then as if nothing had been sent.
  static std::optional<trace> from(std::string_view traceparent);

  std::string_view id() const { return std::string_view(text_).substr(0, 32); }
  // A field's value for one call of ours.
  std::string traceparent(quick_random& chance) const;

 private:
  explicit trace(std::string text) : text_(std::move(text)) {}
  std::string text_;  // 32 hexadecimal digits of the trace's id, two of its flags
};

}  // namespace core
