#include "http/error.hpp"

#include <string>

namespace http {
namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "http"; }
  std::string message(int code) const override {
    switch (static_cast<errc>(code)) {
      case errc::bad_request:
        return "bad request";
      case errc::body_too_large:
        return "body too large";
      case errc::uri_too_long:
        return "uri too long";
      case errc::headers_too_large:
        return "headers too large";
      case errc::not_implemented:
        return "not implemented";
      case errc::version_not_supported:
        return "version not supported";
      case errc::expectation_failed:
        return "expectation failed";
      case errc::request_timeout:
        return "request timeout";
      case errc::not_found:
        return "not found";
      case errc::method_not_allowed:
        return "method not allowed";
      case errc::unsupported_media_type:
        return "unsupported media type";
      case errc::bad_url:
        return "bad url";
      case errc::bad_response:
        return "bad response";
      case errc::response_too_large:
        return "response too large";
    }
    return "unknown http error";
  }
};

}  // namespace

std::error_code make_error_code(errc code) {
  static const category instance;
  return {static_cast<int>(code), instance};
}

}  // namespace http
