#include "rooms/error.hpp"

#include <string>

namespace rooms {
namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "rooms"; }
  std::string message(int code) const override {
    switch (static_cast<errc>(code)) {
      case errc::room_not_found:
        return "room not found";
      case errc::wrong_role:
        return "wrong role";
      case errc::not_assigned:
        return "not assigned";
      case errc::too_early:
        return "too early";
      case errc::room_ended:
        return "room ended";
      case errc::room_cancelled:
        return "room cancelled";
      case errc::invalid_booking:
        return "invalid booking";
      case errc::store_unavailable:
        return "store unavailable";
      case errc::bad_cursor:
        return "bad cursor";
    }
    return "unknown rooms error";
  }
};

}  // namespace

std::error_code make_error_code(errc code) {
  static const category instance;
  return {static_cast<int>(code), instance};
}

}  // namespace rooms
