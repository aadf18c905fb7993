#include "api/error.hpp"

#include <string>

namespace api {
namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "api"; }
  std::string message(int code) const override {
    switch (static_cast<errc>(code)) {
      case errc::invalid_request:
        return "invalid request";
      case errc::https_required:
        return "https required";
      case errc::internal:
        return "internal";
    }
    return "unknown api error";
  }
};

}  // namespace

std::error_code make_error_code(errc code) {
  static const category instance;
  return {static_cast<int>(code), instance};
}

}  // namespace api
