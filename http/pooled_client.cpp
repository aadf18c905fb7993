#include "http/pooled_client.hpp"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <utility>

#include "core/error.hpp"
#include "http/error.hpp"
#include "http/parser.hpp"
#include "http/request_writer.hpp"
#include "http/url.hpp"
#include "net/error.hpp"

namespace http {
namespace {

enum class outcome : std::size_t {
  answered,
  refused,  // by ourselves: a bad URL or field
  busy,
  name_not_found,
  connect_failed,
  tls_failed,
  timed_out,
  broken,
  bad_answer,
  too_large,
  cancelled,
};
constexpr std::array<const char*, 11> outcome_names = {
    "answered",  "refused", "busy",       "name_not_found", "connect_failed", "tls_failed",
    "timed_out", "broken",  "bad_answer", "too_large",      "cancelled"};

outcome outcome_of(const std::error_code& code) {
  if (code == net::errc::timed_out) return outcome::timed_out;
  if (code == net::errc::connect_failed) return outcome::connect_failed;
  if (code == net::errc::name_not_found) return outcome::name_not_found;
  if (code == net::errc::tls_failed) return outcome::tls_failed;
  if (code == net::errc::cancelled) return outcome::cancelled;
  if (code == errc::bad_response) return outcome::bad_answer;
  if (code == errc::response_too_large) return outcome::too_large;
  if (code == errc::bad_url || code == core::errc::internal) return outcome::refused;
  if (code == core::errc::queue_full) return outcome::busy;
  return outcome::broken;
}

// What net::stream says of an end by RST, which a body that lasts until the end must not be ended
// by.
constexpr std::string_view reset_detail = "reset by the peer";

// A request that fits into one TLS record and an empty socket buffer is handed over in one piece or
// not at all, so that a failure of its first write means that the network got nothing of it.
constexpr std::size_t one_piece_bytes = 4 * 1024;

bool is_safe(method verb) {
  return verb == method::get || verb == method::head || verb == method::options;
}

}  // namespace

struct pooled_client::counters {
  explicit counters(core::metrics_page& page)
      : repeated(page.count("http_client_requests_repeated_total",
                            "Requests sent again because a kept-alive connection was dead.")) {
    for (std::size_t i = 0; i < outcome_names.size(); ++i)
      requests[i] =
          &page.count("http_client_requests_total", "Requests to other servers by how they ended.",
                      {{"outcome", outcome_names[i]}});
  }
  core::counter& repeated;
  std::array<core::counter*, outcome_names.size()> requests{};
};

// What came of one request on one connection.
struct pooled_client::attempt {
  core::result<response> answer = core::fail(net::errc::broken, "not asked");
  bool anything_sent = false;  // the network may have got a part of the request
  bool answer_began = false;
  bool connection_lives = false;

  // The connection ended before a byte of the answer.
  bool met_a_dead_connection() const {
    if (answer || answer_began) return false;
    const auto& code = answer.error().code;
    return code == net::errc::closed || code == net::errc::broken;
  }
};

pooled_client::pooled_client(net::shard& on, net::connector& connector, core::metrics_page& metrics,
                             client_settings settings)
    : shard_(on),
      settings_(std::move(settings)),
      pool_(on, connector, metrics, settings_.pool),
      counters_(std::make_shared<const counters>(metrics)) {}

core::task<core::result<response>> pooled_client::send(request what, core::deadline until) {
  // Counts also what ends by cancellation, where nothing below this line runs.
  struct tally {
    std::shared_ptr<const counters> in;
    outcome seen = outcome::cancelled;
    ~tally() { in->requests[static_cast<std::size_t>(seen)]->add(); }
  } end{counters_};
  auto answer = co_await exchange(std::move(what), until);
  end.seen = answer ? outcome::answered : outcome_of(answer.error().code);
  co_return answer;
}

core::task<core::result<response>> pooled_client::exchange(request what, core::deadline until) {
  auto to = url::from(what.url);
  if (!to) co_return core::same_failure(to);
  if (!to->secure && !core::is_loopback_host(to->host))
    co_return core::fail(errc::bad_url,
                         "http is spoken only with this machine, not with " + to->host);
  const auto bytes = write_request(what, *to);
  if (!bytes) co_return core::same_failure(bytes);

  until = earlier_of(until,
                     core::deadline::after(shard_.clock().steady_now(), settings_.total_timeout));
  net::endpoint where;
  where.host = to->host;
  where.port = to->port;
  where.tls = to->secure;
  auto place = co_await pool_.take(std::move(where), until);
  if (!place) co_return core::same_failure(place);

  attempt last = co_await ask(&place->stream(), &*bytes, what.method, until);
  const bool harmless = what.safe_to_repeat || is_safe(what.method) || !last.anything_sent;
  if (place->reused() && last.met_a_dead_connection() && harmless) {
    counters_->repeated.add();
    auto fresh = co_await place->connect(until);
    if (!fresh) co_return core::same_failure(fresh);
    last = co_await ask(&place->stream(), &*bytes, what.method, until);
  }
  if (last.connection_lives) place->keep();
  if (!last.answer) last.answer.error().detail = to->host + ": " + last.answer.error().detail;
  co_return std::move(last.answer);
}

core::task<pooled_client::attempt> pooled_client::ask(net::stream* over, const std::string* bytes,
                                                      method verb, core::deadline until) {
  attempt now;
  const auto first_byte = earlier_of(
      until, core::deadline::after(shard_.clock().steady_now(), settings_.first_byte_timeout));
  co_await write(over, bytes, &now, first_byte);
  const bool all_sent = now.answer.has_value();
  // A server that refuses a request early answers and closes while we still write: its answer
  // counts, if it is whole.
  if (!all_sent && (!now.anything_sent || now.answer.error().code == net::errc::timed_out))
    co_return now;
  core::failure unsent = all_sent ? core::failure() : now.answer.error();
  co_await read(over, verb, &now, first_byte, until);
  if (all_sent) co_return now;
  now.connection_lives = false;
  if (!now.answer && !now.answer_began) now.answer = core::fail(std::move(unsent));
  co_return now;
}

// Leaves a value in `now->answer` when all was sent.
core::task<void> pooled_client::write(net::stream* over, const std::string* bytes, attempt* now,
                                      core::deadline until) {
  auto at_once = over->write_available(*bytes);
  if (!at_once) {
    now->anything_sent = bytes->size() > one_piece_bytes;
    now->answer = core::same_failure(at_once);
    co_return;
  }
  now->anything_sent = *at_once > 0;
  now->answer = response();
  if (*at_once == bytes->size()) co_return;
  now->anything_sent = true;
  auto rest = co_await over->write_all(std::string_view(*bytes).substr(*at_once), until);
  if (!rest) now->answer = core::same_failure(rest);
}

core::task<void> pooled_client::read(net::stream* over, method verb, attempt* now,
                                     core::deadline first_byte, core::deadline until) {
  message_limits limits;
  limits.head_bytes_max = settings_.head_bytes_max;
  limits.body_bytes_max = settings_.body_bytes_max;
  // Some KiB: on the heap, not in every coroutine frame above.
  const auto parser = std::make_unique<response_parser>(limits);
  parser->start(verb);
  const auto buffer = shard_.buffers().take();
  while (!parser->complete()) {
    const std::span<char> room(buffer->data, sizeof buffer->data);
    const core::deadline by = parser->started() ? until : first_byte;
    auto got = co_await over->read_some(room, by);
    if (!got && got.error().code == net::errc::closed && got.error().detail != reset_detail) {
      auto end = parser->eof();
      if (end) break;
      now->answer = core::same_failure(end);
      co_return;
    }
    if (!got) {
      if (got.error().code == net::errc::timed_out)
        got.error().detail =
            parser->started() ? "the answer did not end in time" : "no answer in time";
      now->answer = core::same_failure(got);
      co_return;
    }
    now->answer_began = true;
    auto came = parser->feed({buffer->data, *got});
    if (!came) {
      now->answer = core::same_failure(came);
      co_return;
    }
  }
  now->connection_lives = parser->may_keep();
  now->answer = parser->take();
}

client_settings read_client_settings(core::options& from) {
  using std::chrono::milliseconds;
  client_settings out;
  const auto count = [&](std::string_view key, std::size_t fallback, std::int64_t most) {
    return static_cast<std::size_t>(
        from.integer(key, static_cast<std::int64_t>(fallback), 1, most));
  };
  out.ca_file = from.text("ca_file", "");
  out.pool.connect_timeout = from.duration("connect_timeout", out.pool.connect_timeout,
                                           milliseconds(10), milliseconds(60'000));
  out.first_byte_timeout = from.duration("first_byte_timeout", out.first_byte_timeout,
                                         milliseconds(10), milliseconds(60'000));
  out.total_timeout =
      from.duration("total_timeout", out.total_timeout, milliseconds(10), milliseconds(120'000));
  out.pool.idle_timeout =
      from.duration("idle_timeout", out.pool.idle_timeout, milliseconds(0), milliseconds(600'000));
  out.pool.connections_max = count("connections_max", out.pool.connections_max, 1024);
  out.pool.idle_max = count("idle_max", out.pool.idle_max, 1024);
  out.pool.waiting_max = count("waiting_max", out.pool.waiting_max, 100'000);
  out.body_bytes_max = count("body_bytes_max", out.body_bytes_max, 64 * 1024 * 1024);
  return out;
}

}  // namespace http
