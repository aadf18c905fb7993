#include "jose/error.hpp"

#include <string>

namespace jose {
namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "jose"; }
  std::string message(int code) const override {
    switch (static_cast<errc>(code)) {
      case errc::malformed:
        return "malformed";
      case errc::unsupported:
        return "unsupported";
      case errc::unknown_key:
        return "unknown key";
      case errc::bad_signature:
        return "bad signature";
      case errc::expired:
        return "expired";
      case errc::not_yet_valid:
        return "not yet valid";
      case errc::bad_claims:
        return "bad claims";
      case errc::weak_key:
        return "weak key";
      case errc::bad_key:
        return "bad key";
    }
    return "unknown jose error";
  }
};

}  // namespace

std::error_code make_error_code(errc code) {
  static const category instance;
  return {static_cast<int>(code), instance};
}

}  // namespace jose
