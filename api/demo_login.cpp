#include "api/demo_login.hpp"

#include "api/html.hpp"
#include "api/parameters.hpp"
#include "core/time_text.hpp"

namespace api {
namespace {

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  out.append(" ").append(name).append("=\"");
  append_html(out, value);
  out += '"';
}

// Where the page is without JavaScript, a button is a form.
void append_person(std::string& out, const demo_room& one, const demo_person& who) {
  out += R"(<form method="post" action="/demo/login" target="_blank" rel="noopener">)"
         R"(<input type="hidden" name="user")";
  append_attribute(out, "value", who.user.view());
  out += R"(><input type="hidden" name="role")";
  append_attribute(out, "value", core::name_of(who.seat));
  out += R"(><input type="hidden" name="room")";
  append_attribute(out, "value", one.room.view());
  out += R"(><button class="button main")";
  append_attribute(out, "data-room", one.room.view());
  append_attribute(out, "data-user", who.user.view());
  append_attribute(out, "data-role", core::name_of(who.seat));
  out += ">Join as ";
  append_html(out, core::name_of(who.seat));
  out += " <small>";
  append_html(out, who.name.empty() ? who.user.view() : std::string_view(who.name));
  out += "</small></button></form>";
}

std::string_view tag_of(const demo_room& one, const rooms::window_settings& windows,
                        core::wall_time now) {
  if (now < one.starts_at - windows.expert_opens_before)
    return R"(<span class="tag fair">Not open yet</span>)";
  if (now >= one.ends_at + windows.closes_after) return R"(<span class="tag">Over</span>)";
  return R"(<span class="tag good">Open</span>)";
}

void append_room(std::string& out, const demo_room& one, std::string_view tag) {
  out += R"(<article class="booking"><div class="line"><h3>)";
  append_html(out, one.room.view());
  out.append("</h3>").append(tag).append("</div><p>");
  append_html(out, one.about);
  out += "</p><p";
  append_attribute(out, "data-from", core::to_rfc3339(one.starts_at));
  append_attribute(out, "data-to", core::to_rfc3339(one.ends_at));
  out += ">from ";
  append_html(out, core::to_rfc3339(one.starts_at));
  out += " to ";
  append_html(out, core::to_rfc3339(one.ends_at));
  out += R"(</p><div class="actions">)";
  for (const demo_person& who : one.people) append_person(out, one, who);
  out += "</div></article>\n";
}

const demo_person* find_person(const demo_room& room, std::string_view user,
                               std::string_view seat) {
  for (const demo_person& who : room.people)
    if (who.user.view() == user && core::name_of(who.seat) == seat) return &who;
  return nullptr;
}

// Where to go once signed in.
struct destination {
  const demo_person* who = nullptr;
  std::string address = "/test-videocall";
};

core::result<destination> read_form(const demo_settings& demo, std::string_view form) {
  auto user = find_parameter(form, "user");
  if (!user) return core::same_failure(user);
  auto seat = find_parameter(form, "role");
  if (!seat) return core::same_failure(seat);
  auto wanted = find_parameter(form, "room");
  if (!wanted) return core::same_failure(wanted);
  destination out;
  for (const demo_room& room : demo.rooms) {
    if (*wanted && room.room.view() != **wanted) continue;
    out.who = find_person(room, user->value_or(""), seat->value_or(""));
    if (!out.who) continue;
    if (*wanted) out.address = "/" + **seat + "/videocall/" + room.room.text();
    return out;
  }
  return core::fail(bad_parameter(
      "user", "user and role must be a person of the demo, in the room if one is given."));
}

}  // namespace

std::string demo_rooms_html(const demo_settings& demo, const rooms::window_settings& windows,
                            core::wall_time now) {
  std::string out;
  for (const demo_room& one : demo.rooms) append_room(out, one, tag_of(one, windows, now));
  return out;
}

http::answer demo_login::sign_in(http::exchange& about, http::reply& out) const {
  const demo_settings& demo = *desk_.settings.demo;
  const auto refused = [&](const core::failure& why) -> http::answer {
    desk_.refuse(about, out, why);
    return http::answered_now{};
  };
  auto to = read_form(demo, about.body);
  if (!to) return refused(to.error());
  auto token = demo.sign_in(*to->who);
  if (!token) return refused(token.error());
  // Only for that side's addresses, so that one browser can be the expert in one window and the
  // client in another.
  out.field("Set-Cookie", demo.cookie + "=" + *token + "; Path=/api/" +
                              std::string(core::name_of(to->who->seat)) +
                              "/; HttpOnly; SameSite=Lax");
  out.status = 303;
  out.field("Location", to->address);
  return http::answered_now{};
}

}  // namespace api
