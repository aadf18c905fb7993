#include "api/join_api.hpp"

#include "api/parameters.hpp"
#include "api/prefetch.hpp"
#include "auth/error.hpp"
#include "core/append.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"

namespace api {
namespace {

constexpr std::string_view decisions = "join_decisions_total";
constexpr std::string_view decisions_help = "Joins by how they ended.";

bool wants_events(const http::request_head& head) {
  return accepts(head.find(http::known_field::accept), "text/event-stream");
}

using step = rooms::booking_cache::step;

// What GET would answer with.
std::string_view type_of(const http::request_head& head) {
  return wants_events(head) ? "Content-Type: text/event-stream; charset=utf-8\r\n"
                            : "Content-Type: application/json\r\n";
}

}  // namespace

const join_api::vendor_text& join_api::text_of(const providers::provider_traits& traits) {
  for (const vendor_text& one : vendors_)
    if (one.traits == &traits) return one;
  vendor_text made;
  made.traits = &traits;
  made.name = R"(","provider":)";
  core::append_json_string(made.name, traits.name.view());
  made.embed = R"(","embed":)";
  core::json_writer embed(made.embed);
  embed.begin_object();
  embed.member("mode", traits.mode == providers::embed_mode::iframe ? "iframe" : "new_tab");
  embed.member("allow", traits.allow).member("origin", traits.origin);
  embed.end_object();
  made.embed += '}';  // of the answer
  made.allowed = &desk_.parts.metrics.count(
      decisions, decisions_help,
      {{"outcome", "allowed"}, {"code", "ok"}, {"provider", traits.name.text()}});
  return vendors_.emplace_back(std::move(made));
}

void join_api::write_joined(std::string& out, const join::joined& made, const join::join_call& call,
                            core::wall_time now) {
  const vendor_text& vendor = text_of(*made.provider);
  const std::string_view name = call.display_name.empty() ? join::default_name(call.seat)
                                                          : std::string_view(call.display_name);
  std::string url_kept, name_kept;
  const std::string_view url = core::json_text(made.url, url_kept);
  // Room ids, roles and times hold nothing to escape.
  core::append_all(out, R"({"videoCallUrl":")", url, R"(","roomId":")", call.room.view(),
                   R"(","userName":")", core::json_text(name, name_kept), R"(","role":")",
                   core::name_of(call.seat), vendor.name, R"(,"expiresAt":")",
                   desk_.times.of(made.expires_at), R"(","refreshAfter":")");
  core::append_all(out, desk_.times.of(made.refresh_after), R"(","serverTime":")");
  core::append_all(out, desk_.times.of(now), vendor.embed);
  vendor.allowed->add();
}

void join_api::answer_joined(http::reply& out, const join::joined& made,
                             const join::join_call& call, core::wall_time now) {
  out.status = 200;
  out.fields += "Content-Type: application/json\r\n";
  out.body.clear();
  write_joined(out.body, made, call, now);
}

void join_api::count_refusal(const core::failure& why, const core::room_id* room) {
  // Rare enough for a look-up: codes come from the table of problems.
  const problem& row = problem_of(why.code);
  // Only where the provider may have a part in it: who is refused at the door never came so far.
  const auto provider = room && row.status >= 500 ? desk_.parts.joins.provider_of(*room) : "none";
  desk_.parts.metrics
      .count(decisions, decisions_help,
             {{"outcome", row.status < 500 ? "denied" : "failed"},
              {"code", std::string(row.code)},
              {"provider", std::string(provider)}})
      .add();
}

void join_api::record(const http::exchange& about, const join::join_call& call,
                      const auth::identity* who, const core::failure* why,
                      std::string_view provider) const {
  audited what{{}, call.room.view(), core::name_of(call.seat), {}};
  if (who) {
    what.user = who->user.view();
    what.token_id = who->token_id;
  }
  verdict made = why ? verdict_of(*why) : verdict{};
  made.provider = provider;
  if (why)
    for (const core::fact& one : why->facts) {
      if (one.name == auth::audit_user) what.user = one.value;
      if (one.name == auth::audit_token_id) what.token_id = one.value;
      if (one.name == auth::audit_rule) made.code = one.value;
    }
  desk_.audit.joined(about, what, made);
}

void join_api::turn_away(http::exchange& about, http::reply& out, const join::join_call& call,
                         const auth::identity* who, const core::failure& why) {
  if (about.head->method != http::method::head) record(about, call, who, &why);
  // No provider has a part in it where nobody is known.
  refuse(about, out, why, who ? &call.room : nullptr);
}

void join_api::refuse(http::exchange& about, http::reply& out, const core::failure& why,
                      const core::room_id* room) {
  count_refusal(why, room);
  desk_.refuse(about, out, why);
}

void join_api::expect(const http::request_head& head) const {
  constexpr std::string_view name = "roomId=";
  const std::size_t at = head.query.find(name);
  if (at == std::string_view::npos) return;
  const std::string_view value = head.query.substr(at + name.size());
  desk_.parts.joins.look_ahead(value.substr(0, value.find('&')), step::index);
}

http::answer join_api::handle(http::exchange& about, http::reply& out, core::role seat) {
  const http::request_head& head = *about.head;
  if (is_prefetch(head)) {
    out.status = 204;
    return http::answered_now{};
  }
  auto call = read_join_call(head.query, seat);
  if (!call) {
    desk_.refuse(about, out, call.error());
    return http::answered_now{};
  }
  desk_.parts.joins.look_ahead(call->room.view(), step::entry);
  auto who = desk_.verified(about);
  if (who) {
    desk_.parts.gate.buckets().expect(ratelimit::policy::user, (*who)->user.view());
    desk_.parts.joins.look_ahead(call->room.view(), step::booking);
    if (auto counted = desk_.count_user(**who, about, out); !counted) {
      turn_away(about, out, *call, who->get(), counted.error());
      return http::answered_now{};
    }
  }
  if (!who && who.error().code == auth::errc::must_wait) {
    call->trace = core::trace::from(head.find(http::known_field::traceparent));
    if (wants_events(head) && head.method == http::method::get)
      return stream(about, out, std::move(*call), nullptr);
    return desk_.later(about, out, know_and_join(&about, &out, std::move(*call)));
  }
  if (!who) {
    turn_away(about, out, *call, nullptr, who.error());
    return http::answered_now{};
  }
  if (head.method == http::method::head) return look(about, out, std::move(*call), std::move(*who));
  if (wants_events(head)) {
    call->trace = core::trace::from(head.find(http::known_field::traceparent));
    return stream(about, out, std::move(*call), std::move(*who));
  }
  if (join_at_once(about, out, *call, **who, about.now, about.started)) return http::answered_now{};
  call->trace = core::trace::from(head.find(http::known_field::traceparent));
  return desk_.later(about, out, join_later(&about, &out, std::move(*call), std::move(*who)));
}

bool join_api::join_at_once(http::exchange& about, http::reply& out, const join::join_call& call,
                            const auth::identity& who, core::wall_time now,
                            core::steady_time steady_now) {
  const auto made = desk_.parts.joins.join_now(call, who, now, steady_now);
  if (!made) return false;
  if (*made) {
    record(about, call, &who, nullptr, (*made)->provider->name.view());
    answer_joined(out, **made, call, now);
  } else {
    turn_away(about, out, call, &who, made->error());
  }
  return true;
}

// The session is one that this shard cannot judge by itself.
core::task<void> join_api::know_and_join(http::exchange* about, http::reply* out,
                                         join::join_call call) {
  const core::deadline until = earlier_of(about->deadline, desk_.join_deadline());
  auto who = co_await desk_.verified_later(about, until);
  if (!who) {
    turn_away(*about, *out, call, nullptr, who.error());
    co_return;
  }
  if (auto counted = desk_.count_user(**who, *about, *out); !counted)
    turn_away(*about, *out, call, who->get(), counted.error());
  else if (about->head->method == http::method::head)
    co_await look_later(about, out, std::move(call), std::move(*who));
  else if (const core::clock& clock = desk_.parts.clock;
           !join_at_once(*about, *out, call, **who, clock.wall_now(), clock.steady_now()))
    co_await join_later(about, out, std::move(call), std::move(*who));
}

core::task<void> join_api::join_later(http::exchange* about, http::reply* out, join::join_call call,
                                      auth::identity_ptr who) {
  const core::deadline until = earlier_of(about->deadline, desk_.join_deadline());
  auto made = co_await desk_.parts.joins.join(call, who, until);
  if (auto still = co_await desk_.verified_later(about, until); !still)
    made = core::same_failure(still);
  if (made) {
    record(*about, call, who.get(), nullptr, made->provider->name.view());
    answer_joined(*out, *made, call, desk_.parts.clock.wall_now());
  } else {
    turn_away(*about, *out, call, who.get(), made.error());
  }
}

// HEAD: everything that is checked, nothing that is done.
http::answer join_api::look(http::exchange& about, http::reply& out, join::join_call call,
                            auth::identity_ptr who) {
  auto door = desk_.parts.joins.check_now(call, *who, about.now, about.started);
  if (!door) {
    auto work = look_later(&about, &out, std::move(call), std::move(who));
    return desk_.later(about, out, std::move(work));
  }
  if (*door)
    out.fields += type_of(*about.head);
  else
    refuse(about, out, door->error());
  return http::answered_now{};
}

core::task<void> join_api::look_later(http::exchange* about, http::reply* out, join::join_call call,
                                      auth::identity_ptr who) {
  const core::deadline until = earlier_of(about->deadline, desk_.join_deadline());
  auto door = co_await desk_.parts.joins.check(std::move(call), std::move(who), until);
  if (door)
    out->fields += type_of(*about->head);
  else
    refuse(*about, *out, door.error());
}

void join_api::sessions_changed() {
  for (auto& [room, waits] : waiting_) waits.give();
}

void join_api::booking_changed(const core::room_id& room) {
  const auto [first, last] = waiting_.equal_range(room);
  for (auto one = first; one != last; ++one) one->second.give();
}

}  // namespace api
