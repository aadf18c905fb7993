// Strong strings: seat_of(user_id, room_id) cannot be called the wrong way round.
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace core {

// `Rule::allows(text)` says which strings are values of this type.
template <class Rule>
class strong_string {
 public:
  strong_string() = default;
  static std::optional<strong_string> from(std::string_view text) {
    if (!Rule::allows(text)) return std::nullopt;
    strong_string made;
    made.text_ = text;
    return made;
  }

  const std::string& text() const { return text_; }
  std::string_view view() const { return text_; }
  bool empty() const { return text_.empty(); }
  friend auto operator<=>(const strong_string&, const strong_string&) = default;

 private:
  std::string text_;
};

struct room_id_rule {  // product: 1-128 characters of A-Z a-z 0-9 . _ ~ : @ -
  static bool allows(std::string_view text);
};
struct user_id_rule {  // 1-255 bytes of UTF-8 without control characters (OpenID Connect allows
                       // 255)
  static bool allows(std::string_view text);
};
struct provider_name_rule {  // 1-64 characters of a-z 0-9 - _ : the name of a [providers.<name>]
                             // table
  static bool allows(std::string_view text);
};

using room_id = strong_string<room_id_rule>;
using user_id = strong_string<user_id_rule>;
using provider_name = strong_string<provider_name_rule>;

// The seat that a person takes in a call. `expert` and `client` are the two sides of a booking.
enum class role : unsigned char { expert, client };
std::string_view name_of(role seat);
std::optional<role> role_from(std::string_view text);

}  // namespace core

template <class Rule>
struct std::hash<core::strong_string<Rule>> {
  std::size_t operator()(const core::strong_string<Rule>& id) const noexcept {
    return std::hash<std::string_view>{}(id.view());
  }
};
