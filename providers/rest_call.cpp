#include "providers/rest_call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/encoding.hpp"
#include "core/time_text.hpp"
#include "http/error.hpp"
#include "http/retry_after.hpp"
#include "http/url.hpp"
#include "net/error.hpp"
#include "providers/error.hpp"

namespace providers {
namespace {

// The objects that we ask for have a dozen members; a hundred times that is not an answer to our
// question.
constexpr core::json_limits answer_limits{
    .bytes_max = 256 * 1024, .depth_max = 12, .values_max = 5'000};
constexpr std::size_t excerpt_bytes_max = 200;

// A call that had less than this to be answered says nothing about the provider when it runs out of
// time.
constexpr std::chrono::milliseconds fair_time{500};

// Where a provider is away and does not say for how long.
constexpr core::seconds usual_wait{1};

// The provider says that it has too much to do just now, or has no time for us.
bool is_overload(int status) {
  return status == 408 || status == 425 || status == 429 || status == 503;
}
// Something is wrong there that may pass: worth another try, and counted by the circuit. Not
// implemented (501) and not supported (505) will not get better by waiting.
bool is_trouble(int status) {
  return is_overload(status) || (status >= 500 && status != 501 && status != 505);
}

// What providers call their sentence: 100ms "message", RFC 9457 "detail" and "title", Daily "info",
// LiveKit "msg", others "error"; Google and Microsoft put it into an object of that name.
std::string_view message_in(const core::json_value& json) {
  const core::json_value* inner = json.find("error");
  if (inner && inner->as_object())
    if (const std::string* text = inner->find_string("message")) return *text;
  for (const std::string_view name : {"message", "detail", "info", "msg", "title", "error"})
    if (const std::string* text = json.find_string(name)) return *text;
  return {};
}

bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

std::size_t outcome_of(const core::result<rest_answer>& answer) {
  if (answer) return 0;
  if (answer.error().code == errc::rejected) return 1;
  return answer.error().code == errc::timed_out ? 3 : 2;
}
constexpr std::array<const char*, 4> outcome_names = {"ok", "rejected", "unavailable", "timed_out"};

// Transport failures in our own words.
core::failure transport_failure(const core::failure& why) {
  const std::string detail = fmt::format("{} ({})", why.code.message(), why.detail);
  if (why.code == net::errc::timed_out || why.code == core::errc::timed_out)
    return core::failure(errc::timed_out, detail);
  if (why.code == http::errc::bad_response || why.code == http::errc::response_too_large ||
      why.code == http::errc::bad_url)
    return core::failure(errc::rejected, detail);
  return core::failure(errc::unavailable, detail)
      .with("reason", "unreachable")
      .retry_in(usual_wait);
}

// What an operator can look at where no answer came at all. It follows the vendor's part of the
// text, which is cut.
std::string_view way_out_of(const core::failure& why) {
  if (why.code == net::errc::tls_failed)
    return "; check the address, and http_client.ca_file where its certificate is signed by an "
           "authority of your own";
  if (why.code == net::errc::name_not_found) return "; check the address, and this machine's DNS";
  if (why.code == net::errc::connect_failed || why.code == net::errc::timed_out)
    return "; check the address, and that this machine may reach it";
  return {};
}

core::seconds rounded_up(std::chrono::nanoseconds wait) {
  return std::max(core::seconds{1}, std::chrono::ceil<core::seconds>(wait));
}

// The longest that a vendor may close one of its quotas: limits are documented by the day.
constexpr core::seconds quota_wait_max = std::chrono::hours{25};
// How often one call waits for its turn: others may be faster.
constexpr int quota_waits_max = 3;

core::failure circuit_open(std::chrono::nanoseconds wait) {
  return core::failure(errc::unavailable, "the circuit to the provider is open")
      .with("reason", "circuit_open")
      .retry_in(rounded_up(wait));
}

std::string without(std::string text, std::string_view hidden) {
  if (hidden.empty()) return text;
  for (auto at = text.find(hidden); at != std::string::npos; at = text.find(hidden, at))
    text.replace(at, hidden.size(), "(secret)");
  return text;
}

}  // namespace

bool was_used_up(const core::failure& why) {
  return std::ranges::any_of(why.facts, [](const core::fact& one) {
    return one.name == "reason" && one.value == "quota";
  });
}

std::string read_base_url(core::options& from, std::string_view key, std::string fallback) {
  auto base = from.url(key, true);
  if (!base) return fallback;
  if (base->find('?') == base->npos && http::url::from(*base)) return std::move(*base);
  from.note(key, "must be a base address: host, perhaps port and path, and no more",
            fallback.empty() ? std::string() : '"' + fallback + '"');
  return fallback;
}

std::optional<core::failure> refusal_of(int status, std::initializer_list<known_refusal> known) {
  for (const known_refusal& one : known)
    if (one.status == status)
      return core::failure(errc::rejected, fmt::format("{} (status {})", one.sentence, status));
  return std::nullopt;
}

std::string readable_excerpt(std::string_view text, std::string_view bearer) {
  // Work is bounded whatever the provider sends; a token cut in two here is caught by its first
  // letters below.
  text = text.substr(0, 4096);
  std::string out;
  for (std::size_t i = 0; i < text.size() && out.size() < excerpt_bytes_max;) {
    const std::string_view rest = text.substr(i);
    const bool ours = !bearer.empty() && rest.starts_with(bearer);
    // Every JSON Web Token begins with base64url of '{"'.
    if (ours || rest.starts_with("eyJ")) {
      if (ours) i += bearer.size();
      while (i < text.size() && is_token_character(text[i])) ++i;
      out += "(token)";
      continue;
    }
    const auto c = static_cast<unsigned char>(text[i++]);
    out += c < 0x20 || c >= 0x7f ? '?' : static_cast<char>(c);
  }
  return out;
}

core::result<rest_answer> read_answer(const http::response& from, const std::vector<int>& welcome,
                                      core::wall_time now, core::seconds retry_after_max,
                                      bool reads_json) {
  rest_answer out;
  out.status = from.status;
  const bool empty = core::trimmed(from.body).empty();
  auto json = empty ? core::result<core::json_value>(core::json_value())
                    : core::read_json(from.body, answer_limits);
  const bool is_welcome = std::ranges::find(welcome, from.status) != welcome.end();
  if (is_welcome || (from.status >= 200 && from.status < 300)) {
    if (!reads_json) {
      out.text = from.body;
      return out;
    }
    if (!json && !is_welcome)
      return core::fail(errc::rejected,
                        fmt::format("status {} with a body that is no JSON we accept, so perhaps "
                                    "this is not the API's address: {}",
                                    from.status, json.error().detail));
    if (json) out.json = std::move(*json);
    return out;
  }
  if (from.status >= 300 && from.status < 400)
    return core::fail(errc::rejected,
                      fmt::format("status {}: it leads elsewhere, which is not followed; check the "
                                  "address",
                                  from.status));
  const std::string_view said = json ? message_in(*json) : std::string_view{};
  const std::string detail = said.empty() ? fmt::format("status {} and {} bytes without a message",
                                                        from.status, from.body.size())
                                          : fmt::format("status {}: {}", from.status, said);
  if (!is_overload(from.status)) return core::fail(errc::rejected, detail);
  const auto told = http::read_retry_after(from.find("Retry-After"), now, retry_after_max);
  return core::fail(core::failure(errc::unavailable, detail)
                        .with("reason", "overloaded")
                        .retry_in(told.value_or(usual_wait)));
}

rest_caller::rest_caller(const provider_tools& tools, const core::provider_name& name,
                         const guard_settings& limits)
    : clock_(tools.clock),
      log_(tools.log),
      metrics_(tools.metrics),
      client_(tools.client),
      name_(name.text()),
      limits_(limits),
      front_(limits),
      cleanup_(limits),
      slots_(limits, tools.on),
      chance_(tools.random),
      circuit_gauge_(tools.metrics.level("provider_circuit_state",
                                         "Circuit to the provider: 0 closed, 1 half open, 2 open, "
                                         "as the shard saw it that changed last.",
                                         {{"provider", name_}})) {}

core::task<core::result<rest_answer>> rest_caller::call(rest_request what, core::deadline until) {
  for (std::uint32_t tries = 0;; ++tries) {
    const auto started = clock_.steady_now();
    auto done = co_await try_once(what, until);
    observe(what.operation, done.answer, started);
    if (done.answer) {
      lane_of(what.wanted_for).budget.succeeded();
      co_return std::move(done.answer);
    }
    const bool safe = what.safe_to_repeat || done.was_not_done;
    if (!safe || !done.may_repeat || tries >= limits_.retries_max) co_return std::move(done.answer);
    const auto pause = pause_for(done.answer.error(), tries, what.wanted_for, until);
    if (!pause) co_return std::move(done.answer);
    log_.debug("provider_retry",
               {{"provider", name_}, {"operation", what.operation}, {"attempt", tries + 1}});
    // The pause is a span of real time, whatever clock tells us when it began.
    const auto wake_at = core::deadline::after(std::chrono::steady_clock::now(), *pause);
    co_await core::sleep_until(wake_at);
  }
}

std::optional<core::failure> rest_caller::away() const {
  if (const auto wait = refusal_for(urgency::join, clock_.steady_now()); wait.count() > 0)
    return circuit_open(wait);
  if (slots_.full()) return line_full();
  return std::nullopt;
}

std::chrono::nanoseconds rest_caller::refusal_for(urgency who, core::steady_time now) const {
  const auto wait = front_.breaker.refusal(now);
  return who == urgency::cleanup ? std::max(wait, cleanup_.breaker.refusal(now)) : wait;
}

core::task<rest_caller::attempt> rest_caller::try_once(rest_request what, core::deadline until) {
  // Asked before the quota and the line, so that nobody queues for a provider that is known to be
  // away.
  attempt refused;
  auto why = away();
  if (const auto wait = refusal_for(what.wanted_for, clock_.steady_now()); !why && wait.count() > 0)
    why = circuit_open(wait);
  if (why) {
    refused.answer = core::fail(std::move(*why));
    co_return refused;
  }
  auto taken = co_await take_quotas(&what, until);
  if (!taken) {
    refused.answer = core::same_failure(taken);
    co_return refused;
  }
  auto slot = co_await slots_.take(until);
  if (!slot) {
    give_back_quotas(what);
    refused.answer = core::same_failure(slot);
    co_return refused;
  }
  const auto started = clock_.steady_now();
  circuit_breaker& breaker = lane_of(what.wanted_for).breaker;
  const auto verdict = breaker.ask(started);
  tell_circuit(what.wanted_for);
  if (!verdict.go) {
    give_back_quotas(what);
    refused.answer = core::fail(circuit_open(verdict.wait));
    co_return refused;
  }
  // A call that is cancelled must not keep the circuit waiting for its outcome.
  struct trial {
    circuit_breaker& of;
    std::uint32_t era;
    ~trial() { of.abandoned(era); }
  } at_exit{breaker, verdict.era};

  http::request sent;
  sent.method = what.method;
  sent.url = what.url;
  sent.fields = what.fields;
  sent.body = what.body;
  sent.safe_to_repeat = what.safe_to_repeat;
  sent.fields.push_back({"Accept", what.reads_json ? "application/json" : "text/xml, */*"});
  if (!sent.body.empty()) sent.fields.push_back({"Content-Type", what.content_type});
  if (what.trace) sent.fields.push_back({"traceparent", what.trace->traceparent(chance_)});
  if (what.bearer)
    sent.fields.push_back({"Authorization", "Bearer " + std::string(what.bearer->reveal())});
  const bool had_time = until.left(started) >= fair_time;
  auto got = co_await client_.send(std::move(sent), until);
  attempt done = judge(what, std::move(got), verdict.era, had_time);
  tell_circuit(what.wanted_for);
  co_return done;
}

rest_caller::attempt rest_caller::judge(const rest_request& what, core::result<http::response> got,
                                        std::uint32_t era, bool had_time) {
  const std::string_view bearer = what.bearer ? what.bearer->reveal() : std::string_view{};
  const auto now = clock_.steady_now();
  circuit_breaker& breaker = lane_of(what.wanted_for).breaker;
  attempt done;
  std::string_view advice;
  if (!got) {
    advice = way_out_of(got.error());
    core::failure why = transport_failure(got.error());
    // A late answer of ours is not the provider's fault; a peer that breaks the protocol, or is
    // away, is.
    if (got.error().code != net::errc::cancelled && (why.code != errc::timed_out || had_time))
      breaker.failed(era, now, std::nullopt);
    done.may_repeat = why.code != errc::rejected;
    done.answer = core::fail(std::move(why));
  } else {
    // A used up quota closes that quota alone, for as long as it may take; the provider is well.
    const bool used_up = got->status == 429 && !what.quotas.empty();
    const auto most = used_up ? quota_wait_max : limits_.retry_after_max;
    done.answer = read_answer(*got, what.welcome, clock_.wall_now(), most, what.reads_json);
    const bool trouble = !done.answer && is_trouble(got->status) && !used_up;
    // Overload is honoured at once: 100ms and others document no Retry-After, then the usual second
    // counts.
    const auto told = trouble && (got->status == 429 || !got->find("Retry-After").empty())
                          ? done.answer.error().retry_after
                          : std::nullopt;
    if (trouble)
      breaker.failed(era, now, told);
    else
      breaker.succeeded(era);
    done.was_not_done = got->status == 429;
    done.may_repeat = trouble || (!done.answer && used_up);
    if (!done.answer && used_up)
      done.answer = core::fail(exhausted(what, *got, std::move(done.answer.error())));
  }
  if (!done.answer) {
    core::failure& why = done.answer.error();
    std::string said = why.detail;
    if (what.hidden) said = without(std::move(said), what.hidden->reveal());
    why.detail =
        fmt::format("{} {}: {}{}", name_, what.operation, readable_excerpt(said, bearer), advice);
  }
  return done;
}

// Who is at the door waits for a place as long as the deadline allows; what is made ahead or
// cleaned up comes again by itself.
core::task<core::result<void>> rest_caller::take_quotas(const rest_request* what,
                                                        core::deadline until) {
  std::size_t held = 0;
  for (int rounds = 0; held < what->quotas.size();) {
    const quota_use& use = what->quotas[held];
    const auto now = clock_.steady_now();
    const auto wait = use.of->take(what->wanted_for, use.cost, clock_);
    show(*use.of);
    if (wait.count() == 0) {
      ++held;
      continue;
    }
    const bool worth_waiting = what->wanted_for == urgency::join && ++rounds <= quota_waits_max &&
                               wait <= limits_.quota_wait &&
                               until.left(now) >= wait + limits_.answer_least;
    if (!worth_waiting) {
      for (std::size_t i = 0; i < held; ++i)
        what->quotas[i].of->give_back(what->quotas[i].cost, clock_);
      metrics_
          .count("provider_quota_refused_total", "Calls not made because a quota was used up.",
                 {{"provider", name_},
                  {"quota", use.of->name()},
                  {"urgency", std::string(name_of(what->wanted_for))}})
          .add();
      co_return core::fail(
          core::failure(errc::unavailable, fmt::format("{} {}: the quota {} is used up", name_,
                                                       what->operation, use.of->name()))
              .with("reason", "quota")
              .retry_in(rounded_up(wait)));
    }
    co_await core::sleep_until(core::deadline::after(std::chrono::steady_clock::now(), wait));
  }
  co_return core::result<void>();
}

void rest_caller::give_back_quotas(const rest_request& what) {
  for (const quota_use& use : what.quotas) use.of->give_back(use.cost, clock_);
}

core::failure rest_caller::exhausted(const rest_request& what, const http::response& by,
                                     core::failure why) {
  const std::size_t index = what.exceeded ? what.exceeded(by) : 0;
  quota& spent = *what.quotas[std::min(index, what.quotas.size() - 1)].of;
  const auto told =
      http::read_retry_after(by.find("Retry-After"), clock_.wall_now(), quota_wait_max);
  const auto wait = spent.close(told, clock_);
  show(spent);
  log_.warn("provider_quota",
            {{"provider", name_}, {"quota", spent.name()}, {"wait", wait.count()}});
  why.facts.clear();
  return std::move(why).with("reason", "quota").retry_in(wait);
}

void rest_caller::show(quota& one) {
  core::gauge*& slot = quota_gauges_[&one];
  if (!slot)
    slot =
        &metrics_.level("provider_quota_left", "What joins may still take of a provider's limit.",
                        {{"provider", name_}, {"quota", one.name()}});
  slot->set(one.left(clock_));
}

// How long to wait before trying again; nullopt where the deadline, the budget or the circuit leave
// no room for it.
std::optional<std::chrono::nanoseconds> rest_caller::pause_for(const core::failure& why,
                                                               std::uint32_t tries, urgency who,
                                                               core::deadline until) {
  const auto now = clock_.steady_now();
  auto pause = retry_pause(limits_, tries, chance_.next());
  const auto circuit = refusal_for(who, now);
  // Where the circuit opened because the provider named a time, coming back just after it is what
  // it asked for.
  // A longer one is for the person to wait, who is told of it: a call may have more time than a
  // join.
  if (circuit > limits_.retry_most) return std::nullopt;
  pause += circuit;
  if (until.left(now) < pause + limits_.answer_least) return std::nullopt;
  if (why.code == errc::timed_out && until.passed(now)) return std::nullopt;
  if (!lane_of(who).budget.take()) return std::nullopt;
  return pause;
}

void rest_caller::observe(std::string_view operation, const core::result<rest_answer>& answer,
                          core::steady_time started) {
  auto found = times_.find(operation);
  if (found == times_.end())
    found = times_.emplace(std::string(operation), std::array<core::histogram*, 4>{}).first;
  const std::size_t outcome = outcome_of(answer);
  core::histogram*& slot = found->second[outcome];
  if (!slot)
    slot = &metrics_.times("provider_request_duration_seconds",
                           "Duration of calls to the provider, refused ones included.",
                           {{"provider", name_},
                            {"operation", std::string(operation)},
                            {"outcome", outcome_names[outcome]}});
  slot->observe(std::chrono::duration<double>(clock_.steady_now() - started).count());
}

void rest_caller::tell_circuit(urgency who) {
  lane& one = lane_of(who);
  const circuit_state now = one.breaker.state();
  if (now == one.told) return;
  one.told = now;
  const bool of_cleanup = who == urgency::cleanup;
  if (!of_cleanup) circuit_gauge_.set(static_cast<std::int64_t>(now));
  log_.warn(
      "provider_circuit",
      {{"provider", name_}, {"of", of_cleanup ? "cleanup" : "joins"}, {"state", name_of(now)}});
}

}  // namespace providers
