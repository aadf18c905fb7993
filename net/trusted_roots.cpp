#include "net/trusted_roots.hpp"

#include <fmt/format.h>
#include <openssl/err.h>

#include <new>

#include "net/openssl_error.hpp"

namespace net {
namespace {

std::string reason_or_number(unsigned long code) {
  const char* reason = ERR_reason_error_string(code);
  return reason ? reason : fmt::format("OpenSSL error {:x}", code);
}

}  // namespace

trusted_roots::trusted_roots() : store_(X509_STORE_new()) {
  if (!store_) throw std::bad_alloc();
}

std::shared_ptr<trusted_roots> trusted_roots::of_system() {
  return std::shared_ptr<trusted_roots>(new trusted_roots);
}

core::result<std::shared_ptr<trusted_roots>> trusted_roots::from(const std::string& ca_file) {
  if (ca_file.empty()) return of_system();
  std::shared_ptr<trusted_roots> made(new trusted_roots);
  std::call_once(made->read_, [] {});
  ERR_clear_error();
  if (X509_STORE_load_file(made->store_.get(), ca_file.c_str()) == 1) return made;
  const std::string said = system_reason();
  auto why = fmt::format("cannot read certificates from {}: {}", ca_file,
                         said.empty() ? reason_or_number(ERR_peek_last_error()) : said);
  ERR_clear_error();
  return core::fail(errc::tls_failed, std::move(why));
}

X509_STORE* trusted_roots::store() {
  // Places that are not there are no error: then nobody is trusted, and the handshake says so.
  std::call_once(read_, [this] {
    X509_STORE_set_default_paths(store_.get());
    ERR_clear_error();
  });
  return store_.get();
}

}  // namespace net
