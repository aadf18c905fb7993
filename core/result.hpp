// result<T>: a value or a failure. Errors that a caller is expected to meet travel as values.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace core {

// A member of the problem document that tells the caller more: {"parameter", "roomId"}.
struct fact {
  std::string name;
  std::string value;
};

// Why something did not work. `detail` is for the operator's log and never leaves the server; what
// the caller may read is the table in api/problem.cpp, `facts` and `retry_after`.
struct failure {
  std::error_code code;
  std::string detail;
  std::vector<fact> facts;
  std::optional<std::chrono::seconds> retry_after;

  failure() = default;
  explicit failure(std::error_code why, std::string more = {})
      : code(why), detail(std::move(more)) {}

  failure&& with(std::string name, std::string value) && {
    facts.push_back({std::move(name), std::move(value)});
    return std::move(*this);
  }
  failure&& retry_in(std::chrono::seconds wait) && {
    retry_after = wait;
    return std::move(*this);
  }
};

template <class T>
using result = tl::expected<T, failure>;

// fail(errc::x, "why") converts to any result<T>. `Code` is an enum registered as an error code.
template <class Code>
[[nodiscard]] tl::unexpected<failure> fail(Code code, std::string detail = {}) {
  return tl::unexpected<failure>(failure(make_error_code(code), std::move(detail)));
}
[[nodiscard]] inline tl::unexpected<failure> fail(failure why) {
  return tl::unexpected<failure>(std::move(why));
}

// Passes a failed result on as one of another type.
template <class T>
[[nodiscard]] tl::unexpected<failure> same_failure(result<T>& failed) {
  return tl::unexpected<failure>(std::move(failed.error()));
}
template <class T>
[[nodiscard]] tl::unexpected<failure> same_failure(const result<T>& failed) {
  return tl::unexpected<failure>(failed.error());
}

}  // namespace core
