// client_house: a client, its connector and a scripted server on one shard, for the tests of the
// HTTP client.
#pragma once

#include "http/pooled_client.hpp"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "core/task_group.hpp"
#include "http/error.hpp"
#include "net/dns_cache.hpp"
#include "net/tls_client.hpp"
#include "support/certificates.hpp"
#include "support/fakes.hpp"
#include "support/run.hpp"
#include "support/scripted_server.hpp"

using namespace std::chrono_literals;

namespace tests {

using answered = core::result<http::response>;

struct client_house {
  core::system_clock clock;
  core::metrics_page metrics;
  net::shard shard{0, 0, "test", clock};
  asio::io_context& context = shard.context();
  net::dns_cache names{shard.executor(), clock,
                       [](std::string host, core::deadline) { return nobody(std::move(host)); }};
  std::unique_ptr<net::tls_client> tls = net::tls_client::create({}, clock).value();
  net::tcp_connector connector{shard, names, *tls};
  tests::scripted_server server{context};
  http::client_settings settings;
  std::unique_ptr<http::pooled_client> made;

  static core::task<core::result<net::addresses>> nobody(std::string host) {
    co_return core::fail(net::errc::name_not_found, host + ": no such name");
  }

  http::pooled_client& client() {
    if (!made) made = std::make_unique<http::pooled_client>(shard, connector, metrics, settings);
    return *made;
  }
  http::request get(std::string_view path = "/") {
    http::request what;
    what.url = server.url(path);
    return what;
  }
  http::request post(std::string body) {
    http::request what = get();
    what.method = http::method::post;
    what.body = std::move(body);
    return what;
  }
  answered send(http::request what, core::deadline until = tests::far_deadline()) {
    return tests::run(context, client().send(std::move(what), until));
  }
  answered send_to(std::string url) {
    http::request what;
    what.url = std::move(url);
    return send(std::move(what));
  }
  // Lets everything run that can run without waiting.
  void settle() {
    context.restart();
    while (context.poll() > 0) {
    }
  }
  std::uint64_t counted(const std::string& outcome) {
    return metrics.count("http_client_requests_total", "", {{"outcome", outcome}}).total();
  }
  std::uint64_t repeated() {
    return metrics.count("http_client_requests_repeated_total", "").total();
  }
  void refused(const answered& got, std::error_code why, std::string_view detail = {}) {
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().code == why, got.error().code.message() << ": " << got.error().detail);
    BOOST_TEST(got.error().detail.find(detail) != std::string::npos, got.error().detail);
  }
};

inline core::deadline in(std::chrono::milliseconds wait) {
  return core::deadline::after(std::chrono::steady_clock::now(), wait);
}

// Never connects; says so at the deadline it was given.
struct silent_connector final : net::connector {
  core::task<core::result<net::stream_ptr>> connect(net::endpoint, core::deadline until) override {
    given = until;
    ++asked;
    co_await core::sleep_until(until);
    co_return core::fail(net::errc::timed_out, "nobody answered");
  }
  core::deadline given{core::steady_time{}};
  int asked = 0;
};

// Sends `what` and leaves the answer in `into`.
inline core::task<void> send_into(http::pooled_client* client, http::request what,
                                  core::deadline until, std::vector<answered>* into) {
  auto got = co_await client->send(std::move(what), until);
  into->push_back(std::move(got));
}

}  // namespace tests
