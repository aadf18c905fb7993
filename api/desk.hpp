// desk: what the handlers of one front share: its parts, how a failure is answered, the numbers
// that are counted.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/audit.hpp"
#include "api/front.hpp"
#include "api/problem.hpp"
#include "api/routes.hpp"

namespace api {

// Times as text, each second of them formatted once: most answers of a second say the same three
// times.
class time_texts {
 public:
  // Valid until the next call.
  std::string_view of(core::wall_time at);

 private:
  struct slot {
    std::int64_t second = -1;
    std::string text;
  };
  std::array<slot, 64> slots_;
};

class desk {
 public:
  explicit desk(const front_parts& with);

  const front_parts parts;
  const api::settings& settings;
  const audit_record audit;

  // Answers with the problem, notes its code, and logs it where it is ours.
  void refuse(http::exchange& about, http::reply& out, const core::failure& why) const;
  std::string problem_json(const http::exchange& about, const core::failure& why) const;
  void log_failure(const http::exchange& about, const core::failure& why) const;

  // Runs a handler's coroutine, or refuses where too many requests wait already. What the coroutine
  // lets escape is answered with 500, cancellation apart.
  http::answer later(http::exchange& about, http::reply& out, core::task<void> work);
  void surprise(http::exchange& about, http::reply& out, std::size_t fields_kept,
                std::string_view what) const;

  // Who asks, counted against the user's bucket. A failure is to be answered as it is.
  // auth::errc::must_wait: caller_later() will know.
  core::result<auth::identity_ptr> caller(const http::exchange& about, http::reply& out);
  core::task<core::result<auth::identity_ptr>> caller_later(const http::exchange* about,
                                                            http::reply* out, core::deadline until);
  // Its two halves.
  core::result<auth::identity_ptr> verified(const http::exchange& about);
  // The first half for who may wait, and for who has waited: a session may have been revoked since.
  core::task<core::result<auth::identity_ptr>> verified_later(const http::exchange* about,
                                                              core::deadline until);
  core::result<void> count_user(const auth::identity& who, const http::exchange& about,
                                http::reply& out);
  // Takes from a bucket; where it is empty, the reply shows that limit.
  core::result<void> count(ratelimit::policy which, std::string_view key,
                           const http::exchange& about, http::reply& out);

  // Whether the request came through a proxy that is trusted to say who the caller is.
  bool from_proxy(const http::exchange& about) const;
  core::deadline join_deadline() const;
  time_texts times;
};

// Whether an Accept field names this media type and does not refuse it with a weight of 0.
// Wildcards do not count.
bool accepts(std::string_view value, std::string_view media_type);

// The value of `name` in a header that is a list of tokens with parameters: "prefetch;prerender"
// has prefetch.
bool lists_token(std::string_view value, std::string_view token);

}  // namespace api
