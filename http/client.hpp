// client: sends a request, gives the whole answer. Providers and fetchers know only this interface.
#pragma once

#include "core/result.hpp"
#include "core/task.hpp"
#include "http/message.hpp"

namespace http {

class client {
 public:
  virtual ~client() = default;
  // Fails with net::errc (connect, timeout, closed, TLS) or http::errc (bad_url, bad_response,
  // response_too_large). Any status is a success here; redirects are not followed.
  virtual core::task<core::result<response>> send(request what, core::deadline until) = 0;
};

}  // namespace http
