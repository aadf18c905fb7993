#include "api/demo_pages.hpp"

#include "api/error.hpp"
#include "api/html.hpp"
#include "api/parameters.hpp"

namespace api {
namespace {

// Providers' pages are framed from wherever they are; everything else comes from here.
constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "frame-src 'self' https:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

constexpr std::string_view style =
    R"css(:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
article { border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .5rem; padding: .5rem 1rem 1rem; margin: 1rem 0; }
h2 { font-size: 1.1rem; margin: .25rem 0; }
button { font: inherit; padding: .4rem .9rem; margin: .25rem .5rem .25rem 0; cursor: pointer; }
iframe { width: 100%; aspect-ratio: 16 / 9; border: 0; border-radius: .5rem; }
#says { white-space: pre-wrap; overflow-wrap: anywhere; }
)css";

constexpr std::string_view script =
    R"js(// Signs in as the person of the button that was pressed, asks for the call's URL and shows it.
const says = document.getElementById("says");
const stage = document.getElementById("stage");

async function join({ user, role, room }) {
  stage.replaceChildren();
  says.textContent = "Signing in as " + user + " …";
  const form = new URLSearchParams({ user, role });
  const signedIn = await fetch("/demo/login", { method: "POST", body: form, redirect: "manual" });
  if (signedIn.type !== "opaqueredirect" && !signedIn.ok) throw new Error("The login failed.");
  const address = "/api/" + role + "/videocall/url?roomId=" + encodeURIComponent(room);
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.title + ": " + said.detail + (said.opensAt ? " It opens at " + said.opensAt + "." : ""));
  says.textContent = "You are " + said.userName + " (" + said.role + ") in " + said.roomId + ", at " + said.provider +
    ", until " + said.expiresAt + ".";
  const way = document.createElement("a");
  way.href = said.videoCallUrl;
  way.target = "_blank";
  way.rel = "noopener noreferrer";
  way.textContent = "Open the call in a tab of its own";
  stage.append(way);
  if (said.embed.mode !== "iframe") return;
  const frame = document.createElement("iframe");
  frame.allow = said.embed.allow;
  frame.src = said.videoCallUrl;
  frame.title = "Video call";
  stage.append(frame);
}

for (const button of document.querySelectorAll("button[data-room]"))
  button.addEventListener("click", () => join(button.dataset).catch((error) => { says.textContent = error.message; }));
)js";

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  out.append(" ").append(name).append("=\"");
  append_html(out, value);
  out += '"';
}

void append_room(std::string& out, const demo_room& one) {
  out += "<article><h2>";
  append_html(out, one.room.view());
  out += "</h2><p>";
  append_html(out, one.about);
  out += "</p>";
  for (const demo_person& who : one.people) {
    out += "<button type=\"button\"";
    append_attribute(out, "data-room", one.room.view());
    append_attribute(out, "data-user", who.user.view());
    append_attribute(out, "data-role", core::name_of(who.seat));
    out += ">Join as ";
    append_html(out, core::name_of(who.seat));
    out += " (";
    append_html(out, who.name.empty() ? who.user.view() : std::string_view(who.name));
    out += ")</button>";
  }
  out += "</article>\n";
}

const demo_person* find_person(const demo_settings& demo, std::string_view user,
                               std::string_view seat) {
  for (const demo_room& room : demo.rooms)
    for (const demo_person& who : room.people)
      if (who.user.view() == user && core::name_of(who.seat) == seat) return &who;
  return nullptr;
}

void give(http::reply& out, std::string_view type, std::string_view text) {
  out.field("Content-Type", type);
  out.body = text;
}

}  // namespace

http::answer demo_pages::handle(http::exchange& about, http::reply& out, route what) {
  if (what == route::demo_login) {
    login(about, out);
  } else if (what == route::demo_root) {
    out.status = 302;
    out.field("Location", "/test-videocall");
  } else if (what == route::demo_script) {
    give(out, "text/javascript; charset=utf-8", script);
  } else if (what == route::demo_style) {
    give(out, "text/css; charset=utf-8", style);
  } else {
    page(out);
  }
  return http::answered_now{};
}

void demo_pages::page(http::reply& out) const {
  out.field("Content-Security-Policy", page_policy);
  give(out, "text/html; charset=utf-8",
       "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
       "<title>Stagedoor: try a video call</title><link rel=\"stylesheet\" href=\"/demo/page.css\">"
       "<script type=\"module\" src=\"/demo/page.js\"></script></head>\n"
       "<body><main><h1>Try a video call</h1>"
       "<p>These bookings belong to the demo. A button signs you in as that person, in this "
       "browser only, and asks "
       "for the call. Open this page in a second window for the other side.</p>\n");
  for (const demo_room& one : desk_.settings.demo->rooms) append_room(out.body, one);
  out.body += "<p id=\"says\" role=\"status\"></p><div id=\"stage\"></div></main></body></html>\n";
}

void demo_pages::login(http::exchange& about, http::reply& out) const {
  const demo_settings& demo = *desk_.settings.demo;
  auto user = find_parameter(about.body, "user");
  auto seat = find_parameter(about.body, "role");
  const bool read = user && *user && seat && *seat;
  const demo_person* who = read ? find_person(demo, **user, **seat) : nullptr;
  if (!who) {
    desk_.refuse(about, out, bad_parameter("user", "user and role must be a person of the demo."));
    return;
  }
  auto token = demo.sign_in(*who);
  if (!token) {
    desk_.refuse(about, out, token.error());
    return;
  }
  out.field("Set-Cookie", demo.cookie + "=" + *token + "; Path=/; HttpOnly; SameSite=Lax");
  out.status = 303;
  out.field("Location", "/test-videocall");
}

}  // namespace api
