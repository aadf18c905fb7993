#include "auth/error.hpp"

#include <string>

namespace auth {
namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "auth"; }
  std::string message(int code) const override {
    switch (static_cast<errc>(code)) {
      case errc::unauthenticated:
        return "unauthenticated";
      case errc::session_expired:
        return "session expired";
      case errc::bad_service_key:
        return "bad service key";
      case errc::must_wait:
        return "must wait";
      case errc::login_unavailable:
        return "login unavailable";
    }
    return "unknown auth error";
  }
};

}  // namespace

std::error_code make_error_code(errc code) {
  static const category instance;
  return {static_cast<int>(code), instance};
}

}  // namespace auth
