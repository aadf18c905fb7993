// service_keys: the marketplace's backend proves itself with one of several keys, stored as
// SHA-256.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.hpp"
#include "core/result.hpp"
#include "http/message.hpp"

namespace auth {

class service_keys {
 public:
  // [service] key_hashes = ["sha256:<64 hex digits>", …]
  static service_keys read(core::options& from);
  static std::string hash_of(std::string_view key);  // "sha256:…"

  void add_hash(std::string_view hash);
  bool empty() const { return hashes_.empty(); }
  // Authorization: Bearer <key>, compared with every hash in constant time. errc::bad_service_key.
  core::result<void> check(const http::request_head& head) const;

 private:
  std::vector<std::array<unsigned char, 32>> hashes_;
};

}  // namespace auth
