// url_template: a join URL with {placeholders}, taken to pieces once and put together for each
// person.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace providers {

class url_template {
 public:
  enum class slot : std::uint8_t { room, user, user_id, role, token, lang, exp };

  // What the slots are filled with; each value is percent-encoded, except the token, whose alphabet
  // needs none.
  struct values {
    std::string_view room;
    std::string_view user;  // the name that is shown
    std::string_view user_id;
    std::string_view role;
    std::string_view token;
    std::string_view lang;
    std::string_view exp;
  };

  struct problem {
    std::string what;
    std::string hint;
  };
  // https, or http on loopback; placeholders only behind the host, so that no value can choose
  // where a person is sent. Every mistake is added to `found`; nullopt where there is one.
  static std::optional<url_template> from(std::string_view text, std::vector<problem>& found);
  // Whether the text holds the placeholder, be it a good template or not.
  static bool holds(std::string_view text, slot wanted);

  // False where a value would vanish from the path: a browser resolves the segments "." and "..".
  bool fill(std::string& out, const values& with) const;

  const std::string& origin() const { return origin_; }

 private:
  struct piece {
    std::string text;  // literal, before the slot
    std::optional<slot> then;
    bool whole_segment = false;  // the slot is all there is between two slashes of the path
  };

  std::string origin_;
  std::vector<piece> pieces_;
};

}  // namespace providers
