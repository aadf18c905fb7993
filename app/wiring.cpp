#include "app/wiring.hpp"

#include <functional>
#include <stdexcept>

#include "app/demo.hpp"
#include "core/time_text.hpp"

namespace app {
namespace {

std::shared_ptr<net::trusted_roots> roots_of(const config& settings) {
  auto read = net::trusted_roots::from(settings.client.ca_file);
  if (!read) throw std::runtime_error("http_client.ca_file: " + read.error().detail);
  return std::move(*read);
}

std::unique_ptr<net::tls_client> make_tls_client(const common_parts& common) {
  auto made = net::tls_client::create({common.roots}, common.clock);
  if (!made) throw std::runtime_error(made.error().detail);
  return std::move(*made);
}

api::demo_person person(std::string_view user, core::role seat, std::string name) {
  return {*core::user_id::from(user), seat, std::move(name)};
}

std::shared_ptr<const api::demo_settings> demo_settings_of(const config& settings) {
  if (!settings.demo) return nullptr;
  auto out = std::make_shared<api::demo_settings>();
  out->cookie = settings.sessions->cookies.front();
  for (const auto& one : demo_bookings(core::system_clock().wall_now())) {
    api::demo_room room{
        one.room, std::string(demo_sentence(one.room)), one.starts_at, one.ends_at, {}};
    for (const auto& who : one.participants)
      room.people.push_back(person(who.user.view(), who.seat, who.user.text()));
    out->rooms.push_back(std::move(room));
  }
  out->sign_in = [sessions = settings.sessions](const api::demo_person& who) {
    core::system_random random;
    auth::session_wish wish;
    wish.user = who.user;
    wish.role = who.seat;
    wish.name = who.name;
    return auth::mint_session(*sessions, wish, core::system_clock().wall_now(),
                              core::new_nonce(random, 16));
  };
  return out;
}

std::shared_ptr<const api::settings> face_of(const config& from) {
  auto out = std::make_shared<api::settings>();
  out->public_url = from.public_url;
  out->version = STAGEDOOR_VERSION;
  out->default_provider = from.default_provider;
  out->proxies = from.proxies;
  out->access_log = from.log.access;
  out->cors_origins = from.cors_origins;
  out->join_timeout = from.join_timeout;
  // What is left of a stream's life is for saying how the waiting ended.
  out->stream_wait_max = from.connections.events * 5 / 6;
  out->pages = from.pages;
  out->demo = demo_settings_of(from);
  return out;
}

constexpr std::size_t admin_lane = 0;

// Tells the log of decisions that the audit log has lost, at most once a minute: a full disk stays
// full for a while. Called on the audit log's writing thread alone.
std::function<void(std::uint64_t)> audit_alarm(core::logger& log, const core::clock& clock) {
  return [&log, &clock, quiet_until = core::steady_time{}](std::uint64_t count) mutable {
    const core::steady_time now = clock.steady_now();
    if (now < quiet_until) return;
    quiet_until = now + std::chrono::minutes{1};
    log.error("audit_lines_dropped", {{"count", count}});
  };
}

}  // namespace

common_parts::common_parts(config from)
    : settings(std::move(from)),
      process(core::new_nonce(random, 12)),
      log(core::make_logger(settings.log, clock)),
      audit(settings.audit.file.empty()
                ? nullptr
                : core::make_logger(settings.audit, clock, audit_alarm(*log, clock))),
      limiter(settings.limits, random),
      face(face_of(settings)),
      shards(settings.threads, clock),
      admin_shard(0, admin_lane, "admin", clock),
      roots(roots_of(settings)),
      store(settings.store, *log, &metrics) {
  limiter.show(metrics, clock);
  metrics.sample_total("log_lines_dropped_total",
                       "Log lines that found no room or could not be written.", {},
                       [this] { return static_cast<double>(log->lost()); });
  metrics.sample_total("audit_lines_dropped_total",
                       "Lines of the audit log that found no room or could not be written.", {},
                       [this] { return audit ? static_cast<double>(audit->lost()) : 0.0; });
  metrics.sample_total("shard_surprises_total",
                       "Exceptions that nobody caught; each ended only what it came from.", {},
                       [this] {
                         std::uint64_t all = admin_shard.surprises();
                         for (std::size_t i = 0; i < shards.size(); ++i)
                           all += shards.at(i).surprises();
                         return static_cast<double>(all);
                       });
}

shard_parts::shard_parts(common_parts& common, join::neighbours& neighbours, net::shard& on)
    : shard(on),
      names(on.executor(), common.clock, common.lookups.lookup()),
      tls(make_tls_client(common)),
      connector(on, names, *tls),
      client(on, connector, common.metrics, common.settings.client),
      providers(common.settings.providers,
                providers::provider_tools{client, common.clock, common.random, *common.log,
                                          common.metrics, on.executor()}),
      cache_numbers(common.metrics),
      bookings(common.store, common.settings.cache, on.executor(), &cache_numbers),
      gate(common.limiter, common.settings.gate, common.metrics),
      provisioner(join::provisioner_parts{
          on.index(), on.executor(), neighbours, common.store, providers, common.clock, *common.log,
          common.metrics, common.settings.windows, common.settings.provision, common.process}),
      sessions(common.settings.sessions),
      service_keys(common.settings.service_keys),
      doors(common.settings.tickets, common.settings.public_url),
      joins(join::join_parts{bookings, providers, provisioner, common.clock,
                             common.settings.windows, doors}),
      front(api::front_parts{on.executor(), common.clock, common.random, *common.log,
                             common.metrics, gate, sessions, service_keys, joins, provisioner,
                             neighbours, providers, client, common.store, common.settings.windows,
                             common.face, doors, common.audit.get()}),
      server(on, front, common.settings.connections) {
  sessions.meet(auth::asking_parts{on.executor(), common.clock, common.random, *common.log,
                                   common.metrics, client});
}

void shard_parts::take_keys(std::shared_ptr<const auth::session_settings> sessions_now,
                            auth::service_keys keys_now,
                            std::shared_ptr<const join::ticket_settings> tickets_now) {
  sessions.use(std::move(sessions_now));
  // A key that was made at start stays: another one would only end the tickets that are out.
  if (!tickets_now->made_at_start) doors.take(std::move(tickets_now));
  service_keys = std::move(keys_now);
}

void shard_parts::hear(const rooms::news& what, core::wall_time now) {
  if (what.everything) bookings.forget_everything();
  for (const core::room_id& room : what.rooms) bookings.forget(room);
  sessions.revoke(what.revocations, now);
  for (const core::room_id& room : what.rooms) front.booking_changed(room);
  if (!what.revocations.empty()) front.sessions_changed();
  if (what.everything) front.everything_changed();
}

core::task<void> shard_parts::stop(core::deadline until) {
  provisioner.stop();
  client.close();
  names.close();
  co_await provisioner.ended(until);
  for (providers::provider* one : providers.all()) co_await one->stop(until);
}

}  // namespace app
