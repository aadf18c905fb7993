// A request's head for tests: owns its fields and shows them as the server would.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "http/message.hpp"

namespace tests {

class made_head {
 public:
  using field = std::pair<std::string, std::string>;
  made_head(std::initializer_list<field> fields) : texts_(fields) {
    for (const auto& [name, value] : texts_) views_.push_back({name, value});
    head_.fields = views_;
  }
  made_head(const made_head&) = delete;
  made_head& operator=(const made_head&) = delete;
  operator const http::request_head&() const { return head_; }

 private:
  std::vector<field> texts_;
  std::vector<http::field_view> views_;
  http::request_head head_;
};

}  // namespace tests
