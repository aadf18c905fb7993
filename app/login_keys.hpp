// login_keys: the keys of logins for the whole server: fetched on the first shard, announced to
// all.
#pragma once

#include <memory>
#include <vector>

#include "app/wiring.hpp"
#include "auth/jwks_cache.hpp"
#include "auth/key_crossing.hpp"

namespace app {

class login_keys {
 public:
  // The shards' sessions ask this object from now on; it must outlive them running.
  login_keys(common_parts& common, std::vector<std::unique_ptr<shard_parts>>& shards);

  // Fetches the keys of these issuers from now on. From any thread, after every shard was told to
  // take the same settings.
  void follow(std::shared_ptr<const auth::session_settings> sessions);
  void start();
  // To be awaited on the first shard, before its client closes.
  core::task<void> stop(core::deadline until);

  // For /readyz; on the admin shard.
  const api::login_report& report() const { return report_; }

 private:
  void publish(const auth::issuer_keys_ptr& keys);
  void tell_admin();

  common_parts& common_;
  std::vector<std::unique_ptr<shard_parts>>& shards_;
  bool others_ = true;        // first shard
  api::login_report report_;  // admin shard
  auth::jwks_cache cache_;    // first shard
  auth::key_crossing crossing_;
};

}  // namespace app
