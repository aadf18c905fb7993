// webhooks: POST /webhooks/{provider}: what a vendor reports of a call, proved by its adapter and
// kept with the booking.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/desk.hpp"

namespace api {

// Bodies of all vendors that are read are smaller by far.
constexpr std::size_t webhook_body_max = 64 * 1024;

// The ids of reports that were kept lately, oldest forgotten first. It only spares the store: what
// comes twice and is not remembered here changes nothing there.
class seen_reports {
 public:
  explicit seen_reports(std::size_t most) : most_(most) {}
  bool has(std::string_view provider, std::string_view id) const;
  void add(std::string_view provider, std::string_view id);

 private:
  static std::uint64_t hash_of(std::string_view provider, std::string_view id);

  std::size_t most_;
  boost::unordered_flat_set<std::uint64_t> known_;
  std::deque<std::uint64_t> by_age_;
};

class webhooks {
 public:
  explicit webhooks(desk& at) : desk_(at) {}

  // `name` is that of a configured provider, from the path.
  http::answer handle(http::exchange& about, http::reply& out, const std::string& name);

 private:
  void count(const core::provider_name& from, std::string_view outcome);
  void warn(const core::provider_name& from, const core::failure& why, const http::exchange& about);
  core::task<void> keep(http::exchange* about, http::reply* out, core::provider_name from,
                        std::vector<providers::room_event> events);
  core::task<core::result<void>> keep_one(http::exchange* about, core::provider_name from,
                                          providers::room_event event);

  desk& desk_;
  seen_reports seen_{8'192};
  std::map<core::provider_name, core::steady_time> quiet_until_;  // of warnings
};

}  // namespace api
