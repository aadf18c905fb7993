#include "api/booking_api.hpp"

#include "api/error.hpp"
#include "api/parameters.hpp"
#include "auth/error.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"
#include "core/time_text.hpp"
#include "rooms/error.hpp"

namespace api {
namespace {

// Keys are few and belong to one marketplace: they share one bucket.
constexpr std::string_view service_bucket = "service";

core::failure draft_failure(std::vector<rooms::body_error>&& errors) {
  core::failure out(make_error_code(rooms::errc::invalid_booking));
  for (rooms::body_error& one : errors)
    out.facts.push_back({std::move(one.pointer), std::move(one.detail)});
  return out;
}

void write_one(http::reply& out, int status, const rooms::booking& one) {
  out.status = status;
  out.fields += "Content-Type: application/json\r\n";
  out.body.clear();
  core::json_writer json(out.body);
  rooms::write_booking(json, one);
}

void write_cursor(core::json_writer& json, const std::string& next_cursor) {
  json.name("nextCursor");
  if (next_cursor.empty())
    json.null();
  else
    json.string(next_cursor);
}

core::result<std::optional<core::wall_time>> read_time(std::string_view query,
                                                       std::string_view name) {
  auto text = find_parameter(query, name, false);
  if (!text) return core::same_failure(text);
  if (!*text) return std::optional<core::wall_time>();
  const auto at = core::from_rfc3339(**text);
  if (!at)
    return core::fail(bad_parameter(name, std::string(name) + " must be a time as in RFC 3339."));
  return at;
}

// cursor and limit, which all lists have.
core::result<rooms::booking_query> read_paging(std::string_view query) {
  rooms::booking_query out;
  auto cursor = find_parameter(query, "cursor");
  if (!cursor) return core::same_failure(cursor);
  out.cursor = cursor->value_or("");
  auto limit = find_parameter(query, "limit");
  if (!limit) return core::same_failure(limit);
  if (!*limit) return out;
  const std::string& text = **limit;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.limit);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole || out.limit < 1 || out.limit > rooms::page_max)
    return core::fail(bad_parameter("limit", "limit must be a number from 1 to 200."));
  return out;
}

core::result<rooms::booking_query> read_list_query(std::string_view query) {
  auto out = read_paging(query);
  if (!out) return out;
  auto from = read_time(query, "from");
  if (!from) return core::same_failure(from);
  out->from = *from;
  auto to = read_time(query, "to");
  if (!to) return core::same_failure(to);
  out->to = *to;
  auto user = find_parameter(query, "userId");
  if (!user) return core::same_failure(user);
  if (!*user) return out;
  out->user = core::user_id::from(**user);
  if (!out->user)
    return core::fail(bad_parameter("userId", "userId must be 1 to 255 bytes of UTF-8."));
  return out;
}

// A cursor that no page gave is the caller's mistake in a parameter.
core::failure list_failure(core::failure why) {
  if (why.code != rooms::errc::bad_cursor) return why;
  return bad_parameter("cursor", "cursor is not one that a page gave.");
}

}  // namespace

core::result<void> booking_api::admit(const http::exchange& about, http::reply& out,
                                      const route_match& where) {
  if (where.row->what == route::booking || where.row->what == route::booking_end) {
    auto room = read_room_id(where.parameter);
    if (!room) return core::same_failure(room);
  }
  auto known = desk_.parts.service_keys.check(*about.head);
  if (!known) {
    desk_.audit.service_refused(about, known.error());
    return known;
  }
  return desk_.count(ratelimit::policy::service, service_bucket, about, out);
}

http::answer booking_api::one(http::exchange& about, http::reply& out,
                              const std::string& room_text) {
  auto room = read_room_id(room_text);
  if (!room) {
    desk_.refuse(about, out, room.error());
    return http::answered_now{};
  }
  if (about.head->method == http::method::delete_)
    return desk_.later(about, out,
                       close(&about, &out, std::move(*room), rooms::booking_state::cancelled));
  if (about.head->method != http::method::put)
    return desk_.later(about, out, get(&about, &out, std::move(*room)));

  auto read = rooms::read_booking_body(*room, about.body);
  if (read.draft && read.draft->provider && !desk_.parts.providers.find(*read.draft->provider)) {
    read.errors.push_back({"/provider", "no provider of this name is configured"});
    read.draft.reset();
  }
  if (!read.draft) {
    desk_.refuse(about, out, draft_failure(std::move(read.errors)));
    return http::answered_now{};
  }
  return desk_.later(about, out, put(&about, &out, std::move(*read.draft)));
}

core::task<void> booking_api::put(http::exchange* about, http::reply* out,
                                  rooms::booking_draft draft) {
  const front_parts& parts = desk_.parts;
  core::provider_name fallback = desk_.settings.default_provider;
  auto done =
      co_await parts.store.put(std::move(draft), std::move(fallback), about->now, about->deadline);
  if (!done) {
    desk_.refuse(*about, *out, done.error());
    co_return;
  }
  if (done->changed) {
    // Whoever reads the answer may join at once, on whichever shard.
    co_await parts.shards.announce_change(done->stored.room);
    desk_.audit.booking_changed(*about, done->created ? "created" : "changed", done->stored);
  }
  write_one(*out, done->created ? 201 : 200, done->stored);
  if (done->created) out->field("Location", "/api/bookings/" + done->stored.room.text());
  parts.provisioner.prepare_soon(std::make_shared<const rooms::booking>(std::move(done->stored)));
}

core::task<void> booking_api::get(http::exchange* about, http::reply* out, core::room_id room) {
  // From the store, not from the cache: a backend reads back what it has written.
  auto found = co_await desk_.parts.store.find(std::move(room), about->deadline);
  if (!found)
    desk_.refuse(*about, *out, found.error());
  else if (!*found)
    desk_.refuse(*about, *out, core::failure(make_error_code(rooms::errc::room_not_found)));
  else
    write_one(*out, 200, **found);
}

http::answer booking_api::end(http::exchange& about, http::reply& out,
                              const std::string& room_text) {
  auto room = read_room_id(room_text);
  if (room)
    return desk_.later(about, out,
                       close(&about, &out, std::move(*room), rooms::booking_state::ended));
  desk_.refuse(about, out, room.error());
  return http::answered_now{};
}

core::task<void> booking_api::close(http::exchange* about, http::reply* out, core::room_id room,
                                    rooms::booking_state to) {
  const front_parts& parts = desk_.parts;
  auto closed = co_await parts.store.close(room, to, about->now, about->deadline);
  if (!closed) {
    desk_.refuse(*about, *out, closed.error());
    co_return;
  }
  co_await parts.shards.announce_change(room);
  desk_.audit.booking_changed(*about, rooms::name_of(closed->state), *closed);
  write_one(*out, 200, *closed);
  parts.provisioner.close_soon(std::make_shared<const rooms::booking>(std::move(*closed)));
}

http::answer booking_api::list(http::exchange& about, http::reply& out) {
  auto query = read_list_query(about.head->query);
  if (query) return desk_.later(about, out, list_page(&about, &out, std::move(*query)));
  desk_.refuse(about, out, query.error());
  return http::answered_now{};
}

core::task<void> booking_api::list_page(http::exchange* about, http::reply* out,
                                        rooms::booking_query query) {
  auto page = co_await desk_.parts.store.list(std::move(query), about->deadline);
  if (!page) {
    desk_.refuse(*about, *out, list_failure(std::move(page.error())));
    co_return;
  }
  out->fields += "Content-Type: application/json\r\n";
  core::json_writer json(out->body);
  json.begin_object().name("bookings").begin_array();
  for (const rooms::booking& each : page->bookings) rooms::write_booking(json, each);
  json.end_array();
  write_cursor(json, page->next_cursor);
  json.end_object();
}

http::answer booking_api::own(http::exchange& about, http::reply& out, core::role seat) {
  auto query = read_paging(about.head->query);
  if (!query) {
    desk_.refuse(about, out, query.error());
    return http::answered_now{};
  }
  auto who = desk_.caller(about, out);
  if (!who && who.error().code != auth::errc::must_wait) {
    desk_.refuse(about, out, who.error());
    return http::answered_now{};
  }
  auto known = who ? std::move(*who) : nullptr;
  return desk_.later(about, out, own_page(&about, &out, std::move(*query), seat, std::move(known)));
}

core::task<void> booking_api::own_page(http::exchange* about, http::reply* out,
                                       rooms::booking_query query, core::role seat,
                                       auth::identity_ptr who) {
  if (!who) {
    auto told = co_await desk_.caller_later(about, out, about->deadline);
    if (!told) {
      desk_.refuse(*about, *out, told.error());
      co_return;
    }
    who = std::move(*told);
  }
  if (who->names_roles && std::ranges::find(who->roles, seat) == who->roles.end()) {
    desk_.refuse(*about, *out, core::failure(make_error_code(rooms::errc::wrong_role)));
    co_return;
  }
  // The longest call that may still be entered began this long ago.
  query.from = about->now - rooms::length_max - desk_.parts.windows.closes_after;
  query.user = who->user;
  query.state = rooms::booking_state::scheduled;
  auto page = co_await desk_.parts.store.list(std::move(query), about->deadline);
  if (!page) {
    desk_.refuse(*about, *out, list_failure(std::move(page.error())));
    co_return;
  }
  const rooms::caller caller{who->user, who->names_roles, who->roles};
  const core::wall_time now = desk_.parts.clock.wall_now();
  out->fields += "Content-Type: application/json\r\n";
  core::json_writer json(out->body);
  json.begin_object().name("bookings").begin_array();
  for (const rooms::booking& each : page->bookings) {
    const auto made = rooms::decide(&each, caller, seat, now, desk_.parts.windows);
    const bool other_seat = !made.allowed && made.failed == rooms::rule::seat;
    if (!other_seat && now < made.open.closes_at) write_own(json, each, made);
  }
  json.end_array();
  write_cursor(json, page->next_cursor);
  json.member("serverTime", core::to_rfc3339(now));
  json.end_object();
}

// Without the other participants' ids: those are between the marketplace and us.
void booking_api::write_own(core::json_writer& json, const rooms::booking& one,
                            const rooms::decision& made) {
  json.begin_object();
  json.member("roomId", one.room.view());
  json.member("startsAt", core::to_rfc3339(one.starts_at));
  json.member("endsAt", core::to_rfc3339(one.ends_at));
  json.member("provider", one.provider.view());
  json.member("state", rooms::name_of(one.state));
  json.member("joinable", made.allowed);
  json.member("opensAt", core::to_rfc3339(made.open.opens_at));
  json.member("closesAt", core::to_rfc3339(made.open.closes_at));
  json.end_object();
}

}  // namespace api
