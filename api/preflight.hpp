// preflight: what the test page asks the server to find out whether a call would work: how the
// server sees the caller, and whether a video service's page can be framed. Nobody needs a session
// for it, and it tells nothing that a join or a page's header would not.
#pragma once

#include <map>

#include "api/desk.hpp"
#include "api/framing.hpp"

namespace api {

class preflight {
 public:
  explicit preflight(desk& at) : desk_(at) {}

  // GET /api/preflight
  http::answer facts(const http::exchange& about, http::reply& out) const;
  // GET /api/preflight/framing?provider=…: asks the provider's front page, at most once a minute.
  http::answer framing_of_provider(http::exchange& about, http::reply& out);

 private:
  struct known {
    framing said;
    core::steady_time until;
    std::optional<core::notice> asking;  // given when the one who asks has an answer
  };
  core::task<void> ask(http::reply* out, core::provider_name name, std::string origin);
  core::task<framing> fetch(std::string origin);
  void write(http::reply& out, const core::provider_name& name, const std::string& origin,
             const framing& said) const;

  desk& desk_;
  std::map<core::provider_name, known> known_;
};

}  // namespace api
