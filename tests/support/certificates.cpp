#include "support/certificates.hpp"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace tests {
namespace {

struct free_bio {
  void operator()(BIO* one) const { BIO_free_all(one); }
};

template <class Write>
std::string pem_of(Write write) {
  const std::unique_ptr<BIO, free_bio> out(BIO_new(BIO_s_mem()));
  write(out.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX about;
  X509V3_set_ctx(&about, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &about, what, value.c_str());
  if (!made) throw std::runtime_error("bad certificate extension " + value);
  X509_add_ext(certificate, made, -1);
  X509_EXTENSION_free(made);
}

X509* unsigned_certificate(EVP_PKEY* key, const std::string& name, const certificate_wish& wish) {
  static long serial = 1;
  X509* made = X509_new();
  X509_set_version(made, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
  X509_gmtime_adj(X509_getm_notBefore(made), wish.begins.count());
  X509_gmtime_adj(X509_getm_notAfter(made), wish.ends.count());
  X509_set_pubkey(made, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return made;
}

}  // namespace

temporary_file::temporary_file(std::string_view content) {
  std::string pattern = (std::filesystem::temp_directory_path() / "stagedoor-test-XXXXXX").string();
  const int descriptor = mkstemp(pattern.data());
  if (descriptor < 0) throw std::runtime_error("no temporary file");
  ::close(descriptor);
  path_ = pattern;
  write(content);
}

temporary_file::~temporary_file() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

void temporary_file::write(std::string_view content) {
  std::ofstream out(path_, std::ios::binary | std::ios::trunc);
  out << content;
}

test_authority::test_authority() : key_(EVP_EC_gen("P-256")) {
  certificate_wish wish;
  certificate_.reset(unsigned_certificate(key_.get(), "Test authority", wish));
  X509* mine = certificate_.get();
  X509_set_issuer_name(mine, X509_get_subject_name(mine));
  extend(mine, mine, NID_basic_constraints, "critical,CA:TRUE");
  extend(mine, mine, NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(mine, mine, NID_subject_key_identifier, "hash");
  X509_sign(mine, key_.get(), EVP_sha256());
  pem_ = pem_of([&](BIO* out) { PEM_write_bio_X509(out, mine); });
}

server_certificate test_authority::issue(const certificate_wish& wish) const {
  const std::unique_ptr<EVP_PKEY, free_key> key(EVP_EC_gen("P-256"));
  const std::string first = wish.names.empty() ? wish.ip_addresses.at(0) : wish.names.front();
  const std::unique_ptr<X509, free_certificate> made(unsigned_certificate(key.get(), first, wish));
  X509_set_issuer_name(made.get(), X509_get_subject_name(certificate_.get()));
  std::string alternatives;
  for (const std::string& name : wish.names)
    alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
  for (const std::string& one : wish.ip_addresses)
    alternatives += (alternatives.empty() ? "IP:" : ",IP:") + one;
  extend(made.get(), certificate_.get(), NID_subject_alt_name, alternatives);
  extend(made.get(), certificate_.get(), NID_basic_constraints, "CA:FALSE");
  extend(made.get(), certificate_.get(), NID_ext_key_usage, "serverAuth");
  extend(made.get(), certificate_.get(), NID_authority_key_identifier, "keyid");
  X509_sign(made.get(), key_.get(), EVP_sha256());
  server_certificate out;
  out.certificate_pem = pem_of([&](BIO* to) { PEM_write_bio_X509(to, made.get()); });
  out.key_pem = pem_of([&](BIO* to) {
    PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return out;
}

}  // namespace tests
