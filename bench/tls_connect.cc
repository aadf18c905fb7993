// New TLS 1.3 connections, one after the other on each of a few threads: connect, shake hands, take
// the server's session ticket, say goodbye.
//
//   tls_connect --port N [--seconds 5] [--threads 4] [--resume 0|1]
//
// With --resume 1 each connection resumes the session of the one before. No request is sent: what
// the server spends is the connection and the handshake. The server's certificate is not checked,
// its signature is. Prints one line of JSON; latencies are microseconds.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using steady = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "tls_connect: %s\n", what.c_str());
  std::exit(1);
}

struct settings {
  std::uint16_t port = 0;
  double seconds = 5;
  unsigned threads = 4;
  bool resume = false;
};

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* one) const {
    Free(one);
  }
};
using context_ptr = std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>>;
using session_ptr = std::unique_ptr<SSL_SESSION, freed_by<SSL_SESSION_free>>;
using ssl_ptr = std::unique_ptr<SSL, freed_by<SSL_free>>;

class client {
 public:
  client(const settings& all, unsigned number) : all_(all), number_(number) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_3_VERSION);
    // Back from SSL_read after each record, so that a ticket is seen when it has come.
    SSL_CTX_clear_mode(context_.get(), SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_session_cache_mode(context_.get(),
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_app_data(context_.get(), this);
    SSL_CTX_sess_set_new_cb(context_.get(), [](SSL* ssl, SSL_SESSION* session) {
      auto* self = static_cast<client*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
      self->session_.reset(session);
      self->ticket_came_ = true;
      return 1;
    });
  }

  void run(steady::time_point end) {
    while (steady::now() < end) {
      const auto began = steady::now();
      if (connect_once())
        latencies.push_back(
            std::chrono::duration<double, std::micro>(steady::now() - began).count());
      else
        ++failed;
    }
  }

  std::vector<double> latencies;
  std::uint64_t failed = 0;
  std::uint64_t resumed = 0;
  std::uint64_t with_ticket = 0;

 private:
  bool connect_once() {
    const int socket = open_socket();
    if (socket < 0) return false;
    const ssl_ptr ssl(SSL_new(context_.get()));
    SSL_set_fd(ssl.get(), socket);
    if (all_.resume && session_) SSL_set_session(ssl.get(), session_.get());
    ticket_came_ = false;
    const bool connected = SSL_connect(ssl.get()) == 1;
    if (connected) {
      resumed += static_cast<std::uint64_t>(SSL_session_reused(ssl.get()));
      if (tickets_expected_) take_ticket(ssl.get());
      SSL_shutdown(ssl.get());
    }
    ERR_clear_error();
    ::close(socket);
    return connected;
  }

  // The server's tickets come right after the handshake; one that sends none is not waited for
  // again.
  void take_ticket(SSL* ssl) {
    const auto give_up = steady::now() + std::chrono::milliseconds(500);
    char byte;
    while (!ticket_came_ && steady::now() < give_up) {
      const int got = SSL_read(ssl, &byte, 1);
      if (got > 0 || SSL_get_error(ssl, got) != SSL_ERROR_WANT_READ) break;
    }
    with_ticket += ticket_came_;
    tickets_expected_ = ticket_came_;
  }

  // From many addresses of this machine, since each has only so many ports and those of closed
  // connections rest for a minute.
  int open_socket() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const timeval patience{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(0x7f000100u + (number_ << 8) + 1 + (turn_++ % 250));
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(all_.port);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(socket, reinterpret_cast<sockaddr*>(&local), sizeof local) == 0 &&
        ::connect(socket, reinterpret_cast<sockaddr*>(&server), sizeof server) == 0)
      return socket;
    ::close(socket);
    return -1;
  }

  const settings& all_;
  unsigned number_;
  unsigned turn_ = 0;
  context_ptr context_;
  session_ptr session_;
  bool ticket_came_ = false;
  bool tickets_expected_ = true;
};

settings read_settings(int count, char** arguments) {
  settings all;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view word = arguments[i];
    const double value = std::atof(arguments[i + 1]);
    if (word == "--port")
      all.port = static_cast<std::uint16_t>(value);
    else if (word == "--seconds")
      all.seconds = value;
    else if (word == "--threads")
      all.threads = static_cast<unsigned>(value);
    else if (word == "--resume")
      all.resume = value != 0;
    else
      fail("unknown option " + std::string(word));
  }
  if (count % 2 == 0 || all.port == 0 || all.threads < 1 || all.threads > 64)
    fail("usage: tls_connect --port N [--seconds S] [--threads T] [--resume 0|1]");
  return all;
}

}  // namespace

int main(int count, char** arguments) {
  const settings all = read_settings(count, arguments);
  std::signal(SIGPIPE, SIG_IGN);  // a server may be gone before the goodbye
  std::vector<std::unique_ptr<client>> clients;
  for (unsigned i = 0; i < all.threads; ++i) clients.push_back(std::make_unique<client>(all, i));
  const auto start = steady::now();
  const auto end = start + std::chrono::duration_cast<steady::duration>(
                               std::chrono::duration<double>(all.seconds));
  {
    std::vector<std::jthread> threads;
    for (auto& one : clients) threads.emplace_back([&one, end] { one->run(end); });
  }
  const double seconds = std::chrono::duration<double>(steady::now() - start).count();

  std::vector<double> latencies;
  std::uint64_t failed = 0;
  std::uint64_t resumed = 0;
  std::uint64_t with_ticket = 0;
  for (const auto& one : clients) {
    latencies.insert(latencies.end(), one->latencies.begin(), one->latencies.end());
    failed += one->failed;
    resumed += one->resumed;
    with_ticket += one->with_ticket;
  }
  if (latencies.empty()) fail("no handshake came to an end");
  std::sort(latencies.begin(), latencies.end());
  const auto at = [&](double part) {
    return latencies[static_cast<std::size_t>(part * static_cast<double>(latencies.size() - 1))];
  };
  std::printf(
      "{\"handshakes\":%zu,\"resumed\":%llu,\"with_ticket\":%llu,\"failed\":%llu,\"seconds\":%.3f,"
      "\"per_second\":%.1f,\"p50\":%.1f,\"p99\":%.1f}\n",
      latencies.size(), static_cast<unsigned long long>(resumed),
      static_cast<unsigned long long>(with_ticket), static_cast<unsigned long long>(failed),
      seconds, static_cast<double>(latencies.size()) / seconds, at(0.5), at(0.99));
}
