#include "api/desk.hpp"

#include <exception>

#include "api/error.hpp"
#include "auth/error.hpp"
#include "core/encoding.hpp"
#include "core/time_text.hpp"

namespace api {

std::string_view time_texts::of(core::wall_time at) {
  const std::int64_t second = core::unix_seconds(at);
  slot& mine = slots_[static_cast<std::size_t>(second) % slots_.size()];
  if (mine.second != second) {
    mine.second = second;
    mine.text = core::to_rfc3339(at);
  }
  return mine.text;
}

desk::desk(const front_parts& with) : parts(with), settings(*parts.settings), audit(with.audit) {}

namespace {

problem_scene scene_of(const http::exchange& about, const api::settings& settings) {
  problem_scene out{settings.docs_url, about.request_id()};
  out.token_given = about.head && about.head->fields.has(http::known_field::authorization);
  return out;
}

}  // namespace

std::string desk::problem_json(const http::exchange& about, const core::failure& why) const {
  std::string out;
  append_problem_json(out, why, scene_of(about, settings));
  return out;
}

void desk::log_failure(const http::exchange& about, const core::failure& why) const {
  const problem& row = problem_of(why.code);
  // 501 and 505 are about what a stranger has sent.
  const bool ours = row.status >= 500 && row.status != 501 && row.status != 505;
  parts.log.log(ours ? core::log_level::warn : core::log_level::debug,
                ours ? "request_failed" : "request_refused",
                {{"code", row.code},
                 {"error", why.code.message()},
                 {"detail", why.detail},
                 {"request_id", about.request_id()}});
}

void desk::refuse(http::exchange& about, http::reply& out, const core::failure& why) const {
  about.note = problem_of(why.code).code;
  write_problem(out, why, scene_of(about, settings));
  log_failure(about, why);
}

void desk::surprise(http::exchange& about, http::reply& out, std::size_t fields_kept,
                    std::string_view what) const {
  out.fields.resize(std::min(fields_kept, out.fields.size()));
  refuse(about, out, core::failure(make_error_code(errc::internal), std::string(what)));
}

namespace {

http::answered_later guard(desk* at, http::exchange* about, http::reply* out,
                           std::size_t fields_kept, [[maybe_unused]] join::gate::place place,
                           core::task<void> work) {
  std::string what;
  try {
    co_await std::move(work);
    co_return;
  } catch (const std::system_error& error) {
    // The client has left or we are shutting down: nobody waits for an answer.
    if (error.code() == asio::error::operation_aborted) throw;
    what = error.what();
  } catch (const std::exception& error) {
    what = error.what();
  }
  at->surprise(*about, *out, fields_kept, what);
}

}  // namespace

http::answer desk::later(http::exchange& about, http::reply& out, core::task<void> work) {
  auto place = parts.gate.begin_waiting();
  if (!place) {
    refuse(about, out, place.error());
    return http::answered_now{};
  }
  return guard(this, &about, &out, out.fields.size(), std::move(*place), std::move(work));
}

namespace {

// Takes out the lines of fields whose names begin so. Values may hold the same words, as
// Access-Control-Expose-Headers does.
void erase_lines(std::string& fields, std::string_view beginning) {
  for (std::size_t line = 0; line < fields.size();) {
    const std::size_t next = fields.find("\r\n", line) + 2;
    if (std::string_view(fields).substr(line).starts_with(beginning))
      fields.erase(line, next - line);
    else
      line = next;
  }
}

// Replaces the RateLimit fields that the address's bucket has written: the bucket that refused is
// the one to show.
void show_limit(http::reply& out, const ratelimit::limiter& buckets, ratelimit::policy which,
                const ratelimit::decision& taken) {
  erase_lines(out.fields, "RateLimit");  // and RateLimit-Policy
  if (buckets.of(which).off()) return;
  out.fields += "RateLimit-Policy: ";
  buckets.append_policy_field(out.fields, which);
  out.fields += "\r\nRateLimit: ";
  ratelimit::limiter::append_limit_field(out.fields, which, taken);
  out.fields += "\r\n";
}

}  // namespace

core::result<auth::identity_ptr> desk::caller(const http::exchange& about, http::reply& out) {
  auto who = verified(about);
  if (!who) return who;
  if (auto counted = count_user(**who, about, out); !counted) return core::same_failure(counted);
  return who;
}

core::result<auth::identity_ptr> desk::verified(const http::exchange& about) {
  return parts.sessions.verify(*about.head, about.now, from_proxy(about));
}

core::result<void> desk::count_user(const auth::identity& who, const http::exchange& about,
                                    http::reply& out) {
  return count(ratelimit::policy::user, who.user.view(), about, out);
}

core::task<core::result<auth::identity_ptr>> desk::verified_later(const http::exchange* about,
                                                                  core::deadline until) {
  const core::wall_time now = parts.clock.wall_now();
  auto who = parts.sessions.verify(*about->head, now, from_proxy(*about));
  if (who || who.error().code != auth::errc::must_wait) co_return who;
  auto brought = parts.sessions.credential_of(*about->head, now, from_proxy(*about));
  if (!brought) co_return core::same_failure(brought);
  co_return co_await parts.sessions.verify_later(std::move(*brought), &parts.clock, until);
}

core::task<core::result<auth::identity_ptr>> desk::caller_later(const http::exchange* about,
                                                                http::reply* out,
                                                                core::deadline until) {
  auto who = co_await verified_later(about, until);
  if (!who) co_return who;
  auto counted = count_user(**who, *about, *out);
  if (!counted) co_return core::same_failure(counted);
  co_return who;
}

core::result<void> desk::count(ratelimit::policy which, std::string_view key,
                               const http::exchange& about, http::reply& out) {
  const auto taken = parts.gate.take(which, key, about.started);
  if (taken.allowed) return {};
  show_limit(out, parts.gate.buckets(), which, taken);
  return core::fail(join::gate::refusal(which, taken));
}

// Behind a PROXY header the fields were written by whom the header names.
bool desk::from_proxy(const http::exchange& about) const {
  if (!parts.sessions.hears_proxies()) return false;
  const net::peer& peer = *about.peer;
  const auto knows = [&](const net::ip_network& one) { return one.contains(peer.address); };
  const bool known = peer.is_unix ? settings.proxies.trust_unix_socket
                                  : std::ranges::any_of(settings.proxies.trusted, knows);
  return known && (!peer.introduced || peer.named);
}

core::deadline desk::join_deadline() const {
  return core::deadline::after(parts.clock.steady_now(), settings.join_timeout);
}

bool accepts(std::string_view value, std::string_view media_type) {
  while (!value.empty()) {
    const std::size_t end = std::min(value.find(','), value.size());
    std::string_view range = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
    const std::size_t semicolon = std::min(range.find(';'), range.size());
    if (!core::equals_ignoring_case(core::trimmed(range.substr(0, semicolon)), media_type))
      continue;
    range.remove_prefix(semicolon);
    // Only a weight of nothing but zeros refuses (RFC 9110 section 12.4.2).
    const std::size_t weight = core::lower_case(range).find("q=");
    if (weight == std::string_view::npos) return true;
    const std::string_view digits = range.substr(weight + 2);
    return digits.substr(0, digits.find(';')).find_first_of("123456789") != digits.npos;
  }
  return false;
}

bool lists_token(std::string_view value, std::string_view token) {
  while (!value.empty()) {
    const std::size_t end = std::min(value.find_first_of(",;"), value.size());
    if (core::equals_ignoring_case(core::trimmed(value.substr(0, end)), token)) return true;
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return false;
}

}  // namespace api
