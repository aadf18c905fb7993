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

core::wall_time counts_until(const identity& who, std::chrono::hours revocations_kept) {
  if (!who.issued_at) return who.expires_at;
  return std::min(who.expires_at, *who.issued_at + revocations_kept);
}

void revocations::add(const core::revocation& what, core::wall_time now, std::chrono::hours kept) {
  if (!what.token_id.empty()) {
    tokens_[what.token_id] = now;
  } else if (what.user.empty()) {
    everybody_ = std::max(everybody_, what.before);
  } else {
    of_user& known = users_[what.user];
    known = {std::max(known.before, what.before), now};
  }
  if (size() < look_at_) return;
  forget(core::forgotten_before(now, kept));
  look_at_ = std::max(look_first, 2 * size());
}

void revocations::forget(core::wall_time heard_before) {
  erase_if(users_, [&](const auto& one) { return one.second.heard_at < heard_before; });
  erase_if(tokens_, [&](const auto& one) { return one.second < heard_before; });
}

bool revocations::covers(const identity& who) const {
  if (everybody_ != core::wall_time{} && made_before(who, everybody_)) return true;
  if (!who.token_id.empty() && tokens_.contains(who.token_id)) return true;
  const auto found = users_.find(who.user.text());
  return found != users_.end() && made_before(who, found->second.before);
}

bool revocations::covers_told(const identity& who) const {
  if (who.issued_at) return covers(who);
  return !who.token_id.empty() && tokens_.contains(who.token_id);
}

}  // namespace auth
