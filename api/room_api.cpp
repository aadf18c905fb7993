#include "api/room_api.hpp"

#include "api/error.hpp"
#include "api/html.hpp"
#include "api/parameters.hpp"
#include "api/room_files.hpp"
#include "api/room_message.hpp"
#include "auth/credentials.hpp"
#include "auth/error.hpp"
#include "core/json.hpp"
#include "join/error.hpp"
#include "jose/error.hpp"
#include "rooms/error.hpp"

namespace api {
namespace {

// Marketplaces embed the page from origins of their own, so everybody may frame it: it shows
// nothing without a token, and camera and microphone need the frame's `allow` as well.
constexpr std::string_view page_fields =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; media-src 'self' blob:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors *\r\n"
    "Permissions-Policy: camera=(self), microphone=(self), display-capture=(self), "
    "autoplay=(self), fullscreen=(self), geolocation=(), payment=()\r\n"
    "Content-Type: text/html; charset=utf-8\r\n";

core::failure no_token() {
  return core::failure(make_error_code(auth::errc::unauthenticated), "no token");
}

// Calls are numbered; 40 bits of chance keep those of two processes apart.
std::uint64_t first_call(core::random_source& random) {
  std::array<unsigned char, 5> bytes;
  random.fill(bytes);
  std::uint64_t out = 0;
  for (const unsigned char one : bytes) out = out << 8 | one;
  return out;
}

// A page is for people: what the API calls an expired session is here a link whose time is over.
int page_status(const core::failure& why) {
  return why.code == jose::errc::expired ? 410 : problem_of(why.code).status;
}

struct sentence {
  std::string_view title;
  std::string_view detail;
};
sentence page_sentence(const core::failure& why) {
  if (why.code == jose::errc::expired)
    return {"This link has ended", "Go back to where you found it and join the call again."};
  const problem& row = problem_of(why.code);
  if (row.status == 401)
    return {"This link does not open the call",
            "It is incomplete, or it was made for somewhere else. Go back and join again."};
  return {row.title, row.detail};
}

}  // namespace

room_api::room_api(desk& at)
    : desk_(at), halls_{std::make_shared<room_hall>(first_call(at.parts.random))} {
  for (const providers::provider* one : desk_.parts.providers.all())
    if (const auto* tokens = providers::tokens_of(*one))
      vendors_.push_back({one, tokens, providers::rules_of(*one)});
}

core::result<room_api::visitor> room_api::check(std::string_view token, const core::room_id& room,
                                                core::wall_time now) const {
  core::failure why = no_token();
  for (const vendor& each : vendors_) {
    auto pass = each.tokens->verify(token, now);
    if (pass && pass->room != room)
      return core::fail(rooms::errc::not_assigned, "a token for another room");
    if (pass) return visitor{std::move(*pass), each};
    // An end that has passed says more than a signature of somebody else's.
    if (why.code != jose::errc::expired) why = std::move(pass.error());
  }
  return core::fail(std::move(why));
}

// Who calls one of the room's own two addresses.
core::result<room_api::visitor> room_api::caller(const http::exchange& about, http::reply& out,
                                                 const std::string& room_text) {
  const auto room = read_room_id(room_text);
  if (!room) return core::same_failure(room);
  const auto token = auth::bearer_token(*about.head);
  if (!token) return core::same_failure(token);
  if (!*token) return core::fail(no_token());
  auto who = check(**token, *room, about.now);
  if (!who) return who;
  auto counted = desk_.count(ratelimit::policy::user, who->pass.user.view(), about, out);
  if (!counted) return core::same_failure(counted);
  return who;
}

core::task<core::result<rooms::window>> room_api::look(visitor who) {
  join::join_call call{who.pass.room, who.pass.seat, {}, {}};
  auto person = std::make_shared<auth::identity>();
  person->user = who.pass.user;
  person->expires_at = who.pass.expires_at;
  auth::identity_ptr as_identity = std::move(person);
  const core::deadline until = desk_.join_deadline();
  auto door = co_await desk_.parts.joins.check(std::move(call), std::move(as_identity), until);
  if (!door) co_return core::same_failure(door);
  if (desk_.parts.providers.find(door->booking->provider) != who.by.self)
    co_return core::fail(rooms::errc::room_ended, "the booking has another provider now");
  co_return door->window;
}

http::answer room_api::page(http::exchange& about, http::reply& out, const std::string& room_text) {
  const auto refused = [&](const core::failure& why) -> http::answer {
    refuse_page(about, out, why);
    return http::answered_now{};
  };
  const auto room = read_room_id(room_text);
  if (!room) return refused(core::failure(make_error_code(rooms::errc::room_not_found)));
  const auto token = find_parameter(about.head->query, "token");
  if (!token) return refused(token.error());
  if (!*token) return refused(no_token());
  auto who = check(**token, *room, about.now);
  if (!who) return refused(who.error());
  return desk_.later(about, out, open_page(&about, &out, std::move(*who)));
}

core::task<void> room_api::open_page(http::exchange* about, http::reply* out, visitor who) {
  const auto open = co_await look(std::move(who));
  if (!open) {
    refuse_page(*about, *out, open.error());
    co_return;
  }
  out->fields += page_fields;
  out->body = room_page;
}

// The script is there too: in a tab that was loaded anew it finds the token that it kept.
void room_api::refuse_page(http::exchange& about, http::reply& out,
                           const core::failure& why) const {
  about.note = problem_of(why.code).code;
  desk_.log_failure(about, why);
  const sentence text = page_sentence(why);
  out.status = page_status(why);
  if (out.status == 401) out.fields += "WWW-Authenticate: Bearer\r\n";
  if (why.retry_after) out.field("Retry-After", std::to_string(why.retry_after->count()));
  out.fields += page_fields;
  out.body =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>";
  append_html(out.body, text.title);
  out.body +=
      "</title><link rel=\"stylesheet\" href=\"/assets/room.css\">"
      "<script type=\"module\" src=\"/assets/room.js\"></script></head>\n"
      "<body data-refused=\"yes\"><main class=\"refusal\"><h1>";
  append_html(out.body, text.title);
  out.body += "</h1><p>";
  append_html(out.body, text.detail);
  out.body += "</p></main></body></html>\n";
}

http::answer room_api::asset(http::reply& out, route what) {
  out.fields += "Cache-Control: public, max-age=300\r\n";
  const bool script = what == route::room_script;
  out.field("Content-Type", script ? "text/javascript; charset=utf-8" : "text/css; charset=utf-8");
  out.body = script ? room_script : room_style;
  return http::answered_now{};
}

http::answer room_api::signal(http::exchange& about, http::reply& out,
                              const std::string& room_text) {
  auto who = caller(about, out, room_text);
  if (!who) {
    desk_.refuse(about, out, who.error());
    return http::answered_now{};
  }
  auto said = read_room_message(about.body);
  if (!said) {
    desk_.refuse(about, out, said.error());
    return http::answered_now{};
  }
  return desk_.later(about, out, pass_on(&out, std::move(*who), std::move(*said)));
}

core::task<void> room_api::pass_on(http::reply* out, visitor who, room_message said) {
  core::room_id room = who.pass.room;
  std::function<bool(room_hall&)> question = [pass = std::move(who.pass),
                                              said = std::move(said)](room_hall& hall) {
    if (said.bye) return hall.hang_up(pass.room, pass.seat, pass.user, said.page);
    return hall.pass_on(pass.room, pass.seat, pass.user, said.page, said.call, said.event);
  };
  const bool delivered = co_await ask<bool>(std::move(room), std::move(question));
  out->json(200, delivered ? R"({"delivered":true})" : R"({"delivered":false})");
}

}  // namespace api
