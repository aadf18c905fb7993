// issuer_keys: what is known of a login's keys, as a snapshot that shards share; key_source: who
// gets newer ones.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/session_settings.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "core/task.hpp"
#include "jose/keys.hpp"

namespace auth {

// Immutable. Each shard makes copies of the keys for itself.
struct issuer_keys {
  key_origin origin;          // whose they are
  jose::key_set keys;         // none before the first fetch, nor when they have become too old
  std::uint64_t edition = 0;  // a higher one where the keys are others; no two issuers share one
  // A kid that is not among them is worth a fetch only from here on.
  core::steady_time ask_again_at{};
  // Kids that the issuer was asked for and did not have.
  struct absence {
    std::string kid;
    core::steady_time until;
  };
  std::vector<absence> absent;

  bool misses(std::string_view kid, core::steady_time now) const {
    for (const absence& one : absent)
      if (one.kid == kid && now < one.until) return true;
    return false;
  }
};
using issuer_keys_ptr = std::shared_ptr<const issuer_keys>;

// Of one shard. The fetching happens elsewhere, once for the process.
class key_source {
 public:
  virtual ~key_source() = default;
  // Whether asking for this kid could bring anything now. Never waits.
  virtual bool worth_asking(const issuer_keys* known, std::string_view kid) const = 0;
  // The newest keys of that login; a fetch happens where the kid is missing and one is due. Fails
  // with errc::login_unavailable where whether it has that kid cannot be told.
  virtual core::task<core::result<issuer_keys_ptr>> ask(std::string issuer_name, std::string kid,
                                                        core::deadline until) = 0;
};

}  // namespace auth
