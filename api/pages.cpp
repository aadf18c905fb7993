#include "api/pages.hpp"

#include "api/demo_login.hpp"
#include "api/html.hpp"
#include "api/page_files.hpp"
#include "api/parameters.hpp"

namespace api {
namespace {

std::vector<const providers::provider_traits*> traits_of(providers::registry& providers) {
  std::vector<const providers::provider_traits*> out;
  for (const providers::provider* one : providers.all()) out.push_back(&one->traits());
  return out;
}

void give_file(http::reply& out, std::string_view type, std::string_view text) {
  out.fields += "Cache-Control: public, max-age=300\r\n";
  out.field("Content-Type", type);
  out.body = text;
}

// Pages of any origin may load the element, and module scripts of another origin need to be told
// so.
void give_element(http::reply& out) {
  give_file(out, "text/javascript; charset=utf-8", element_script);
  out.fields += "Cross-Origin-Resource-Policy: cross-origin\r\n";
  // An origin of [cors] has been named already.
  if (out.fields.find("Access-Control-Allow-Origin: ") == std::string::npos)
    out.fields += "Access-Control-Allow-Origin: *\r\n";
}

constexpr std::string_view demo_about =
    "These bookings belong to the demo. Each button signs you in as that person and opens the call "
    "in a tab of its own: press both of a room, and the two see each other.";
constexpr std::string_view own_about =
    "Your bookings that are open or ahead, and a check of this device and its network.";

}  // namespace

pages::pages(desk& at)
    : desk_(at),
      policy_(make_page_policy(traits_of(at.parts.providers), at.settings.pages.frame_ancestors)) {}

void pages::give_page(http::reply& out, std::string body) const {
  out.field("Content-Security-Policy", policy_.content_security);
  out.field("Permissions-Policy", policy_.permissions);
  out.fields += "Content-Type: text/html; charset=utf-8\r\n";
  out.body = std::move(body);
}

http::answer pages::handle(http::exchange&, http::reply& out, route what) {
  if (what == route::element_script)
    give_element(out);
  else if (what == route::test_script)
    give_file(out, "text/javascript; charset=utf-8", test_script);
  else if (what == route::pages_style)
    give_file(out, "text/css; charset=utf-8", pages_style);
  else if (what == route::pages_icon)
    give_file(out, "image/svg+xml", pages_icon);
  else
    test(out);
  return http::answered_now{};
}

void pages::test(http::reply& out) const {
  const demo_settings* demo = desk_.settings.demo.get();
  std::string rooms = R"(<div class="empty">Looking for your bookings …</div>)";
  if (demo) rooms = demo_rooms_html(*demo, desk_.parts.windows, desk_.parts.clock.wall_now());
  give_page(out, fill_page(test_page, {{"login_url", html_of(desk_.settings.pages.login_url)},
                                       {"demo", demo ? "yes" : ""},
                                       {"about", html_of(demo ? demo_about : own_about)},
                                       {"bookings_title", demo ? "Bookings" : "Your bookings"},
                                       {"rooms", std::move(rooms)}}));
}

// Whoever may not enter is told so by the API, in the element's words; this page is the same for
// all.
http::answer pages::call(http::exchange& about, http::reply& out, core::role seat,
                         const std::string& room_text) {
  const bool is_room = read_room_id(room_text).has_value();
  if (!is_room) out.status = 400;
  std::string name;
  if (const auto given = find_parameter(about.head->query, "userName"); given && *given)
    name = clean_display_name(**given).value_or("");
  const page_settings& settings = desk_.settings.pages;
  const std::string_view back = !settings.back_url.empty() ? std::string_view(settings.back_url)
                                : desk_.settings.demo      ? "/test-videocall"
                                                           : "";
  give_page(out, fill_page(call_page, {{"room", html_of(is_room ? room_text : "")},
                                       {"role", std::string(core::name_of(seat))},
                                       {"name", html_of(name)},
                                       {"login_url", html_of(settings.login_url)},
                                       {"back_url", html_of(back)}}));
  return http::answered_now{};
}

}  // namespace api
