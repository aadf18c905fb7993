#include "api/ticket_api.hpp"

#include "api/html.hpp"
#include "api/parameters.hpp"
#include "api/prefetch.hpp"
#include "http/error.hpp"
#include "jose/error.hpp"

namespace api {
namespace {

// Its digest stands in the policy below; a test compares the two.
constexpr std::string_view ending_style =
    "body{font:1.1rem/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;plac"
    "e-items:center;background:Canvas;color:CanvasText;color-scheme:light dark}main{max-wi"
    "dth:32rem;padding:2rem}a{color:LinkText}";

// Without a script, and framed by whoever frames the call.
constexpr std::string_view ending_fields =
    "Content-Security-Policy: default-src 'none'; style-src 'sha256-"
    "liNexcj5JDfqoZ4zDpaOVzxL2chHAJktKwkTwSmlPJE='; base-uri 'none'; form-action 'none'; "
    "frame-ancestors *\r\n"
    "Content-Type: text/html; charset=utf-8\r\n";

struct ending {
  std::string_view title;
  std::string_view detail;
};

// A page is for people: a ticket that ended, or that nobody of ours signed.
bool is_token_error(const core::failure& why) {
  return why.code.category() == make_error_code(jose::errc::expired).category();
}
int status_of(const core::failure& why) {
  if (why.code == jose::errc::expired) return 410;
  return is_token_error(why) ? 404 : problem_of(why.code).status;
}
ending ending_for(const core::failure& why) {
  if (why.code == jose::errc::expired)
    return {"This link has ended",
            "Links into a call are good for a short time only. Go back and join again."};
  if (is_token_error(why))
    return {"This link does not open a call",
            "It is incomplete, or it was made for somewhere else. Go back to where you found it."};
  const problem& row = problem_of(why.code);
  return {row.title, row.detail};
}

}  // namespace

http::answer ticket_api::open(http::exchange& about, http::reply& out, const std::string& text) {
  if (is_prefetch(*about.head)) {
    out.status = 204;
    return http::answered_now{};
  }
  auto shown = desk_.parts.doors.read(text, about.now);
  if (!shown) {
    refuse(about, out, shown.error(), nullptr);
    return http::answered_now{};
  }
  if (shown->expired) {
    refuse(about, out, core::failure(make_error_code(jose::errc::expired), "its end has passed"),
           &shown->what);
    return http::answered_now{};
  }
  auto counted = desk_.count(ratelimit::policy::user, shown->what.user.view(), about, out);
  if (!counted) {
    refuse(about, out, counted.error(), &shown->what);
    return http::answered_now{};
  }
  auto work = about.head->method == http::method::head
                  ? look(&about, &out, std::move(shown->what))
                  : follow(&about, &out, std::move(shown->what));
  return desk_.later(about, out, std::move(work));
}

// HEAD says whether the ticket is good, and never where it leads: that may need the provider.
core::task<void> ticket_api::look(http::exchange* about, http::reply* out, join::ticket from) {
  const core::deadline until = earlier_of(about->deadline, desk_.join_deadline());
  auto door = co_await desk_.parts.joins.look_at(from, until);
  if (!door) refuse(*about, *out, door.error(), &from);
}

core::task<void> ticket_api::follow(http::exchange* about, http::reply* out, join::ticket from) {
  const core::deadline until = earlier_of(about->deadline, desk_.join_deadline());
  auto led = co_await desk_.parts.joins.follow(from, until);
  if (!led) {
    refuse(*about, *out, led.error(), &from);
    co_return;
  }
  record(*about, &from, {.provider = led->provider->name.view()});
  out->status = 302;
  out->body.clear();
  out->field("Location", led->url);
}

void ticket_api::record(const http::exchange& about, const join::ticket* from,
                        const verdict& made) const {
  // HEAD opens nothing.
  if (about.head->method == http::method::head) return;
  audited what;
  if (from) what = {from->user.view(), from->room.view(), core::name_of(from->seat), {}};
  desk_.audit.ticket_opened(about, what, made);
}

void ticket_api::refuse(http::exchange& about, http::reply& out, const core::failure& why,
                        const join::ticket* from) {
  about.note = is_token_error(why) ? "ticket" : problem_of(why.code).code;
  desk_.log_failure(about, why);
  verdict made = verdict_of(why);
  made.code = about.note;
  record(about, from, made);
  const ending text = ending_for(why);
  out.status = status_of(why);
  if (why.retry_after) out.field("Retry-After", std::to_string(why.retry_after->count()));
  out.fields += ending_fields;
  out.body =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>";
  append_html(out.body, text.title);
  out.body += "</title><style>";
  out.body += ending_style;
  out.body += "</style></head>\n<body><main><h1>";
  append_html(out.body, text.title);
  out.body += "</h1><p>";
  append_html(out.body, text.detail);
  out.body += "</p>";
  if (from) {
    out.body += "<p><a href=\"";
    append_html(out.body, desk_.parts.doors.way_back(*from));
    out.body += "\" target=\"_top\" rel=\"noreferrer\">Back to the call's page</a></p>";
  }
  out.body += "</main></body></html>\n";
}

}  // namespace api
