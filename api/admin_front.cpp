// The admin listener's face: is it alive, is it ready, what does it count, and why may somebody not
// go in.
#include "api/error.hpp"
#include "api/front.hpp"
#include "api/parameters.hpp"
#include "api/problem.hpp"
#include "core/json.hpp"
#include "core/time_text.hpp"
#include "http/error.hpp"

namespace api {
namespace {

using namespace std::chrono_literals;

// A store that takes longer than this for one row is not ready to serve joins.
constexpr auto probe_timeout = 2s;

struct explain_wish {
  core::user_id user;
  core::role seat = core::role::expert;
  core::room_id room;
  core::wall_time at;
};

core::result<std::string> required(std::string_view query, std::string_view name,
                                   bool plus_is_space = true) {
  auto text = find_parameter(query, name, plus_is_space);
  if (!text) return core::same_failure(text);
  if (!*text) return core::fail(bad_parameter(name, std::string(name) + " is required."));
  return std::move(**text);
}

core::result<explain_wish> read_wish(std::string_view query, core::wall_time now) {
  explain_wish out;
  auto user = required(query, "user");
  if (!user) return core::same_failure(user);
  const auto user_id = core::user_id::from(*user);
  if (!user_id) return core::fail(bad_parameter("user", "user must be 1 to 255 bytes of UTF-8."));
  auto seat_text = required(query, "role");
  if (!seat_text) return core::same_failure(seat_text);
  const auto seat = core::role_from(*seat_text);
  if (!seat) return core::fail(bad_parameter("role", "role must be expert or client."));
  auto room_text = required(query, "room");
  if (!room_text) return core::same_failure(room_text);
  const auto room = core::room_id::from(*room_text);
  if (!room) return core::fail(bad_parameter("room", "room must be a roomId."));
  auto at_text = find_parameter(query, "at", false);
  if (!at_text) return core::same_failure(at_text);
  const auto at = *at_text ? core::from_rfc3339(**at_text) : std::optional(now);
  if (!at) return core::fail(bad_parameter("at", "at must be a time as in RFC 3339."));
  return explain_wish{*user_id, *seat, *room, *at};
}

void give_text(http::reply& out, int status, std::string text) {
  out.status = status;
  out.fields += "Content-Type: text/plain; charset=utf-8\r\n";
  out.body = std::move(text);
}

}  // namespace

struct admin_front::state {
  explicit state(admin_parts from) : parts(std::move(from)) {}

  void refuse(http::exchange& about, http::reply& out, const core::failure& why) const {
    about.note = problem_of(why.code).code;
    write_problem(out, why, {parts.docs_url, about.request_id()});
  }
  static core::task<void> ready(state* my, http::reply* out);
  std::string missing_logins(bool& nobody) const;
  static core::task<void> explain(state* my, http::exchange* about, http::reply* out,
                                  explain_wish wish);

  admin_parts parts;
};

admin_front::admin_front(admin_parts parts) : state_(std::make_unique<state>(std::move(parts))) {}
admin_front::~admin_front() = default;

std::optional<http::body_plan> admin_front::admit(http::exchange& about, http::reply& out) {
  about.client = about.peer->address;
  about.request_id_size = 1;
  about.request_id_text[0] = '-';
  out.fields += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
  const bool reads =
      about.head->method == http::method::get || about.head->method == http::method::head;
  if (reads) return http::body_plan{0};
  out.fields += "Allow: GET, HEAD\r\n";
  state_->refuse(about, out, core::failure(make_error_code(http::errc::method_not_allowed)));
  return std::nullopt;
}

http::answer admin_front::handle(http::exchange& about, http::reply& out) {
  const std::string_view path = about.head->path;
  if (path == "/livez") {
    give_text(out, 200, "alive\n");
  } else if (path == "/readyz") {
    if (!state_->parts.draining || !state_->parts.draining())
      return state::ready(state_.get(), &out);
    give_text(out, 503, "draining\n");
  } else if (path == "/metrics") {
    out.fields += "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n";
    out.body = state_->parts.metrics.render();
  } else if (path == "/admin/explain") {
    auto wish = read_wish(about.head->query, state_->parts.clock.wall_now());
    if (wish) return state::explain(state_.get(), &about, &out, std::move(*wish));
    state_->refuse(about, out, wish.error());
  } else {
    state_->refuse(about, out, core::failure(make_error_code(http::errc::not_found)));
  }
  return http::answered_now{};
}

// Others are still let in while one login is away, so this node has to stay in service for them.
std::string admin_front::state::missing_logins(bool& nobody) const {
  const login_report report = parts.logins ? parts.logins() : login_report{};
  nobody = !report.without_keys.empty() && !report.others;
  std::string out;
  for (const std::string& name : report.without_keys)
    out += "no keys of the login " + name + ": its sessions cannot be verified\n";
  return out;
}

core::task<void> admin_front::state::ready(state* my, http::reply* out) {
  const auto until = core::deadline::after(my->parts.clock.steady_now(), probe_timeout);
  core::room_id any = *core::room_id::from("readyz");
  auto found = co_await my->parts.store.find(std::move(any), until);
  bool nobody = false;
  const std::string missing = my->missing_logins(nobody);
  const bool deaf = my->parts.hears_news && !my->parts.hears_news();
  if (!found)
    give_text(*out, 503, "the store does not answer\n" + missing);
  else if (deaf)
    give_text(*out, 503, "what other processes write to the store is not heard\n" + missing);
  else
    give_text(*out, nobody ? 503 : 200, (nobody ? "" : "ready\n") + missing);
}

core::task<void> admin_front::state::explain(state* my, http::exchange* about, http::reply* out,
                                             explain_wish wish) {
  const auto until = core::deadline::after(my->parts.clock.steady_now(), probe_timeout);
  auto found = co_await my->parts.store.find(wish.room, until);
  if (!found) {
    my->refuse(*about, *out, found.error());
    co_return;
  }
  const rooms::booking* one = *found ? &**found : nullptr;
  // As the command does: for a session that names the role of the seat.
  const rooms::caller who{wish.user, true, {&wish.seat, 1}};
  const auto made = rooms::decide(one, who, wish.seat, wish.at, my->parts.windows);
  std::string text = rooms::explain(made, one, who, wish.seat, wish.at);
  give_text(*out, 200, std::move(text));
}

void admin_front::refuse(http::exchange& about, core::failure why, http::reply& out) {
  out.clear();
  out.fields += "Cache-Control: no-store\r\n";
  state_->refuse(about, out, why);
}

void admin_front::finished(const http::exchange&, int, std::size_t) {}

}  // namespace api
