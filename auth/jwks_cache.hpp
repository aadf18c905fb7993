// jwks_cache: the keys of all configured issuers, fetched once for the whole process. Lives on one
// shard; the others are handed snapshots.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "auth/issuer_keys.hpp"
#include "auth/session_settings.hpp"
#include "core/clock.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"
#include "core/random.hpp"
#include "core/single_flight.hpp"
#include "core/task_group.hpp"
#include "http/client.hpp"

namespace auth {

struct jwks_parts {
  core::executor on;
  const core::clock& clock;
  core::random_source& random;
  core::logger& log;
  core::metrics_page& metrics;
  http::client& client;
  // Hands a snapshot to every shard; called on this one, in the order of what is known.
  std::function<void(issuer_keys_ptr)> publish;
};

// Fresh keys are fetched again after four fifths of the time that the issuer gave them. Where that
// fails they serve on until they are `stale_for` too old, and attempts go on, ever more rarely.
class jwks_cache {
 public:
  explicit jwks_cache(jwks_parts parts);
  ~jwks_cache();

  // These issuers from now on. What is known of those that stayed is kept, and published again.
  void follow(const std::vector<issuer_settings>& issuers);
  // Fetches what is due, each issuer by itself; false where nothing was.
  bool fetch_due();
  // The same every second until stop().
  void start();
  void stop();
  core::task<bool> ended(core::deadline until);

  // The keys of that issuer, fetched where this kid is not among them and nobody asked lately.
  // However many ask at a time, one fetch flies. errc::login_unavailable where the login does not
  // answer: whether it has that kid is unknown then, whatever other keys there are.
  core::task<core::result<issuer_keys_ptr>> find(std::string issuer_name, std::string kid,
                                                 core::deadline until);
  // Runs that on this shard in a task of its own.
  bool spawn(core::task<void> work) { return tasks_.spawn(std::move(work)); }

  // Names of issuers of which there are no keys.
  std::vector<std::string> without_keys() const;
  bool has_any_keys() const;

  // An unknown kid leads to a fetch at most this often, and the same one even more rarely.
  static constexpr std::chrono::seconds unknown_kid_pause{30};
  static constexpr std::chrono::seconds absent_for{300};
  static constexpr std::size_t absent_max = 64;

 private:
  struct login;
  using login_ptr = std::shared_ptr<login>;

  login_ptr login_named(const std::string& name) const;
  bool follows(const login_ptr& of) const {
    return std::ranges::find(logins_, of) != logins_.end();
  }
  core::task<core::result<bool>> fetch_once(login_ptr of, core::deadline until);
  core::task<core::result<bool>> fetch(login_ptr of);
  core::failure unavailable(const login& of, const std::string& why) const;
  void take(login& of, core::result<struct fetched_keys> answer);
  void note_failure(login& of, const core::failure& why);
  void drop_what_is_too_old(login& of);
  void publish(login& of, issuer_keys next);
  void remember_absence(login& of, const std::string& kid);
  core::task<void> tick();

  jwks_parts parts_;
  core::quick_random chance_;
  std::vector<login_ptr> logins_;
  std::uint64_t editions_ = 0;  // of all logins, so that one that moved is newer than it was before
  std::uint64_t flight_names_ = 0;
  core::single_flight<bool> flights_;
  core::task_group tasks_;
};

}  // namespace auth
