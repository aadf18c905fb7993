// router: which route a path is, from a constant table. No allocation; parameters are views of the
// path.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace http {

// A set of methods.
class methods {
 public:
  constexpr methods() = default;
  constexpr methods(std::initializer_list<method> allowed) {
    for (const method one : allowed) bits_ = static_cast<std::uint16_t>(bits_ | bit(one));
  }
  constexpr bool has(method one) const { return (bits_ & bit(one)) != 0; }
  constexpr methods operator|(methods other) const {
    methods both;
    both.bits_ = static_cast<std::uint16_t>(bits_ | other.bits_);
    return both;
  }
  constexpr bool empty() const { return bits_ == 0; }
  // For the Allow field: "GET, HEAD, OPTIONS".
  std::string text() const;

 private:
  static constexpr unsigned bit(method one) { return 1U << static_cast<unsigned>(one); }
  std::uint16_t bits_ = 0;
};

struct route_entry {
  methods allowed;
  std::string_view pattern;  // "/api/bookings/{roomId}"; a constant
  std::size_t number = 0;    // the service's own
};

constexpr std::size_t path_segments_most = 8;
constexpr std::size_t path_parameters_most = 4;

struct route_found {
  enum class outcome : unsigned char { found, not_found, method_not_allowed };
  outcome what = outcome::not_found;
  std::size_t number = 0;
  methods allowed;                                         // of all routes with this path
  std::array<std::string_view, path_parameters_most> raw;  // as they stand in the path
  std::uint8_t parameters = 0;

  // Decoded, once. nullopt on bad percent-encoding.
  std::optional<std::string> parameter(std::size_t index) const;
};

// The first entry that fits wins, so the busiest route belongs to the top of the table.
class router {
 public:
  // Throws std::logic_error where a pattern cannot be matched by any path.
  explicit router(std::span<const route_entry> table);

  // Empty and dot segments ("/a//b", "/a/../b", also encoded), encoded slashes and control
  // characters, and broken encoding are paths that do not exist.
  route_found match(method verb, std::string_view path) const;

 private:
  struct segment {
    std::string_view text;
    bool is_parameter = false;
  };
  struct row {
    methods allowed;
    std::size_t number = 0;
    std::uint8_t count = 0;
    std::array<segment, path_segments_most> segments;
  };
  std::vector<row> rows_;
};

}  // namespace http
