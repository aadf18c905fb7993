// front: the public HTTP face of one shard: limits, routes, dispatch, common headers, access log,
// metrics.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/settings.hpp"
#include "auth/service_keys.hpp"
#include "auth/verifier.hpp"
#include "core/clock.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"
#include "core/random.hpp"
#include "http/client.hpp"
#include "http/exchange.hpp"
#include "join/gate.hpp"
#include "join/join_service.hpp"
#include "join/neighbours.hpp"
#include "join/provisioner.hpp"
#include "join/tickets.hpp"
#include "rooms/store.hpp"

namespace api {

// What a front works with on its shard; all of it outlives the front.
struct front_parts {
  core::executor on;
  const core::clock& clock;
  core::random_source& random;
  core::logger& log;
  core::metrics_page& metrics;
  join::gate& gate;
  auth::verifier& sessions;
  const auth::service_keys& service_keys;
  join::join_service& joins;
  join::provisioner& provisioner;
  join::neighbours& shards;
  providers::registry& providers;
  http::client& client;
  rooms::store& store;
  rooms::window_settings windows;
  std::shared_ptr<const api::settings> settings;
  const join::tickets& doors;
  core::logger* audit = nullptr;  // one line per decision; nullptr: none
};

class front final : public http::service {
 public:
  explicit front(const front_parts& parts);
  ~front() override;

  std::optional<http::body_plan> admit(http::exchange& about, http::reply& out) override;
  http::answer handle(http::exchange& about, http::reply& out) override;
  void refuse(http::exchange& about, core::failure why, http::reply& out) override;
  void finished(const http::exchange& about, int status, std::size_t bytes_sent) override;

  // A booking has changed: event streams that wait for its room look again. Called on this shard.
  void booking_changed(const core::room_id& room);

  // Sessions were revoked: event streams that wait verify theirs again. Called on this shard.
  void sessions_changed();
  // Anything may have changed: whoever waits or talks is looked at again. Called on this shard.
  void everything_changed();

  // The fronts of all shards by their index, before any of them serves: they share the built-in
  // rooms.
  static void meet(const std::vector<front*>& all);

  struct state;  // defined in front_state.hpp

 private:
  std::unique_ptr<state> state_;
};

// Logins whose keys have never been fetched, or have become too old to trust.
struct login_report {
  std::vector<std::string> without_keys;
  bool others = true;  // sessions of somebody else can be verified
};

// What the admin listener shows. Nothing here is counted or limited: it listens where only
// operators are.
struct admin_parts {
  core::executor on;
  const core::clock& clock;
  core::metrics_page& metrics;
  rooms::store& store;
  rooms::window_settings windows;
  std::function<bool()> draining;  // true from SIGTERM on
  std::function<login_report()> logins;
  std::function<bool()> hears_news = {};  // of what other processes write to the store
  std::string docs_url = "https://github.com/stagedoor/stagedoor/blob/main/docs/api.md#";
};

// /livez, /readyz, /metrics, /admin/explain?user=&role=&room=&at=
class admin_front final : public http::service {
 public:
  explicit admin_front(admin_parts parts);
  ~admin_front() override;

  std::optional<http::body_plan> admit(http::exchange& about, http::reply& out) override;
  http::answer handle(http::exchange& about, http::reply& out) override;
  void refuse(http::exchange& about, core::failure why, http::reply& out) override;
  void finished(const http::exchange& about, int status, std::size_t bytes_sent) override;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace api
