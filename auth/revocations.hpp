// revocations: which sessions of those that verify do not count any more. Belongs to one shard.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <string>

#include "auth/identity.hpp"
#include "core/revocation.hpp"

namespace auth {

// Asked when a session is verified afresh; what is remembered of verified ones is thrown out when
// one of these is added.
class revocations {
 public:
  void add(const core::revocation& what);
  bool covers(const identity& who) const;
  std::size_t size() const { return users_.size() + tokens_.size(); }

 private:
  boost::unordered_flat_map<std::string, core::wall_time> users_;  // made before: out
  boost::unordered_flat_set<std::string> tokens_;
  core::wall_time everybody_{};
};

// Whether that one alone covers them. A session that does not say when it was made is older than
// any revocation of its user.
bool covers(const core::revocation& what, const identity& who);

}  // namespace auth
