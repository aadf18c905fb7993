#include "app/login_keys.hpp"

#include <utility>

namespace app {
namespace {

// Sessions that need no keys by URL.
bool has_others(const auth::session_settings& from) {
  return !from.keys.empty() || from.authjs || from.callback || from.introspection || from.headers;
}

}  // namespace

login_keys::login_keys(common_parts& common, std::vector<std::unique_ptr<shard_parts>>& shards)
    : common_(common),
      shards_(shards),
      cache_({common.shards.at(0).executor(), common.clock, common.random, *common.log,
              common.metrics, shards.front()->client,
              [this](auth::issuer_keys_ptr keys) { publish(keys); }}),
      crossing_(common.shards.at(0), cache_, common.clock) {
  for (const auto& one : shards_) one->sessions.meet(crossing_);
  // Until the first shard has said more.
  report_.others = has_others(*common.settings.sessions);
  for (const auto& one : common.settings.sessions->issuers)
    report_.without_keys.push_back(one.name);
}

void login_keys::follow(std::shared_ptr<const auth::session_settings> sessions) {
  common_.shards.at(0).post([this, sessions = std::move(sessions)] {
    others_ = has_others(*sessions);
    cache_.follow(sessions->issuers);
    tell_admin();
    cache_.fetch_due();
  });
}

void login_keys::start() {
  common_.shards.at(0).post([this] { cache_.start(); });
}

core::task<void> login_keys::stop(core::deadline until) {
  cache_.stop();
  co_await cache_.ended(until);
}

void login_keys::publish(const auth::issuer_keys_ptr& keys) {
  for (std::size_t i = 0; i < shards_.size(); ++i)
    common_.shards.at(i).post([this, i, keys] { shards_[i]->sessions.learn(keys); });
  tell_admin();
}

void login_keys::tell_admin() {
  api::login_report now{cache_.without_keys(), others_ || cache_.has_any_keys()};
  common_.admin_shard.post([this, now = std::move(now)]() mutable { report_ = std::move(now); });
}

}  // namespace app
