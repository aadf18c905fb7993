#include "auth/jwks_cache.hpp"

#include <algorithm>
#include <utility>

#include "auth/error.hpp"
#include "auth/key_fetch.hpp"

namespace auth {
namespace {

using namespace std::chrono_literals;
using core::steady_time;

// Discovery and the set together; who waits for it has a deadline of their own.
constexpr auto fetch_max = 10s;
// Pauses between attempts that fail: doubled from the first to the last.
constexpr auto retry_first = 1s;
constexpr auto retry_last = 60s;

bool has_kid(const jose::key_set& keys, std::string_view kid) {
  return !kid.empty() &&
         std::ranges::any_of(keys.keys(), [&](const jose::key& one) { return one.kid() == kid; });
}

bool same_keys(const jose::key_set& a, const jose::key_set& b) {
  return std::ranges::equal(a.keys(), b.keys(), [](const jose::key& x, const jose::key& y) {
    return x.public_jwk() == y.public_jwk();
  });
}

// The numbers of the metric login_keys_state.
enum class keys_state : std::uint8_t { none = 0, fresh = 1, stale = 2 };

}  // namespace

struct jwks_cache::login {
  login(const issuer_settings& from, core::metrics_page& page, std::uint64_t edition,
        std::uint64_t number)
      : settings(from),
        flight(from.name + ' ' + std::to_string(number)),
        fetched(page.count(fetches, fetches_help, {{"issuer", from.name}, {"outcome", "fetched"}})),
        failed(page.count(fetches, fetches_help, {{"issuer", from.name}, {"outcome", "failed"}})),
        state(page.level("login_keys_state",
                         "Keys of a login: 0 none, 1 fresh, 2 stale because it does not answer.",
                         {{"issuer", from.name}})) {
    issuer_keys none;
    none.origin = origin_of(from);
    none.edition = edition;
    known = std::make_shared<const issuer_keys>(std::move(none));
  }

  static constexpr std::string_view fetches = "login_key_fetches_total";
  static constexpr std::string_view fetches_help = "Fetches of a login's keys.";

  bool has_keys() const { return !known->keys.empty(); }

  issuer_settings settings;
  // Its name among fetches under way: another one than that of the same issuer before it moved.
  std::string flight;
  core::counter& fetched;
  core::counter& failed;
  core::gauge& state;
  issuer_keys_ptr known;
  std::string jwks_url;  // where discovery found them
  steady_time fetch_at{};
  steady_time fresh_until{};
  steady_time usable_until{};
  std::uint32_t failures = 0;  // in a row
  std::string why;             // of the last one
};

jwks_cache::jwks_cache(jwks_parts parts)
    : parts_(std::move(parts)), chance_(parts_.random), flights_(parts_.on), tasks_(parts_.on) {}

jwks_cache::~jwks_cache() { stop(); }

void jwks_cache::stop() {
  tasks_.close(true);
  flights_.close();
}

core::task<bool> jwks_cache::ended(core::deadline until) {
  const bool flown = co_await flights_.ended(until);
  if (!flown) co_return false;
  co_return co_await tasks_.ended(until);
}

void jwks_cache::follow(const std::vector<issuer_settings>& issuers) {
  std::vector<login_ptr> next;
  for (const issuer_settings& one : issuers) {
    login_ptr kept = login_named(one.name);
    if (kept && origin_of(kept->settings) == origin_of(one)) {
      kept->settings = one;
      next.push_back(std::move(kept));
    } else {
      next.push_back(std::make_shared<login>(one, parts_.metrics, ++editions_, ++flight_names_));
    }
  }
  logins_ = std::move(next);
  for (const login_ptr& one : logins_) parts_.publish(one->known);
}

jwks_cache::login_ptr jwks_cache::login_named(const std::string& name) const {
  const auto found = std::ranges::find_if(
      logins_, [&](const login_ptr& one) { return one->settings.name == name; });
  return found == logins_.end() ? nullptr : *found;
}

std::vector<std::string> jwks_cache::without_keys() const {
  std::vector<std::string> out;
  for (const login_ptr& one : logins_)
    if (!one->has_keys()) out.push_back(one->settings.name);
  return out;
}

bool jwks_cache::has_any_keys() const {
  return std::ranges::any_of(logins_, [](const login_ptr& one) { return one->has_keys(); });
}

bool jwks_cache::fetch_due() {
  const steady_time now = parts_.clock.steady_now();
  bool any = false;
  for (const login_ptr& one : logins_) {
    drop_what_is_too_old(*one);
    if (now < one->fetch_at || flights_.in_flight(one->flight)) continue;
    any = true;
    auto work = [](jwks_cache* self, login_ptr of) -> core::task<void> {
      const auto until = core::deadline::after(self->parts_.clock.steady_now(), fetch_max);
      co_await self->fetch_once(std::move(of), until);
    };
    tasks_.spawn(work(this, one));
  }
  return any;
}

void jwks_cache::start() { tasks_.spawn(tick()); }

core::task<void> jwks_cache::tick() {
  for (bool on = true; on;) {
    fetch_due();
    const auto next = core::deadline::after(parts_.clock.steady_now(), 1s);
    on = co_await core::sleep_until(next);
  }
}

core::task<core::result<issuer_keys_ptr>> jwks_cache::find(std::string issuer_name, std::string kid,
                                                           core::deadline until) {
  for (;;) {
    const login_ptr of = login_named(issuer_name);
    if (!of) co_return core::fail(errc::login_unavailable, "no such issuer any more");
    const steady_time now = parts_.clock.steady_now();
    const bool had_keys = of->has_keys();
    if (had_keys && (has_kid(of->known->keys, kid) || now < of->known->ask_again_at ||
                     of->known->misses(kid, now)))
      co_return of->known;
    // While a login is away, its callers do not each wait for it to time out.
    if (of->failures > 0 && now < of->fetch_at && !flights_.in_flight(of->flight))
      co_return core::fail(unavailable(*of, of->why));
    auto landed = co_await fetch_once(of, until);
    if (!landed) co_return core::fail(unavailable(*of, landed.error().detail));
    if (!follows(of)) continue;  // it has moved meanwhile: what counts is what the new place says
    if (!*landed) co_return core::fail(unavailable(*of, of->why));
    // Keys that were fetched for this caller are the answer, whatever their names.
    if (had_keys) remember_absence(*of, kid);
    co_return of->known;
  }
}

core::failure jwks_cache::unavailable(const login& of, const std::string& why) const {
  core::failure away(make_error_code(errc::login_unavailable), of.settings.name + ": " + why);
  const auto left =
      std::chrono::ceil<std::chrono::seconds>(of.fetch_at - parts_.clock.steady_now());
  return std::move(away).retry_in(std::max<std::chrono::seconds>(left, 1s));
}

// What an unknown kid has led to: nobody asks again for a while, and for this one longer.
void jwks_cache::remember_absence(login& of, const std::string& kid) {
  const steady_time now = parts_.clock.steady_now();
  if (now < of.known->ask_again_at) return;  // another caller of the same flight has done it
  issuer_keys next = *of.known;
  next.ask_again_at = now + unknown_kid_pause;
  std::erase_if(next.absent, [&](const auto& one) { return now >= one.until; });
  if (!kid.empty() && !has_kid(next.keys, kid)) {
    if (next.absent.size() >= absent_max) next.absent.erase(next.absent.begin());
    next.absent.push_back({kid, now + absent_for});
  }
  publish(of, std::move(next));
}

core::task<core::result<bool>> jwks_cache::fetch_once(login_ptr of, core::deadline until) {
  std::function<core::task<core::result<bool>>()> fetch = [this, of] { return this->fetch(of); };
  std::string name = of->flight;
  return flights_.join(std::move(name), std::move(fetch), until);
}

// Whether the login has answered; what it said of an issuer that has moved meanwhile is dropped.
core::task<core::result<bool>> jwks_cache::fetch(login_ptr of) {
  const auto until = core::deadline::after(parts_.clock.steady_now(), fetch_max);
  auto answer = co_await fetch_keys(&parts_.client, of->settings, of->jwks_url, until);
  const bool good = answer.has_value();
  if (follows(of)) take(*of, std::move(answer));
  co_return good;
}

void jwks_cache::take(login& of, core::result<fetched_keys> answer) {
  if (!answer) return note_failure(of, answer.error());
  const steady_time now = parts_.clock.steady_now();
  of.fetched.add();
  if (of.failures > 0 || !of.has_keys())
    parts_.log.info("login_keys_fetched",
                    {{"issuer", of.settings.name}, {"keys", answer->keys.keys().size()}});
  of.failures = 0;
  of.why.clear();
  of.jwks_url = std::move(answer->jwks_url);
  of.fetch_at = now + answer->fresh_for * 4 / 5;
  of.fresh_until = now + answer->fresh_for;
  of.usable_until = of.fresh_until + of.settings.stale_for;
  of.state.set(static_cast<std::int64_t>(keys_state::fresh));
  if (of.has_keys() && same_keys(of.known->keys, answer->keys)) return;
  issuer_keys next = *of.known;
  next.keys = std::move(answer->keys);
  next.absent.clear();
  publish(of, std::move(next));
}

void jwks_cache::note_failure(login& of, const core::failure& why) {
  const steady_time now = parts_.clock.steady_now();
  of.failed.add();
  of.why = why.code.message() + ": " + why.detail;
  of.jwks_url.clear();  // it may have moved: discovery is asked again
  const auto pause = std::min<std::chrono::milliseconds>(
      retry_last, std::chrono::milliseconds(retry_first) * (1u << std::min(of.failures, 6u)));
  // Half of it by chance, so that many nodes do not come back at the same instant.
  const auto spread = std::chrono::milliseconds(
      static_cast<std::int64_t>(chance_.next() % static_cast<std::uint64_t>(pause.count() / 2)));
  of.fetch_at = now + pause / 2 + spread;
  ++of.failures;
  if (of.failures == 1 || of.failures % 16 == 0)
    parts_.log.warn("login_keys_unavailable",
                    {{"issuer", of.settings.name}, {"detail", of.why}, {"failures", of.failures}});
  drop_what_is_too_old(of);
}

void jwks_cache::drop_what_is_too_old(login& of) {
  const steady_time now = parts_.clock.steady_now();
  if (!of.has_keys() || now < of.fresh_until) return;
  of.state.set(static_cast<std::int64_t>(keys_state::stale));
  if (now < of.usable_until) return;
  of.state.set(static_cast<std::int64_t>(keys_state::none));
  parts_.log.error("login_keys_too_old", {{"issuer", of.settings.name}, {"detail", of.why}});
  issuer_keys none = *of.known;
  none.keys = {};
  publish(of, std::move(none));
}

void jwks_cache::publish(login& of, issuer_keys next) {
  if (!same_keys(of.known->keys, next.keys)) next.edition = ++editions_;
  of.known = std::make_shared<const issuer_keys>(std::move(next));
  parts_.publish(of.known);
}

}  // namespace auth
