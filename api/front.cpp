#include "api/front.hpp"

#include "api/access.hpp"
#include "api/booking_api.hpp"
#include "api/demo_login.hpp"
#include "api/error.hpp"
#include "api/join_api.hpp"
#include "api/openapi.hpp"
#include "api/pages.hpp"
#include "api/parameters.hpp"
#include "api/preflight.hpp"
#include "api/request_ids.hpp"
#include "api/room_api.hpp"
#include "api/session_api.hpp"
#include "api/ticket_api.hpp"
#include "api/webhooks.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"
#include "http/error.hpp"

namespace api {
namespace {

// A booking of 64 participants with the longest names is about 40 KiB.
constexpr std::size_t json_body_max = 64 * 1024;
using http::known_field;

constexpr std::size_t form_body_max = 4 * 1024;
// Bodies that nobody asked for and some clients send: read and ignored.
constexpr std::size_t ignored_body_max = 1024;

bool is_media_type(std::string_view value, std::string_view wanted) {
  return core::equals_ignoring_case(core::trimmed(value.substr(0, value.find(';'))), wanted);
}

// JSON is UTF-8 (RFC 8259 section 8.1); who says otherwise is believed.
bool is_json(std::string_view value) {
  if (!is_media_type(value, "application/json")) return false;
  const std::string lower = core::lower_case(value);
  const auto at = lower.find("charset=");
  if (at == std::string::npos) return true;
  const std::string_view charset = std::string_view(lower).substr(at + 8);
  return charset.starts_with("utf-8") || charset.starts_with("\"utf-8\"");
}

bool contains(const std::vector<net::ip_network>& networks, const net::ip_address& address) {
  return std::ranges::any_of(networks, [&](const auto& one) { return one.contains(address); });
}

// What stands on every answer.
constexpr std::string_view common_fields =
    "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";
// Two years, as hstspreload.org asks for.
constexpr std::string_view hsts_field = "Strict-Transport-Security: max-age=63072000\r\n";
constexpr std::string_view no_store_field = "Cache-Control: no-store\r\n";

}  // namespace

struct front::state {
  explicit state(const front_parts& with)
      : at(with),
        ids(with.random),
        access(with.log, with.metrics, with.settings->access_log),
        joins(at),
        bookings(at),
        webhook_reader(at),
        sessions(at),
        demo(at),
        faces(at),
        checks(at),
        tickets(at),
        rooms(at) {
    if (with.gate.buckets().of(ratelimit::policy::ip).off()) return;
    limit_policy = "RateLimit-Policy: ";
    with.gate.buckets().append_policy_field(limit_policy, ratelimit::policy::ip);
    limit_policy += "\r\nRateLimit: ";
  }

  struct visitor {
    net::ip_address address;
    bool https = false;
    bool refused = false;  // plain HTTP where it must not be
  };
  visitor visitor_of(const http::exchange& about);
  void begin(http::exchange& about, http::reply& out, const visitor& who);
  ratelimit::decision count(http::exchange& about, http::reply& out);
  bool is_listed(const http::request_head& head) const;
  bool is_preflight(const http::request_head& head) const;
  void allow_origin(const http::request_head& head, http::reply& out) const;
  std::optional<http::body_plan> plan(http::exchange& about, http::reply& out,
                                      const route_match& where);
  http::answer dispatch(http::exchange& about, http::reply& out);
  http::answer keys(http::reply& out);

  bool exists(const route_row& row) const {
    switch (row.where) {
      case presence::always:
        return true;
      case presence::demo:
        return at.settings.demo != nullptr;
      case presence::room:
        return rooms.exists();
      case presence::pages:
        return at.settings.pages.enabled;
    }
    return false;
  }

  desk at;
  request_ids ids;
  access_record access;
  join_api joins;
  booking_api bookings;
  webhooks webhook_reader;
  session_api sessions;
  demo_login demo;
  pages faces;
  preflight checks;
  ticket_api tickets;
  room_api rooms;
  std::string limit_policy;                 // the policy's field and the beginning of the limit's
  std::vector<std::string_view> forwarded;  // reused
};

front::front(const front_parts& parts) : state_(std::make_unique<state>(parts)) {}
front::~front() = default;

// Who asks, and whether over https: what the socket says, and of trusted proxies what they say in
// fields.
front::state::visitor front::state::visitor_of(const http::exchange& about) {
  const net::peer& peer = *about.peer;
  const net::proxy_settings& proxies = at.settings.proxies;
  const bool local =
      peer.introduced ? peer.proxy_is_local : peer.is_unix || peer.address.is_loopback();
  const bool required = at.settings.require_https;
  const bool known =
      peer.is_unix ? proxies.trust_unix_socket : contains(proxies.trusted, peer.address);
  if (!about.head || !(peer.introduced || known))
    return {peer.address, peer.is_tls, required && !peer.is_tls && !local};

  const bool x_forwarded = proxies.header == net::proxy_settings::header_kind::x_forwarded_for;
  const auto name = x_forwarded ? known_field::x_forwarded_for : known_field::forwarded;
  // Several lines are one list (RFC 9110 section 5.3), in which the nearest proxy's word stands
  // last: what a caller brought along must not hide it.
  std::string_view scheme;
  bool speaks_of_scheme = false;
  forwarded.clear();
  about.head->fields.for_each(name, [&](std::string_view value) {
    forwarded.push_back(value);
    if (!x_forwarded && core::lower_case(value).find("proto=") != std::string::npos)
      speaks_of_scheme = true;
  });
  if (x_forwarded)
    about.head->fields.for_each(known_field::x_forwarded_proto, [&](std::string_view value) {
      scheme = value;
      speaks_of_scheme = speaks_of_scheme || !scheme.empty();
    });
  net::forwarded_client client{peer.address, x_forwarded && net::last_is_https(scheme)};
  // Behind a PROXY header the field was written by whom the header names: to be believed only where
  // that is another proxy of ours.
  const bool field_counts = !peer.introduced || (peer.named && known);
  if (field_counts)
    client = net::client_behind(proxies, peer.address, peer.is_unix, forwarded, scheme);
  const bool https = client.https || peer.is_tls;
  // A proxy on this machine that says nothing of the scheme: what it listens to is its own affair,
  // and nothing plain has left the machine on its way to us.
  const bool plain = !https && (speaks_of_scheme || !local);
  return {client.address, https, required && plain};
}

void front::state::begin(http::exchange& about, http::reply& out, const visitor& who) {
  about.client = who.address;
  ids.choose(about);
  out.fields += "X-Request-Id: ";
  out.fields += about.request_id();
  out.fields += "\r\n";
  out.fields += common_fields;
  if (who.https) out.fields += hsts_field;
  if (at.settings.cors_origins.empty()) return;
  out.fields += "Vary: Origin\r\n";
  if (about.head) allow_origin(*about.head, out);
}

// A page of one of the origins that are listed. Browsers send one Origin.
bool front::state::is_listed(const http::request_head& head) const {
  const std::string_view origin = head.find(known_field::origin);
  const auto& listed = at.settings.cors_origins;
  return std::ranges::find(listed, origin) != listed.end() &&
         !head.fields.repeats(known_field::origin);
}

bool front::state::is_preflight(const http::request_head& head) const {
  return head.method == http::method::options &&
         !head.find("access-control-request-method").empty() && is_listed(head);
}

void front::state::allow_origin(const http::request_head& head, http::reply& out) const {
  if (!is_listed(head)) return;
  out.field("Access-Control-Allow-Origin", head.find(known_field::origin));
  out.fields +=
      "Access-Control-Allow-Credentials: true\r\n"
      "Access-Control-Expose-Headers: Retry-After, X-Request-Id, RateLimit, RateLimit-Policy\r\n";
  if (!is_preflight(head)) return;
  // The one address of pages that takes a body; the booking API is not for them. What traces calls
  // in browsers adds its fields to all of them.
  const bool sends = match_route(head.path).row->what == route::livekit_token;
  out.field("Access-Control-Allow-Methods", sends ? "POST" : "GET, HEAD");
  out.fields +=
      "Access-Control-Allow-Headers: Authorization, Accept, X-Request-Id, traceparent, tracestate";
  out.fields += sends ? ", Content-Type\r\n" : "\r\n";
  out.fields += "Access-Control-Max-Age: 600\r\n";
}

ratelimit::decision front::state::count(http::exchange& about, http::reply& out) {
  const auto taken = at.parts.gate.take(ratelimit::policy::ip, about.client, about.started);
  if (limit_policy.empty()) return taken;
  out.fields += limit_policy;
  ratelimit::limiter::append_limit_field(out.fields, ratelimit::policy::ip, taken);
  out.fields += "\r\n";
  return taken;
}

std::optional<http::body_plan> front::admit(http::exchange& about, http::reply& out) {
  state& my = *state_;
  about.request_id_size = 0;
  about.note.clear();
  const auto who = my.visitor_of(about);
  my.at.parts.gate.buckets().expect(ratelimit::policy::ip, who.address);
  my.begin(about, out, who);
  const auto taken = my.count(about, out);

  // A refused preflight hides the refusal itself from the page: what is too often is the request
  // that it announces.
  const bool too_often = !taken.allowed && !my.is_preflight(*about.head);

  const route_match where = match_route(about.head->path);
  const bool cacheable =
      !too_often && !who.refused && where.row->cacheable && allows(*where.row, about.head->method);
  if (!cacheable) out.fields += no_store_field;
  about.route = static_cast<std::size_t>(where.row->what);

  if (too_often)
    my.at.refuse(about, out, join::gate::refusal(ratelimit::policy::ip, taken));
  else if (who.refused)
    my.at.refuse(about, out, core::failure(make_error_code(errc::https_required)));
  else
    return my.plan(about, out, where);
  return std::nullopt;
}

std::optional<http::body_plan> front::state::plan(http::exchange& about, http::reply& out,
                                                  const route_match& where) {
  const route_row& row = *where.row;
  const http::method verb = about.head->method;
  if (auto bad = check_encoding(about.head->path, about.head->query); !bad) {
    out.close = true;
    at.refuse(about, out, bad.error());
    return std::nullopt;
  }
  const auto refuse = [&](core::failure why) -> std::optional<http::body_plan> {
    at.refuse(about, out, why);
    return std::nullopt;
  };
  // "OPTIONS *" asks whether anybody is there (RFC 9110 section 9.3.7).
  if (verb == http::method::options && about.head->target == "*") return http::body_plan{0};
  if (row.what == route::unknown || !exists(row))
    return refuse(core::failure(make_error_code(http::errc::not_found)));
  if (!allows(row, verb)) {
    out.field("Allow", row.allow);
    return refuse(core::failure(make_error_code(http::errc::method_not_allowed)));
  }
  if (verb == http::method::options) return http::body_plan{0};
  if (row.what == route::join_expert || row.what == route::join_client) joins.expect(*about.head);

  const bool sends = verb == http::method::put || verb == http::method::post;
  const std::string_view type = about.head->find(known_field::content_type);
  if (sends && row.body == body_kind::json &&
      (!is_json(type) || about.head->fields.repeats(known_field::content_type) ||
       about.head->fields.has(known_field::content_encoding)))
    return refuse(core::failure(make_error_code(http::errc::unsupported_media_type)));
  if (sends && row.body == body_kind::form &&
      !is_media_type(type, "application/x-www-form-urlencoded"))
    return refuse(core::failure(make_error_code(http::errc::unsupported_media_type)));

  // What is signed is the bytes; packed ones would have to be unpacked by somebody in between.
  if (sends && row.body == body_kind::any && about.head->count("content-encoding") > 0)
    return refuse(core::failure(make_error_code(http::errc::unsupported_media_type)));

  if (row.what == route::bookings || row.what == route::booking || row.what == route::booking_end ||
      row.what == route::sessions_revoke) {
    auto allowed = bookings.admit(about, out, where);
    if (!allowed) return refuse(std::move(allowed.error()));
  }
  if (!sends) return http::body_plan{verb == http::method::delete_ ? ignored_body_max : 0};
  if (row.what == route::room_signal) return http::body_plan{room_message_max};
  if (row.body == body_kind::any) return http::body_plan{webhook_body_max};
  if (row.body == body_kind::json) return http::body_plan{json_body_max};
  return http::body_plan{row.body == body_kind::form ? form_body_max : ignored_body_max};
}

http::answer front::handle(http::exchange& about, http::reply& out) {
  const std::size_t fields_kept = out.fields.size();
  try {
    return state_->dispatch(about, out);
  } catch (const std::exception& error) {
    state_->at.surprise(about, out, fields_kept, error.what());
    return http::answered_now{};
  }
}

http::answer front::state::dispatch(http::exchange& about, http::reply& out) {
  const route_row& row = row_of(static_cast<route>(about.route));
  if (about.head->method == http::method::options) {
    out.status = 204;
    out.field("Allow", row.allow.empty() ? "GET, HEAD, PUT, POST, DELETE, OPTIONS" : row.allow);
    return http::answered_now{};
  }
  switch (row.what) {
    case route::join_expert:
      return joins.handle(about, out, core::role::expert);
    case route::join_client:
      return joins.handle(about, out, core::role::client);
    case route::own_expert:
      return bookings.own(about, out, core::role::expert);
    case route::own_client:
      return bookings.own(about, out, core::role::client);
    case route::bookings:
      return bookings.list(about, out);
    case route::booking:
      return bookings.one(about, out, match_route(about.head->path).parameter);
    case route::booking_end:
      return bookings.end(about, out, match_route(about.head->path).parameter);
    case route::livekit_token:
      return joins.livekit_token(about, out);
    case route::webhook:
      return webhook_reader.handle(about, out, match_route(about.head->path).parameter);
    case route::sessions_revoke:
      return sessions.revoke(about, out);
    case route::jwks:
      return keys(out);
    case route::openapi:
      break;
    case route::call_expert:
      return faces.call(about, out, core::role::expert, match_route(about.head->path).parameter);
    case route::call_client:
      return faces.call(about, out, core::role::client, match_route(about.head->path).parameter);
    case route::test_page:
    case route::test_script:
    case route::pages_style:
    case route::pages_icon:
    case route::element_script:
      return faces.handle(about, out, row.what);
    case route::preflight:
      return checks.facts(about, out);
    case route::preflight_framing:
      return checks.framing_of_provider(about, out);
    case route::demo_root:
      out.status = 302;
      out.field("Location", "/test-videocall");
      return http::answered_now{};
    case route::demo_login:
      return demo.sign_in(about, out);
    case route::ticket:
      return tickets.open(about, out, match_route(about.head->path).parameter);
    case route::room_page:
      return rooms.page(about, out, match_route(about.head->path).parameter);
    case route::room_events:
      return rooms.events(about, out, match_route(about.head->path).parameter);
    case route::room_signal:
      return rooms.signal(about, out, match_route(about.head->path).parameter);
    case route::room_script:
    case route::room_style:
      return rooms.asset(out, row.what);
    case route::unknown:
      at.refuse(about, out, core::failure(make_error_code(http::errc::not_found)));
      return http::answered_now{};
  }
  out.fields += "Content-Type: application/json\r\nCache-Control: public, max-age=300\r\n";
  out.body = openapi_document;
  return http::answered_now{};
}

// The public keys of providers that sign tokens of our own, for services that check them.
http::answer front::state::keys(http::reply& out) {
  out.fields += "Content-Type: application/jwk-set+json\r\nCache-Control: public, max-age=300\r\n";
  core::json_writer json(out.body);
  json.begin_object().name("keys").begin_array();
  for (const providers::provider* one : at.parts.providers.all())
    for (const std::string& key : one->public_jwks()) json.raw(key);
  json.end_array().end_object();
  return http::answered_now{};
}

void front::refuse(http::exchange& about, core::failure why, http::reply& out) {
  state& my = *state_;
  // A request that was admitted has its fields and was counted; one that broke the protocol counts
  // now.
  if (about.request_id_size == 0 || out.fields.empty()) {
    const bool counted = about.request_id_size != 0;
    out.clear();
    my.begin(about, out, my.visitor_of(about));
    if (!counted) my.count(about, out);
    // What is left was said when it was counted, and may have changed since.
    else
      out.fields += my.limit_policy.substr(0, my.limit_policy.find("RateLimit: "));
    out.fields += no_store_field;
  }
  my.at.refuse(about, out, why);
}

void front::finished(const http::exchange& about, int status, std::size_t bytes_sent) {
  const route_row& row = row_of(static_cast<route>(about.route));
  state_->access.finished(about, about.route, row.pattern, status, bytes_sent);
}

void front::booking_changed(const core::room_id& room) {
  state_->joins.booking_changed(room);
  state_->rooms.booking_changed(room);
}

void front::sessions_changed() { state_->joins.sessions_changed(); }

void front::everything_changed() {
  state_->joins.sessions_changed();
  state_->rooms.bookings_changed();
}

void front::meet(const std::vector<front*>& all) {
  std::vector<std::shared_ptr<room_hall>> halls;
  halls.reserve(all.size());
  for (const front* one : all) halls.push_back(one->state_->rooms.hall());
  for (front* one : all) one->state_->rooms.meet(halls);
}

}  // namespace api
