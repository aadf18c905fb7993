#include "net/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <asio/error.hpp>

#include <cerrno>
#include <cstring>
#include <exception>
#include <system_error>
#include <utility>

#include "net/error.hpp"
#include "net/proxy_header.hpp"
#include "net/tls_stream.hpp"

namespace net {
namespace {

// After so many connections in a row those that are open get their turn.
constexpr unsigned accepts_max = 64;
// How long we do not look for new connections when there is no descriptor or memory for one.
constexpr std::chrono::milliseconds pause{100};
// What cancelled connections get to unwind in.
constexpr std::chrono::seconds unwinding{1};

int open_spare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

peer peer_from(const sockaddr_storage& from) {
  peer out;
  if (from.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(from);
    std::array<unsigned char, 4> bytes;
    std::memcpy(bytes.data(), &four.sin_addr, bytes.size());
    out.address = ip_address::v4(bytes);
    out.port = ntohs(four.sin_port);
  } else if (from.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(from);
    std::array<unsigned char, 16> bytes;
    std::memcpy(bytes.data(), &six.sin6_addr, bytes.size());
    out.address = ip_address::v6(bytes);
    out.port = ntohs(six.sin6_port);
  } else {
    out.address = ip_address::v4({127, 0, 0, 1});
    out.is_unix = true;
  }
  return out;
}

bool is_trusted(const proxy_settings& proxies, const peer& other) {
  if (other.is_unix) return proxies.trust_unix_socket;
  for (const ip_network& one : proxies.trusted)
    if (one.contains(other.address)) return true;
  return false;
}

// Counts for as long as the connection has its descriptor, whoever holds it.
class counted_stream final : public socket_stream {
 public:
  counted_stream(poller& by, int descriptor, const peer& other, listener_desk& desk,
                 connection_counts::place&& where, resting_place& rest)
      : socket_stream(by, descriptor, other), desk_(desk), rest_(rest), place_(std::move(where)) {
    desk_.metrics.open.add(1);
  }
  ~counted_stream() override { desk_.metrics.open.add(-1); }
  connection_counts::place& place() { return place_; }
  resting_place* rest_at() override { return &rest_; }

 private:
  listener_desk& desk_;
  resting_place& rest_;
  connection_counts::place place_;
};

// Cancelled coroutines end with this; all else is a bug.
bool is_cancellation(const std::exception_ptr& why) {
  try {
    std::rethrow_exception(why);
  } catch (const std::system_error& error) {
    return error.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

std::function<void(std::exception_ptr)> counting_in(core::counter& surprises) {
  return [&surprises](std::exception_ptr why) {
    if (!is_cancellation(why)) surprises.add();
  };
}

core::counter& rejected(core::metrics_page& page, const char* reason) {
  return page.count("net_connections_rejected_total",
                    "Connections that were closed before their first request, by reason.",
                    {{"reason", reason}});
}

core::counter& handshakes(core::metrics_page& page, const char* result) {
  return page.count("net_tls_handshakes_total", "TLS handshakes of clients with us, by result.",
                    {{"result", result}});
}

}  // namespace

struct listener::door {
  door(poller& by, int descriptor, const listen_settings& at)
      : socket(by, descriptor), tls(at.tls), proxy_protocol(at.proxy_protocol) {}
  watched socket;
  bool tls;
  bool proxy_protocol;
};

// A connection that rests. Owned by the listener's list, which it leaves when it is woken.
struct listener::sleeper final : waker {
  sleeper(listener& at_, stream_ptr&& who) : at(at_), held(std::move(who)), next(at.first_) {
    if (next) next->previous = this;
    at.first_ = this;
    ++at.resting_;
  }
  ~sleeper() {
    (previous ? previous->next : at.first_) = next;
    if (next) next->previous = previous;
    --at.resting_;
  }
  void woken(bool readable) override {
    const std::unique_ptr<sleeper> mine(this);
    if (readable) at.connections_.spawn(at.handle_(std::move(held)));
  }

  listener& at;
  stream_ptr held;
  sleeper* next;
  sleeper* previous = nullptr;
};

listener_limits read_listener_limits(core::options& from) {
  listener_limits made;
  made.connections_max = static_cast<std::size_t>(from.integer(
      "connections_max", static_cast<std::int64_t>(made.connections_max), 16, 1'000'000));
  made.connections_per_client_max = static_cast<std::size_t>(
      from.integer("connections_per_client_max",
                   static_cast<std::int64_t>(made.connections_per_client_max), 1, 1'000'000));
  made.handshake_timeout = from.duration("handshake_timeout", made.handshake_timeout,
                                         std::chrono::seconds(1), std::chrono::minutes(1));
  return made;
}

listener_metrics::listener_metrics(core::metrics_page& page)
    : open(page.level("net_connections_open", "Connections that are open now.")),
      accepted(page.count("net_connections_accepted_total", "Connections that were accepted.")),
      over_total(rejected(page, "total")),
      over_client(rejected(page, "client")),
      no_descriptors(rejected(page, "no_descriptors")),
      bad_proxy_header(rejected(page, "proxy_header")),
      handshakes(net::handshakes(page, "full")),
      handshakes_resumed(net::handshakes(page, "resumed")),
      handshakes_failed(net::handshakes(page, "failed")),
      handshakes_timed_out(net::handshakes(page, "timed_out")),
      surprises(page.count("net_connection_surprises_total",
                           "Connections that ended with an exception: bugs.")) {}

listener_desk::listener_desk(listener_limits limits_, proxy_settings proxies_,
                             core::metrics_page& page, core::random_source& random)
    : limits(limits_),
      proxies(std::move(proxies_)),
      counts(limits.connections_max, limits.connections_per_client_max, random),
      metrics(page) {}

listener::listener(shard& on, listener_desk& desk, connection_handler handle)
    : shard_(on),
      desk_(desk),
      handle_(std::move(handle)),
      accepting_(on.executor(), counting_in(desk.metrics.surprises)),
      connections_(on.executor(), counting_in(desk.metrics.surprises)),
      spare_(open_spare()) {}

listener::~listener() {
  close_resting();
  if (spare_ >= 0) ::close(spare_);
}

void listener::listen(listening_place& at) {
  const int descriptor = at.take(shard_.index());
  auto made = std::make_shared<door>(shard_.ready(), descriptor, at.settings());
  doors_.push_back(made);
  accepting_.spawn(accept_from(std::move(made)));
}

core::task<void> listener::accept_from(std::shared_ptr<door> at) {
  const core::deadline never(core::steady_time::max());
  while (at->socket.is_open()) {
    auto waited = co_await at->socket.wait(watched::direction::reading, never);
    if (!waited) co_return;
    outcome last = outcome::accepted;
    for (unsigned i = 0; i < accepts_max && last == outcome::accepted; ++i) last = accept_one(*at);
    if (last == outcome::empty) at->socket.read_exhausted();
    if (last != outcome::exhausted) continue;
    const auto later = core::deadline::after(std::chrono::steady_clock::now(), pause);
    co_await core::sleep_until(later);
  }
}

listener::outcome listener::accept_one(door& at) {
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  const int descriptor = desk_.accept(at.socket.descriptor(), reinterpret_cast<sockaddr*>(&from),
                                      &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor >= 0) {
    admit(at, descriptor, peer_from(from));
    return outcome::accepted;
  }
  switch (errno) {
    case EAGAIN:
      return outcome::empty;
    // accept(2): network errors of the new connection are to be treated like "try again".
    case EINTR:
    case ECONNABORTED:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return outcome::accepted;
    case EMFILE:
    case ENFILE:
      turn_one_away(at);
      return outcome::exhausted;
    default:
      return outcome::exhausted;  // out of memory
  }
}

// Who cannot be served should learn it now rather than after his own patience.
void listener::turn_one_away(door& at) {
  desk_.metrics.no_descriptors.add();
  if (spare_ >= 0) ::close(spare_);
  const int unwanted = desk_.accept(at.socket.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
  if (unwanted >= 0) ::close(unwanted);
  spare_ = open_spare();
}

bool listener::is_limited(const peer& other) const {
  return !other.is_unix && !other.address.is_loopback() && !is_trusted(desk_.proxies, other);
}

void listener::admit(door& at, int descriptor, const peer& other) {
  connection_counts::place where;
  if (desk_.counts.enter(where) != connection_counts::answer::admitted) {
    desk_.metrics.over_total.add();
    ::close(descriptor);
    return;
  }
  if (is_limited(other) &&
      desk_.counts.count_client(where, other.address) != connection_counts::answer::admitted) {
    desk_.metrics.over_client.add();
    ::close(descriptor);
    return;
  }
  if (at.proxy_protocol && !is_trusted(desk_.proxies, other)) {
    desk_.metrics.bad_proxy_header.add();
    ::close(descriptor);
    return;
  }
  desk_.metrics.accepted.add();
  try {
    resting_place& bed = *this;
    auto made = std::make_unique<counted_stream>(shard_.ready(), descriptor, other, desk_,
                                                 std::move(where), bed);
    // Without anything to do first the handler is the whole coroutine: an idle connection pays for
    // no other.
    if (at.tls || at.proxy_protocol)
      connections_.spawn(prepare(std::move(made), at.proxy_protocol, at.tls));
    else
      connections_.spawn(handle_(std::move(made)));
  } catch (const std::exception&) {
    desk_.metrics.surprises.add();  // no memory for one more; its descriptor is closed
  }
}

core::task<void> listener::prepare(std::unique_ptr<socket_stream> raw, bool proxy_header,
                                   bool tls) {
  auto ready = co_await greet(std::move(raw), proxy_header, tls);
  // A task of its own, so that this frame is gone while the connection idles. Where we are draining
  // by now, nothing is started: no request of this client is in flight.
  if (ready) connections_.spawn(handle_(std::move(*ready)));
}

core::task<core::result<stream_ptr>> listener::greet(std::unique_ptr<socket_stream> raw,
                                                     bool proxy_header, bool tls) {
  const auto until =
      core::deadline::after(shard_.clock().steady_now(), desk_.limits.handshake_timeout);
  if (proxy_header) {
    auto taken = co_await take_proxy_header(raw.get(), until);
    if (!taken) {
      desk_.metrics.bad_proxy_header.add();
      co_return core::same_failure(taken);
    }
    auto& place = static_cast<counted_stream&>(*raw).place();
    if (is_limited(raw->other()) && desk_.counts.count_client(place, raw->other().address) !=
                                        connection_counts::answer::admitted) {
      desk_.metrics.over_client.add();
      co_return core::fail(errc::broken, "too many connections of one client");
    }
  }
  if (!tls) co_return stream_ptr(std::move(raw));
  auto secure = std::make_unique<tls_stream>(std::move(raw), desk_.tls->start());
  auto shaken = co_await secure->handshake(until);
  auto& metrics = desk_.metrics;
  if (!shaken) {
    const bool late = shaken.error().code == errc::timed_out;
    (late ? metrics.handshakes_timed_out : metrics.handshakes_failed).add();
    co_return core::same_failure(shaken);
  }
  (secure->resumed() ? metrics.handshakes_resumed : metrics.handshakes).add();
  co_return stream_ptr(std::move(secure));
}

void listener::stop_accepting() {
  // A connection that waits in a socket's queue is reset when the socket closes.
  for (const auto& one : doors_) {
    if (!one->socket.is_open()) continue;
    while (accept_one(*one) == outcome::accepted) {
    }
    one->socket.close();
  }
  doors_.clear();
  accepting_.close(true);
}

bool listener::rest(stream_ptr& who, core::deadline until) {
  if (draining_) return false;
  // It must stand in the list before it can be woken, and give the stream back if it cannot sleep.
  auto made = std::make_unique<sleeper>(*this, std::move(who));
  if (made->held->wake_when_readable(*made, until)) {
    static_cast<void>(made.release());  // until woken, or close_resting()
    return true;
  }
  who = std::move(made->held);
  return false;
}

void listener::close_resting() {
  while (first_) std::unique_ptr<sleeper>{first_};
}

core::task<bool> listener::drain(core::deadline until) {
  stop_accepting();
  draining_ = true;
  close_resting();
  connections_.close(false);
  const bool all_ended = co_await connections_.ended(until);
  if (all_ended) co_return true;
  connections_.close(true);
  const auto soon = core::deadline::after(std::chrono::steady_clock::now(), unwinding);
  co_await connections_.ended(soon);
  co_return false;
}

}  // namespace net
