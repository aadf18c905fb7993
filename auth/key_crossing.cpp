#include "auth/key_crossing.hpp"

#include <utility>

#include "auth/error.hpp"

namespace auth {
namespace {

using answer = core::result<issuer_keys_ptr>;

struct meeting {
  explicit meeting(core::executor on) : ready(on) {}
  core::notice ready;
  answer said = core::fail(errc::login_unavailable, "the keys' shard has stopped");
};

// On the keys' shard. The notice, and the last reference to it, belong to the one that asked.
core::task<void> find_for(jwks_cache* keys, std::string issuer, std::string kid,
                          core::deadline until, core::executor home, std::shared_ptr<meeting> met) {
  met->said = co_await keys->find(std::move(issuer), std::move(kid), until);
  asio::post(home, [met = std::move(met)] { met->ready.give(); });
}

}  // namespace

bool key_crossing::worth_asking(const issuer_keys* known, std::string_view kid) const {
  if (!known || known->keys.empty()) return true;
  const core::steady_time now = clock_.steady_now();
  return now >= known->ask_again_at && !known->misses(kid, now);
}

core::task<answer> key_crossing::ask(std::string issuer_name, std::string kid,
                                     core::deadline until) {
  const core::executor here = co_await core::this_executor();
  auto met = std::make_shared<meeting>(here);
  home_.post([this, issuer = std::move(issuer_name), kid = std::move(kid), until, here, met] {
    keys_.spawn(find_for(&keys_, issuer, kid, until, here, met));
  });
  const bool there = co_await met->ready.wait(until);
  if (!there) co_return core::fail(errc::login_unavailable, "waited for the login's keys");
  co_return std::move(met->said);
}

}  // namespace auth
