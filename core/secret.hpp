// secret: bytes that wipe themselves and that no logger, stream or formatter accepts.
#pragma once

#include <openssl/crypto.h>

#include <string>
#include <string_view>
#include <utility>

namespace core {

class secret {
 public:
  secret() = default;
  explicit secret(std::string text) : text_(std::move(text)) {}
  secret(const secret&) = default;
  // Copies first: a short string is moved by copying its bytes, which must then be wiped here.
  // Without memory for the copy there is no going on; a move that throws would cost every container
  // one. NOLINTNEXTLINE(performance-move-constructor-init)
  secret(secret&& other) noexcept : text_(other.text_) { other.wipe(); }
  secret& operator=(const secret& other) {
    if (this == &other) return *this;
    wipe();
    text_ = other.text_;
    return *this;
  }
  secret& operator=(secret&& other) noexcept {
    if (this == &other) return *this;
    wipe();
    text_ = other.text_;
    other.wipe();
    return *this;
  }
  ~secret() { wipe(); }

  bool empty() const { return text_.empty(); }
  std::size_t size() const { return text_.size(); }
  // The one way out, easy to find in a review.
  std::string_view reveal() const { return text_; }

 private:
  void wipe() {
    OPENSSL_cleanse(text_.data(), text_.size());
    text_.clear();
  }

  std::string text_;
};

// A secret that is printed is a leak: these make it a compile error.
template <class Stream>
Stream& operator<<(Stream&, const secret&) = delete;

}  // namespace core
