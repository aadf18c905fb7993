// The event streams of join_api: the same join, told step by step, waiting for the room to open
// where it is early.
#include "api/join_api.hpp"
#include "core/json.hpp"
#include "core/secret.hpp"
#include "core/time_text.hpp"
#include "http/event_stream.hpp"
#include "rooms/error.hpp"

namespace api {
namespace {

using namespace std::chrono_literals;

// opensAt is a whole second; a room that opens within it is looked at again after this.
constexpr auto least_wait = 250ms;

std::string state_json(std::string_view name) {
  std::string out;
  core::json_writer json(out);
  json.begin_object();
  json.member("state", name);
  json.end_object();
  return out;
}

std::optional<core::wall_time> opening_of(const core::failure& why) {
  if (why.code != rooms::errc::too_early) return std::nullopt;
  for (const core::fact& one : why.facts)
    if (one.name == "opensAt") return core::from_rfc3339(one.value);
  return std::nullopt;
}

}  // namespace

struct join_api::stream_scene {
  http::exchange* about = nullptr;
  join::join_call call;
  auth::identity_ptr who;
  auth::credential brought;  // by which they are known, for asking again
  join::gate::place place;
  core::deadline end{core::steady_time{}};  // no waiting for an opening beyond this
};

http::answer join_api::stream(http::exchange& about, http::reply& out, join::join_call call,
                              auth::identity_ptr who) {
  // The head does not live as long as the stream.
  auto brought =
      desk_.parts.sessions.credential_of(*about.head, about.now, desk_.from_proxy(about));
  if (!brought) {
    turn_away(about, out, call, who.get(), brought.error());
    return http::answered_now{};
  }
  core::result<join::gate::place> place;
  if (who) place = desk_.parts.gate.begin_stream(about.client, who->user);
  if (!place) {
    record(about, call, who.get(), &place.error());
    refuse(about, out, place.error());
    return http::answered_now{};
  }
  auto scene = std::make_shared<stream_scene>();
  scene->about = &about;
  scene->call = std::move(call);
  scene->who = std::move(who);
  scene->brought = std::move(*brought);
  scene->place = std::move(*place);
  scene->end =
      core::deadline::after(desk_.parts.clock.steady_now(), desk_.settings.stream_wait_max);
  return http::answered_by_events(
      [this, scene](http::event_stream& events) { return run_stream(scene, &events); });
}

core::task<void> join_api::run_stream(std::shared_ptr<stream_scene> scene,
                                      http::event_stream* events) {
  auto sent = co_await events->send("state", state_json("checking"));
  if (!sent) co_return;
  if (!scene->who) {
    auto known = co_await begin(scene);
    if (!known) {
      co_await end_stream(scene, events, std::move(known.error()));
      co_return;
    }
  }
  auto door = co_await wait_for_opening(scene, events);
  if (!door) {
    co_await end_stream(scene, events, std::move(door.error()));
    co_return;
  }
  if (desk_.parts.joins.must_prepare(*door->booking)) {
    sent = co_await events->send("state", state_json("provisioning"));
    if (!sent) co_return;
  }
  const core::deadline until = desk_.join_deadline();
  auto made = co_await desk_.parts.joins.enter(std::move(*door), scene->call, scene->who, until);
  if (!made) {
    co_await end_stream(scene, events, std::move(made.error()));
    co_return;
  }
  auto known = co_await know_again(scene);
  if (!known) {
    co_await end_stream(scene, events, std::move(known.error()));
    co_return;
  }
  sent = co_await events->send("state", state_json("ready"));
  if (!sent) co_return;
  record(*scene->about, scene->call, scene->who.get(), nullptr, made->provider->name.view());
  std::string answer;
  write_joined(answer, *made, scene->call, desk_.parts.clock.wall_now());
  co_await events->send("url", std::move(answer));
}

core::task<core::result<join::opened>> join_api::wait_for_opening(
    std::shared_ptr<stream_scene> scene, http::event_stream* events) {
  std::optional<core::wall_time> told;
  while (true) {
    const core::deadline until = desk_.join_deadline();
    auto door = co_await desk_.parts.joins.check(scene->call, scene->who, until);
    if (door) co_return door;
    const auto opens_at = opening_of(door.error());
    const core::steady_time steady_now = desk_.parts.clock.steady_now();
    if (!opens_at || scene->end.passed(steady_now)) co_return door;

    const core::wall_time now = desk_.parts.clock.wall_now();
    if (told != opens_at) {
      std::string state;
      core::json_writer json(state);
      json.begin_object().member("state", "waiting");
      json.member("opensAt", core::to_rfc3339(*opens_at));
      json.member("serverTime", core::to_rfc3339(now));
      json.end_object();
      auto sent = co_await events->send("state", std::move(state));
      if (!sent) co_return core::fail(core::errc::cancelled, "the client has left");
      told = opens_at;
    }
    const auto wait = std::max<core::wall_time::duration>(*opens_at - now, least_wait);
    const auto wake_at = earlier_of(core::deadline::after(steady_now, wait), scene->end);
    const bool there = co_await wait_for_change(scene->call.room, wake_at, events);
    if (!there) co_return core::fail(core::errc::cancelled, "the client has left");
    auto known = co_await know_again(scene);
    if (!known) co_return core::same_failure(known);
  }
}

// While a stream waits, its session may end and the key of it be withdrawn.
core::task<core::result<void>> join_api::know_again(std::shared_ptr<stream_scene> scene) {
  const core::deadline until = desk_.join_deadline();
  auto who = co_await desk_.parts.sessions.verify_later(scene->brought, &desk_.parts.clock, until);
  if (!who) co_return core::same_failure(who);
  scene->who = std::move(*who);
  co_return core::result<void>();
}

// Where the session had to be asked about first: what stream() does for those who are known.
core::task<core::result<void>> join_api::begin(std::shared_ptr<stream_scene> scene) {
  auto known = co_await know_again(scene);
  if (!known) co_return known;
  http::reply unsent;  // the stream has begun, so its fields are written
  auto counted = desk_.count_user(*scene->who, *scene->about, unsent);
  if (!counted) co_return counted;
  auto place = desk_.parts.gate.begin_stream(scene->about->client, scene->who->user);
  if (!place) co_return core::same_failure(place);
  scene->place = std::move(*place);
  co_return core::result<void>();
}

core::task<bool> join_api::wait_for_change(core::room_id room, core::deadline until,
                                           http::event_stream* events) {
  core::notice changed(desk_.parts.on);
  const auto mine = waiting_.emplace(std::move(room), changed);
  struct leaving {
    std::multimap<core::room_id, core::notice>& from;
    std::multimap<core::room_id, core::notice>::iterator mine;
    ~leaving() { from.erase(mine); }
  } at_exit{waiting_, mine};
  co_return co_await events->wait_for(changed, until);
}

core::task<void> join_api::end_stream(std::shared_ptr<stream_scene> scene,
                                      http::event_stream* events, core::failure why) {
  if (why.code == core::errc::cancelled) co_return;
  const problem& row = problem_of(why.code);
  scene->about->note = row.code;
  count_refusal(why, &scene->call.room);
  record(*scene->about, scene->call, scene->who.get(), &why);
  desk_.log_failure(*scene->about, why);
  std::string state;
  core::json_writer json(state);
  json.begin_object();
  json.member("state", row.status < 500 ? "denied" : "failed").member("code", row.code);
  json.end_object();
  auto sent = co_await events->send("state", std::move(state));
  if (!sent) co_return;
  std::string document = desk_.problem_json(*scene->about, why);
  co_await events->send("problem", std::move(document));
}

}  // namespace api
