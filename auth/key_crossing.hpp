// key_crossing: how a shard asks the jwks_cache, which lives on another one.
#pragma once

#include "auth/issuer_keys.hpp"
#include "auth/jwks_cache.hpp"
#include "net/shard.hpp"

namespace auth {

// One for all shards: nothing in it changes.
class key_crossing final : public key_source {
 public:
  // Both must outlive whoever asks.
  key_crossing(net::shard& home, jwks_cache& keys, const core::clock& clock)
      : home_(home), keys_(keys), clock_(clock) {}

  bool worth_asking(const issuer_keys* known, std::string_view kid) const override;
  core::task<core::result<issuer_keys_ptr>> ask(std::string issuer_name, std::string kid,
                                                core::deadline until) override;

 private:
  net::shard& home_;
  jwks_cache& keys_;
  const core::clock& clock_;
};

}  // namespace auth
