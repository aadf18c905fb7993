#include "app/server.hpp"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <asio/detached.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "app/config_changes.hpp"
#include "app/demo.hpp"
#include "app/login_keys.hpp"
#include "app/wiring.hpp"
#include "join/store_watch.hpp"
#include "net/listener.hpp"

namespace app {
namespace {

using namespace std::chrono_literals;

// Shards may take this long to end what was cancelled; it is a matter of milliseconds.
constexpr std::chrono::seconds cleanup_max{5};

// A dump would hold every secret. One byte is the limit that also stops the kernel from piping a
// dump to a collector (core(5)); zero does not.
void switch_off_core_dumps() {
  const rlimit one_byte{1, 1};
  ::setrlimit(RLIMIT_CORE, &one_byte);
  // Nor may another program of the same user look into this memory (ptrace(2), /proc/PID/mem).
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// Who has CAP_IPC_LOCK is held to no limit (mlock(2)); glibc has no capget of its own.
bool may_lock_any_memory() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY) return true;
  __user_cap_header_struct own{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capget, &own, sets) != 0) return false;
  return (sets[CAP_TO_INDEX(CAP_IPC_LOCK)].effective & CAP_TO_MASK(CAP_IPC_LOCK)) != 0;
}

// Secrets do not go to a swap device, where the system lets us keep all memory: with a limit, the
// allocation that passes it would fail one day.
bool lock_memory() {
  return may_lock_any_memory() && ::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

// Idle connections cost a descriptor each, and the soft limit is 1,024 on most systems.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

using places = std::vector<std::unique_ptr<net::listening_place>>;

places open_places(const std::vector<net::listen_settings>& addresses, std::size_t shards) {
  places out;
  for (const auto& one : addresses) {
    auto place = net::listening_place::open(one, shards);
    if (!place) throw std::runtime_error(place.error().detail);
    out.push_back(std::move(*place));
  }
  return out;
}

std::unique_ptr<net::tls_server> open_tls(common_parts& common) {
  if (!common.settings.tls) return nullptr;
  auto made = net::tls_server::create(*common.settings.tls, common.clock, common.random);
  if (!made) throw std::runtime_error(made.error().detail);
  if ((*made)->facts().key_readable_by_all)
    common.log->warn("tls_key_readable_by_all", {{"file", common.settings.tls->key_file}});
  return std::move(*made);
}

class running_server {
 public:
  running_server(config settings, const config_source& from);
  int run(bool memory_is_locked);

 private:
  core::task<void> serve();
  core::task<void> shut_down();
  core::task<void> stop_shard(std::size_t index, core::deadline until);
  core::task<void> seed_demo();
  core::task<void> recall_revocations();
  void hear_signals();
  void reload();
  core::deadline within(std::chrono::milliseconds wait) const {
    return core::deadline::after(common_.clock.steady_now(), wait);
  }
  static core::task<void> drain(http::server* server, net::listener* door, core::deadline grace);
  core::task<void> on_every_shard(std::function<core::task<void>(std::size_t)> work,
                                  core::deadline until);

  asio::io_context main_{1};
  config_source source_;
  common_parts common_;
  join::shard_neighbours neighbours_;
  join::store_watch watch_;
  net::listener_desk desk_;
  core::metrics_page admin_numbers_;  // connections of operators are nobody's business
  net::listener_desk admin_desk_;
  places places_;
  places admin_places_;
  std::vector<std::unique_ptr<shard_parts>> shards_;
  std::unique_ptr<login_keys> logins_;
  std::vector<std::unique_ptr<net::listener>> doors_;
  api::admin_front admin_front_;
  http::server admin_server_;
  net::listener admin_door_;
  asio::signal_set signals_{main_, SIGTERM, SIGINT, SIGHUP};
};

running_server::running_server(config settings, const config_source& from)
    : source_(from.for_reload()),
      common_(std::move(settings)),
      neighbours_(common_.shards,
                  [this](std::size_t index, const rooms::news& what) {
                    shards_[index]->hear(what, common_.clock.wall_now());
                  }),
      watch_({main_.get_executor(), neighbours_, common_.store, common_.clock, *common_.log,
              common_.metrics, common_.settings.sessions->revocations_kept}),
      desk_(common_.settings.listener, common_.settings.proxies, common_.metrics, common_.random),
      admin_desk_(net::listener_limits{}, {}, admin_numbers_, common_.random),
      places_(open_places(common_.settings.listen, common_.shards.size())),
      admin_places_(open_places(common_.settings.admin_listen, 1)),
      admin_front_({common_.admin_shard.executor(), common_.clock, common_.metrics, common_.store,
                    common_.settings.windows, [this] { return common_.draining.load(); },
                    [this] { return logins_->report(); }, [this] { return watch_.hears(); },
                    common_.face->docs_url}),
      admin_server_(common_.admin_shard, admin_front_, common_.settings.connections),
      admin_door_(common_.admin_shard, admin_desk_,
                  [this](net::stream_ptr with) { return admin_server_.serve(std::move(with)); }) {
  desk_.tls = open_tls(common_);
  std::vector<join::provisioner*> peers;
  std::vector<api::front*> fronts;
  for (std::size_t i = 0; i < common_.shards.size(); ++i) {
    shards_.push_back(std::make_unique<shard_parts>(common_, neighbours_, common_.shards.at(i)));
    http::server& server = shards_.back()->server;
    doors_.push_back(std::make_unique<net::listener>(
        common_.shards.at(i), desk_,
        [&server](net::stream_ptr with) { return server.serve(std::move(with)); }));
    peers.push_back(&shards_.back()->provisioner);
    fronts.push_back(&shards_.back()->front);
  }
  for (const auto& one : shards_) one->provisioner.meet(peers);
  api::front::meet(fronts);
  logins_ = std::make_unique<login_keys>(common_, shards_);
}

core::task<void> running_server::seed_demo() {
  for (auto& draft : demo_bookings(common_.clock.wall_now())) {
    const auto stored = co_await common_.store.put(
        std::move(draft), common_.settings.default_provider, common_.clock.wall_now(), within(5s));
    if (!stored) common_.log->error("demo_booking_failed", {{"detail", stored.error().detail}});
  }
}

// Before anybody can connect: a restart brings no session back.
core::task<void> running_server::recall_revocations() {
  auto known = co_await watch_.begin(within(30s));
  if (!known) throw std::runtime_error("revoked sessions cannot be read: " + known.error().detail);
  watch_.start();
}

core::task<void> running_server::serve() {
  co_await recall_revocations();
  if (common_.settings.demo) co_await seed_demo();
  for (std::size_t i = 0; i < shards_.size(); ++i)
    common_.shards.at(i).post([this, i] {
      for (const auto& place : places_) doors_[i]->listen(*place);
      if (i == 0) shards_[0]->provisioner.start_sweeping();
    });
  logins_->follow(common_.settings.sessions);
  logins_->start();
  common_.admin_shard.post([this] {
    for (const auto& place : admin_places_) admin_door_.listen(*place);
  });
  std::string listening;
  for (const auto& place : places_) listening += (listening.empty() ? "" : " ") + place->text();
  common_.log->info("started", {{"version", STAGEDOOR_VERSION},
                                {"listen", listening},
                                {"admin", admin_places_.front()->text()},
                                {"shards", shards_.size()},
                                {"public_url", common_.settings.public_url}});
  if (common_.settings.demo)
    std::fputs(fmt::format("\n  The demo is on {}/test-videocall\n\n", common_.settings.public_url)
                   .c_str(),
               stderr);
}

// Runs on the server's own shard: no new connections, then no idle ones, then none at all. Also of
// the admin shard's: a scraper keeps its connection open, and what is open there counts in numbers
// that are gone before the shard is.
core::task<void> running_server::drain(http::server* server, net::listener* door,
                                       core::deadline grace) {
  door->stop_accepting();
  server->drain();
  co_await door->drain(grace);
}

// Starts one task on every shard and resumes when all have ended.
core::task<void> running_server::on_every_shard(std::function<core::task<void>(std::size_t)> work,
                                                core::deadline until) {
  auto left = std::make_shared<std::size_t>(shards_.size());
  core::notice all_ended(main_.get_executor());
  for (std::size_t i = 0; i < shards_.size(); ++i)
    asio::co_spawn(common_.shards.at(i).executor(), work(i),
                   [this, left, all_ended](std::exception_ptr) {
                     asio::post(main_, [left, all_ended]() mutable {
                       if (--*left == 0) all_ended.give();
                     });
                   });
  co_await all_ended.wait(until);
}

core::task<void> running_server::stop_shard(std::size_t index, core::deadline until) {
  if (index == 0) co_await logins_->stop(until);
  co_await shards_[index]->stop(until);
}

core::task<void> running_server::shut_down() {
  common_.draining = true;
  common_.log->info("stopping", {{"delay_ms", common_.settings.shutdown.delay.count()}});
  // Load balancers see /readyz fail and stop sending people here before the door closes.
  co_await core::sleep_until(within(common_.settings.shutdown.delay));
  const core::deadline grace = within(common_.settings.shutdown.grace);
  const core::deadline cleanup = within(common_.settings.shutdown.grace + cleanup_max);
  const core::deadline at_last = within(common_.settings.shutdown.grace + 2 * cleanup_max);
  // In two steps: a request in flight on one shard may wait for a room that another one makes.
  co_await on_every_shard(
      [this, grace](std::size_t i) { return drain(&shards_[i]->server, doors_[i].get(), grace); },
      cleanup);
  watch_.stop();
  co_await watch_.ended(cleanup);
  co_await on_every_shard([this, cleanup](std::size_t i) { return stop_shard(i, cleanup); },
                          at_last);
  core::notice admin_ended(main_.get_executor());
  asio::co_spawn(common_.admin_shard.executor(),
                 drain(&admin_server_, &admin_door_, within(cleanup_max)),
                 [this, &admin_ended](std::exception_ptr) {
                   asio::post(main_, [&admin_ended] { admin_ended.give(); });
                 });
  co_await admin_ended.wait(within(2 * cleanup_max));
  signals_.cancel();
  main_.stop();
}

// Certificates, session keys and service keys change while the server runs, and the log's file is
// opened again; everything else takes a restart.
void running_server::reload() {
  if (!common_.log->reopen())
    common_.log->error("log_reopen_failed", {{"file", common_.settings.log.file}});
  if (common_.audit && !common_.audit->reopen())
    common_.log->error("log_reopen_failed", {{"file", common_.settings.audit.file}});
  auto loaded = load_config(source_);
  if (!loaded.value) {
    for (const auto& one : loaded.mistakes)
      common_.log->error("reload_refused",
                         {{"where", one.where}, {"key", one.key}, {"mistake", one.what}});
    return;
  }
  if (desk_.tls && loaded.value->tls) {
    const auto reloaded = desk_.tls->reload(*loaded.value->tls);
    if (!reloaded) {
      common_.log->error("reload_refused", {{"key", "tls"}, {"mistake", reloaded.error().detail}});
      return;
    }
  }
  auto sessions = std::make_shared<auth::session_settings>(*loaded.value->sessions);
  // Whose pages may bring cookies and whose may read the answers is one list, and that takes a
  // restart: by halves it would let pages in that cannot read, or the other way round.
  sessions->origins = common_.settings.sessions->origins;
  for (std::size_t i = 0; i < shards_.size(); ++i)
    common_.shards.at(i).post(
        [this, i, sessions, keys = loaded.value->service_keys, tickets = loaded.value->tickets] {
          shards_[i]->take_keys(sessions, keys, tickets);
        });
  logins_->follow(sessions);
  common_.log->info("reloaded", {{"applied", "tls session service tickets"}});
  std::string waiting;
  for (const std::string& one : changed_sections(*common_.settings.source, *loaded.value->source))
    if (one != "tls" && one != "session" && one != "service" && one != "tickets")
      waiting += (waiting.empty() ? "" : " ") + one;
  if (!waiting.empty()) common_.log->warn("restart_needed", {{"changed", waiting}});
}

void running_server::hear_signals() {
  signals_.async_wait([this](std::error_code ended, int number) {
    if (ended) return;
    if (number == SIGHUP) {
      reload();
    } else if (common_.draining) {
      // The second time is meant: the store survives this, and nothing else has to.
      common_.log->warn("stopped_at_once");
      common_.log->flush(200ms);
      std::_Exit(EXIT_FAILURE);
    } else {
      asio::co_spawn(main_, shut_down(), asio::detached);
    }
    hear_signals();
  });
}

int running_server::run(bool memory_is_locked) {
  common_.log->debug("memory", {{"locked", memory_is_locked}});
  hear_signals();
  common_.shards.start();
  common_.admin_shard.start();
  asio::co_spawn(main_, serve(), [](std::exception_ptr surprise) {
    if (surprise) std::rethrow_exception(surprise);
  });
  main_.run();
  common_.shards.stop();
  common_.admin_shard.stop();
  common_.admin_shard.join();
  if (common_.settings.demo) forget_demo_secret(common_.settings.demo_port);
  common_.log->info("stopped");
  return EXIT_SUCCESS;
}

}  // namespace

int run_server(config settings, const config_source& from) {
  switch_off_core_dumps();
  raise_descriptor_limit();
  const bool locked = lock_memory();
  net::ignore_broken_pipes();
  running_server server(std::move(settings), from);
  return server.run(locked);
}

}  // namespace app
