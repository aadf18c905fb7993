// What stands on every answer, who may knock at all, and the small routes.
#include "api/front.hpp"

#include <boost/test/unit_test.hpp>

#include "api/openapi.hpp"
#include "api/routes.hpp"
#include "http/error.hpp"
#include "support/face_scene.hpp"

using namespace std::chrono_literals;
using tests::asked;
using tests::face_scene;
using tests::told;

namespace {

void check_common(const told& answer) {
  BOOST_TEST(answer.field("X-Request-Id") != "-");
  BOOST_TEST(answer.field("X-Content-Type-Options") == "nosniff");
  BOOST_TEST(answer.field("Referrer-Policy") == "no-referrer");
  BOOST_TEST(answer.field("Cache-Control") == "no-store");
  BOOST_TEST(answer.field("RateLimit-Policy").starts_with("\"ip\";q=1000;w="));
  BOOST_TEST(answer.field("RateLimit").starts_with("\"ip\";r="));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(front)

BOOST_AUTO_TEST_CASE(every_answer_has_the_common_fields) {
  face_scene at;
  at.store.add(tests::booking_of("talk"));
  const std::string join = "/api/expert/videocall/url?roomId=talk";
  check_common(at.get("/nothing"));
  check_common(at.get(join));
  check_common(at.get(join, at.token("u1")));
  check_common(at.get("/api/expert/videocall/url"));
  check_common(at.ask({http::method::post, join}));
  check_common(at.ask({http::method::options, join}));
  check_common(at.ask({http::method::get, join, {{"Purpose", "prefetch"}}}));
  check_common(at.service(http::method::put, "/api/bookings/x", "{"));
}

BOOST_AUTO_TEST_CASE(a_message_that_broke_the_protocol_is_answered_like_any_other_and_counted) {
  face_scene at({}, {{1, 1s, 2}, {}, {}, 1 << 20});
  net::peer peer{*net::ip_address::from("127.0.0.1")};
  http::exchange about;
  http::reply out;
  about.peer = &peer;
  about.started = at.clock.steady_now();
  at.front->refuse(about, core::failure(make_error_code(http::errc::headers_too_large)), out);
  at.front->finished(about, out.status, 0);
  BOOST_TEST(out.status == 431);
  BOOST_TEST(out.body.find("\"code\":\"headers_too_large\"") != std::string::npos);
  BOOST_TEST(out.fields.find("X-Request-Id: ") != std::string::npos);
  BOOST_TEST(at.get("/nothing").status == 404);
  BOOST_TEST(at.get("/nothing").status == 429);
}

BOOST_AUTO_TEST_CASE(a_body_that_is_refused_after_the_head_keeps_the_common_fields) {
  face_scene at;
  auto it = at.begin({http::method::put,
                      "/api/bookings/x",
                      {{"Authorization", "Bearer " + std::string(face_scene::service_key)},
                       {"Content-Type", "application/json"}}});
  BOOST_REQUIRE(at.front->admit(it->about, it->out).has_value());
  const std::string id(it->about.request_id());
  it->out.clear();
  at.front->refuse(it->about, core::failure(make_error_code(http::errc::body_too_large)), it->out);
  BOOST_TEST(it->out.status == 413);
  BOOST_TEST(it->out.fields.starts_with("X-Request-Id: " + id + "\r\n"));
  BOOST_TEST(it->out.fields.find("RateLimit-Policy: \"ip\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_address_bucket_comes_first_for_every_path_and_status) {
  face_scene at({}, {{1, 1s, 5}, {1, 1s, 100}, {1, 1s, 100}, 1 << 20});
  for (const char* path : {"/nothing", "/api/expert/videocall/url", "/api/%65xpert/videocall/url",
                           "/api//expert/videocall/url", "/api/bookings/x"})
    BOOST_TEST(at.get(path).status != 429);
  const told refused = at.get("/api/expert/videocall/url?roomId=x", "x.y.z");
  BOOST_TEST(refused.status == 429);
  BOOST_TEST(refused.text("policy") == "ip");
  BOOST_TEST(refused.field("Retry-After") == "1");
  BOOST_TEST(refused.field("RateLimit-Policy") == "\"ip\";q=5;w=5");
  BOOST_TEST(refused.field("RateLimit").starts_with("\"ip\";r=0;t="));
  asked other{http::method::get, "/nothing"};
  other.peer = "127.0.0.2";
  BOOST_TEST(at.ask(other).status == 404);
  at.clock.advance(1s);
  BOOST_TEST(at.get("/nothing").status == 404);
}

BOOST_AUTO_TEST_CASE(a_sane_request_id_is_kept_and_an_odd_one_replaced) {
  face_scene at;
  const auto given = [&](std::vector<std::pair<std::string, std::string>> fields) {
    return at.ask({http::method::get, "/nothing", std::move(fields)}).field("X-Request-Id");
  };
  BOOST_TEST(given({{"x-request-id", "trace-me.1"}}) == "trace-me.1");
  BOOST_TEST(given({{"X-Request-Id", std::string(64, 'a')}}) == std::string(64, 'a'));
  for (const std::string& odd :
       {std::string("a b"), std::string("\"<script>"), std::string(65, 'a')})
    BOOST_TEST(given({{"X-Request-Id", odd}}).size() == 26u);
  BOOST_TEST(given({{"X-Request-Id", "a"}, {"X-Request-Id", "b"}}).size() == 26u);
  BOOST_TEST(given({}) != given({}));
}

BOOST_AUTO_TEST_CASE(paths_are_found_in_every_spelling_and_only_there) {
  using api::route;
  const auto found = [](std::string_view path) { return api::match_route(path).row->what; };
  BOOST_TEST((found("/api/expert/videocall/url") == route::join_expert));
  BOOST_TEST((found("/api/%65xpert/videocall/url") == route::join_expert));
  BOOST_TEST((found("/api/bookings") == route::bookings));
  BOOST_TEST((found("/api/bookings/a") == route::booking));
  BOOST_TEST((found("/api/bookings/a/end") == route::booking_end));
  for (const char* path :
       {"", "*", "//", "/api", "/api/", "/api/bookings/a/b", "/api/bookings/a/end/",
        "/api/expert/videocall/url/", "/api//bookings", "/API/bookings", "/api/bookings%2Fa"})
    BOOST_TEST((found(path) == route::unknown), path);
  BOOST_TEST(api::match_route("/api/bookings/%61%2Fb").parameter == "a/b");
}

BOOST_AUTO_TEST_CASE(other_methods_are_405_with_allow_and_options_lists_them) {
  face_scene at;
  const told post = at.ask({http::method::post, "/api/expert/videocall/url?roomId=x"});
  BOOST_TEST(post.status == 405);
  BOOST_TEST(post.text("code") == "method_not_allowed");
  BOOST_TEST(post.field("Allow") == "GET, HEAD, OPTIONS");
  BOOST_TEST(at.ask({http::method::get, "/api/bookings/x/end"}).field("Allow") == "POST, OPTIONS");
  BOOST_TEST(at.ask({http::method::other, "/api/bookings/x"}).status == 405);
  const told options = at.ask({http::method::options, "/api/bookings/x"});
  BOOST_TEST(options.status == 204);
  BOOST_TEST(options.field("Allow") == "GET, HEAD, PUT, DELETE, OPTIONS");
  BOOST_TEST(at.ask({http::method::options, "*"}).status == 204);
  BOOST_TEST(at.ask({http::method::options, "/nothing"}).status == 404);
}

BOOST_AUTO_TEST_CASE(plain_http_is_for_this_machine_and_for_proxies_that_say_https) {
  face_scene at([](api::settings& change) {
    change.proxies.trusted = {*net::ip_network::from("10.0.0.0/8"),
                              *net::ip_network::from("127.0.0.1/32")};
  });
  const auto status = [&](std::string peer, std::vector<std::pair<std::string, std::string>> fields,
                          bool tls = false, bool is_unix = false) {
    return at
        .ask({http::method::get, "/nothing", std::move(fields), {}, std::move(peer), tls, is_unix})
        .status;
  };
  const std::pair<std::string, std::string> from{"X-Forwarded-For", "203.0.113.9"};
  BOOST_TEST(status("192.0.2.1", {}) == 403);
  BOOST_TEST(status("192.0.2.1", {{"X-Forwarded-Proto", "https"}}) == 403);
  BOOST_TEST(status("192.0.2.1", {}, true) == 404);
  BOOST_TEST(status("127.0.0.1", {}) == 404);
  BOOST_TEST(status("::1", {}) == 404);
  BOOST_TEST(status("127.0.0.1", {}, false, true) == 404);
  BOOST_TEST(status("127.0.0.1", {from}) == 404);
  BOOST_TEST(status("127.0.0.1", {from, {"X-Forwarded-Proto", "http"}}) == 403);
  BOOST_TEST(status("10.1.1.1", {from}) == 403);
  BOOST_TEST(status("10.1.1.1", {from, {"X-Forwarded-Proto", "http"}}) == 403);
  BOOST_TEST(status("10.1.1.1", {from, {"X-Forwarded-Proto", "https"}}) == 404);
  // What the nearest proxy said stands last, in one line or in several.
  const std::pair<std::string, std::string> https{"X-Forwarded-Proto", "https"};
  const std::pair<std::string, std::string> http{"X-Forwarded-Proto", "http"};
  for (const char* peer : {"127.0.0.1", "10.1.1.1"}) {
    BOOST_TEST(status(peer, {from, {"X-Forwarded-Proto", "https, http"}}) == 403);
    BOOST_TEST(status(peer, {https, from, http}) == 403);
    BOOST_TEST(status(peer, {http, from, https}) == 404);
    BOOST_TEST(status(peer, {http, {"X-Forwarded-Proto", ""}}) == 403);
  }
}

BOOST_AUTO_TEST_CASE(behind_a_proxy_header_its_client_counts_and_the_proxys_scheme) {
  face_scene at([](api::settings& change) {
    change.proxies.trusted = {*net::ip_network::from("10.0.0.0/8"),
                              *net::ip_network::from("127.0.0.1/32")};
  });
  const auto asks = [&](std::string proxy, std::string client,
                        std::vector<std::pair<std::string, std::string>> fields) {
    asked what{http::method::get, "/nothing", std::move(fields), {}, std::move(proxy)};
    what.introduced = std::move(client);
    auto it = at.begin(std::move(what));
    at.front->admit(it->about, it->out);
    return std::to_string(it->out.status) + " " + it->about.client.text();
  };
  const std::pair<std::string, std::string> https{"X-Forwarded-Proto", "https"};
  const std::pair<std::string, std::string> http{"X-Forwarded-Proto", "http"};
  const std::pair<std::string, std::string> forged{"X-Forwarded-For", "9.9.9.9"};
  BOOST_TEST(asks("10.1.1.1", "203.0.113.9", {https}) == "404 203.0.113.9");
  BOOST_TEST(asks("10.1.1.1", "203.0.113.9", {}) == "403 203.0.113.9");
  BOOST_TEST(asks("10.1.1.1", "203.0.113.9", {http}) == "403 203.0.113.9");
  BOOST_TEST(asks("127.0.0.1", "203.0.113.9", {}) == "404 203.0.113.9");
  // The field is the client's own word, unless the client is a proxy of ours too.
  BOOST_TEST(asks("10.1.1.1", "203.0.113.9", {https, forged}) == "404 203.0.113.9");
  BOOST_TEST(asks("10.1.1.1", "10.2.2.2", {https, forged}) == "404 9.9.9.9");
  BOOST_TEST(asks("127.0.0.1", "-", {forged}) == "404 127.0.0.1");
  BOOST_TEST(asks("10.1.1.1", "-", {https, forged}) == "404 10.1.1.1");
}

BOOST_AUTO_TEST_CASE(bad_encodings_are_refused_wherever_they_stand_and_end_the_connection) {
  face_scene at;
  for (const char* target :
       {"/%zz", "/a%0", "/a%", "/a%00b", "/%ff", "/api/bookings/x%0ay", "/?x=%zz", "/?x=%ff",
        "/?x=%0a", "/?%zz=1", "/openapi.json?a=1&b=%c3%28&c=2",
        "/api/expert/videocall/url?roomId=room&x=%7f"}) {
    const told answer = at.get(target);
    BOOST_TEST(answer.status == 400, target);
    BOOST_TEST(answer.text("code") == "invalid_request", target);
    BOOST_TEST(answer.closes, target);
  }
  BOOST_TEST(at.get("/nothing?a=1&na%C3%AFve=%zz").text("parameter") == "na\xc3\xafve");
  BOOST_TEST(at.get("/%6eothing?x=%C3%AB").status == 404);
}

BOOST_AUTO_TEST_CASE(json_bodies_are_plain_utf8) {
  face_scene at;
  const auto status = [&](std::vector<std::pair<std::string, std::string>> fields) {
    fields.push_back({"Authorization", "Bearer " + std::string(at.service_key)});
    return at
        .ask({http::method::put, "/api/bookings/room", std::move(fields), at.body_of_booking()})
        .status;
  };
  const std::pair<std::string, std::string> json{"Content-Type", "application/json"};
  BOOST_TEST(status({json}) == 201);
  BOOST_TEST(status({{"Content-Type", "application/json; charset=UTF-8"}}) == 200);
  BOOST_TEST(status({{"Content-Type", "application/json; charset=\"utf-8\""}}) == 200);
  BOOST_TEST(status({{"Content-Type", "application/json;charset=utf-16"}}) == 415);
  BOOST_TEST(status({json, {"Content-Encoding", "gzip"}}) == 415);
  BOOST_TEST(status({json, json}) == 415);
}

BOOST_AUTO_TEST_CASE(hsts_stands_where_the_caller_came_over_https) {
  face_scene at([](api::settings& change) {
    change.proxies.trusted = {*net::ip_network::from("127.0.0.1/32")};
  });
  BOOST_TEST(at.get("/nothing").field("Strict-Transport-Security") == "-");
  asked direct{http::method::get, "/nothing"};
  direct.tls = true;
  BOOST_TEST(at.ask(direct).field("Strict-Transport-Security").starts_with("max-age="));
  asked behind{http::method::get,
               "/nothing",
               {{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "https"}}};
  BOOST_TEST(at.ask(behind).field("Strict-Transport-Security").starts_with("max-age="));
}

BOOST_AUTO_TEST_CASE(pages_of_other_origins_are_let_in_only_where_they_are_listed) {
  face_scene at([](api::settings& change) { change.cors_origins = {"https://app.example"}; });
  const auto answer = [&](std::string origin) {
    return at.ask({http::method::options,
                   "/api/expert/videocall/url",
                   {{"Origin", std::move(origin)}, {"Access-Control-Request-Method", "GET"}}});
  };
  const told good = answer("https://app.example");
  BOOST_TEST(good.field("Access-Control-Allow-Origin") == "https://app.example");
  BOOST_TEST(good.field("Access-Control-Allow-Methods") == "GET, HEAD");
  BOOST_TEST(answer("https://evil.example").field("Access-Control-Allow-Origin") == "-");
  BOOST_TEST(answer("https://evil.example").field("Vary") == "Origin");
  // Error answers too, or the page cannot read why.
  BOOST_TEST(at.ask({http::method::get, "/nothing", {{"Origin", "https://app.example"}}})
                 .field("Access-Control-Allow-Origin") == "https://app.example");
}

BOOST_AUTO_TEST_CASE(a_page_that_asks_too_often_can_read_so) {
  face_scene at([](api::settings& change) { change.cors_origins = {"https://app.example"}; },
                {{1, 1s, 1}, {1, 1s, 100}, {1, 1s, 100}, 1 << 20});
  const auto preflight = [&](std::string origin) {
    return at.ask({http::method::options,
                   "/api/expert/videocall/url",
                   {{"Origin", std::move(origin)}, {"Access-Control-Request-Method", "GET"}}});
  };
  BOOST_TEST(preflight("https://app.example").status == 204);
  // The bucket is empty, and it is the join that the page hears it of.
  const told again = preflight("https://app.example");
  BOOST_TEST(again.status == 204);
  BOOST_TEST(again.field("Access-Control-Allow-Methods") == "GET, HEAD");
  BOOST_TEST(again.field("Cache-Control") == "no-store");
  const told join =
      at.ask({http::method::get,
              "/api/expert/videocall/url?roomId=talk",
              {{"Origin", "https://app.example"}, {"Authorization", "Bearer x.y.z"}}});
  BOOST_TEST(join.status == 429);
  BOOST_TEST(join.field("Access-Control-Allow-Origin") == "https://app.example");
  BOOST_TEST(join.field("Retry-After") == "1");
  // Nobody else's, and nothing that only looks like one.
  BOOST_TEST(preflight("https://evil.example").status == 429);
  BOOST_TEST(at.ask({http::method::options,
                     "/api/expert/videocall/url",
                     {{"Origin", "https://app.example"}}})
                 .status == 429);
  BOOST_TEST(at.ask({http::method::get,
                     "/nothing",
                     {{"Origin", "https://app.example"}, {"Access-Control-Request-Method", "GET"}}})
                 .status == 429);
}

BOOST_AUTO_TEST_CASE(two_origins_are_none) {
  face_scene at([](api::settings& change) { change.cors_origins = {"https://app.example"}; });
  const told answer =
      at.ask({http::method::get,
              "/nothing",
              {{"Origin", "https://app.example"}, {"Origin", "https://evil.example"}}});
  BOOST_TEST(answer.field("Access-Control-Allow-Origin") == "-");
  BOOST_TEST(answer.field("Vary") == "Origin");
}

BOOST_AUTO_TEST_CASE(caches_are_told_of_origins_even_where_the_head_could_not_be_read) {
  face_scene at([](api::settings& change) { change.cors_origins = {"https://app.example"}; });
  net::peer peer{*net::ip_address::from("127.0.0.1")};
  http::exchange about;
  http::reply out;
  about.peer = &peer;
  about.started = at.clock.steady_now();
  at.front->refuse(about, core::failure(make_error_code(http::errc::headers_too_large)), out);
  BOOST_TEST(out.fields.find("Vary: Origin\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_audit_log_names_who_came_too_often_and_what_no_service_key_fitted) {
  face_scene at({}, {{1000, 1s, 1000}, {1, 1s, 1}, {1, 1s, 100}, 1 << 20});
  at.store.add(tests::booking_of("talk"));
  const std::string join = "/api/expert/videocall/url?roomId=talk";
  at.get(join, at.token("u1"));
  at.get(join, at.token("u1"));
  // HEAD opens nothing, whoever asks.
  at.ask({http::method::head, join});
  at.ask({http::method::head, join, {{"Authorization", "Bearer " + at.token("u1")}}});
  at.ask({http::method::delete_,
          "/api/bookings/talk",
          {{"Authorization", "Bearer wrong"}, {"X-Request-Id", "r1"}}});
  at.ask({http::method::post,
          "/api/sessions/revoke",
          {{"Content-Type", "application/json"}},
          R"({"userId":"u1"})"});
  const auto& lines = at.audit.lines;
  BOOST_REQUIRE(lines.size() == 4u);
  BOOST_TEST(lines[0].starts_with("join_decided user=u1 room=talk role=expert outcome=allowed "));
  BOOST_TEST(lines[1].starts_with(
      "join_decided user=u1 room=talk role=expert outcome=denied rule=rate_limited "));
  BOOST_TEST(lines[2] ==
             "service_refused method=DELETE path=/api/bookings/talk rule=unauthenticated "
             "client=127.0.0.1 request_id=r1");
  BOOST_TEST(lines[3].starts_with("service_refused method=POST path=/api/sessions/revoke "));
}

BOOST_AUTO_TEST_CASE(a_users_limit_takes_the_place_of_the_addresss_and_no_other_field) {
  face_scene at([](api::settings& change) { change.cors_origins = {"https://app.example"}; },
                {{1000, 1s, 1000}, {1, 1s, 1}, {1, 1s, 100}, 1 << 20});
  at.store.add(tests::booking_of("talk"));
  const auto join = [&] {
    return at.ask(
        {http::method::get,
         "/api/expert/videocall/url?roomId=talk",
         {{"Origin", "https://app.example"}, {"Authorization", "Bearer " + at.token("u1")}}});
  };
  const told good = join();
  BOOST_TEST(good.status == 200);
  const told refused = join();
  BOOST_TEST(refused.status == 429);
  BOOST_TEST(refused.field("RateLimit-Policy") == "\"user\";q=1;w=1");
  BOOST_TEST(refused.field("RateLimit").starts_with("\"user\";r=0;"));
  for (const char* name : {"Access-Control-Allow-Origin", "Access-Control-Expose-Headers",
                           "Cache-Control", "Vary", "X-Content-Type-Options"})
    BOOST_TEST(refused.field(name) == good.field(name), name);
  BOOST_TEST(refused.field("Cache-Control") == "no-store");
}

BOOST_AUTO_TEST_CASE(keys_and_description_are_public_and_may_be_kept) {
  face_scene at;
  const told keys = at.get("/.well-known/jwks.json");
  BOOST_TEST(keys.status == 200);
  BOOST_TEST(keys.field("Cache-Control") == "public, max-age=300");
  BOOST_TEST(keys.json().find("keys")->as_array()->size() == 2u);
  const told document = at.get("/openapi.json");
  BOOST_TEST(document.field("Content-Type") == "application/json");
  BOOST_TEST(document.text("openapi") == "3.1.0");
}

BOOST_AUTO_TEST_CASE(the_description_has_every_route_and_method) {
  const auto document = core::read_json(api::openapi_document);
  BOOST_REQUIRE(document);
  for (const api::route_row& row : api::route_table()) {
    if (row.what == api::route::unknown) continue;
    std::string path(row.pattern);
    if (const auto at = path.find(':'); at != std::string::npos) {
      const auto end = std::min(path.find('/', at), path.size());
      path.replace(at, end - at, "{" + path.substr(at + 1, end - at - 1) + "}");
    }
    const auto* item = document->find("paths")->find(path);
    BOOST_REQUIRE_MESSAGE(item, path);
    for (const http::method verb :
         {http::method::get, http::method::head, http::method::put, http::method::post,
          http::method::delete_, http::method::options})
      BOOST_TEST(
          (item->find(core::lower_case(http::name_of(verb))) != nullptr) == api::allows(row, verb),
          path << " " << http::name_of(verb));
  }
}

BOOST_AUTO_TEST_CASE(a_surprise_is_a_500_that_says_nothing) {
  face_scene at;
  at.store.add(tests::booking_of("talk"));
  at.vendor->pause = []() -> core::task<void> {
    throw std::runtime_error("inner secret detail");
    co_return;
  };
  const told answer = at.get("/api/expert/videocall/url?roomId=talk", at.token("u1"));
  BOOST_TEST(answer.status == 500);
  BOOST_TEST(answer.text("code") == "internal_error");
  BOOST_TEST(answer.body.find("inner") == std::string::npos);
  check_common(answer);
}

BOOST_AUTO_TEST_CASE(more_requests_than_can_wait_are_shed) {
  face_scene at;
  std::vector<join::gate::place> taken;
  for (auto one = at.gate.begin_waiting(); one; one = at.gate.begin_waiting())
    taken.push_back(std::move(*one));
  const told answer = at.service(http::method::get, "/api/bookings/talk");
  BOOST_TEST(answer.status == 503);
  BOOST_TEST(answer.text("code") == "overloaded");
  BOOST_TEST(answer.field("Retry-After") == "1");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(admin)

namespace {

struct admin_scene : tests::face_scene {
  bool draining = false;
  api::admin_front face{
      {context.get_executor(), clock, metrics, store, {}, [this] { return draining; }}};

  told look(std::string target, http::method verb = http::method::get) {
    auto it = begin({verb, std::move(target)});
    told out;
    if (face.admit(it->about, it->out)) {
      auto answer = face.handle(it->about, it->out);
      if (auto* later = std::get_if<http::answered_later>(&answer)) run(std::move(*later));
    }
    out.status = it->out.status;
    out.fields = it->out.fields;
    out.body = it->out.body;
    return out;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(ready_is_not_alive_when_draining_or_without_a_store) {
  admin_scene at;
  BOOST_TEST(at.look("/readyz").status == 200);
  at.store.broken = true;
  BOOST_TEST(at.look("/readyz").status == 503);
  at.store.broken = false;
  at.draining = true;
  BOOST_TEST(at.look("/readyz").status == 503);
  BOOST_TEST(at.look("/livez").status == 200);
  BOOST_TEST(at.look("/livez", http::method::post).status == 405);
  BOOST_TEST(at.look("/nothing").status == 404);
}

BOOST_AUTO_TEST_CASE(metrics_are_shown_in_prometheus_words) {
  admin_scene at;
  at.get("/nothing");
  const told page = at.look("/metrics");
  BOOST_TEST(page.field("Content-Type").starts_with("text/plain; version=0.0.4"));
  BOOST_TEST(page.body.find("http_server_request_duration_seconds_count{route=\"unmatched\"") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(explain_says_why_without_side_effects) {
  admin_scene at;
  at.store.add(tests::booking_of("talk"));
  const told good = at.look("/admin/explain?user=u1&role=expert&room=talk");
  BOOST_TEST(good.status == 200);
  BOOST_TEST(good.body.find("\ndecision       allowed ") != std::string::npos);
  BOOST_TEST(at.look("/admin/explain?user=u9&role=expert&room=talk")
                 .body.ends_with("\ndecision       refused      not_assigned\n"));
  BOOST_TEST(at.look("/admin/explain?user=u1&role=expert&room=talk&at=2026-11-22T08:00:00Z")
                 .body.ends_with("\ndecision       refused      too_early\n"));
  BOOST_TEST(at.look("/admin/explain?user=u1&role=admin&room=talk").text("parameter") == "role");
  BOOST_TEST(at.look("/admin/explain?user=u1&role=expert").text("parameter") == "room");
  BOOST_TEST(at.vendor->calls() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
