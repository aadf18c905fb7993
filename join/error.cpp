#include "join/error.hpp"

#include <string>

namespace join {
namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "join"; }
  std::string message(int code) const override {
    switch (static_cast<errc>(code)) {
      case errc::rate_limited:
        return "rate limited";
      case errc::overloaded:
        return "overloaded";
      case errc::provider_missing:
        return "provider missing";
    }
    return "unknown join error";
  }
};

}  // namespace

std::error_code make_error_code(errc code) {
  static const category instance;
  return {static_cast<int>(code), instance};
}

}  // namespace join
