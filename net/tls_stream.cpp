#include "net/tls_stream.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <new>
#include <string>
#include <utility>

#include "net/error.hpp"

namespace net {
namespace {

socket_stream& socket_of(BIO* bio) { return *static_cast<socket_stream*>(BIO_get_data(bio)); }

int bio_read(BIO* bio, char* into, std::size_t size, std::size_t* count) {
  BIO_clear_retry_flags(bio);
  *count = 0;
  const auto got = socket_of(bio).read_available({into, size});
  if (!got) {
    if (got.error().code == errc::closed) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return 0;
  }
  *count = *got;
  if (*got == 0) BIO_set_retry_read(bio);
  return *got > 0;
}

int bio_write(BIO* bio, const char* data, std::size_t size, std::size_t* count) {
  BIO_clear_retry_flags(bio);
  *count = 0;
  const auto sent = socket_of(bio).write_available({data, size});
  if (!sent) return 0;
  *count = *sent;
  if (*sent == 0) BIO_set_retry_write(bio);
  return *sent > 0;
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// Lives as long as the process, like OpenSSL's own methods.
BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "net::socket_stream");
    if (!made) throw std::bad_alloc();
    BIO_meth_set_read_ex(made, bio_read);
    BIO_meth_set_write_ex(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

core::task<core::result<void>> nothing_to_wait_for() { co_return core::result<void>(); }

}  // namespace

tls_stream::tls_stream(std::unique_ptr<socket_stream> raw, ssl_ptr state)
    : raw_(std::move(raw)), state_(std::move(state)) {
  BIO* bio = BIO_new(socket_method());
  if (!bio) throw std::bad_alloc();
  BIO_set_data(bio, raw_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(state_.get(), bio, bio);
  peer with_tls = raw_->other();
  with_tls.is_tls = true;
  raw_->set_other(with_tls);
}

tls_stream::~tls_stream() {
  close();
  // Else OpenSSL takes a connection that the other side just dropped for a reason to forget its
  // session.
  if (ready_ && !broken_) SSL_set_shutdown(state_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

tls_stream::want tls_stream::wants(int returned) const {
  switch (SSL_get_error(state_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      return want::read;
    case SSL_ERROR_WANT_WRITE:
      return want::write;
    default:
      return want::nothing;
  }
}

core::task<core::result<void>> tls_stream::wait_for(want what, core::deadline until) {
  return what == want::write ? raw_->wait_writable(until) : raw_->wait_readable(until);
}

tl::unexpected<core::failure> tls_stream::failed(int returned) {
  const int error = SSL_get_error(state_.get(), returned);
  if (error == SSL_ERROR_ZERO_RETURN) return core::fail(errc::closed, "close_notify");
  broken_ = true;  // after SSL_ERROR_SSL and SSL_ERROR_SYSCALL not even SSL_shutdown may be called
  const unsigned long code = ERR_peek_last_error();
  if (error == SSL_ERROR_SYSCALL || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    ERR_clear_error();
    return core::fail(ready_ ? errc::broken : errc::closed, "the connection was cut");
  }
  const char* reason = ERR_reason_error_string(code);
  auto why =
      ready_ ? std::string(reason ? reason : "TLS error") : why_handshake_failed(state_.get());
  ERR_clear_error();
  return core::fail(errc::tls_failed, std::move(why));
}

core::task<core::result<void>> tls_stream::handshake(core::deadline until) {
  for (;;) {
    ERR_clear_error();
    const int done = SSL_do_handshake(state_.get());
    if (done == 1) {
      ready_ = true;
      co_return core::result<void>();
    }
    const want what = wants(done);
    if (what == want::nothing) co_return failed(done);
    auto waited = co_await wait_for(what, until);
    if (!waited) {
      broken_ = true;
      co_return waited;
    }
  }
}

core::task<core::result<void>> tls_stream::wait_readable(core::deadline until) {
  if (!drained_ && SSL_has_pending(state_.get()) == 1) return nothing_to_wait_for();
  return wait_for(reading_wants_, until);
}

bool tls_stream::wake_when_readable(waker& who, core::deadline until) {
  if (!drained_ && SSL_has_pending(state_.get()) == 1) return false;
  return reading_wants_ == want::read && raw_->wake_when_readable(who, until);
}

core::result<std::size_t> tls_stream::read_available(std::span<char> into) {
  if (broken_) return core::fail(errc::broken, "closed after an error");
  ERR_clear_error();
  std::size_t count = 0;
  const int got = SSL_read_ex(state_.get(), into.data(), into.size(), &count);
  drained_ = got != 1;
  reading_wants_ = want::read;
  if (got == 1) return count;
  const want what = wants(got);
  if (what == want::nothing) return failed(got);
  reading_wants_ = what;
  return std::size_t{0};
}

core::result<std::size_t> tls_stream::write_available(std::string_view data) {
  if (broken_) return core::fail(errc::broken, "closed after an error");
  std::size_t sent = 0;
  while (sent < data.size()) {
    ERR_clear_error();
    std::size_t count = 0;
    const int done = SSL_write_ex(state_.get(), data.data() + sent, data.size() - sent, &count);
    sent += count;
    if (done == 1) continue;
    writing_wants_ = wants(done);
    if (writing_wants_ == want::nothing) return failed(done);
    break;
  }
  return sent;
}

core::task<core::result<void>> tls_stream::wait_writable(core::deadline until) {
  return wait_for(writing_wants_, until);
}

void tls_stream::say_goodbye() {
  if (!ready_ || broken_ || (SSL_get_shutdown(state_.get()) & SSL_SENT_SHUTDOWN)) return;
  ERR_clear_error();
  if (SSL_shutdown(state_.get()) < 0)
    ERR_clear_error();  // a full socket loses it, and nothing else
}

void tls_stream::finish_writing() {
  say_goodbye();
  raw_->finish_writing();
}

void tls_stream::close() {
  if (raw_->descriptor() >= 0) say_goodbye();
  raw_->close();
}

bool tls_stream::is_stale() {
  if (broken_ || !ready_) return true;
  if (!raw_->is_stale() && SSL_has_pending(state_.get()) == 0) return false;
  // It may be a session ticket, which says nothing about the connection. Only OpenSSL can tell.
  raw_->look_again();
  ERR_clear_error();
  char byte;
  std::size_t count = 0;
  const int got = SSL_peek_ex(state_.get(), &byte, 1, &count);
  if (got == 1) return true;
  const bool nothing = wants(got) == want::read;
  if (!nothing) broken_ = true;
  ERR_clear_error();
  return !nothing;
}

}  // namespace net
