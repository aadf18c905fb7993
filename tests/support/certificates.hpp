// test_authority: a certificate authority made for one test; temporary_file: a file that goes away
// with its object.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/scripted_server.hpp"

namespace tests {

class temporary_file {
 public:
  explicit temporary_file(std::string_view content);
  ~temporary_file();
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  void write(std::string_view content);
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct certificate_wish {
  std::vector<std::string> names = {"localhost"};
  std::vector<std::string> ip_addresses;
  std::chrono::seconds begins{-3600};  // from now
  std::chrono::seconds ends{3600};
};

// ECDSA P-256 throughout: quick to make.
class test_authority {
 public:
  test_authority();
  const std::string& pem() const { return pem_; }
  server_certificate issue(const certificate_wish& wish = {}) const;

 private:
  struct free_key {
    void operator()(EVP_PKEY* one) const { EVP_PKEY_free(one); }
  };
  struct free_certificate {
    void operator()(X509* one) const { X509_free(one); }
  };
  std::unique_ptr<EVP_PKEY, free_key> key_;
  std::unique_ptr<X509, free_certificate> certificate_;
  std::string pem_;
};

}  // namespace tests
