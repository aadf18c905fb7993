// face_scene: builds a head from what is asked, and walks it through admit, handle and finished.
#include "support/face_scene.hpp"

namespace tests {

std::string told::field(std::string_view name) const {
  std::string_view rest = fields;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(line.size() + 2);
    const std::size_t colon = line.find(": ");
    if (core::equals_ignoring_case(line.substr(0, colon), name))
      return std::string(line.substr(colon + 2));
  }
  return "-";
}

std::string told::text(std::string_view member) const {
  const core::json_value whole = json();
  const std::string* found = whole.find_string(member);
  return found ? *found : "-";
}

core::task<core::result<void>> fake_events::send(std::string event, std::string data) {
  if (gone) co_return core::fail(core::errc::cancelled);
  sent.emplace_back(std::move(event), std::move(data));
  co_return core::result<void>();
}

core::task<bool> fake_events::wait_until(core::deadline when) {
  clock_.advance(when.left(clock_.steady_now()));
  co_return !gone;
}

core::task<bool> fake_events::wait_for(core::notice wake, core::deadline until) {
  // A test that waits for ever has made a mistake.
  if (++waits > 20) gone = true;
  if (on_wait)
    on_wait(wake);
  else
    clock_.advance(until.left(clock_.steady_now()));
  co_return !gone;
}

ratelimit::settings face_scene::generous() {
  using std::chrono::seconds;
  return {{1000, seconds{1}, 1000}, {1000, seconds{1}, 1000}, {1000, seconds{1}, 1000}, 1 << 20};
}

face_scene::face_scene(std::function<void(api::settings&)> change, ratelimit::settings limits)
    : session_rules(std::make_shared<auth::session_settings>()),
      settings(std::make_shared<api::settings>()),
      buckets(limits, random) {
  const core::secret shared("h7Tq2wXv9LpM4rN8bZ3cK6gJ1yD5sF0e");
  session_rules->keys.add(*jose::key::from_secret(shared, jose::algorithm::hs256));
  session_rules->cookies = {"session"};
  verifier = std::make_unique<auth::verifier>(session_rules);
  keys.add_hash(auth::service_keys::hash_of(service_key));
  settings->public_url = "https://door.example";
  settings->default_provider = core::provider_name::from("100ms").value();
  if (change) change(*settings);
  front = std::make_unique<api::front>(api::front_parts{context.get_executor(),
                                                        clock,
                                                        random,
                                                        log,
                                                        metrics,
                                                        gate,
                                                        *verifier,
                                                        keys,
                                                        *joins,
                                                        *provisioner,
                                                        shards,
                                                        providers,
                                                        client,
                                                        store,
                                                        {},
                                                        settings,
                                                        doors,
                                                        &audit});
  shards.revocation_listeners.push_back([this](const core::revocation& what) {
    verifier->revoke(what, clock.wall_now());
    front->sessions_changed();
  });
  shards.listeners.push_back([this](const core::room_id& room) { front->booking_changed(room); });
}

std::string face_scene::token(std::string_view user, std::optional<core::role> seat,
                              std::chrono::seconds life) {
  auth::session_wish wish;
  wish.user = core::user_id::from(user).value();
  wish.role = seat;
  wish.lifetime = life;
  return auth::mint_session(*session_rules, wish, clock.wall_now(), "t1").value();
}

std::unique_ptr<face_scene::conversation> face_scene::begin(asked what) {
  auto out = std::make_unique<conversation>();
  out->what = std::move(what);
  for (const auto& [name, value] : out->what.fields) out->views.push_back({name, value});
  http::request_head& head = out->head;
  head.method = out->what.verb;
  head.method_text = http::name_of(head.method);
  head.target = out->what.target;
  head.path = head.target.substr(0, head.target.find('?'));
  if (head.path.size() < head.target.size()) head.query = head.target.substr(head.path.size() + 1);
  head.host = "door.example";
  head.fields = out->views;
  out->peer.address = net::ip_address::from(out->what.peer).value();
  out->peer.is_tls = out->what.tls;
  out->peer.is_unix = out->what.is_unix;
  if (const std::string& client = out->what.introduced; !client.empty()) {
    out->peer.introduced = true;
    out->peer.proxy_is_local = out->peer.is_unix || out->peer.address.is_loopback();
    out->peer.named = client != "-";
    if (out->peer.named) out->peer.address = net::ip_address::from(client).value();
  }
  http::exchange& about = out->about;
  about.head = &head;
  about.peer = &out->peer;
  about.started = clock.steady_now();
  about.now = clock.wall_now();
  about.deadline = core::deadline::after(clock.steady_now(), std::chrono::seconds{5});
  return out;
}

told face_scene::ask(asked what) {
  auto it = begin(std::move(what));
  told out;
  const auto plan = front->admit(it->about, it->out);
  const bool fits = plan && it->what.body.size() <= plan->bytes_max;
  if (plan && !fits) {
    front->refuse(it->about, core::failure(make_error_code(http::errc::body_too_large)), it->out);
  } else if (plan) {
    it->about.body = it->what.body;
    http::answer answer = front->handle(it->about, it->out);
    if (auto* later = std::get_if<http::answered_later>(&answer)) {
      out.waited = true;
      run(std::move(*later));
    } else if (auto* events = std::get_if<http::answered_by_events>(&answer)) {
      out.events = std::move(*events);
    }
  }
  out.status = it->out.status;
  out.fields = it->out.fields;
  out.body = it->out.body;
  out.note = it->about.note;
  out.closes = it->out.close;
  front->finished(it->about, out.status, out.body.size());
  return out;
}

told face_scene::get(std::string target, std::string token) {
  asked what;
  what.target = std::move(target);
  if (!token.empty()) what.fields.push_back({"Authorization", "Bearer " + token});
  return ask(std::move(what));
}

told face_scene::service(http::method verb, std::string target, std::string body) {
  asked what;
  what.verb = verb;
  what.target = std::move(target);
  what.body = std::move(body);
  what.fields = {{"Authorization", "Bearer " + std::string(service_key)},
                 {"Content-Type", "application/json"}};
  return ask(std::move(what));
}

std::string face_scene::body_of_booking() {
  return R"({"startsAt":"2026-11-22T10:00:00Z","endsAt":"2026-11-22T11:00:00Z",)"
         R"("participants":[{"userId":"u1","role":"expert"},{"userId":"u2","role":"client"}]})";
}

}  // namespace tests
