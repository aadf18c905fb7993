#include "net/error.hpp"

#include <string>

namespace net {
namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "net"; }
  std::string message(int code) const override {
    switch (static_cast<errc>(code)) {
      case errc::timed_out:
        return "timed out";
      case errc::closed:
        return "closed";
      case errc::connect_failed:
        return "connect failed";
      case errc::name_not_found:
        return "name not found";
      case errc::tls_failed:
        return "tls failed";
      case errc::broken:
        return "broken";
      case errc::cancelled:
        return "cancelled";
    }
    return "unknown net error";
  }
};

}  // namespace

std::error_code make_error_code(errc code) {
  static const category instance;
  return {static_cast<int>(code), instance};
}

}  // namespace net
