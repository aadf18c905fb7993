#include "support/scripted_server.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <asio/write.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <filesystem>
#include <list>
#include <stdexcept>
#include <utility>

#include "core/encoding.hpp"
#include "core/task_group.hpp"

namespace tests {
namespace {

using tcp = asio::ip::tcp;
using socket_type = asio::basic_stream_socket<tcp, core::executor>;
using acceptor_type = asio::basic_socket_acceptor<tcp, core::executor>;

struct free_context {
  void operator()(SSL_CTX* one) const { SSL_CTX_free(one); }
};
struct free_ssl {
  void operator()(SSL* one) const { SSL_free(one); }
};
using context_ptr = std::unique_ptr<SSL_CTX, free_context>;

template <class T, auto Free>
using held = std::unique_ptr<T, decltype([](T* one) { Free(one); })>;

context_ptr context_of(const server_certificate& from) {
  context_ptr made(SSL_CTX_new(TLS_server_method()));
  const held<BIO, BIO_free_all> certificates(BIO_new_mem_buf(from.certificate_pem.data(), -1));
  const held<BIO, BIO_free_all> keys(BIO_new_mem_buf(from.key_pem.data(), -1));
  const held<EVP_PKEY, EVP_PKEY_free> key(
      PEM_read_bio_PrivateKey(keys.get(), nullptr, nullptr, nullptr));
  const held<X509, X509_free> own(PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr));
  if (!own || SSL_CTX_use_certificate(made.get(), own.get()) != 1 || !key ||
      SSL_CTX_use_PrivateKey(made.get(), key.get()) != 1)
    throw std::runtime_error("the test's certificate is unusable");
  while (X509* next = PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr))
    SSL_CTX_add0_chain_cert(made.get(), next);
  ERR_clear_error();
  static constexpr unsigned char id[] = "tests";
  SSL_CTX_set_session_id_context(made.get(), id, sizeof id);
  return made;
}

// Bytes of the request at the beginning of `bytes`; 0 while it is not complete.
std::size_t request_size(const std::string& bytes, bool head_only) {
  const auto head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string::npos) return 0;
  if (head_only) return head_end + 4;
  const std::string head = core::lower_case(std::string_view(bytes).substr(0, head_end));
  std::size_t body = 0;
  if (const auto at = head.find("content-length: "); at != std::string::npos)
    std::from_chars(head.data() + at + 16, head.data() + head.size(), body);
  return bytes.size() >= head_end + 4 + body ? head_end + 4 + body : 0;
}

}  // namespace

scripted_answer ok(std::string body, std::string extra_fields) {
  scripted_answer made;
  made.pieces.push_back(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n{}",
                                    body.size(), extra_fields, body));
  return made;
}
scripted_answer bytes_then_close(std::string bytes) {
  scripted_answer made = bytes_only(std::move(bytes));
  made.then = scripted_answer::after::close;
  return made;
}
scripted_answer bytes_then_reset(std::string bytes) {
  scripted_answer made = bytes_only(std::move(bytes));
  made.then = scripted_answer::after::reset;
  return made;
}
scripted_answer bytes_only(std::string bytes) {
  scripted_answer made;
  if (!bytes.empty()) made.pieces.push_back(std::move(bytes));
  return made;
}

struct scripted_server::connection {
  explicit connection(socket_type from) : socket(std::move(from)) {}
  socket_type socket;
  std::unique_ptr<SSL, free_ssl> tls;  // over memory BIOs
  bool idle = false;                   // waits for a request

  core::task<bool> send_raw(std::string bytes) {
    auto [error, sent] = co_await asio::async_write(socket, asio::buffer(bytes), core::as_value);
    co_return !error;
  }
  core::task<bool> flush() {
    std::string out(BIO_ctrl_pending(SSL_get_wbio(tls.get())), '\0');
    if (out.empty()) co_return true;
    BIO_read(SSL_get_wbio(tls.get()), out.data(), static_cast<int>(out.size()));
    co_return co_await send_raw(std::move(out));
  }
  core::task<std::size_t> receive_raw(char* into, std::size_t size) {
    auto [error, got] = co_await socket.async_read_some(asio::buffer(into, size), core::as_value);
    co_return error ? 0 : got;
  }
  // Feeds the TLS state; false at the end.
  core::task<bool> fill() {
    std::array<char, 4096> raw;
    const std::size_t got = co_await receive_raw(raw.data(), raw.size());
    if (got > 0) BIO_write(SSL_get_rbio(tls.get()), raw.data(), static_cast<int>(got));
    co_return got > 0;
  }
  core::task<bool> shake_hands() {
    while (true) {
      ERR_clear_error();
      const int done = SSL_do_handshake(tls.get());
      const int why = SSL_get_error(tls.get(), done);
      const bool sent = co_await flush();
      if (done == 1) co_return sent;
      if (!sent || why != SSL_ERROR_WANT_READ) co_return false;
      const bool more = co_await fill();
      if (!more) co_return false;
    }
  }
  core::task<std::size_t> receive(char* into, std::size_t size) {
    if (!tls) co_return co_await receive_raw(into, size);
    while (true) {
      ERR_clear_error();
      const int got = SSL_read(tls.get(), into, static_cast<int>(size));
      if (got > 0) co_return static_cast<std::size_t>(got);
      if (SSL_get_error(tls.get(), got) != SSL_ERROR_WANT_READ) co_return 0;
      const bool more = co_await fill();
      if (!more) co_return 0;
    }
  }
  core::task<bool> send(std::string bytes) {
    if (!tls) co_return co_await send_raw(std::move(bytes));
    ERR_clear_error();
    SSL_write(tls.get(), bytes.data(), static_cast<int>(bytes.size()));
    co_return co_await flush();
  }
  void reset() {
    asio::error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
  }
};

struct scripted_server::state {
  state(asio::io_context& on, scripted_server_settings with)
      : settings(std::move(with)),
        acceptor(on.get_executor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        changed(on.get_executor()),
        always([](const std::string&) { return ok("ok"); }) {
    if (settings.certificate) context = context_of(*settings.certificate);
  }

  // Wakes those who watch the counters.
  void tell() {
    core::notice old = std::exchange(changed, core::notice(acceptor.get_executor()));
    old.give();
  }
  scripted_answer next_answer(const std::string& request) {
    if (queue.empty()) return always(request);
    scripted_answer next = std::move(queue.front());
    queue.pop_front();
    return next;
  }

  scripted_server_settings settings;
  context_ptr context;
  acceptor_type acceptor;
  core::notice changed;
  script always;
  std::deque<scripted_answer> queue;
  std::vector<std::string> requests;
  std::list<connection*> connections;
  std::size_t accepted = 0;
  std::size_t resumed = 0;
  std::string sni;

  static core::task<void> accept_all(std::shared_ptr<state> self,
                                     std::shared_ptr<core::task_group> tasks) {
    while (true) {
      auto [error, socket] = co_await self->acceptor.async_accept(core::as_value);
      if (error) co_return;
      ++self->accepted;
      tasks->spawn(serve(self, std::make_unique<connection>(std::move(socket))));
    }
  }

  static core::task<void> serve(std::shared_ptr<state> self, std::unique_ptr<connection> mine) {
    struct presence {
      state& of;
      connection* me;
      presence(state& s, connection* c) : of(s), me(c) {
        of.connections.push_back(me);
        of.tell();
      }
      ~presence() {
        of.connections.remove(me);
        of.tell();
      }
    } here(*self, mine.get());
    if (!self->settings.accept_handshake) {
      std::array<char, 1024> ignored;
      std::size_t got = 1;
      while (got > 0) got = co_await mine->receive(ignored.data(), ignored.size());
      co_return;
    }
    if (self->context) {
      const bool shaken = co_await begin_tls(self.get(), mine.get());
      if (!shaken) co_return;
    }
    std::string bytes;
    bool more = true;
    while (more) more = co_await serve_one(self.get(), mine.get(), &bytes);
  }

  static core::task<bool> begin_tls(state* self, connection* mine) {
    mine->tls.reset(SSL_new(self->context.get()));
    SSL_set_bio(mine->tls.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(mine->tls.get());
    const bool shaken = co_await mine->shake_hands();
    if (!shaken) co_return false;
    if (SSL_session_reused(mine->tls.get())) ++self->resumed;
    const char* name = SSL_get_servername(mine->tls.get(), TLSEXT_NAMETYPE_host_name);
    self->sni = name ? name : "";
    co_return true;
  }

  static core::task<bool> serve_one(state* self, connection* mine, std::string* bytes) {
    std::size_t size = request_size(*bytes, self->settings.answer_at_head);
    while (size == 0) {
      mine->idle = bytes->empty();
      std::array<char, 16384> some;
      const std::size_t got = co_await mine->receive(some.data(), some.size());
      mine->idle = false;
      if (got == 0) co_return false;
      bytes->append(some.data(), got);
      size = request_size(*bytes, self->settings.answer_at_head);
    }
    self->requests.push_back(bytes->substr(0, size));
    bytes->erase(0, size);
    scripted_answer what = self->next_answer(self->requests.back());
    self->tell();
    if (what.gate) {
      const bool opened = co_await what.gate->wait(core::deadline(core::steady_time::max()));
      if (!opened) co_return false;
    }
    for (std::size_t i = 0; i < what.pieces.size(); ++i) {
      if (i > 0 && what.pause.count() > 0) {
        const auto later = core::deadline::after(std::chrono::steady_clock::now(), what.pause);
        co_await core::sleep_until(later);
      }
      const bool sent = co_await mine->send(std::move(what.pieces[i]));
      if (!sent) co_return false;
    }
    if (what.then == scripted_answer::after::reset) mine->reset();
    co_return what.then == scripted_answer::after::keep_open;
  }

  std::shared_ptr<core::task_group> tasks;
};

scripted_server::scripted_server(asio::io_context& on, scripted_server_settings settings)
    : state_(std::make_shared<state>(on, std::move(settings))) {
  state_->tasks = std::make_shared<core::task_group>(core::executor(on.get_executor()));
  state_->tasks->spawn(state::accept_all(state_, state_->tasks));
}

scripted_server::~scripted_server() {
  asio::error_code ignored;
  state_->acceptor.close(ignored);
  for (connection* one : state_->connections) one->socket.close(ignored);
  const auto tasks = std::move(state_->tasks);
  tasks->close(true);
}

scripted_server& scripted_server::reply(scripted_answer next) {
  state_->queue.push_back(std::move(next));
  return *this;
}
scripted_server& scripted_server::otherwise(script always) {
  state_->always = std::move(always);
  return *this;
}

unsigned short scripted_server::port() const { return state_->acceptor.local_endpoint().port(); }
std::string scripted_server::url(std::string_view path) const {
  return fmt::format("{}:{}{}", state_->context ? "https://localhost" : "http://127.0.0.1", port(),
                     path);
}
std::size_t scripted_server::accepted() const { return state_->accepted; }
std::size_t scripted_server::open() const { return state_->connections.size(); }
std::size_t scripted_server::resumed() const { return state_->resumed; }
std::string scripted_server::last_sni() const { return state_->sni; }
const std::vector<std::string>& scripted_server::requests() const { return state_->requests; }

void scripted_server::close_idle() {
  asio::error_code ignored;
  for (connection* one : state_->connections)
    if (one->idle) one->socket.shutdown(tcp::socket::shutdown_both, ignored);
}

void scripted_server::speak_unasked(std::string bytes) {
  asio::error_code ignored;
  for (connection* one : state_->connections)
    if (one->idle && !one->tls) one->socket.write_some(asio::buffer(bytes), ignored);
}

core::task<bool> scripted_server::saw_requests(std::size_t wanted, core::deadline until) {
  const auto self = state_;
  while (self->requests.size() < wanted) {
    core::notice next = self->changed;
    const bool told = co_await next.wait(until);
    if (!told) co_return false;
  }
  co_return true;
}

core::task<bool> scripted_server::has_open(std::size_t wanted, core::deadline until) {
  const auto self = state_;
  while (self->connections.size() != wanted) {
    core::notice next = self->changed;
    const bool told = co_await next.wait(until);
    if (!told) co_return false;
  }
  co_return true;
}

unsigned short refused_port() {
  asio::io_context context(1);
  acceptor_type briefly(context.get_executor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  return briefly.local_endpoint().port();
}

std::size_t descriptors_open() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace tests
