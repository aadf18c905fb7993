#include "auth/revocations.hpp"

#include <algorithm>

namespace auth {
namespace {

bool made_before(const identity& who, core::wall_time instant) {
  return !who.issued_at || *who.issued_at < instant;
}

}  // namespace

bool covers(const core::revocation& what, const identity& who) {
  if (!what.token_id.empty()) return who.token_id == what.token_id;
  return (what.user.empty() || who.user.view() == what.user) && made_before(who, what.before);
}

void revocations::add(const core::revocation& what) {
  if (!what.token_id.empty()) {
    tokens_.insert(what.token_id);
  } else if (what.user.empty()) {
    everybody_ = std::max(everybody_, what.before);
  } else {
    core::wall_time& known = users_[what.user];
    known = std::max(known, what.before);
  }
}

bool revocations::covers(const identity& who) const {
  if (everybody_ != core::wall_time{} && made_before(who, everybody_)) return true;
  if (!who.token_id.empty() && tokens_.contains(who.token_id)) return true;
  const auto found = users_.find(who.user.text());
  return found != users_.end() && made_before(who, found->second);
}

}  // namespace auth
