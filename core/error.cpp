#include "core/error.hpp"

#include <string>

namespace core {
namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "core"; }
  std::string message(int code) const override {
    switch (static_cast<errc>(code)) {
      case errc::timed_out:
        return "the deadline passed";
      case errc::cancelled:
        return "cancelled by shutdown";
      case errc::queue_full:
        return "a bounded queue is full";
      case errc::bad_json:
        return "not well-formed JSON within limits";
      case errc::bad_encoding:
        return "bad encoding";
      case errc::bad_time:
        return "not an RFC 3339 time";
      case errc::bad_id:
        return "not a valid identifier";
      case errc::internal:
        return "internal error";
    }
    return "unknown core error";
  }
};

}  // namespace

std::error_code make_error_code(errc code) {
  static const category instance;
  return {static_cast<int>(code), instance};
}

}  // namespace core
