// POST /api/livekit/token: LiveKit's standard token endpoint. Its clients name a room; who they are
// and what they may do there is for session and booking to say.

#include "api/join_api.hpp"
#include "api/parameters.hpp"
#include "auth/error.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"
#include "rooms/error.hpp"

namespace api {
namespace {

constexpr core::json_limits body_limits{64 * 1024, 12, 2'000};

// A member under its protobuf name or that name's JSON form; not under both.
core::result<std::optional<std::string>> find_member(const core::json_value& body,
                                                     std::string_view name,
                                                     std::string_view json_form) {
  const core::json_value* one = body.find(name);
  const core::json_value* other = body.find(json_form);
  if (one && other)
    return core::fail(bad_parameter(name, std::string(name) + " must be given only once."));
  if (!one) one = other;
  if (!one || one->is_null()) return std::optional<std::string>();
  if (!one->as_string())
    return core::fail(bad_parameter(name, std::string(name) + " must be a string."));
  return std::optional<std::string>(*one->as_string());
}

struct token_wish {
  join::join_call call;
  bool names_seat = false;
};

core::result<token_wish> read_wish(std::string_view query, std::string_view text) {
  core::json_value body;
  if (!text.empty()) {
    auto read = core::read_json(text, body_limits);
    if (!read || !read->as_object())
      return core::fail(bad_parameter("body", "The body must be a JSON object."));
    body = std::move(*read);
  }
  auto room_text = find_member(body, "room_name", "roomName");
  if (!room_text) return core::same_failure(room_text);
  if (!*room_text) return core::fail(bad_parameter("room_name", "room_name is required."));
  auto room = core::room_id::from(**room_text);
  if (!room)
    return core::fail(bad_parameter(
        "room_name", "room_name must be 1 to 128 characters of A-Z a-z 0-9 . _ ~ : @ and -."));
  auto name_text = find_member(body, "participant_name", "participantName");
  if (!name_text) return core::same_failure(name_text);
  auto name = clean_display_name(name_text->value_or(""));
  if (!name)
    return core::fail(bad_parameter("participant_name",
                                    "participant_name must be at most 64 characters of UTF-8 "
                                    "without control characters."));
  token_wish out{{std::move(*room), core::role::expert, std::move(*name), {}}, false};
  auto seat_text = find_parameter(query, "role");
  if (!seat_text) return core::same_failure(seat_text);
  if (!*seat_text) return out;
  const auto seat = core::role_from(**seat_text);
  if (!seat) return core::fail(bad_parameter("role", "role must be expert or client."));
  out.call.seat = *seat;
  out.names_seat = true;
  return out;
}

}  // namespace

http::answer join_api::livekit_token(http::exchange& about, http::reply& out) {
  auto wish = read_wish(about.head->query, about.body);
  if (!wish) {
    desk_.refuse(about, out, wish.error());
    return http::answered_now{};
  }
  auto who = desk_.verified(about);
  if (!who && who.error().code != auth::errc::must_wait) {
    turn_away(about, out, wish->call, nullptr, who.error());
    return http::answered_now{};
  }
  if (who)
    if (auto counted = desk_.count_user(**who, about, out); !counted) {
      turn_away(about, out, wish->call, who->get(), counted.error());
      return http::answered_now{};
    }
  wish->call.trace = core::trace::from(about.head->find("traceparent"));
  return desk_.later(about, out,
                     token_later(&about, &out, std::move(wish->call), wish->names_seat,
                                 who ? std::move(*who) : nullptr));
}

core::task<void> join_api::token_later(http::exchange* about, http::reply* out,
                                       join::join_call call, bool names_seat,
                                       auth::identity_ptr who) {
  const core::deadline until = earlier_of(about->deadline, desk_.join_deadline());
  if (!who) {
    auto known = co_await desk_.verified_later(about, until);
    if (!known) {
      turn_away(*about, *out, call, nullptr, known.error());
      co_return;
    }
    who = std::move(*known);
    if (auto counted = desk_.count_user(*who, *about, *out); !counted) {
      turn_away(*about, *out, call, who.get(), counted.error());
      co_return;
    }
  }
  auto door = co_await desk_.parts.joins.check(call, who, until);
  // Who names no seat takes the one that is theirs.
  if (!door && !names_seat && door.error().code == rooms::errc::wrong_role) {
    join::join_call other = call;
    other.seat = core::role::client;
    auto second = co_await desk_.parts.joins.check(other, who, until);
    if (second || second.error().code != rooms::errc::wrong_role) {
      call = std::move(other);
      door = std::move(second);
    }
  }
  if (!door) {
    turn_away(*about, *out, call, who.get(), door.error());
    co_return;
  }
  const providers::provider* vendor = desk_.parts.providers.find(door->booking->provider);
  if (vendor && vendor->traits().server_url.empty()) {
    turn_away(*about, *out, call, who.get(),
              bad_parameter("room_name", "The calls of this booking are not held at LiveKit."));
    co_return;
  }
  auto made = co_await desk_.parts.joins.enter(std::move(*door), call, who, until);
  if (auto still = co_await desk_.verified_later(about, until); !still)
    made = core::same_failure(still);
  if (!made) {
    turn_away(*about, *out, call, who.get(), made.error());
    co_return;
  }
  record(*about, call, who.get(), nullptr, made->provider->name.view());
  out->status = 201;
  out->fields += "Content-Type: application/json\r\n";
  out->body.clear();
  core::json_writer json(out->body);
  json.begin_object().member("server_url", made->provider->server_url);
  json.member("participant_token", made->token).end_object();
  text_of(*made->provider).allowed->add();
}

}  // namespace api
