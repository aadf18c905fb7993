// xml_answer: small, flat XML from a vendor, read with expat behind bounds: no document type, no
// entities of its own, no depth and no size that an answer to our questions does not have.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"

namespace providers {

struct xml_limits {
  std::size_t bytes_max = 64 * 1024;
  std::size_t depth_max = 8;
  std::size_t elements_max = 2'000;
  std::size_t text_bytes_max = 4 * 1024;  // of one element
};

// The texts of the root's own elements; what lies deeper is checked and left out.
struct xml_answer {
  std::string root;
  std::vector<std::pair<std::string, std::string>> members;

  // The first of that name, trimmed of white space; empty where there is none.
  std::string_view find(std::string_view name) const;
};

// errc::rejected for whatever is no well-formed document within the limits.
core::result<xml_answer> read_xml(std::string_view text, const xml_limits& limits = {});

}  // namespace providers
