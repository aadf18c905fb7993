#include "providers/error.hpp"

#include <string>

namespace providers {
namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "providers"; }
  std::string message(int code) const override {
    switch (static_cast<errc>(code)) {
      case errc::rejected:
        return "rejected";
      case errc::unavailable:
        return "unavailable";
      case errc::timed_out:
        return "timed out";
      case errc::room_disabled:
        return "room disabled";
      case errc::room_gone:
        return "room gone";
      case errc::no_webhooks:
        return "no webhooks";
      case errc::forged_webhook:
        return "forged webhook";
      case errc::bad_webhook:
        return "bad webhook";
    }
    return "unknown providers error";
  }
};

}  // namespace

std::error_code make_error_code(errc code) {
  static const category instance;
  return {static_cast<int>(code), instance};
}

}  // namespace providers
