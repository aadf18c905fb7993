#include "auth/asked_login.hpp"

#include <cstring>
#include <utility>

#include "auth/error.hpp"
#include "core/encoding.hpp"

namespace auth {
namespace {

constexpr std::size_t hash_bytes = 32;

jose::hmac_key new_hash(core::random_source& random) {
  std::array<unsigned char, hash_bytes> key{};
  random.fill(key);
  return {core::as_text(key), hash_bytes};
}

std::string_view kind_name(asked_kind kind) {
  return kind == asked_kind::callback ? "callback" : "introspection";
}

}  // namespace

struct asked_login::counters {
  counters(core::metrics_page& page, asked_kind kind)
      : known(one(page, kind, "known")),
        refused(one(page, kind, "refused")),
        put_off(one(page, kind, "put_off")),
        failed(one(page, kind, "failed")),
        broken(one(page, kind, "circuit_open")) {}

  static core::counter& one(core::metrics_page& page, asked_kind kind, std::string outcome) {
    return page.count("login_questions_total", "Questions to a login about a session.",
                      {{"kind", std::string(kind_name(kind))}, {"outcome", std::move(outcome)}});
  }
  core::counter& known;
  core::counter& refused;
  core::counter& put_off;
  core::counter& failed;
  core::counter& broken;
};

std::size_t asked_login::key_hash::operator()(const key& one) const {
  std::size_t out;
  std::memcpy(&out, one.data(), sizeof out);
  return out;
}

asked_login::asked_login(asked_settings settings, const asking_parts& parts,
                         std::size_t remembered_max)
    : settings_(std::move(settings)),
      parts_(parts),
      shelf_max_(remembered_max / 2),
      hash_(new_hash(parts.random)),
      counters_(std::make_shared<const counters>(parts.metrics, settings_.kind)),
      flights_(parts.on) {}

asked_login::key asked_login::key_of(std::string_view forwarded) const {
  key out;
  const auto hashed = hash_.of(forwarded);
  std::memcpy(out.data(), hashed.bytes.data(), out.size());
  return out;
}

std::optional<core::result<identity_ptr>> asked_login::remembered(std::string_view forwarded) {
  const key at = key_of(forwarded);
  const core::steady_time now = parts_.clock.steady_now();
  for (shelf* each : {&young_, &old_}) {
    const auto found = each->find(at);
    if (found != each->end() && now < found->second.until) return found->second.answer;
  }
  return std::nullopt;
}

// Trouble is not remembered, but for as long as the server asks to be left alone with this one.
std::chrono::milliseconds asked_login::memory_of(const core::result<identity_ptr>& answer) const {
  if (answer) {
    const auto left = (*answer)->expires_at + settings_.rules.leeway - parts_.clock.wall_now();
    return std::min(settings_.good_for,
                    std::chrono::duration_cast<std::chrono::milliseconds>(left));
  }
  if (answer.error().code != errc::login_unavailable) return settings_.bad_for;
  return answer.error().retry_after.value_or(core::seconds{0});
}

void asked_login::remember(const key& at, const core::result<identity_ptr>& answer) {
  const auto keep = memory_of(answer);
  if (shelf_max_ == 0 || keep <= std::chrono::milliseconds{0}) return;
  if (young_.size() >= shelf_max_) {
    old_ = std::move(young_);
    young_ = {};
  }
  young_.insert_or_assign(at, entry{answer, parts_.clock.steady_now() + keep});
}

void asked_login::forget() {
  ++era_;
  young_.clear();
  old_.clear();
}

core::task<core::result<identity_ptr>> asked_login::ask(core::secret forwarded,
                                                        core::deadline until) {
  const key at = key_of(forwarded.reveal());
  const auto shared = std::make_shared<core::secret>(std::move(forwarded));
  const auto self = shared_from_this();
  for (;;) {
    if (auto known = remembered(shared->reveal())) co_return std::move(*known);
    const std::uint64_t era = era_;
    std::function<core::task<core::result<identity_ptr>>()> ask_it = [self, at, shared] {
      return fetch(self, at, shared);
    };
    // A question from before a revocation is another flight, and its good answer counts for nobody.
    std::string name = core::to_hex(at) + ' ' + std::to_string(era);
    auto answer = co_await flights_.join(std::move(name), std::move(ask_it), until);
    const bool judged = answer || answer.error().code.category() ==
                                      make_error_code(errc::unauthenticated).category();
    if (!judged) co_return core::fail(errc::login_unavailable, "waited for the login's answer");
    if (!answer || era == era_) co_return answer;
  }
}

core::task<core::result<identity_ptr>> asked_login::fetch(std::shared_ptr<asked_login> self, key at,
                                                          std::shared_ptr<core::secret> forwarded) {
  const core::steady_time begun = self->parts_.clock.steady_now();
  if (!self->breaker_.may_go(begun)) {
    self->counters_->broken.add();
    core::failure away(make_error_code(errc::login_unavailable), "the login keeps failing");
    co_return core::fail(std::move(away).retry_in(self->breaker_.wait(begun)));
  }
  const std::uint64_t era = self->era_;
  auto question = question_of(self->settings_, forwarded->reveal());
  const auto until = core::deadline::after(begun, self->settings_.timeout);
  auto answer = co_await self->parts_.client.send(std::move(question), until);
  auto made = self->judge(answer);
  self->count(made);
  if (era == self->era_) self->remember(at, made.who);
  co_return std::move(made.who);
}

asked_login::judgement asked_login::judge(const core::result<http::response>& answer) const {
  if (!answer)
    return {core::fail(errc::login_unavailable,
                       answer.error().code.message() + ": " + answer.error().detail),
            true};
  auto said = read_answer(settings_, *answer, parts_.clock.wall_now());
  if (!said.who) return {core::same_failure(said.who), said.server_fails};
  return {std::make_shared<const identity>(std::move(*said.who)), false};
}

void asked_login::count(const judgement& made) {
  const bool put_off =
      !made.who && !made.server_fails && made.who.error().code == errc::login_unavailable;
  (made.server_fails ? counters_->failed
   : put_off         ? counters_->put_off
   : made.who        ? counters_->known
                     : counters_->refused)
      .add();
  if (made.server_fails)
    breaker_.failed(parts_.clock.steady_now());
  else
    breaker_.succeeded();
  if (made.server_fails || put_off)
    parts_.log.warn("login_question_failed",
                    {{"kind", kind_name(settings_.kind)}, {"detail", made.who.error().detail}});
}

}  // namespace auth
