// revocations: which sessions of those that verify do not count any more. Belongs to one shard.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <string>

#include "auth/identity.hpp"
#include "core/revocation.hpp"

namespace auth {

// Asked when a session is verified afresh; what is remembered of verified ones is thrown out when
// one of these is added.
class revocations {
 public:
  // `now` is when it was heard of. Those that were heard of more than `kept` ago are forgotten, now
  // and then: at any time there are at most twice as many as count, or a thousand.
  void add(const core::revocation& what, core::wall_time now, std::chrono::hours kept);
  bool covers(const identity& who) const;
  // The same of a session that another server has told of. What it says of neither its age nor its
  // id is for that server to take back.
  bool covers_told(const identity& who) const;
  std::size_t size() const { return users_.size() + tokens_.size(); }

 private:
  struct of_user {
    core::wall_time before;  // made before: out
    core::wall_time heard_at;
  };
  static constexpr std::size_t look_first = 1'000;
  void forget(core::wall_time heard_before);

  boost::unordered_flat_map<std::string, of_user> users_;
  boost::unordered_flat_map<std::string, core::wall_time> tokens_;  // heard at
  core::wall_time everybody_{};
  std::size_t look_at_ = look_first;  // so many, and old ones are looked for
};

// Whether that one alone covers them. A session that does not say when it was made is older than
// any revocation of its user.
bool covers(const core::revocation& what, const identity& who);

// When a session stops to count: at its end, or where that comes first when revocations from before
// it was made begin to be forgotten. Nobody knows then whether it was revoked.
core::wall_time counts_until(const identity& who, std::chrono::hours revocations_kept);

}  // namespace auth
